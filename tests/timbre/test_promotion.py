"""A run is trained with its card, promoted only if it beats the one in use, tried and exported."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from db.records import EventKind, Gate, Measure, Message, Role, Run, Version
from db.store import Store
from db.versions import freeze
from tests.db.frozen import PLAN, judge
from tests.trainer import conftest as trainer_made
from tests.trainer import test_endpoint
from tests.trainer.test_endpoint import Server
from timbre.aims import subject_of
from timbre.answering import Asked, answer_arm, arm_outputs, asked_of, held_out, run_outputs
from timbre.answering import Server as AnsweringServer
from timbre.arms import arms, tuned_arm
from timbre.campaign import Campaign, Evaluating
from timbre.chatting import Talk, Voice, talk, voices
from timbre.exporting import Target, export_run
from timbre.exporting import Wanted as ExportWanted
from timbre.promotion import consider, promote_anyway, promoted, promotions
from timbre.runs import RunState, run_status
from timbre.settings import Settings, SettingsError
from timbre.stores import migrate_database
from timbre.training import Wanted, run_folder, run_of, train_version
from trainer.checkpoints import held
from trainer.config import TrainingConfig
from trainer.errors import TrainerError

tiny_model = trainer_made.tiny_model
served = test_endpoint.server
CAMPAIGN = Campaign(
    name="tone", tone="conversational", evaluate=Evaluating(prompts=20, max_new_tokens=3)
)


def quietly(*_: object) -> None:
    """Progress that nobody looks at."""


class Place:
    """A store with a version, on which tiny models are trained."""

    def __init__(self, store: Store, settings: Settings, model: Path) -> None:
        self.store, self.settings, self.model = store, settings, model
        self.version = freeze(store, PLAN, judge(store, range(60)))

    def trained(self, seed: int, price: float = 0.0) -> Run:
        config = TrainingConfig(
            str(self.model), steps=2, batch_size=2, lora_rank=2, seed=seed, precision="float32"
        )
        settings = replace(self.settings, price_per_hour=price)
        return train_version(self.store, Wanted(self.version, config), settings, quietly)

    def answers(self, run: Run, met: float) -> None:
        """Let a run and its base answer; the run's answers meet the target in a share."""
        base, _, tuned = arms(CAMPAIGN, run, self.settings)
        prompts = held_out(self.store, self.version, CAMPAIGN.evaluate.prompts)
        for arm, share in ((base, 0.0), (tuned, met)):
            answer_arm(self.store, Asked(CAMPAIGN, run, arm, prompts), quietly)
            outputs = list(arm_outputs(self.store, arm, run, prompts))
            assert len(outputs) == 20
            self.store.add(
                replace(measure, value=float(number < share * len(outputs)))
                for number, measure in enumerate(map(self._measure, (o.id for o in outputs)))
            )

    def _measure(self, output: str) -> Measure:
        aim = subject_of(CAMPAIGN).aim
        name = aim.feature.name
        return Measure(subject=output, name=name, source=aim.source_of(name))


@pytest.fixture(scope="module")
def place(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home, f"sqlite:///{home / 'timbre.db'}", "", "", home / "argilla")
    migrate_database(settings)
    with Store.open(settings.database_url) as store:
        yield Place(store, settings, tiny_model)


def test_an_adapter_has_its_card_with_the_articles_and_the_loss(place: Place) -> None:
    adapter = run_folder(place.settings, place.trained(0)) / "adapter"
    card = (adapter / "README.md").read_text(encoding="utf-8")
    assert "| [Page 0](https://wiki.example/Page_0) | 1 | CC BY-SA 4.0 |" in card
    assert "license: cc-by-sa-4.0\n" in card
    assert "![Loss over the steps](loss.png)" in card
    assert (adapter / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_s_row_tells_what_it_measured_and_what_it_cost(place: Place) -> None:
    told = run_status(place.store, place.trained(5, price=7.2)).detail
    assert told["cost"] == pytest.approx(told["seconds"] * 0.002, abs=1e-5)
    assert told["price_per_hour"] == 7.2
    assert told["tokens_per_second"] > 0
    assert told["peak_memory_mb"] > 0
    assert "cost" not in run_status(place.store, place.trained(0)).detail


def test_a_version_whose_gate_failed_is_not_trained_on_and_the_run_says_so(place: Place) -> None:
    failed = Gate("agreement", False, "0.01", "at least 0.4", "none")
    version = Version(root="f" * 64, campaign="tone", gates=(failed,))
    place.store.add([version])
    config = TrainingConfig(str(place.model))
    with pytest.raises(TrainerError, match="found the gate “agreement” failed"):
        train_version(place.store, Wanted(version, config), place.settings, quietly)
    run = next(iter(place.store.stream(Run, version=version.id)))
    status = run_status(place.store, run)
    assert status.state is RunState.FAILED
    assert "agreement" in status.detail["reason"]


def test_a_run_that_another_process_trains_is_not_called_failed(place: Place) -> None:
    config = TrainingConfig(str(place.model), steps=2, lora_rank=2, seed=12)
    run = run_of(place.version, config)
    with (
        held(run_folder(place.settings, run)),
        pytest.raises(TrainerError, match="found another process at work"),
    ):
        train_version(place.store, Wanted(place.version, config), place.settings, quietly)
    assert run_status(place.store, run).state is RunState.STARTED


def test_each_step_is_told_with_its_loss(place: Place) -> None:
    told: list[tuple[object, ...]] = []
    config = TrainingConfig(str(place.model), steps=2, batch_size=2, lora_rank=2, seed=9)
    run = train_version(
        place.store, Wanted(place.version, config), place.settings, lambda *t: told.append(t)
    )
    losses = run_status(place.store, run).detail["losses"]
    assert told == [(1, 2, f"loss {losses[0]:.3f}"), (2, 2, f"loss {losses[1]:.3f}")]


def test_a_run_whose_base_is_nowhere_is_kept_and_says_so(place: Place) -> None:
    config = TrainingConfig("no-such-model")
    with pytest.raises(TrainerError, match="found no model at “no-such-model”"):
        train_version(place.store, Wanted(place.version, config), place.settings, quietly)
    run = next(iter(place.store.stream(Run, base="no-such-model")))
    status = run_status(place.store, run)
    assert status.state is RunState.FAILED
    assert "no-such-model" in status.detail["reason"]


def test_a_run_is_answered_by_a_server_that_has_base_and_adapter(
    place: Place, served: Server
) -> None:
    run = place.trained(11)
    here = AnsweringServer(served.url, "tuned", "tuned", "a-key")
    asked = [
        replace(each, server=here) for each in asked_of(place.store, CAMPAIGN, run, place.settings)
    ]
    assert sum(answer_arm(place.store, each, quietly) for each in asked) == 60
    assert sum(answer_arm(place.store, each, quietly) for each in asked) == 0
    assert served.keys == {"Bearer a-key"}
    outputs = run_outputs(place.store, CAMPAIGN, run, place.settings)
    assert {name: len(found) for name, found in outputs.items()} == {
        "base": 20, "prompted": 20, "tuned": 20,
    }  # fmt: skip
    assert all(output.text.startswith("You said:") for output in outputs["tuned"])


def test_only_what_beats_the_run_in_use_is_promoted_and_all_is_said(place: Place) -> None:
    first, worse, better = (place.trained(seed) for seed in (1, 2, 3))
    for run, met in ((first, 0.6), (worse, 0.5), (better, 1.0)):
        place.answers(run, met)
    store, settings = place.store, place.settings
    assert promoted(store, "tone") is None
    assert consider(store, CAMPAIGN, first, settings, quietly).better  # than the base
    assert promoted(store, "tone") == first
    with pytest.raises(SettingsError, match="promoted already"):
        consider(store, CAMPAIGN, first, settings, quietly)

    for _ in range(2):
        assert not consider(store, CAMPAIGN, worse, settings, quietly).better
    assert promoted(store, "tone") == first
    kept = [e for e in store.events(worse.id) if e.kind is EventKind.COMPARED]
    assert len(kept) == 1
    assert json.loads(kept[0].detail)["over"] == first.id

    assert consider(store, CAMPAIGN, better, settings, quietly).better
    assert [(p.run, p.over) for p in promotions(store, "tone")] == [
        (first, "base"),
        (better, first.id),
    ]
    promote_anyway(store, "tone", worse, "shorter answers")
    assert promoted(store, "tone") == worse
    assert promotions(store, "tone")[-1].reason == "without comparison: shorter answers"
    assert promotions(store, "another") == []


def test_a_run_that_has_not_finished_is_put_to_no_use(place: Place) -> None:
    run = next(r for r in place.store.stream(Run) if r.version == "f" * 64)
    store, settings = place.store, place.settings
    for use in (
        lambda: consider(store, CAMPAIGN, run, settings, quietly),
        lambda: promote_anyway(store, "tone", run, "a whim"),
        lambda: asked_of(store, CAMPAIGN, run, settings),
        lambda: list(export_run(store, run, ExportWanted(Target.VLLM), settings)),
    ):
        with pytest.raises(SettingsError, match="not finished"):
            use()


def test_a_run_in_use_is_not_promoted_over_itself(place: Place) -> None:
    run = place.trained(0)
    promote_anyway(place.store, "whims", run, "a whim")
    with pytest.raises(SettingsError, match="promoted already"):
        promote_anyway(place.store, "whims", run, "another whim")
    assert len(promotions(place.store, "whims")) == 1


def test_a_run_is_exported_with_what_its_adapter_came_of(place: Place, tmp_path: Path) -> None:
    run = place.trained(0)
    lines = list(
        export_run(place.store, run, ExportWanted(Target.MERGED, tmp_path / "m"), place.settings)
    )
    assert lines[0].startswith("Says what the adapter says:")
    assert (tmp_path / "m" / "model.safetensors").is_file()
    assert "Page 0" in (tmp_path / "m" / "ADAPTER.md").read_text(encoding="utf-8")
    (command,) = export_run(place.store, run, ExportWanted(Target.VLLM), place.settings)
    adapter = tuned_arm(run, place.settings).adapter
    assert command.endswith(f"--lora-modules tuned={adapter}")


def test_a_talk_is_with_the_adapter_and_its_base_each_with_its_own_memory(place: Place) -> None:
    said: list[str] = []
    ready = voices(place.trained(0), place.settings, Talk(beside_base=True, new_tokens=4))
    talk(ready, ["the river\n", "\n", "the banks\n"], said.append)
    assert [line.split()[0] for line in said] == ["tuned", "base", "tuned", "base"]
    assert all(len(voice.said) == 4 for voice in ready)
    talk(ready, ["/new\n"], said.append)
    assert all(voice.said == [] for voice in ready)


def test_bytes_that_are_no_text_are_marked_before_a_voice_hears_them() -> None:
    voice = Voice("tuned", lambda messages: messages[-1].content)
    said: list[str] = []
    talk([voice], ["what\udcff is it\0"], said.append)
    assert said == ["tuned  what\ufffd is it\ufffd"]


def test_a_voice_forgets_what_it_could_not_answer() -> None:
    def reply(messages: list[Message]) -> str:
        if len(messages) > 1:
            raise TrainerError("found a conversation that is too long")
        return "yes"

    said: list[str] = []
    voice = Voice("tuned", reply)
    talk([voice], ["one", "two"], said.append)
    assert said[1] == "tuned  (found a conversation that is too long; /new begins another talk)"
    assert voice.said == [Message(Role.USER, "one"), Message(Role.ASSISTANT, "yes")]
