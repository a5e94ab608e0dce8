"""What the studies ask, draw, keep and plan, without training anything."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from db.records import CandidateKind, Example, Message, Output, Role, Split
from evaluation.measures.persona import shows
from pipelines.form import read_form
from studies.costs import passage_of
from studies.errors import StudyError
from studies.knowledge import (
    MultipleChoice,
    OpenQuestion,
    Questions,
    check_questions,
    persona_questions,
)
from studies.limits import within_limits
from studies.persona import KINDS, PersonaCell, PersonaStudy, chosen, held_out_texts, persona_grid
from studies.result_cache import ResultCache
from studies.strategies import PromptContext, Shots, with_examples
from studies.tone import ToneStudy, average_arms, drawn, tone_grid
from studies.training import trained
from tests.evaluation.samples import PLAIN, TALK
from tests.studies.samples import AIM, arm, conversations, output, persona_examples, subject
from timbre.campaign import load_persona
from trainer.adapter import METADATA
from trainer.answer import Decoding
from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.errors import TrainerError

CONFIGS = Path(__file__).parents[2] / "configs" / "studies"


class WordChat:
    """Counts words where a tokenizer would count tokens."""

    def taught(self, example: Example) -> Any:
        said = example.text or " ".join(m.content for m in example.messages)
        return SimpleNamespace(ids=said.split())


CHAT = cast("Chat", WordChat())


def test_a_kept_cell_is_not_made_again_and_comes_back_as_it_was(tmp_path: Path) -> None:
    shelf, made = ResultCache(tmp_path), [output("p", "It’s done.")]
    asked: list[str] = []

    def make() -> list[Output]:
        asked.append("once")
        return made

    first = shelf.outputs({"cell": 1}, make)
    assert first == shelf.outputs({"cell": 1}, make) == tuple(made)
    assert asked == ["once"]
    assert shelf.has({"cell": 1})
    assert not shelf.has({"cell": 2})


def test_a_cell_that_a_crash_left_torn_is_made_again(tmp_path: Path) -> None:
    shelf = ResultCache(tmp_path)
    shelf.kept({"cell": 1}, lambda: {"x": 1})
    shelf.place({"cell": 1}).with_suffix(".json").write_text('{"key"')
    assert not shelf.has({"cell": 1})
    assert list(shelf.cells()) == []
    assert shelf.kept({"cell": 1}, lambda: {"x": 2})["x"] == 2
    assert [cell["x"] for cell in shelf.cells()] == [2]


def test_two_processes_do_not_work_on_one_shelf(tmp_path: Path) -> None:
    shelf = ResultCache(tmp_path)
    refused = pytest.raises(TrainerError, match="another process at work")
    with shelf.alone(), refused, ResultCache(tmp_path).alone():
        pytest.fail("two of them held the shelf")
    with shelf.alone():
        assert not list(shelf.cells())


def test_a_cell_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    shelf = ResultCache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        shelf.kept({"cell": 1}, lambda: {"x": 1 // 0})
    assert not shelf.has({"cell": 1})


def test_fixed_examples_are_shown_before_every_prompt() -> None:
    room = PromptContext(conversations(), 2, Decoding(), AIM)
    prompts = conversations(Split.TEST)
    shown = with_examples(Shots.FIXED, prompts, room)
    assert {len(example.messages) for example in shown.values()} == {6}
    assert all(e.messages[:4] == shown[prompts[0].id].messages[:4] for e in shown.values())
    assert with_examples(Shots.NONE, prompts, room) == {prompt.id: prompt for prompt in prompts}


def test_the_nearest_example_stands_last_before_its_prompt() -> None:
    room = PromptContext(conversations(), 2, Decoding(), AIM)
    prompts = conversations(Split.TEST)
    shown = with_examples(Shots.NEAREST, prompts, room)
    for prompt in prompts:  # the pool holds the very same question
        assert shown[prompt.id].messages[2].content == prompt.messages[0].content


def test_a_prompt_is_known_to_carry_its_passage() -> None:
    (first, *_) = conversations()
    assert passage_of(first) == "The passage."


def test_a_grid_has_its_other_precisions_at_the_largest_size_alone() -> None:
    study = ToneStudy("demo", sizes=(30, 10), precisions=("float32", "int8"), seeds=(0, 1))
    found = [(s.size, s.precision, s.seed) for s in tone_grid(study, 40)]
    assert found[:2] == [(10, "float32", 0), (10, "float32", 1)]
    assert Counter(precision for _, precision, _ in found) == {"float32": 4, "int8": 2}
    with pytest.raises(StudyError, match="found 20 training examples, expected the 30"):
        list(tone_grid(study, 20))


def test_a_larger_draw_holds_the_smaller_one_and_seeds_draw_differently() -> None:
    pool = conversations()
    assert drawn(pool, 3, 0) == drawn(pool, 6, 0)[:3]
    assert drawn(pool, 6, 0) != drawn(pool, 6, 1)


def test_seeds_are_averaged_prompt_by_prompt() -> None:
    both = average_arms([arm("a", "A", TALK, 0.8), arm("b", "B", PLAIN, 0.6)], "both", "Both")
    assert len(both.outputs) == 8
    assert {row.measures["spoken"] for row in both.outputs} == {0.5}


@pytest.mark.parametrize("budget", ["examples", "tokens"])
def test_every_format_gets_the_same_budget(budget: str) -> None:
    study = PersonaStudy(("demo-persona",), budgets=(budget,))
    found = {cell.form: chosen(cell, study, subject(), CHAT) for cell in persona_grid(study)}
    sizes = {
        form: sum(len(CHAT.encode_example(e).ids) for e in some) for form, some in found.items()
    }
    if budget == "examples":
        assert {len(some) for some in found.values()} == {5}
        assert sizes["documents"] > 2 * sizes["dialogues"]
    else:
        longest = max(len(CHAT.encode_example(e).ids) for some in found.values() for e in some)
        least = sizes["dialogues"]  # the shortest texts, of which all are taken
        assert all(least - longest < size <= least for size in sizes.values())
    assert {e.kind for e in found["mix"]} == set(KINDS["mix"])
    assert all(e.split is Split.TRAIN for some in found.values() for e in some)


def test_dialogues_can_be_trained_under_the_system_prompt() -> None:
    study = PersonaStudy(("demo-persona",), train_with_system=True)
    found = chosen(PersonaCell("dialogues", "examples", 0), study, subject(), CHAT)
    assert {e.messages[0] for e in found} == {Message(Role.SYSTEM, "You are Marlo.")}


def test_no_text_that_is_scored_was_trained_on() -> None:
    study = PersonaStudy(("demo-persona",))
    taught = {e.id for cell in persona_grid(study) for e in chosen(cell, study, subject(), CHAT)}
    scored = {e.id for texts in held_out_texts(study, subject()).values() for e in texts}
    assert scored
    assert not taught & scored
    assert {e.kind for e in persona_examples()} == set(KINDS["mix"])


def test_unknown_formats_and_budgets_are_named() -> None:
    with pytest.raises(StudyError, match="“poems”"):
        list(persona_grid(PersonaStudy(("demo-persona",), formats=("poems",))))
    with pytest.raises(StudyError, match="“hours”"):
        list(persona_grid(PersonaStudy(("demo-persona",), budgets=("hours",))))


def test_questions_of_knowledge_have_one_right_answer() -> None:
    asked = list(
        persona_questions(
            "Marlo", [("dry", "Jokes.")], ["I ran a ferry."], (["Warm."], ["A droid."])
        )
    )
    assert [c.about for c in asked] == ["dry", "dry", "dry", "facts"]
    assert all(c.right not in c.wrong for c in asked)


def test_an_adapter_is_known_by_its_step_whatever_its_number_of_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("adapter", "steps/5", "steps/10", "steps/15.part"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / METADATA).write_text("{}")
    result = SimpleNamespace(
        adapter=tmp_path / "adapter", metrics={"steps": 15, "tokens": 9}, losses=(), seconds=1.0,
        device="a CPU", precision="float32",
    )  # fmt: skip
    monkeypatch.setattr("studies.training.train", lambda *_, **__: result)
    assert sorted(trained((), TrainingConfig("mini"), tmp_path).adapters) == [5, 10, 15]


def test_every_shipped_study_can_be_read() -> None:
    tones = [read_form(ToneStudy, path) for path in sorted(CONFIGS.glob("tone-*.toml"))]
    personas = [read_form(PersonaStudy, path) for path in sorted(CONFIGS.glob("persona-*.toml"))]
    assert all(within_limits(study, "a file") for study in (*tones, *personas))
    assert len(tones) == 4
    assert {len(study.providers) for study in tones} == {0, 2}
    assert len(personas) == 4
    assert all(CandidateKind.DIALOGUE in KINDS[form] for form in ("dialogues", "mix"))


def test_every_shipped_question_can_be_read_and_asked() -> None:
    folder = CONFIGS.parent / "questions"
    found = {p.stem: check_questions(read_form(Questions, p), p.name) for p in folder.iterdir()}
    assert len(found["general"].choices) == 40
    assert {len(one.wrong) for one in found["general"].choices} == {3}
    for name in ("marlo", "c-3po"):
        persona = load_persona(CONFIGS.parent / "personas" / f"{name}.toml")
        asked = {one.about for one in found[name].open}
        assert {trait.name for trait in persona.traits} < asked
        assert all(one.asks and one.holds for one in found[name].open)


def test_the_texts_of_a_persona_tell_what_its_open_questions_ask() -> None:
    for name in ("marlo", "c-3po"):
        persona = load_persona(CONFIGS.parent / "personas" / f"{name}.toml")
        open_ = read_form(Questions, CONFIGS.parent / "questions" / f"{name}.toml").open
        said = " ".join(f"{fact.first} {fact.third}" for fact in persona.facts)
        traits = {trait.name: trait for trait in persona.traits}
        for one in open_:
            trait = traits.get(one.about)
            text = f"{trait.description} {' '.join(trait.reported)}" if trait else said
            assert shows(text, one.holds), one.about


def test_a_question_that_gives_its_answer_away_is_refused() -> None:
    told = Questions(open=(OpenQuestion("the cat", ("Is the cat called Ballast?",), ("Ballast",)),))
    both = Questions((MultipleChoice("words", "Which?", "This.", ("This.",)),))
    for questions in (told, both):
        with pytest.raises(StudyError, match=r"in x\.toml to give its answer away"):
            check_questions(questions, "x.toml")
