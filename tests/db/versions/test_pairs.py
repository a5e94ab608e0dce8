"""A version holds preference pairs beside its examples, and its hash covers both."""

import json
from dataclasses import replace

import pytest

from db.erasure import erase
from db.errors import StoreError
from db.records import Pair, PairSource, Split, Version
from db.sql.tables import TABLES, pair_members
from db.store import Store
from db.versions.contents import (
    PairCount,
    pair_counts,
    pair_rejections,
    version_articles,
    version_examples,
    version_pairs,
)
from db.versions.diff import diff
from db.versions.freeze import Approval, freeze
from db.versions.merkle import merkle_root
from db.versions.verify import verify
from tests.db.approvals import PLAN, add_approvals, approved_pairs
from tests.db.records import article, conversation, pair, passage, review
from tests.db.versions.test_verify import tampering

WITHOUT_PAIRS = "6e8e7657e9984cbf9e76b26b401adabe3e1ee1f6ea9189372ebf03d4729473a1"
"""The id of a version that was frozen before versions could contain pairs."""


@pytest.fixture
def approvals(store: Store) -> list[Approval]:
    return add_approvals(store, range(40))


@pytest.fixture
def pairs(store: Store, approvals: list[Approval]) -> list[Pair]:
    return approved_pairs(store, approvals)


@pytest.fixture
def version(store: Store, approvals: list[Approval], pairs: list[Pair]) -> Version:
    return freeze(store, PLAN, approvals, pairs)


def test_a_version_without_pairs_has_the_id_it_always_had(
    store: Store, approvals: list[Approval]
) -> None:
    version = freeze(store, PLAN, approvals)
    (frozen,) = store.events(version.id)
    assert (version.id, version.pairs) == (WITHOUT_PAIRS, 0)
    assert json.loads(frozen.detail).keys() == {"splits", "agreement"}
    assert list(version_pairs(store, version)) == []


def test_the_version_id_covers_examples_and_pairs(
    store: Store, version: Version, pairs: list[Pair]
) -> None:
    examples = [example.id for example in version_examples(store, version)]
    assert version.id == merkle_root([*examples, *(pair.id for pair in pairs)]) != WITHOUT_PAIRS
    assert (version.pairs, len(examples)) == (80, 80)
    assert list(version_pairs(store, version)) == sorted(pairs, key=lambda pair: pair.id)


def test_pairs_can_be_read_and_counted_by_split(
    store: Store, version: Version, pairs: list[Pair]
) -> None:
    for split in Split:
        expected = {pair.id for pair in pairs if pair.split is split}
        assert {pair.id for pair in version_pairs(store, version, split)} == expected
    assert pair_counts(store, version) == [
        PairCount(PairSource.REWRITE, Split.TEST, version.test),
        PairCount(PairSource.REWRITE, Split.TRAIN, version.train),
        PairCount(PairSource.REWRITE, Split.VALIDATION, version.validation),
    ]


def test_freezing_the_same_pairs_twice_adds_nothing(
    store: Store, version: Version, approvals: list[Approval], pairs: list[Pair]
) -> None:
    before = store.size(), len(list(store.rows(pair_members)))
    assert freeze(store, replace(PLAN, name="second"), approvals, reversed(pairs)) == version
    assert (store.size(), len(list(store.rows(pair_members)))) == before


def test_rejected_pairs_are_counted_in_the_frozen_event(
    store: Store, approvals: list[Approval], pairs: list[Pair]
) -> None:
    plan = replace(PLAN, pair_rejections={"identical answers": 3})
    version = freeze(store, plan, approvals, pairs)
    assert pair_rejections(store, version) == {"identical answers": 3}


def test_an_unchanged_version_has_no_mismatch(store: Store, version: Version) -> None:
    assert verify(store, version) == []


def test_a_changed_pair_is_reported_and_stops_reading(store: Store, version: Version) -> None:
    table = TABLES[Pair]
    changed = next(store.stream(Pair))
    with tampering(store, table) as connection:
        connection.execute(table.update().where(table.c.id == changed.id).values(chosen="mine"))
    (mismatch,) = verify(store, version)
    assert (mismatch.record, mismatch.id) == ("Pair", changed.id)
    assert "its content hashes to" in mismatch.actual
    with pytest.raises(StoreError, match=f"Pair {changed.id[:12]} was changed"):
        list(version_pairs(store, version))


def test_a_removed_pair_is_reported(store: Store, version: Version) -> None:
    removed = next(version_pairs(store, version))
    with tampering(store, pair_members) as connection:
        connection.execute(pair_members.delete().where(pair_members.c.pair == removed.id))
    words = [str(mismatch) for mismatch in verify(store, version)]
    assert any("its examples and pairs hash to" in each for each in words)
    assert any("79 pairs, expected 80" in each for each in words)


def test_a_pair_moved_to_another_split_is_reported(store: Store, version: Version) -> None:
    moved = next(version_pairs(store, version, Split.TEST))
    with tampering(store, pair_members) as connection:
        is_pair = pair_members.c.pair == moved.id
        connection.execute(pair_members.update().where(is_pair).values(split="train"))
    (mismatch,) = verify(store, version)
    assert str(mismatch) == f"Pair {moved.id[:12]}: in the train split, expected test"


def test_a_missing_origin_of_a_pair_is_reported(
    store: Store, approvals: list[Approval], pairs: list[Pair]
) -> None:
    other = replace(pairs[0], rejected_from="f" * 64)
    version = freeze(store, PLAN, approvals, [other])
    (mismatch,) = verify(store, version)
    assert str(mismatch) == "Candidate ffffffffffff: missing, expected the record"


def test_a_pair_in_another_split_than_its_article_s_examples_fails_a_gate(
    store: Store, approvals: list[Approval], pairs: list[Pair]
) -> None:
    test_pair = next(pair for pair in pairs if pair.split is Split.TEST)
    leak = replace(test_pair, split=Split.TRAIN)
    with pytest.raises(StoreError, match="no article in two splits: 1 articles"):
        freeze(store, PLAN, approvals, [leak])


def test_the_articles_of_pairs_are_credited(store: Store, approvals: list[Approval]) -> None:
    page = article(99)
    part = passage(page)
    candidate = conversation(part)
    answer = review(candidate.id)
    store.add([page, part, candidate, answer])
    version = freeze(store, PLAN, approvals, [pair(candidate, answer, article=page.id)])
    assert page.id in version_articles(store, version)


def test_a_diff_lists_added_and_removed_pairs(
    store: Store, approvals: list[Approval], pairs: list[Pair]
) -> None:
    first = freeze(store, PLAN, approvals, pairs[1:])
    second = freeze(store, PLAN, approvals, pairs[:-2])
    result = diff(store, first, second)
    assert result.pairs.added == (pairs[0].id,)
    assert result.pairs.removed == tuple(sorted(pair.id for pair in pairs[-2:]))
    assert (result.pairs.unchanged, result.unchanged, result.added) == (77, 80, ())


def test_an_erased_pair_cannot_be_frozen_again(
    store: Store, approvals: list[Approval], version: Version, pairs: list[Pair]
) -> None:
    erase(store, reviewer="grace")
    with pytest.raises(StoreError, match="preference pairs was erased on request"):
        freeze(store, PLAN, approvals, pairs[1:])
    with pytest.raises(StoreError, match="because data was withdrawn"):
        list(version_pairs(store, version))
