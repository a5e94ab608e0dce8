"""The pages of the ladder and the studies: their text, and how they look in a browser."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser

from evaluation.pages.page import Page, render_page, write_page
from evaluation.rating import Judge, Prompt, trait_rubric
from studies.config import LadderConfig, Prices
from studies.knowledge import FACTS
from studies.pages.ladder import LadderRun, TuningCost, ladder_findings, ladder_page
from studies.pages.persona import persona_page
from studies.pages.persona_rates import Rates
from studies.pages.tone import tone_page
from studies.persona import StudyJudge, rate_answers
from studies.result_cache import ResultCache
from tests.evaluation.test_report_in_browser import CONTRAST, FAULTS, browser, opened
from tests.studies.samples import ladder, output, persona_result, task, tone_result

__all__ = ["browser"]  # a fixture of the report's tests
RUBRIC = trait_rubric(
    [(name, "A way to be.", ("speaks so",), ("does not",)) for name in ("dry", "patient")]
)


def ladder_run() -> LadderRun:
    config = LadderConfig(prices=Prices(review=0.1))
    return LadderRun(ladder(), task(), config, TuningCost(seconds=60.0, reviews=20))


PAGES: dict[str, Callable[[], Page]] = {
    "ladder": lambda: ladder_page(ladder_run(), "demo: prompt or tune?", "the tone", "today"),
    "tone": lambda: tone_page(tone_result(), "the tone", "Nobody reviewed these.", "today"),
    "persona": lambda: persona_page([persona_result(("examples", "tokens"))], "", "today"),
}


def text_of(page: Page) -> str:
    return " ".join(BeautifulSoup(render_page(page), "html.parser").get_text(" ").split())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fetches_and_runs_nothing_and_links_within_itself(name: str) -> None:
    page = BeautifulSoup(render_page(PAGES[name]()), "html.parser")
    assert not page.find_all(["script", "link", "iframe", "form"])
    links = [str(a["href"]) for a in page.find_all("a")]
    assert all(link.startswith(("#", "data:text/csv")) for link in links)
    assert all(page.find(id=link[1:]) for link in links if link.startswith("#"))
    ids = [str(tag["id"]) for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_readable_at_two_widths(
    name: str, browser: Browser, tmp_path: Path
) -> None:
    path = write_page(PAGES[name](), tmp_path / f"{name}.html")
    for width, scheme in ((1280, "light"), (480, "dark")):
        page, noise = opened(browser, path, width, scheme)
        assert noise == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(FAULTS) == []
        assert page.evaluate(CONTRAST) >= 4.5
        page.close()


def test_each_figure_is_written_beside_its_page(tmp_path: Path) -> None:
    write_page(PAGES["ladder"](), tmp_path / "ladder.html")
    names = {path.name for path in (tmp_path / "ladder").iterdir()}
    assert {"target.svg", "target.png", "target.csv", "cost.svg"} <= names
    assert (tmp_path / "ladder" / "target.png").read_bytes().startswith(b"\x89PNG")


def test_the_ladder_advises_and_names_the_skipped_strategies() -> None:
    findings = ladder_findings(ladder_run())
    assert findings.advice is not None
    assert findings.advice.sentence.startswith("Fine-tune.")
    assert findings.break_even is not None
    text = text_of(PAGES["ladder"]())
    assert "“Few-shot, nearest” was skipped: 1 of 8 prompts is too long." in text
    assert f"after {findings.break_even:,} answers" in text


def test_an_expensive_tuned_answer_never_breaks_even() -> None:
    run = replace(ladder_run(), tuning=TuningCost())
    results = tuple(
        replace(result, usage=replace(result.usage, cost=1.0))
        if result.strategy.is_tuned
        else result
        for result in run.ladder.results
    )
    expensive = replace(run, ladder=replace(run.ladder, results=results))
    assert ladder_findings(expensive).break_even is None
    assert "never breaks even" in text_of(ladder_page(expensive, "t", "s", "today"))


def test_the_tone_study_answers_every_claim_and_marks_published_numbers() -> None:
    text = text_of(PAGES["tone"]())
    assert "int8 is ahead of float32 during training" in text
    assert "whether training on 100 examples reaches 90 %: 100 % (68 % to 100 %)" in text
    assert "Against the short prompt, the content was lost: similarity" in text
    assert "Published (theirs)" in text
    assert "Nobody reviewed these." in text


def test_a_tone_grid_without_curves_says_so() -> None:
    result = tone_result(is_prompted=False)
    bare = replace(result, cells=tuple(replace(cell, curve=()) for cell in result.cells))
    text = text_of(tone_page(bare, "the tone", "", "today"))
    assert "The study has no convergence curve" in text
    assert "curves for both int8 and another precision" in text


def test_the_persona_study_separates_knowing_from_showing_and_words_from_substrings() -> None:
    text = text_of(persona_page([persona_result()], "", "today"))
    assert "training on dialogues teaches the model most of the character" in text
    row = re.search(r"patient statements 100 % \(44 % to 100 %\) 0 % .*? \+100 ", text)
    assert row, "statements choose the trait correctly and don't show it"
    assert "patient, substrings, as published" in text
    assert "bits per byte" in text.lower()


def test_an_open_question_counts_only_for_the_fact_it_asks_for() -> None:
    rates = Rates(persona_result())
    by_name = {group.name: group for group in rates.groups}

    def of(name: str, about: str) -> tuple[float, float]:
        told, unasked = rates.recalled(by_name[name], about), rates.unasked(by_name[name], about)
        assert told
        assert unasked
        return told.estimate, unasked.estimate

    assert of("documents", "the boat") == (1, 0)
    assert of("statements", "the boat") == (1, 1), "it says so whatever the question"
    assert of("statements", FACTS)[0] == pytest.approx(2 / 3)
    assert of("dialogues", "patient") == (0, 0), "showing a trait is not telling about it"
    text = text_of(persona_page([persona_result()], "", "today"))
    assert re.search(r"the boat “What was the boat called\?” 0 % 0 % 100 % 100 % 0 %", text)


def test_the_cost_of_tuning_is_shown_with_an_interval() -> None:
    text = text_of(persona_page([persona_result()], "", "today"))
    assert "8 multiple-choice questions about general knowledge" in text
    assert re.search(r"documents [\d.]+ [\d.]+ 25 % \(7 % to 59 %\) −75 points .*? lower", text)
    assert re.search(r"mix [\d.]+ [\d.]+ 100 % .*? \+0 points .*? undecided", text)


def test_a_persona_without_open_questions_says_so() -> None:
    result = persona_result()
    models = tuple(replace(model, open_answers={}, general=()) for model in result.models)
    subject = replace(result.subject, open=(), general=())
    bare = replace(result, subject=subject, models=models)
    text = text_of(persona_page([bare], "", "today"))
    assert "This persona has no open questions." in text
    assert "questions about general knowledge" not in text


def test_a_saturated_judge_is_called_useless() -> None:
    result, judge = persona_result(), Judge("openai:small", "{}", RUBRIC)
    models = tuple(
        replace(
            model,
            ratings=({"judge.dry": 5.0, "judge.patient": 4.0 if model.cell else 1.0},)
            * len(model.answers["in domain", False]),
        )
        for model in result.models
    )
    rated = StudyJudge(judge, lambda _: (), ("It may agree only by chance.",))
    subject = replace(result.subject, judge=rated)
    text = text_of(persona_page([replace(result, subject=subject, models=models)], "", "today"))
    assert "Mean ratings by openai:small, 1 to 5. It may agree only by chance." in text
    assert re.search(r"dry 5\.00 .*? useless: can’t tell answers apart", text)
    assert re.search(r"patient 1\.00 \(1\.00 to 1\.00\) 4\.00 .*? distinguishes answers", text)


def test_a_judge_rates_each_answer_once(tmp_path: Path) -> None:
    requests: list[int] = []

    def complete(prompts: Sequence[Prompt]) -> list[str | None]:
        requests.append(len(prompts))
        return ['{"dry": 1, "patient": 5}', None]

    judge = StudyJudge(Judge("openai:small", "{}", RUBRIC), complete)
    answers = [output("p", "No hurry."), output("q", "Well.")]
    first = rate_answers(answers, judge, ResultCache(tmp_path))
    assert first == rate_answers(answers, judge, ResultCache(tmp_path))
    assert first == ({"judge.dry": 1.0, "judge.patient": 5.0}, None)
    assert requests == [2]
    assert rate_answers(answers, None, ResultCache(tmp_path)) == ()
