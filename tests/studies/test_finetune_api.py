"""Models tuned through a fine-tuning API, with a local server that speaks its protocol."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from db.records import Example
from evaluation.pages.page import render_page
from studies.config import LadderConfig, Provider, ToneStudy
from studies.errors import StudyError
from studies.finetune_api import (
    FinetuneAccess,
    FinetuneRequest,
    ProviderResult,
    plan_finetuning,
    run_finetuning,
)
from studies.pages.tone import tone_page
from studies.result_cache import ResultCache, StudyContext
from studies.tone import finetune_requests
from tests.serving import serving
from tests.studies.samples import task, tone_result
from tests.trainer.services.finetune_service import Server
from timbre.settings import SettingsError, service_key
from timbre.workflows.study import _write_training_file
from trainer.errors import TrainerError


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as running:
        yield running


def write_examples(examples: Sequence[Example], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.jsonl").write_text("".join(f"{e.id}\n" for e in examples))


ACCESS = FinetuneAccess(lambda _: "a-key", write_examples)


def request_for(url: str, prompted_too: bool = False) -> FinetuneRequest:
    """Two jobs, with three and with six examples."""
    provider = Provider(
        "small", url, sizes=(3, 6), seeds=(0,), epochs=2, training_million=1e6, every=0.01
    )
    study = ToneStudy(
        "demo",
        sizes=(8,),
        providers=(provider,),
        prompted_too=prompted_too,
        ladder=LadderConfig(no_repeat=6, max_new_tokens=9),
    )
    prompts = tuple(replace(prompt, reference="") for prompt in task().prompts)
    (request,) = finetune_requests(study, replace(task(), prompts=prompts))
    return request


def run(request: FinetuneRequest, folder: Path) -> ProviderResult:
    return run_finetuning(request, ACCESS, StudyContext(ResultCache(folder)))


def test_a_provider_runs_its_jobs_and_answers_the_same_prompts(
    server: Server, tmp_path: Path
) -> None:
    result = run(request_for(server.url), tmp_path)
    assert sum(result.bare.values("spoken")) == sum(result.prompted.values("spoken")) == 0
    assert [each.job.size for each in result.jobs] == [3, 6]
    assert [sum(each.bare.values("spoken")) for each in result.jobs] == [8, 8]
    settings = [job["method"]["supervised"]["hyperparameters"] for job in server.jobs]
    assert [each["n_epochs"] for each in settings] == [2, 2]
    assert len(server.chats) == 4 * 8
    assert {chat["messages"][0]["role"] for chat in server.chats} == {"system", "user"}


def test_finished_jobs_and_answers_are_not_repeated(server: Server, tmp_path: Path) -> None:
    first = run(request_for(server.url), tmp_path)
    chats = len(server.chats)
    assert run(request_for(server.url), tmp_path) == first
    assert (len(server.jobs), len(server.chats)) == (2, chats)
    run(request_for(server.url, prompted_too=True), tmp_path)
    assert (len(server.jobs), len(server.chats)) == (2, chats + 2 * 8)


def test_an_interrupted_job_is_followed_to_its_end(server: Server, tmp_path: Path) -> None:
    server.fails_at = 2
    with pytest.raises(TrainerError, match="again"):
        run(request_for(server.url), tmp_path)
    assert len(run(request_for(server.url), tmp_path).jobs) == 2
    assert len(server.jobs) == 2


def test_the_plan_prices_what_is_left(server: Server, tmp_path: Path) -> None:
    cache, request = ResultCache(tmp_path), request_for(server.url)
    before = list(plan_finetuning(request, cache))
    assert [training.label for training in before] == [
        "small, not tuned",
        "small, 3 examples, seed 0",
        "small, 6 examples, seed 0",
    ]
    characters = [
        sum(len(m.content) for example in job.examples for m in example.messages)
        for job in request.jobs
    ]
    assert [training.usd for training in before[1:]] == [2 * (count // 4) for count in characters]
    run(request, tmp_path)
    after = list(plan_finetuning(request, cache))
    assert all(t.is_done and t.is_remote and t.usd == 0 for t in after)
    provider = replace(request.provider, output_million=1e6)
    prompted = replace(request, is_prompted_too=True, provider=provider)
    assert [training.usd for training in plan_finetuning(prompted, cache)] == [0, 72, 72]


def test_a_provider_that_needs_more_examples_than_there_are_is_rejected() -> None:
    study = ToneStudy("demo", sizes=(3,), providers=(Provider("small", sizes=(10,)),))
    with pytest.raises(StudyError, match="small needs 10 training examples, but there are only 8"):
        list(finetune_requests(study, task()))


def test_the_page_compares_a_tuned_model_with_its_own_prompt(
    server: Server, tmp_path: Path
) -> None:
    result = run(request_for(server.url), tmp_path)
    page = tone_page(replace(tone_result(), providers=(result,)), "the tone", "", "today")
    text = " ".join(BeautifulSoup(render_page(page), "html.parser").get_text(" ").split())
    assert "small tuned on 6 examples, compared with its short prompt: +100 points" in text
    assert "small, 3 examples, seed 0: 77 training tokens at " in text
    assert ", 77.00 US dollars" in text
    names = [figure.caption.name for section in page.sections for figure in section.figures]
    assert len(names) == len(set(names))
    without = render_page(tone_page(tone_result(), "t", "", "today"))
    assert "lists no models to fine-tune through an API" in without


def test_a_missing_key_stops_the_study_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TIMBRE_TEACHER_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="No API key is set for the service at https:"):
        service_key("https://api.openai.com/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    assert service_key("https://api.openai.com/v1") == "theirs"
    with pytest.raises(SettingsError, match="at http://127"):
        service_key("http://127.0.0.1:9/v1")


def test_the_training_file_has_a_line_per_example(tmp_path: Path) -> None:
    examples = [replace(e, candidate=str(n)) for n in range(2) for e in task().examples]
    _write_training_file(examples, tmp_path / "data")
    assert len((tmp_path / "data" / "train.jsonl").read_text().splitlines()) == 16
