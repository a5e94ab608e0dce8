"""Reviews made in the web UI with a real browser come back unchanged."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page

from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection
from annotation.items import Suggestion
from annotation.pull import pull
from annotation.push import push_candidates, push_comparisons
from db.records import Answer, AnswerValue, ReviewerKind, ReviewStatus, Span
from tests.annotation.browser.pages import choose, drag_over, log_in, open_dataset, rewrite, send
from tests.annotation.records import PERSONA, SPOKEN, TONE, comparison, conversation, dialogue

Annotator = Callable[[str], tuple[Account, Connection]]


def answers(values: dict[str, AnswerValue]) -> tuple[Answer, ...]:
    return tuple(Answer(question, values[question]) for question in sorted(values))


def test_an_annotator_rejects_marks_and_rewrites_a_candidate(
    page: Page, owner: Connection, annotator: Annotator, tmp_path: Path
) -> None:
    text = "Ça dure 25 minutes 🙂, so you'll be over there quick."
    item = conversation(text)
    suggested = replace(item, suggestions=(Suggestion("tone", 4, 0.7, "register v1"),))
    push_candidates(owner, "clicks", [suggested], TONE)
    account, _ = annotator("ann")
    log_in(page, owner, account)
    open_dataset(page, owner, "clicks")

    page.get_by_text("Guidelines", exact=False).first.click()
    page.get_by_text("Two worked examples").wait_for()
    page.get_by_text("Guidelines", exact=False).first.click()

    choose(page, "tone", "2")
    choose(page, "natural", "no")
    choose(page, "faithful", "partly")
    page.locator("label[for='wrong-2dcontradicted']").click()
    drag_over(page, "over there")
    choose(page, "decision", "reject")
    choose(page, "reasons", "unfaithful")
    choose(page, "reasons", "unnatural")
    rewrite(page, "It's 35 minutes.")
    page.screenshot(path=tmp_path / "candidate.png")
    send(page)

    start = text.index("over there")
    (review,) = pull(owner, "clicks")
    assert review.reviewer == account.name
    assert review.reviewer_kind is ReviewerKind.PERSON
    assert review.subject == item.candidate.id
    assert review.status is ReviewStatus.SUBMITTED
    assert review.edited == "It's 35 minutes."
    assert review.answers == answers(
        {
            "tone": 2,
            "natural": "no",
            "faithful": "partly",
            "wrong": (Span(start, start + len("over there"), "contradicted"),),
            "decision": "reject",
            "reasons": ("unfaithful", "unnatural"),
        }
    )


def test_numbers_answer_the_questions_and_enter_submits(
    page: Page, owner: Connection, annotator: Annotator
) -> None:
    push_candidates(owner, "keys", [conversation()], TONE)
    account, _ = annotator("keyboard")
    log_in(page, owner, account)
    open_dataset(page, owner, "keys")
    page.locator("label[for='tone_5']").wait_for()
    page.keyboard.press("Tab")
    for key, active in (("5", "tone_5"), ("1", "natural_yes"), ("1", "faithful_yes")):
        page.keyboard.press(key)
        page.locator(f"label.label-active[for='{active}']").wait_for()
    choose(page, "decision", "approve")
    with page.expect_response(lambda response: "/responses" in response.url):
        page.keyboard.press("Enter")

    (review,) = pull(owner, "keys")
    assert review.edited is None
    assert review.answers == answers(
        {"tone": 5, "natural": "yes", "faithful": "yes", "decision": "approve"}
    )


def test_discarding_is_one_click(page: Page, owner: Connection, annotator: Annotator) -> None:
    item = conversation()
    push_candidates(owner, "discards", [item], TONE)
    account, _ = annotator("discarder")
    log_in(page, owner, account)
    open_dataset(page, owner, "discards")
    with page.expect_response(lambda response: "/responses" in response.url):
        page.locator("button.button--discard").click()
    (review,) = pull(owner, "discards")
    assert review.status is ReviewStatus.DISCARDED
    assert review.subject == item.candidate.id


def test_a_dialogue_is_edited_in_one_box(
    page: Page, owner: Connection, annotator: Annotator
) -> None:
    item = dialogue("Will it be late?", "No hurry.", "Why?", "It is never late.")
    push_candidates(owner, "dialogue", [item], PERSONA)
    account, _ = annotator("talker")
    log_in(page, owner, account)
    open_dataset(page, owner, "dialogue")
    page.get_by_text("A dialogue with Marlo, on Sound ferry").wait_for()
    choose(page, "traits", "patient")
    choose(page, "natural", "yes")
    choose(page, "decision", "approve")
    page.locator("[aria-label='Question: improved'] [contenteditable]").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" I am.")
    page.keyboard.press("Escape")
    send(page)
    (review,) = pull(owner, "dialogue")
    assert review.answer("traits") == ("patient",)
    assert review.edited == (
        "User: Will it be late?\n\nAssistant: No hurry.\n\n"
        "User: Why?\n\nAssistant: It is never late. I am."
    )


def test_a_preference_is_clicked_and_the_page_hides_the_arms(
    page: Page, owner: Connection, annotator: Annotator, tmp_path: Path
) -> None:
    items = [
        comparison(SPOKEN, "The crossing takes 35 minutes."),
        comparison("Yes.", "No.", "Sure?"),
    ]
    push_comparisons(owner, "preferences", items, TONE)
    account, _ = annotator("chooser")
    log_in(page, owner, account)
    open_dataset(page, owner, "preferences", "?search=Sure")
    page.get_by_text("Sure?").wait_for()
    choose(page, "preference", "tie")
    choose(page, "tone_left", "3")
    choose(page, "tone_right", "1")
    choose(page, "faithful_left", "no")
    choose(page, "faithful_right", "yes")
    page.screenshot(path=tmp_path / "comparison.png")
    shown = page.content()
    send(page)
    (review,) = pull(owner, "preferences")
    assert review.subject == items[1].comparison.id
    assert review.answers == answers(
        {
            "preference": "tie",
            "tone_left": 3,
            "tone_right": 1,
            "faithful_left": "no",
            "faithful_right": "yes",
        }
    )
    for secret in (items[1].comparison.left, items[1].comparison.right, items[1].comparison.prompt):
        assert secret not in shown
