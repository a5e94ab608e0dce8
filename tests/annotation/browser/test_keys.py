"""What number keys record in the web UI, and what a reviewer sees at 1280 × 800."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import find_dataset
from annotation.items import CandidateItem, Suggestion
from annotation.pull import pull
from annotation.push import push_candidates
from tests.annotation.browser.pages import choose, log_in, open_dataset, send
from tests.annotation.records import TONE, conversation

Annotator = Callable[[str], tuple[Account, Connection]]


@pytest.fixture
def open_page(page: Page, owner: Connection, annotator: Annotator) -> Callable[..., Page]:
    """Pushes items to a dataset and opens the first one as an annotator of the same name."""

    def open_item(dataset: str, *items: CandidateItem) -> Page:
        if items:
            push_candidates(owner, dataset, items, TONE)
        account, _ = annotator(dataset)
        page.set_viewport_size({"width": 1280, "height": 800})
        log_in(page, owner, account)
        open_dataset(page, owner, dataset)
        page.locator("label[for='tone_5']").wait_for()
        return page

    return open_item


def press(page: Page, key: str, active: str) -> None:
    page.keyboard.press(key)
    page.locator(f"label.label-active[for='{active}']").wait_for()


def test_the_recorded_answers_are_the_typed_ones_whatever_measures_suggest(
    open_page: Callable[..., Page], owner: Connection
) -> None:
    suggestions = (Suggestion("tone", 4, 0.7, "tone v1"), Suggestion("faithful", "yes", 1.0, "c"))
    page = open_page("typed", replace(conversation(), suggestions=suggestions))
    expect(page.locator("label.label-active")).to_have_count(0)
    for key, active in (("4", "tone_4"), ("1", "natural_yes"), ("1", "faithful_yes")):
        press(page, key, active)
    page.keyboard.press("ArrowDown")
    press(page, "1", "decision_approve")
    with page.expect_response(lambda response: "/responses" in response.url):
        page.keyboard.press("Enter")
    (review,) = pull(owner, "typed")
    values = {answer.question: answer.value for answer in review.answers}
    assert values == {"tone": 4, "natural": "yes", "faithful": "yes", "decision": "approve"}


def test_suggestions_are_metadata(owner: Connection) -> None:
    suggestions = (Suggestion("tone", 4, 0.7, "tone v1"), Suggestion("faithful", "yes", 1.0, "c"))
    push_candidates(owner, "hints", [replace(conversation(), suggestions=suggestions)], TONE)
    with connect(owner) as server:
        path = f"datasets/{find_dataset(server, 'hints').id}/records"
        (record,) = server.get(path, include="suggestions")["items"]
    assert record["metadata"]["suggested"] == ["tone: 4", "faithful: yes"]
    assert [suggestion["value"] for suggestion in record["suggestions"]] == [
        conversation().candidate.review_text
    ]


def test_a_number_key_clears_a_preselected_answer_so_nothing_is_preselected(
    open_page: Callable[..., Page], owner: Connection
) -> None:
    push_candidates(owner, "preselected", [conversation()], TONE)
    with connect(owner) as server:
        dataset = find_dataset(server, "preselected")
        (record,) = server.get(f"datasets/{dataset.id}/records")["items"]
        suggestion = {"question_id": dataset.question_ids["tone"], "value": 4, "agent": "m"}
        server.put(f"records/{record['id']}/suggestions", suggestion)
    page = open_page("preselected")
    page.locator("label.label-active[for='tone_4']").wait_for()
    page.keyboard.press("4")
    expect(page.locator("label.label-active")).to_have_count(0)


def test_a_reviewer_sees_the_text_then_its_source_then_the_rest_without_scrolling(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("layout", conversation())
    titles = ("Text to judge", "Source passage", "Question", "Plain answer, before the rewrite")
    boxes = [page.get_by_text(title, exact=True).bounding_box() for title in titles]
    tops = [box["y"] for box in boxes if box]
    assert len(tops) == 4
    assert tops == sorted(tops)
    last = page.get_by_text("The crossing takes 35 minutes.", exact=True).bounding_box()
    assert last
    assert last["y"] + last["height"] < 750  # the bar below begins there
    labels = ("unsupported", "contradicted", "nonsense")
    colours = {
        page.locator(f"label[for='wrong-2d{label}']").evaluate("e => getComputedStyle(e).color")
        for label in labels
    }
    assert len(colours) == 3


def test_a_reviewer_sees_their_own_progress_before_others_have_answered(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("own", conversation())
    for question, value in (("tone", "4"), ("natural", "yes"), ("faithful", "yes")):
        choose(page, question, value)
    choose(page, "decision", "approve")
    send(page)
    expect(page.locator(".my-progress__share")).to_have_text(
        re.compile("submitted 1", re.IGNORECASE)
    )
