"""Erased records are removed from the database for good, and versions record it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from db.erasure import erase
from db.errors import StoreError
from db.records import (
    Article,
    Candidate,
    Comparison,
    Event,
    EventKind,
    Example,
    Measure,
    Output,
    Pair,
    PairSource,
    Passage,
    Record,
    Rejection,
    Review,
    Run,
    Split,
    Verdict,
    Version,
)
from db.reviews import reconcile_reviews
from db.sql.engine import sqlite_file
from db.sql.tables import TABLES
from db.store import Store
from db.versions.contents import version_examples, withdrawals
from db.versions.freeze import Approval, freeze
from db.versions.verify import verify
from tests.db.approvals import PLAN, add_approvals, approve, approved_pairs
from tests.db.records import article, conversation, pair, passage, review

SECRET = "the unmistakable words of grace"


@pytest.fixture
def approvals(store: Store) -> list[Approval]:
    page = article(99)
    part = passage(page)
    edited = approve(store, conversation(part), page.id, page, part, edit=SECRET)
    return [edited, *add_approvals(store, range(40))]


def everything(store: Store) -> str:
    """The contents of all tables as text."""
    with store.reading() as connection:
        return "\n".join(
            str(tuple(row))
            for table in TABLES.values()
            for row in connection.execute(select(table))
        )


def add_comparison(store: Store, version: Version, example: Example) -> list[Record]:
    """Add a run, its two outputs for an example, their comparison, and a review of that."""
    run = Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=1)
    outputs = [
        Output(
            prompt=example.id,
            arm=arm,
            run=run.id,
            messages=example.messages[:1],
            text=f"an answer about {example.question}",
            generation="{}",
            seed=1,
        )
        for arm in ("base", "tuned")
    ]
    pair = Comparison(campaign="tone", prompt=example.id, left=outputs[0].id, right=outputs[1].id)
    measure = Measure(subject=outputs[0].id, name="words", source="v1", value=5)
    records: list[Record] = [run, *outputs, pair, measure, review(pair.id, "lin", "left")]
    store.add(records)
    return records


def test_erasing_an_article_removes_everything_made_from_it(
    store: Store, approvals: list[Approval]
) -> None:
    candidate, _, page = approvals[1]
    version = freeze(store, PLAN, approvals)
    example = next(e for e in version_examples(store, version) if e.candidate == candidate.id)
    related = add_comparison(store, version, example)
    rejected = Rejection(
        scope="tone", stage="checks", subject=candidate.id, reason="r", text="Page 0"
    )
    store.add([rejected, Rejection(scope="sample", stage="cleaning", subject="Page 0", reason="r")])
    assert page is not None
    erase(store, article=page)
    contents = everything(store)
    assert "Page 0" not in contents
    assert "Page_0" not in contents.replace("the article https://wiki.example/Page_0", "")
    assert store.count(Article, id=page) == store.count(Passage, article=page) == 0
    assert store.count(Candidate, id=candidate.id) == store.count(Example, article=page) == 0
    erased = [record for record in related if store.get(type(record), record.id) is None]
    assert erased == [record for record in related if not isinstance(record, Run)]
    assert "Page 1" in contents
    assert store.count(Article) == 40


def test_erasing_a_reviewer_removes_answers_and_winning_edits(
    store: Store, approvals: list[Approval]
) -> None:
    version = freeze(store, PLAN, approvals)
    erase(store, reviewer="grace")
    contents = everything(store)
    assert SECRET not in contents
    assert "grace" not in contents
    assert store.count(Review, reviewer="ada") == 81
    assert store.count(Candidate) == 81
    assert store.count(Verdict) == store.count(Example) == 80
    (withdrawal,) = withdrawals(store, version)
    assert json.loads(withdrawal.detail) == {
        "withdrawn": "the answers of one reviewer",
        "examples": 81,
        "removed": {"reviews": 81, "verdicts": 1, "examples": 1},
        "runs": [],
    }


def test_erased_text_disappears_from_the_database_file(
    store: Store, approvals: list[Approval]
) -> None:
    file = sqlite_file(store.engine)
    if file is None:
        return  # a server's files can't be read, only its tables
    freeze(store, PLAN, approvals)

    def file_contents(name: Path) -> bytes:
        return b"".join(path.read_bytes() for path in name.parent.glob(f"{name.name}*"))

    assert SECRET.encode() in file_contents(file)
    erase(store, reviewer="grace")
    assert SECRET.encode() not in file_contents(file)


def test_an_affected_version_keeps_its_hash_but_cannot_be_read(
    store: Store, approvals: list[Approval]
) -> None:
    whole = freeze(store, PLAN, approvals)
    spared = freeze(store, PLAN, approvals[1:3] + approvals[5:])
    run = Run(version=whole.id, base="mini", base_fingerprint="f", config="{}", seed=1)
    store.add([run])
    page = approvals[3][2]
    (affected,) = erase(store, article=page)
    assert (affected.version, affected.examples, affected.runs) == (whole.id, 2, (run.id,))
    assert store.get(Version, whole.id) == whole
    (withdrawal,) = withdrawals(store, whole)
    assert json.loads(withdrawal.detail)["withdrawn"] == "the article https://wiki.example/Page_1"
    for split in (None, Split.TRAIN):
        with pytest.raises(StoreError, match=r"because data was withdrawn on 20\d\d-"):
            list(version_examples(store, whole, split))
    assert withdrawals(store, spared) == []
    assert len(list(version_examples(store, spared))) == 78


def test_verify_distinguishes_erased_from_missing_records(
    store: Store, approvals: list[Approval]
) -> None:
    version = freeze(store, PLAN, approvals)
    erase(store, article=approvals[1][2])
    mismatches = verify(store, version)
    assert {(m.record, m.actual) for m in mismatches} == {("Example", "erased on request")}
    assert len(mismatches) == 2


def test_erased_records_cannot_be_added_again(store: Store, approvals: list[Approval]) -> None:
    candidate, _, page = approvals[1]
    erase(store, article=page)
    erase(store, reviewer="grace")
    again = article(0)
    assert again.id == page
    new_part = replace(passage(again), text="cut another way")
    by_grace = review(approvals[2][0].id, "grace")
    records = [again, new_part, passage(again), candidate, review(candidate.id, "lin"), by_grace]
    assert store.add(records) == 0
    counts = reconcile_reviews(
        store, "tone-candidates", [by_grace, review(candidate.id, "lin")], "2026-02-01"
    )
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 0)
    assert store.count(Event, kind=EventKind.SUBMITTED.value) == 0


def test_erased_candidates_cannot_be_frozen_again(store: Store, approvals: list[Approval]) -> None:
    freeze(store, PLAN, approvals)
    erase(store, article=approvals[1][2])
    with pytest.raises(StoreError, match="erased on request"):
        freeze(store, PLAN, approvals[1:])
    assert freeze(store, PLAN, approvals[3:])


def test_finding_an_erased_record_says_when_it_was_erased(
    store: Store, approvals: list[Approval]
) -> None:
    candidate, _, page = approvals[1]
    erase(store, article=page)
    with pytest.raises(StoreError, match=r"Candidate .* was erased on request at 20"):
        store.find(Record, candidate.id[:10])


def test_erasing_nothing_fails_and_changes_nothing(store: Store) -> None:
    for subject in ({"reviewer": "nobody"}, {"article": "0" * 64}):
        with pytest.raises(StoreError, match="The store contains nothing to erase for"):
            erase(store, **subject)
    with pytest.raises(StoreError, match="There is nothing to erase"):
        erase(store)
    with pytest.raises(StoreError, match="A reviewer and an article can't be erased together"):
        erase(store, reviewer="a", article="b")


def test_answers_outside_versions_are_erased_too(store: Store) -> None:
    page = article()
    part = passage(page)
    approve(store, conversation(part), page.id, page, part)
    assert erase(store, reviewer="ada") == []
    assert [r.reviewer for r in store.stream(Review)] == ["grace"]


def test_erasing_a_reviewer_removes_the_pairs_based_on_their_answers(
    store: Store, approvals: list[Approval]
) -> None:
    pairs = approved_pairs(store, approvals)
    candidate, _, page = approvals[2]
    by_ada = next(store.stream(Review, subject=candidate.id, reviewer="ada"))
    spared = pair(candidate, by_ada, article=page, split=pairs[2].split, chosen="Ada's words.")
    version = freeze(store, PLAN, approvals, [*pairs, spared])
    (affected,) = erase(store, reviewer="grace")
    assert (affected.examples, affected.pairs) == (81, 81)
    assert list(store.stream(Pair)) == [spared]
    assert SECRET not in everything(store)
    assert "grace" not in everything(store)
    (withdrawal,) = withdrawals(store, version)
    detail = json.loads(withdrawal.detail)
    assert detail["pairs"] == detail["removed"]["pairs"] == 81


def test_erasing_an_article_removes_its_pairs(store: Store, approvals: list[Approval]) -> None:
    pairs = approved_pairs(store, approvals)
    version = freeze(store, PLAN, approvals, pairs)
    page = approvals[3][2]
    (affected,) = erase(store, article=page)
    assert (affected.version, affected.examples, affected.pairs) == (version.id, 2, 2)
    assert store.count(Pair, article=page) == 0
    assert store.count(Pair) == 79
    assert {(m.record, m.actual) for m in verify(store, version)} == {
        ("Example", "erased on request"),
        ("Pair", "erased on request"),
    }


def test_erasing_the_prompt_of_a_vote_removes_its_pair(
    store: Store, approvals: list[Approval]
) -> None:
    first = freeze(store, PLAN, approvals)
    example = next(e for e in version_examples(store, first) if e.candidate == approvals[0][0].id)
    _, base, tuned, comparison, _, vote = add_comparison(store, first, example)
    assert isinstance(vote, Review)
    of_vote = replace(
        pair(approvals[0][0], vote),
        source=PairSource.VOTE,
        chosen_from=base.id,
        rejected_from=tuned.id,
        comparison=comparison.id,
        split=example.split,
    )
    second = freeze(store, PLAN, approvals[1:], [of_vote])
    affected = {each.version: each.pairs for each in erase(store, reviewer="grace")}
    assert affected == {first.id: 0, second.id: 1}
    assert store.count(Pair) == 0


def test_a_pair_of_an_erased_candidate_cannot_be_added(
    store: Store, approvals: list[Approval]
) -> None:
    pairs = approved_pairs(store, approvals)
    erase(store, article=approvals[1][2])
    assert store.add([pairs[1], pairs[3]]) == 1
