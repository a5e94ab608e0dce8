"""Models tuned at a service as arms of the tone study, from a service on this machine."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from db.records import Example
from evaluation.pages.page import render_page
from studies.errors import StudyError
from studies.finetune_api import (
    FinetuneAccess,
    FinetuneRequest,
    Provider,
    ProviderResult,
    hosted,
    plan_finetuning,
)
from studies.ladder import LadderConfig
from studies.pages.tone import tone_page
from studies.result_cache import ResultCache
from studies.tone import ToneStudy, orders
from tests.serving import serving
from tests.studies.samples import asked, tone_result
from tests.trainer.finetune_service import Server
from timbre.hosting import hosting, write_training_file
from timbre.settings import SettingsError
from trainer.errors import TrainerError


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as served:
        yield served


def write(examples: Sequence[Example], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.jsonl").write_text("".join(f"{e.id}\n" for e in examples))


HOSTING = FinetuneAccess(lambda _: "a-key", write)


def order(url: str, prompted_too: bool = False) -> FinetuneRequest:
    """Two jobs, of three and of six examples."""
    provider = Provider(
        "small", url, sizes=(3, 6), seeds=(0,), epochs=2, training_million=1e6, every=0.01
    )
    study = ToneStudy("demo", sizes=(8,), providers=(provider,),
                      ladder=LadderConfig(no_repeat=6, max_new_tokens=9))  # fmt: skip
    study = replace(study, prompted_too=prompted_too)
    wanted = asked()
    bare = tuple(replace(prompt, reference="") for prompt in wanted.prompts)
    (found,) = orders(study, replace(wanted, prompts=bare))
    return found


def done(order: FinetuneRequest, folder: Path) -> ProviderResult:
    return hosted(order, HOSTING, (ResultCache(folder), None))


def test_a_provider_is_tuned_by_its_jobs_and_asked_on_the_same_prompts(
    server: Server, tmp_path: Path
) -> None:
    found = done(order(server.url), tmp_path)
    rates = [
        sum(row.measures["spoken"] for row in arm.outputs) for arm in (found.bare, found.prompted)
    ]
    assert rates == [0, 0]
    assert [c.job.size for c in found.courses] == [3, 6]
    assert [sum(row.measures["spoken"] for row in c.end.outputs) for c in found.courses] == [8, 8]
    assert [job["method"]["supervised"]["hyperparameters"]["n_epochs"] for job in server.jobs] == [
        2,
        2,
    ]
    assert len(server.asked) == 4 * 8
    assert {chat["messages"][0]["role"] for chat in server.asked} == {"system", "user"}


def test_what_is_finished_is_neither_paid_for_nor_asked_again(
    server: Server, tmp_path: Path
) -> None:
    first = done(order(server.url), tmp_path)
    asked_before = len(server.asked)
    assert done(order(server.url), tmp_path) == first
    assert (len(server.jobs), len(server.asked)) == (2, asked_before)
    done(order(server.url, prompted_too=True), tmp_path)
    assert (len(server.jobs), len(server.asked)) == (2, asked_before + 2 * 8)


def test_a_job_that_was_left_running_is_followed_to_its_end(server: Server, tmp_path: Path) -> None:
    server.breaks_at = 2
    with pytest.raises(TrainerError, match="run the command again to go on"):
        done(order(server.url), tmp_path)
    assert len(done(order(server.url), tmp_path).courses) == 2
    assert len(server.jobs) == 2


def test_the_plan_tells_what_is_left_to_pay(server: Server, tmp_path: Path) -> None:
    shelf, wanted = ResultCache(tmp_path), order(server.url)
    before = list(plan_finetuning(wanted, shelf))
    assert [p.label for p in before] == [
        "small, not tuned", "small, 3 examples, seed 0", "small, 6 examples, seed 0"
    ]  # fmt: skip
    letters = [sum(len(m.content) for e in taught for m in e.messages) for _, taught in wanted.jobs]
    assert [p.usd for p in before[1:]] == [2 * (count // 4) for count in letters]
    done(wanted, tmp_path)
    after = list(plan_finetuning(wanted, shelf))
    assert all(p.done and p.hosted and p.usd == 0 for p in after)
    asking = replace(
        wanted, prompted_too=True, provider=replace(wanted.provider, output_million=1e6)
    )
    assert [p.usd for p in plan_finetuning(asking, shelf)] == [0, 72, 72]


def test_a_provider_asks_for_no_more_examples_than_there_are() -> None:
    study = ToneStudy("demo", sizes=(3,), providers=(Provider("small", sizes=(10,)),))
    with pytest.raises(StudyError, match="found 8 training examples, expected the 10 for small"):
        list(orders(study, asked()))


def test_the_page_holds_a_tuned_model_against_its_own_prompt(
    server: Server, tmp_path: Path
) -> None:
    found = done(order(server.url), tmp_path)
    page = tone_page(replace(tone_result(), hosted=(found,)), "the tone", "", "today")
    said = " ".join(BeautifulSoup(render_page(page), "html.parser").get_text(" ").split())
    assert "small, tuned on 6, less its short prompt: +100 points" in said
    assert "small, 3 examples, seed 0: 77 tokens trained on at " in said
    assert ", 77.00 US dollars" in said
    names = [figure.caption.name for section in page.sections for figure in section.figures]
    assert len(names) == len(set(names))
    assert "names no model at a service" in render_page(tone_page(tone_result(), "t", "", "today"))


def test_a_missing_key_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("TIMBRE_TEACHER_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="found no key for the service at https:"):
        hosting([Provider("small")])
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    assert hosting([Provider("small")]).key_of("https://api.openai.com/v1") == "theirs"
    with pytest.raises(SettingsError, match="at http://127"):
        hosting([Provider("small", "http://127.0.0.1:9/v1")])
    many = [replace(example, candidate=str(n)) for n in range(2) for example in asked().pool]
    write_training_file(many, tmp_path / "data")
    assert len((tmp_path / "data" / "train.jsonl").read_text().splitlines()) == 16
