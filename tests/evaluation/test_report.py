import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup, Tag

from db.records import ReviewerKind
from evaluation.arms import MeasuredArm, summarise
from evaluation.pages.page import safe_link, unbroken
from evaluation.pages.report import ReportData, SideBySide, render_report, report_figures
from tests.evaluation.samples import HOSTILE, hostile_report, sample_report

OUTLINE = Path(__file__).parents[1] / "golden" / "report-outline.txt"
EMPTY = ReportData(
    campaign="empty", subject="a tone", verdict="There is no verdict yet.", written_at="today"
)


@pytest.fixture(scope="module")
def html() -> str:
    return render_report(sample_report())


@pytest.fixture(scope="module")
def page(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def text_of(html: str) -> str:
    return " ".join(BeautifulSoup(html, "html.parser").get_text(" ").split())


def outline(page: BeautifulSoup) -> str:
    """Headings, charts and table columns in their order."""
    lines: list[str] = []
    for tag in page.find_all(["h1", "h2", "h3", "figure", "thead", "summary"]):
        columns = [" ".join(cell.get_text(" ").split()) for cell in tag.find_all("th")]
        text = " | ".join(columns) if columns else " ".join(tag.get_text(" ").split())
        lines.append(f"{tag.name} {tag.get('id') if tag.name == 'figure' else text}")
    return "\n".join(lines) + "\n"


def test_the_outline_equals_the_golden_file(page: BeautifulSoup) -> None:
    assert outline(page) == OUTLINE.read_text(encoding="utf-8")


def test_lines_do_not_break_within_numbers() -> None:
    text = "0 % (<1 % to 16 %), +12 points (−3 to +20) of 22 (a to b)"
    together = "0~% (<1~%~to~16~%), +12 points (−3~to~+20) of 22 (a to b)"
    assert unbroken(text) == together.replace("~", "\N{NO-BREAK SPACE}")


def test_advice_and_indicators_come_first_then_the_notice_and_the_intervals(
    page: BeautifulSoup,
) -> None:
    header = page.header
    assert header is not None
    advice, notice, *_, verdict = (p for p in header.find_all("p") if p.get("id"))
    assert advice.get_text() == "Use the tuned model: a prompt alone doesn’t get as far."
    assert notice.get_text().startswith("Every review was made by a written rule, not by a person.")
    assert verdict.get_text() == unbroken(sample_report().verdict)
    indicators = header.select(".indicators li")
    assert [item["class"] for item in indicators] == [["is-yes"], ["is-yes"], ["is-yes"]]
    assert indicators[2].get_text(" ").split("\n")[0].startswith("Better than prompting?")


def test_reviews_by_people_need_no_notice() -> None:
    data = sample_report()
    assert data.version is not None
    version = replace(data.version.version, reviewer_kinds=(ReviewerKind.PERSON.value,))
    by_people = replace(EMPTY, version=replace(data.version, version=version))
    assert BeautifulSoup(render_report(by_people), "html.parser").find(id="notice") is None


def test_the_page_loads_and_runs_nothing(page: BeautifulSoup) -> None:
    assert not page.find_all(["script", "link", "iframe", "object", "embed", "form"])
    loads = [tag for tag in page.find_all(True) if tag.get("src") or tag.get("srcset")]
    assert not loads
    links = [str(a["href"]) for a in page.find_all("a")]
    assert all(link.startswith(("#", "data:text/csv", "https://example.org/")) for link in links)
    style = page.style
    assert style is not None
    assert not re.search(r"url\(|@import", style.get_text())
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert isinstance(policy, Tag)
    assert "default-src 'none'" in str(policy["content"])


def test_every_internal_link_has_a_target(page: BeautifulSoup) -> None:
    places = {str(a["href"])[1:] for a in page.find_all("a") if str(a["href"]).startswith("#")}
    assert places
    assert all(page.find(id=place) for place in places)
    ids = [str(tag["id"]) for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_every_chart_has_two_widths_a_caption_and_its_data(page: BeautifulSoup) -> None:
    names = [figure.caption.name for figure in report_figures(sample_report())]
    assert [str(tag["id"]) for tag in page.find_all("figure")] == names
    for figure in page.find_all("figure"):
        assert len(figure.find_all("svg")) == 2
        assert page.find(id=f"figure-{figure['id']}") is not None
        link = figure.find("a", class_="csv")
        assert isinstance(link, Tag)
        assert len(unquote(str(link["href"])).splitlines()) > 2


def test_charts_use_the_colours_of_the_page(page: BeautifulSoup) -> None:
    charts = "".join(str(svg) for svg in page.find_all("svg"))
    assert "var(--series-0)" in charts
    assert "var(--ink)" in charts
    assert not re.search(r"#0a0b", charts)


def test_every_arm_shows_every_feature(page: BeautifulSoup) -> None:
    text = page.get_text(" ")
    for label in ("Reading ease", "Contractions", "Discourse words", "List lines", "Markdown"):
        assert label in text
    for label in ("Base model", "Base with system prompt", "Fine-tuned"):
        assert text.count(label) > 3


def test_an_empty_report_says_what_is_missing() -> None:
    page = render_report(EMPTY)
    notes = [p.get_text() for p in BeautifulSoup(page, "html.parser").find_all(class_="absent")]
    assert len(notes) == 10
    assert "<figure" not in page
    assert any("No comparisons have been reviewed yet" in note for note in notes)
    assert any("so there is no curve" in note for note in notes)


def test_an_arm_without_outputs_has_no_chart() -> None:
    nothing = summarise(MeasuredArm("tuned", "Fine-tuned", "an adapter"))
    page = render_report(replace(EMPTY, arms=(nothing,)))
    assert "no answers were measured" in page
    assert "No answers have been measured yet" in page
    assert "No arms have been compared" in page


def test_missing_bounds_and_empty_answers_are_noted() -> None:
    empty = SideBySide("What is it?", {"tuned": "  ", "gone": "ok"})
    page = text_of(render_report(replace(EMPTY, arms=sample_report().arms, examples=(empty,))))
    assert "The floor and the ceiling were not measured." in page
    assert "This answer is empty." in page


def test_hostile_text_is_shown_and_never_run() -> None:
    html = render_report(hostile_report())
    page = BeautifulSoup(html, "html.parser")
    assert not page.find_all(["script", "img"])
    assert not [tag for tag in page.find_all(True) if any(k.startswith("on") for k in tag.attrs)]
    assert HOSTILE in page.get_text()
    assert "javascript:" not in html
    assert not re.search("[\x00-\x08\ud800-\udfff]", html)
    html.encode()


def test_only_web_addresses_become_links() -> None:
    assert safe_link("https://example.org/a") == "https://example.org/a"
    for address in ("javascript:x", "file:///etc/passwd", "//example.org", "https://[", ""):
        assert not safe_link(address)


def test_the_same_data_give_the_same_page(html: str) -> None:
    assert render_report(sample_report()) == html


def test_an_overridden_freeze_is_flagged_at_the_top(page: BeautifulSoup) -> None:
    header = page.header
    assert header is not None
    notice = header.find(id="override")
    assert notice is not None
    assert "Frozen although gates failed" in notice.get_text()
    assert "the address is made up" in notice.get_text()
