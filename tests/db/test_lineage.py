"""Any record is traced to its sources and results."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from db.descriptions import describe
from db.erasure import erase
from db.errors import StoreError
from db.lineage import Lineage, trace
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
    Rejection,
    Review,
    Run,
    Split,
    Verdict,
    Version,
)
from db.sql.tables import TABLES
from db.store import Store
from db.versions.contents import version_examples
from db.versions.freeze import Approval, freeze
from tests.db.approvals import PLAN, add_approvals, approved_pairs
from tests.db.records import one_of_each, review, statement


@pytest.fixture
def approvals(store: Store) -> list[Approval]:
    return add_approvals(store, range(40))


@pytest.fixture
def version(store: Store, approvals: list[Approval]) -> Version:
    return freeze(store, PLAN, approvals)


@pytest.fixture
def output(store: Store, version: Version) -> Output:
    """A tuned model's output for a held-out example, measured, compared and reviewed."""
    example = next(version_examples(store, version, Split.TEST))
    run = Run(version=version.id, base="mini", base_fingerprint="f00", config='{"steps":8}', seed=3)
    tuned, base = (
        Output(
            prompt=example.id,
            arm=arm,
            run=run.id if arm == "tuned" else None,
            messages=example.messages[:1],
            text=f"{arm} words",
            generation='{"temperature":0}',
            seed=3,
        )
        for arm in ("tuned", "base")
    )
    pair = Comparison(campaign="tone", prompt=example.id, left=tuned.id, right=base.id)
    measure = Measure(subject=tuned.id, name="flesch", source="flesch.v1", value=71.5)
    detail = '{"losses":[1.3,1.1,0.78],"seconds":42.51,"metrics":{"steps":3}}'
    at = "2026-03-01T10:00:00+00:00"
    started = Event(subject=run.id, kind=EventKind.STARTED, at=at, detail=detail)
    vote = review(pair.id, "lin", "left")
    submitted = Event(subject=vote.id, kind=EventKind.SUBMITTED, at=at)
    store.add([run, started, tuned, base, pair, measure, vote, submitted])
    return tuned


def nodes(lineage: Lineage) -> Iterator[Lineage]:
    yield lineage
    for link in lineage.links:
        yield from nodes(link)


def json_ids(tree: dict[str, Any]) -> Iterator[str]:
    yield tree["id"]
    for link in tree["links"]:
        yield from json_ids(link)


def kinds(lineage: Lineage) -> set[type]:
    return {type(node.record) for node in nodes(lineage)}


def test_an_output_is_traced_to_its_article(store: Store, output: Output) -> None:
    lineage = trace(store, output.id)
    assert kinds(lineage) >= {Run, Version, Example, Candidate, Passage, Article, Verdict, Review}
    text = lineage.as_text()
    example = store.get(Example, output.prompt)
    assert example is not None
    page = store.get(Article, example.article or "")
    assert page is not None
    for part in (
        page.url,
        "revision 1",
        "CC BY-SA 4.0",
        "question.v1, rewrite.v1",
        "by phrasebook",
        "ada (person) submitted on 2026-01-01 decision: approve, rating: 4",
        "grace (person)",
        "approve by majority",
        f"version {output.run and next(store.stream(Version)).id[:12]}",
        "steps 8",
        "frozen at",
        "started at 2026-03-01T10:00:00 (losses 1.3 to 0.78, seconds 42.51)",
        "measured: flesch 71.5",
        "lin (person)",
    ):
        assert part in text


def test_the_full_text_lists_each_measure_and_event(store: Store, output: Output) -> None:
    text = trace(store, output.id).as_text(full=True)
    assert "flesch 71.5 (flesch.v1)" in text
    assert "submitted at" in text
    assert len(text) > len(trace(store, output.id).as_text())


def test_a_lineage_as_json_has_the_same_records(store: Store, output: Output) -> None:
    lineage = trace(store, output.id[:10])
    tree = lineage.as_json()
    assert json.loads(json.dumps(tree)) == tree
    assert tree["type"] == "Output"
    assert tree["record"]["text"] == "tuned words"
    assert list(json_ids(tree)) == [node.id for node in nodes(lineage)]


def test_each_record_is_listed_once(store: Store, output: Output) -> None:
    for record in (output, next(store.stream(Comparison)), next(store.stream(Candidate))):
        ids = [node.id for node in nodes(trace(store, record.id))]
        assert len(ids) == len(set(ids))


def test_a_candidate_is_traced_to_its_versions_and_runs(
    store: Store, output: Output, approvals: list[Approval]
) -> None:
    lineage = trace(store, approvals[0][0].id)
    assert kinds(lineage) == {
        Candidate,
        Passage,
        Article,
        Review,
        Verdict,
        Example,
        Version,
        Run,
    }
    assert sum(isinstance(node.record, Review) for node in nodes(lineage)) == 2


def test_a_pair_is_traced_to_its_candidate_reviews_and_versions(
    store: Store, approvals: list[Approval]
) -> None:
    pairs = approved_pairs(store, approvals)
    freeze(store, PLAN, approvals, pairs)
    lineage = trace(store, pairs[0].id)
    assert kinds(lineage) == {Pair, Candidate, Passage, Article, Review, Version}
    text = lineage.as_text()
    for part in (
        f"requested: pair {pairs[0].id[:12]}, rewrite in the {pairs[0].split} split",
        "2 of 2 reviews agree: “Well, number 0 is about",
        "chosen answer from: candidate",
        "grace (person)",
        "part of: version",
        "80 pairs",
    ):
        assert part in text
    from_candidate = trace(store, approvals[0][0].id)
    assert pairs[0] in [node.record for node in nodes(from_candidate)]


def test_a_vote_is_traced_to_its_outputs_and_pair(store: Store, output: Output) -> None:
    comparison = next(store.stream(Comparison))
    vote = next(store.stream(Review, subject=comparison.id))
    of_vote = Pair(
        source=PairSource.VOTE,
        split=Split.TRAIN,
        prompt=output.messages,
        chosen="tuned words",
        rejected="base words",
        chosen_from=output.id,
        rejected_from=comparison.right,
        reviews=(vote.id,),
        reviewers=("lin",),
        reviewer_kinds=("person",),
        support=1,
        comparison=comparison.id,
    )
    store.add([of_vote])
    assert kinds(trace(store, of_vote.id)) >= {Pair, Output, Comparison, Review, Run, Example}
    for id in (comparison.id, output.id):
        assert of_vote in [node.record for node in nodes(trace(store, id))]


def test_a_rejected_candidate_is_traced_to_the_reason(
    store: Store, approvals: list[Approval]
) -> None:
    rejected = statement(9)
    reason = Rejection(
        scope="tone", stage="checks", subject=rejected.id, reason="too short", detail="2 words"
    )
    store.add([rejected, reason])
    text = trace(store, rejected.id).as_text()
    assert "rejected: rejection" in text
    assert "rejected in tone by checks: too short (2 words)" in text
    back = trace(store, reason.id)
    assert [type(node.record) for node in nodes(back)] == [Rejection, Candidate]


def test_a_rejection_without_a_record_has_no_links(store: Store) -> None:
    rejection = Rejection(
        scope="dump", stage="reader", subject="Talk:Lighthouse", reason="redirect"
    )
    store.add([rejection])
    assert trace(store, rejection.id).links == ()


def test_measures_and_events_are_traced_to_their_subjects(store: Store, output: Output) -> None:
    for record in (next(store.stream(Measure)), next(store.stream(Event, kind="started"))):
        assert Article in kinds(trace(store, record.id)) or isinstance(record, Event)
        assert Version in kinds(trace(store, record.id))


def test_a_lineage_names_erased_records_with_the_time(
    store: Store, approvals: list[Approval], version: Version
) -> None:
    erase(store, reviewer="grace")
    example = next(e for e in store.stream(Example))
    text = trace(store, example.id).as_text()
    assert "based on (a review, erased on request at 20" in text


def test_tracing_an_unknown_id_fails(store: Store) -> None:
    with pytest.raises(StoreError, match="No record id starts with"):
        trace(store, "0" * 64)


def test_every_type_of_record_can_be_described_and_traced(store: Store) -> None:
    records = one_of_each()
    store.add(records)
    assert {type(record) for record in records} == set(TABLES)
    for record in records:
        assert "\n" not in describe(record)
        assert trace(store, record.id).record == record
