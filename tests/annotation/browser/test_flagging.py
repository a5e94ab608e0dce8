"""Flagging a record in the web UI, and settling a tie."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page

from annotation.adjudication import adjudication_settings
from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection
from annotation.pull import pull
from annotation.push import push_candidates
from annotation.verdicts import find_flags
from db.records import ReviewStatus
from tests.annotation.browser.pages import choose, log_in, open_dataset, send
from tests.annotation.records import TONE, conversation

Annotator = Callable[[str], tuple[Account, Connection]]


def test_a_tick_flags_a_discarded_record(
    page: Page, owner: Connection, annotator: Annotator, tmp_path: Path
) -> None:
    push_candidates(owner, "flagged", [conversation()], TONE)
    account, _ = annotator("flagger")
    log_in(page, owner, account)
    open_dataset(page, owner, "flagged")
    choose(page, "reasons", "harmful")
    page.screenshot(path=tmp_path / "flag.png")
    with page.expect_response(lambda response: "/responses" in response.url):
        page.locator("button.button--discard").click()
    (review,) = pull(owner, "flagged")
    assert review.status is ReviewStatus.DISCARDED
    assert [(flag.reviewer, flag.kind) for flag in find_flags([review])] == [
        (account.name, "harmful")
    ]


def test_an_adjudicator_sees_the_answers_and_decides(
    page: Page, owner: Connection, annotator: Annotator, tmp_path: Path
) -> None:
    answers = "Reviewer 1: decision: approve\n\nReviewer 2: decision: reject; reasons: tone"
    item = replace(conversation(), earlier_answers=answers)
    push_candidates(owner, "ties", [item], adjudication_settings(TONE))
    account, _ = annotator("adjudicator")
    log_in(page, owner, account)
    open_dataset(page, owner, "ties")
    page.get_by_text("Reviewer 2: decision: reject; reasons: tone").wait_for()
    for question, answer in (("tone", "4"), ("natural", "yes"), ("faithful", "yes")):
        choose(page, question, answer)
    choose(page, "decision", "approve")
    page.screenshot(path=tmp_path / "tie.png")
    send(page)
    (review,) = pull(owner, "ties")
    assert (review.reviewer, review.answer("decision")) == (account.name, "approve")
