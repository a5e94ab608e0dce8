"""The pages of ladder and studies, from made results: what they say and how they look."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser

from evaluation.pages.page import Page, render_page, write_page
from evaluation.rating import Judge, Prompt, trait_rubric
from studies.costs import Prices
from studies.ladder import LadderConfig
from studies.pages.ladder import LadderRun, Training, findings, ladder_page
from studies.pages.persona import persona_page
from studies.pages.persona_rates import Rates
from studies.pages.tone import tone_page
from studies.persona import Rating, rated
from studies.result_cache import ResultCache
from tests.evaluation.test_report_in_browser import CONTRAST, FAULTS, browser, opened
from tests.studies.samples import asked, ladder, output, persona_result, tone_result

__all__ = ["browser"]  # a fixture of the report's tests
RUBRIC = trait_rubric(
    [(name, "A way to be.", ("speaks so",), ("does not",)) for name in ("dry", "patient")]
)


def climbed() -> LadderRun:
    config = LadderConfig(prices=Prices(review=0.1))
    return LadderRun(ladder(), asked(), config, Training(seconds=60.0, reviews=20))


PAGES: dict[str, Callable[[], Page]] = {
    "ladder": lambda: ladder_page(climbed(), "demo: prompt or tune?", "the tone", "today"),
    "tone": lambda: tone_page(tone_result(), "the tone", "Judged by nobody.", "today"),
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


def test_each_figure_lies_beside_its_page_as_svg_png_and_csv(tmp_path: Path) -> None:
    write_page(PAGES["ladder"](), tmp_path / "ladder.html")
    names = {path.name for path in (tmp_path / "ladder").iterdir()}
    assert {"target.svg", "target.png", "target.csv", "cost.svg"} <= names
    assert (tmp_path / "ladder" / "target.png").read_bytes().startswith(b"\x89PNG")


def test_the_ladder_advises_and_names_what_was_left_out() -> None:
    found = findings(climbed())
    assert found.advice is not None
    assert found.advice.sentence.startswith("Fine-tune.")
    assert found.volume is not None
    said = text_of(PAGES["ladder"]())
    assert "“Few-shot, nearest” was left out" in said
    assert f"breaks even after {found.volume:,} answers" in said


def test_a_tuned_answer_that_costs_as_much_never_breaks_even() -> None:
    free = replace(climbed(), training=Training())
    dear = replace(free, ladder=replace(free.ladder, rungs=tuple(
        replace(rung, usage=replace(rung.usage, cost=1.0)) if rung.way.tuned else rung
        for rung in free.ladder.rungs)))  # fmt: skip
    assert findings(dear).volume is None
    assert "never breaks even" in text_of(ladder_page(dear, "t", "s", "today"))


def test_the_tone_study_answers_every_claim_and_marks_whose_numbers_are_whose() -> None:
    said = text_of(PAGES["tone"]())
    assert "int8 is ahead of float32 over the course of training" in said
    assert "Whether 100 examples reach 90 % is undecided: 100 % (68 % to 100 %)" in said
    assert "Published (theirs)" in said
    assert "Judged by nobody." in said


def test_a_grid_without_curves_says_so() -> None:
    result = tone_result(prompted=False)
    bare = replace(result, courses=tuple(replace(c, curve=()) for c in result.courses))
    said = text_of(tone_page(bare, "the tone", "", "today"))
    assert "No curve was asked for" in said
    assert "No curves of int8" in said


def test_the_persona_study_tells_knowing_from_showing_and_words_from_substrings() -> None:
    said = text_of(persona_page([persona_result()], "", "today"))
    assert "training on dialogues does most to give the model the character" in said
    row = re.search(r"patient statements 100 % \(44 % to 100 %\) 0 % .*? \+100 ", said)
    assert row, "statements choose the trait rightly and do not show it"
    assert "patient, substrings, as published" in said
    assert "bits per byte" in said.lower()


def test_an_open_question_counts_for_the_fact_that_was_asked() -> None:
    rates = Rates(persona_result())
    by_name = {group.name: group for group in rates.groups}

    def of(name: str, about: str) -> tuple[float, float]:
        told, unasked = rates.told(by_name[name], about), rates.unasked(by_name[name], about)
        assert told
        assert unasked
        return told.estimate, unasked.estimate

    assert of("documents", "the boat") == (1, 0)
    assert of("statements", "the boat") == (1, 1), "it says so whatever is asked"
    assert of("statements", "facts")[0] == pytest.approx(2 / 3)
    assert of("dialogues", "patient") == (0, 0), "to show a trait is not to tell of it"
    said = text_of(persona_page([persona_result()], "", "today"))
    assert re.search(r"the boat “What was the boat called\?” 0 % 0 % 100 % 100 % 0 %", said)


def test_what_tuning_cost_is_told_with_an_interval() -> None:
    said = text_of(persona_page([persona_result()], "", "today"))
    assert "8 questions of ordinary knowledge" in said
    assert re.search(r"documents [\d.]+ [\d.]+ 25 % \(7 % to 59 %\) −75 points .*? lower", said)
    assert re.search(r"mix [\d.]+ [\d.]+ 100 % .*? \+0 points .*? undecided", said)


def test_a_persona_without_open_questions_says_so() -> None:
    result = persona_result()
    bare = replace(result, subject=replace(result.subject, open=(), general=()), models=tuple(
        replace(models, told={}, general=()) for models in result.models))  # fmt: skip
    said = text_of(persona_page([bare], "", "today"))
    assert "No open questions were asked of this persona." in said
    assert "questions of ordinary knowledge" not in said


def test_a_judge_s_ratings_stand_beside_and_a_saturated_one_is_called_useless() -> None:
    result, judge = persona_result(), Judge("openai:small", "{}", RUBRIC)
    rated = tuple(
        replace(models, ratings=tuple(
            {"judge.dry": 5.0, "judge.patient": 4.0 if models.cell else 1.0}
            for _ in models.answers["in domain", False]))
        for models in result.models
    )  # fmt: skip
    subject = replace(result.subject, rating=Rating(judge, lambda _: (), ("It agrees by chance.",)))
    said = text_of(persona_page([replace(result, subject=subject, models=rated)], "", "today"))
    assert "Mean ratings by openai:small, 1 to 5. It agrees by chance." in said
    assert re.search(r"dry 5\.00 .*? useless: it tells nothing apart", said)
    assert re.search(r"patient 1\.00 \(1\.00 to 1\.00\) 4\.00 .*? tells answers apart", said)


def test_a_judge_rates_each_answer_once(tmp_path: Path) -> None:
    asked: list[int] = []

    def ask(prompts: Sequence[Prompt]) -> list[str | None]:
        asked.append(len(prompts))
        return ['{"dry": 1, "patient": 5}', None]

    rating = Rating(Judge("openai:small", "{}", RUBRIC), ask)
    answers = [output("p", "No hurry."), output("q", "Well.")]
    first = rated(answers, rating, ResultCache(tmp_path))
    assert first == rated(answers, rating, ResultCache(tmp_path))
    assert first == ({"judge.dry": 1.0, "judge.patient": 5.0}, None)
    assert asked == [2]
    assert rated(answers, None, ResultCache(tmp_path)) == ()
