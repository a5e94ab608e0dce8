"""Reviewing in the web UI while it shows nothing of other reviewers or hidden metadata."""

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Page, Route, expect

from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import find_dataset
from annotation.pull import pull
from annotation.push import push_candidates
from annotation.submit import submit
from db.records import Answer, AnswerValue, Review, ReviewerKind, ReviewStatus
from tests.annotation.browser.pages import TEXT, choose, log_in, open_dataset, rewrite, send
from tests.annotation.records import TONE, conversation

WORDS = ("Zebra", "Yacht")
SECRETS = ("Ada wrote this.", "tone_answer.v1")
ANSWERS: dict[str, AnswerValue] = {
    "tone": 2,
    "natural": "no",
    "faithful": "yes",
    "decision": "reject",
}


def review(subject: str) -> Review:
    return Review(
        subject=subject,
        reviewer="ada",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=tuple(Answer(*answer) for answer in sorted(ANSWERS.items())),
        edited=SECRETS[0],
    )


def test_an_annotator_reviews_without_getting_what_others_answered(
    page: Page, owner: Connection, annotator: Callable[[str], tuple[Account, Connection]]
) -> None:
    items = [conversation(f"{word} is it.") for word in WORDS]
    push_candidates(owner, "blind", items, replace(TONE, overlap=2))
    with connect(owner) as server:
        path = f"me/datasets/{find_dataset(server, 'blind').id}/metadata-properties"
        (prompt,) = (one for one in server.get(path)["items"] if one["name"] == "prompt")
        server.patch(f"metadata-properties/{prompt['id']}", {"visible_for_annotators": False})
    _, ada = annotator("ada")
    submit(ada, "blind", [review(item.candidate.id) for item in items])

    bodies: list[str] = []

    def note(route: Route) -> None:
        response = route.fetch()
        bodies.append(response.text())
        route.fulfill(response=response)

    page.route("**/api/**", note)
    bob, _ = annotator("bob")
    log_in(page, owner, bob)
    open_dataset(page, owner, "blind", "?search=yacht")
    expect(page.locator(TEXT)).to_have_text("Yacht is it.")
    for question, value in {**ANSWERS, "decision": "approve"}.items():
        choose(page, question, str(value))
    rewrite(page, "Bob wrote this.")
    send(page)
    expect(page.locator(".my-progress__share")).to_contain_text("1")
    open_dataset(page, owner, "blind", "?status=submitted")
    expect(page.locator("[aria-label='Question: improved']")).to_contain_text("Bob wrote this.")
    shown = page.content()
    page.unroute_all(behavior="wait")

    assert any("Yacht is it." in body for body in bodies)
    for secret in SECRETS:
        assert secret not in shown
        assert [body for body in bodies if secret in body] == []
    edits = {review.edited for review in pull(owner, "blind")}
    assert edits == {SECRETS[0], "Bob wrote this."}
