"""Finding records in the web UI, and judging several at once."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection
from annotation.progress import dataset_progress
from annotation.pull import pull
from annotation.push import push_candidates
from db.records import Article, digest
from tests.annotation.browser.pages import SUBMIT, TEXT, choose, log_in, open_dataset
from tests.annotation.records import TONE, conversation

WORDS = ("Zebra", "Yacht", "Walrus", "Violin")
VECTORS = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.9, 0.3, 0.0), (0.0, 0.0, 0.0, 1.0))
ENDING = "s go quick, you know."


@pytest.fixture(scope="module")
def reviewer(owner: Connection, annotator: Callable[[str], tuple[Account, Connection]]) -> Account:
    """An annotator with four records of two articles to review."""
    items = [
        replace(
            conversation(f"{word}{ENDING}"),
            article=Article(
                url=f"https://example.org/{n % 2}",
                revision="1",
                digest=digest("x"),
                title=f"Article {n % 2}",
            ),
            vector=vector,
            metadata=(("tone_score", (5 - n) / 10),),
        )
        for n, (word, vector) in enumerate(zip(WORDS, VECTORS, strict=True))
    ]
    push_candidates(owner, "found", items, replace(TONE, overlap=1))
    account, _ = annotator("finder")
    return account


@pytest.fixture
def records(page: Page, owner: Connection, reviewer: Account) -> Page:
    """The dataset's page, with the annotator logged in."""
    log_in(page, owner, reviewer)
    open_dataset(page, owner, "found")
    return page


def test_a_word_finds_its_record(records: Page) -> None:
    records.locator("button[data-title=Search]").click()
    records.get_by_placeholder("Introduce a query").fill("yacht*")
    records.keyboard.press("Enter")
    expect(records.locator(TEXT)).to_have_text(f"Yacht{ENDING}")
    expect(records.locator("[aria-label='Total Records']")).to_contain_text("1")


def test_records_are_sorted_by_a_measure(records: Page) -> None:
    records.get_by_text("Sort", exact=True).click()
    records.get_by_placeholder("Filter by...").fill("tone_score")
    records.get_by_text("tone_score", exact=True).last.click()
    expect(records.locator(TEXT)).to_have_text(f"Violin{ENDING}")


def test_records_are_filtered_by_their_article(records: Page) -> None:
    records.get_by_text("Filters", exact=True).click()
    records.get_by_text("Metadata", exact=True).first.click()
    records.get_by_text("Article", exact=True).last.click()
    records.get_by_text("Article 1", exact=False).last.click()
    expect(records.locator("[aria-label='Total Records']")).to_contain_text("2")


def test_a_similar_record_is_the_nearest_in_meaning(records: Page) -> None:
    for _ in WORDS:
        if WORDS[2] in records.locator(TEXT).inner_text():
            break
        records.locator("[aria-label^='Next']").click()
        records.wait_for_timeout(500)
    expect(records.locator(TEXT)).to_have_text(f"Walrus{ENDING}")
    records.get_by_text("Find similar").first.click()
    expect(records.locator(TEXT)).to_have_text(f"Yacht{ENDING}")


def test_several_records_are_judged_at_once_and_progress_shows_it(
    records: Page, owner: Connection
) -> None:
    records.locator("[aria-label='Switch to Bulk Mode']").click()
    expect(records.locator(TEXT)).to_have_count(4)
    records.locator("input[type=checkbox]").first.evaluate("box => box.click()")
    choose(records, "tone", "3")
    choose(records, "natural", "yes")
    choose(records, "faithful", "yes")
    choose(records, "decision", "approve")
    with records.expect_response(lambda response: "/responses/bulk" in response.url):
        records.locator(SUBMIT).click()
    expect(records.locator(".my-progress__share")).to_contain_text("4")
    reviews = list(pull(owner, "found"))
    assert len(reviews) == 4
    assert {review.answer("decision") for review in reviews} == {"approve"}
    assert {review.edited for review in reviews} == {None}
    assert dataset_progress(owner, "found").completed == 4
