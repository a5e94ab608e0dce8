"""What is erased on request is really gone, stays gone, and versions say so."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from db.engine import file_of
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
    Passage,
    Record,
    Rejection,
    Review,
    Run,
    Split,
    Verdict,
    Version,
)
from db.store import Store
from db.tables import TABLES
from db.verify import verify
from db.versions import Approved, freeze, version_examples, withdrawn
from tests.db.frozen import PLAN, approve, judge
from tests.db.made import article, conversation, passage, review

SECRET = "the unmistakable words of grace"


@pytest.fixture
def approved(store: Store) -> list[Approved]:
    page = article(99)
    part = passage(page)
    edited = approve(store, conversation(part), page.id, page, part, edit=SECRET)
    return [edited, *judge(store, range(40))]


def everything(store: Store) -> str:
    """All that the tables hold, as text."""
    with store.reading() as connection:
        return "\n".join(
            str(tuple(row))
            for table in TABLES.values()
            for row in connection.execute(select(table))
        )


def put_before_people(store: Store, version: Version, example: Example) -> list[Record]:
    """A run of a version, two outputs to an example, and what was said of them."""
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


def test_an_article_goes_with_everything_that_was_made_of_it(
    store: Store, approved: list[Approved]
) -> None:
    candidate, _, page = approved[1]
    version = freeze(store, PLAN, approved)
    example = next(e for e in version_examples(store, version) if e.candidate == candidate.id)
    about = put_before_people(store, version, example)
    refused = Rejection(
        scope="tone", stage="checks", subject=candidate.id, reason="r", text="Page 0"
    )
    store.add([refused, Rejection(scope="sample", stage="cleaning", subject="Page 0", reason="r")])
    assert page is not None
    erase(store, article=page)
    kept = everything(store)
    assert "Page 0" not in kept
    assert "Page_0" not in kept.replace("the article https://wiki.example/Page_0", "")
    assert store.count(Article, id=page) == store.count(Passage, article=page) == 0
    assert store.count(Candidate, id=candidate.id) == store.count(Example, article=page) == 0
    gone = [record for record in about if store.get(type(record), record.id) is None]
    assert gone == [record for record in about if not isinstance(record, Run)]
    assert "Page 1" in kept
    assert store.count(Article) == 40


def test_a_reviewer_s_answers_go_and_with_them_the_edits_that_counted(
    store: Store, approved: list[Approved]
) -> None:
    version = freeze(store, PLAN, approved)
    erase(store, reviewer="grace")
    kept = everything(store)
    assert SECRET not in kept
    assert "grace" not in kept
    assert store.count(Review, reviewer="ada") == 81
    assert store.count(Candidate) == 81
    assert store.count(Verdict) == store.count(Example) == 80
    (note,) = withdrawn(store, version)
    assert json.loads(note.detail) == {
        "withdrawn": "the answers of one reviewer",
        "examples": 81,
        "removed": {"reviews": 81, "verdicts": 1, "examples": 1},
        "runs": [],
    }


def test_a_deleted_text_is_not_in_the_file_any_more(store: Store, approved: list[Approved]) -> None:
    file = file_of(store.engine.url.render_as_string(hide_password=False))
    if file is None:
        return  # What a server does with its files is looked at in its tables alone.
    freeze(store, PLAN, approved)

    def bytes_kept(name: Path) -> bytes:
        return b"".join(path.read_bytes() for path in name.parent.glob(f"{name.name}*"))

    assert SECRET.encode() in bytes_kept(file)
    erase(store, reviewer="grace")
    assert SECRET.encode() not in bytes_kept(file)


def test_an_affected_version_keeps_its_hash_and_cannot_be_trained_on(
    store: Store, approved: list[Approved]
) -> None:
    whole = freeze(store, PLAN, approved)
    spared = freeze(store, PLAN, approved[1:3] + approved[5:])
    run = Run(version=whole.id, base="mini", base_fingerprint="f", config="{}", seed=1)
    store.add([run])
    page = approved[3][2]
    (erasure,) = erase(store, article=page)
    assert (erasure.version, erasure.examples, erasure.runs) == (whole.id, 2, (run.id,))
    assert store.get(Version, whole.id) == whole
    (note,) = withdrawn(store, whole)
    assert json.loads(note.detail)["withdrawn"] == "the article https://wiki.example/Page_1"
    for split in (None, Split.TRAIN):
        with pytest.raises(StoreError, match=r"something withdrawn on 20\d\d-"):
            list(version_examples(store, whole, split))
    assert withdrawn(store, spared) == []
    assert len(list(version_examples(store, spared))) == 78


def test_verify_tells_what_was_erased_from_what_is_missing(
    store: Store, approved: list[Approved]
) -> None:
    version = freeze(store, PLAN, approved)
    erase(store, article=approved[1][2])
    found = verify(store, version)
    assert {(d.record, d.found) for d in found} == {("Example", "it erased on request")}
    assert len(found) == 2


def test_what_was_erased_does_not_come_back(store: Store, approved: list[Approved]) -> None:
    candidate, _, page = approved[1]
    erase(store, article=page)
    erase(store, reviewer="grace")
    again = article(0)
    assert again.id == page
    new_part = replace(passage(again), text="cut another way")
    by_grace = review(approved[2][0].id, "grace")
    records = [again, new_part, passage(again), candidate, review(candidate.id, "lin"), by_grace]
    assert store.add(records) == 0
    counts = store.reconcile_reviews(
        "tone-candidates", [by_grace, review(candidate.id, "lin")], "2026-02-01"
    )
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 0)
    assert store.count(Event, kind=EventKind.SUBMITTED.value) == 0


def test_what_was_erased_cannot_be_frozen_again(store: Store, approved: list[Approved]) -> None:
    freeze(store, PLAN, approved)
    erase(store, article=approved[1][2])
    with pytest.raises(StoreError, match="erased on request"):
        freeze(store, PLAN, approved[1:])
    assert freeze(store, PLAN, approved[3:])


def test_an_erased_record_is_said_to_be_erased(store: Store, approved: list[Approved]) -> None:
    candidate, _, page = approved[1]
    erase(store, article=page)
    with pytest.raises(StoreError, match=r"found Candidate .* erased on request at 20"):
        store.find(Record, candidate.id[:10])


def test_nothing_to_erase_is_an_error_and_changes_nothing(store: Store) -> None:
    for what in ({"reviewer": "nobody"}, {"article": "0" * 64}):
        with pytest.raises(StoreError, match="found nothing of"):
            erase(store, **what)
    for wrong in ({}, {"reviewer": "a", "article": "b"}):
        with pytest.raises(StoreError, match="a reviewer or an article"):
            erase(store, **wrong)


def test_answers_that_no_version_stands_on_are_erased_too(store: Store) -> None:
    page = article()
    part = passage(page)
    approve(store, conversation(part), page.id, page, part)
    assert erase(store, reviewer="ada") == []
    assert [r.reviewer for r in store.stream(Review)] == ["grace"]
