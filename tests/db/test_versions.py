"""A version holds what was approved, split by article, and never changes."""

import json
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.errors import StoreError
from db.merkle import merkle_root
from db.records import (
    Candidate,
    CandidateKind,
    Decision,
    EventKind,
    Example,
    Gate,
    Interval,
    Message,
    ReviewerKind,
    Role,
    Split,
    Verdict,
    Version,
)
from db.splits import Splits, split_of
from db.store import Store
from db.tables import members
from db.versions import FreezePlan, examples, freeze, version_examples
from tests.db.frozen import PLAN, approve, judge
from tests.db.made import article, conversation, dialogue, passage, review, statement, verdict

MANY = range(40)


def only(candidate: Candidate, edit: str | None = None) -> Example:
    ruling = verdict(review(candidate.id, edited=edit), text=edit)
    return next(examples([(candidate, ruling, None)], PLAN))


def test_a_version_is_named_by_the_merkle_root_of_its_examples(store: Store) -> None:
    approved = judge(store, MANY)
    version = freeze(store, PLAN, approved)
    held = list(version_examples(store, version))
    assert version.id == merkle_root(example.id for example in held)
    assert {example.candidate for example in held} == {c.id for c, _, _ in approved}
    assert store.get(Version, version.id) == version


def test_the_order_of_what_is_frozen_makes_no_difference(store: Store) -> None:
    approved = judge(store, MANY)
    version = freeze(store, PLAN, approved)
    read = list(version_examples(store, version))
    shuffled = sorted(approved, key=lambda one: one[1].id)
    assert shuffled != approved
    assert freeze(store, PLAN, shuffled).id == version.id
    assert [e.id for e in read] == sorted(e.id for e in read)


def test_freezing_the_same_twice_adds_nothing(store: Store) -> None:
    approved = judge(store, MANY)
    version = freeze(store, PLAN, approved)
    before = (store.count(Example), len(list(store.rows(members))), store.events(version.id))
    again = freeze(store, replace(PLAN, name="second"), approved)
    assert again == version
    assert again.name == "first"
    assert store.count(Version) == 1
    after = (store.count(Example), len(list(store.rows(members))), store.events(version.id))
    assert after == before


def test_a_version_keeps_how_it_was_frozen(store: Store) -> None:
    agreement = Interval(0.5, 0.75, 1.0)
    version = freeze(store, replace(PLAN, agreement=agreement), judge(store, MANY))
    (frozen,) = store.events(version.id)
    assert frozen.kind is EventKind.FROZEN
    assert json.loads(frozen.detail) == {
        "agreement": {"low": 0.5, "estimate": 0.75, "high": 1.0},
        "splits": {"train": 0.7, "validation": 0.1, "test": 0.2, "minimum_articles": 1},
    }
    assert version.reviewer_kinds == ("person",)


def test_a_version_says_that_rules_judged_it(store: Store) -> None:
    page = article()
    part = passage(page)
    made = conversation(part)
    said = replace(review(made.id), reviewer_kind=ReviewerKind.RULE)
    ruling = verdict(said)
    store.add([page, part, made, said, ruling])
    plan = replace(PLAN, splits=Splits(1.0, 0.0, 0.0))
    assert freeze(store, plan, [(made, ruling, page.id)]).reviewer_kinds == ("rule",)


def test_sides_are_counted_and_read_one_by_one(store: Store) -> None:
    version = freeze(store, PLAN, judge(store, MANY))
    sides = {split: list(version_examples(store, version, split)) for split in Split}
    assert [len(sides[split]) for split in Split] == [
        version.train,
        version.validation,
        version.test,
    ]
    assert sum(map(len, sides.values())) == 80
    assert all(e.split is split for split, held in sides.items() for e in held)


def test_no_article_is_on_two_sides_in_whatever_revision(store: Store) -> None:
    approved = judge(store, MANY) + judge(store, MANY, revision="2")
    version = freeze(store, PLAN, approved)
    sides = defaultdict(set)
    pages = {article(n, revision).id: n for n in MANY for revision in ("1", "2")}
    for example in version_examples(store, version):
        sides[pages[example.article or ""]].add(example.split)
    assert len(sides) == 40
    assert all(len(found) == 1 for found in sides.values())


def test_an_article_stays_on_its_side_from_version_to_version(store: Store) -> None:
    first = freeze(store, PLAN, judge(store, MANY))
    second = freeze(store, PLAN, judge(store, range(60), each=3))
    before = {e.article: e.split for e in version_examples(store, first)}
    after = {e.article: e.split for e in version_examples(store, second)}
    assert before.items() <= after.items()


@given(st.text(max_size=20), st.text(max_size=20))
def test_another_salt_is_another_split_of_the_same_shares(source: str, salt: str) -> None:
    assert split_of(source, salt, PLAN.splits) is split_of(source, salt, PLAN.splits)
    assert split_of(source, salt, Splits(1, 0, 0)) is Split.TRAIN
    assert split_of(source, salt, Splits(0, 1, 0)) is Split.VALIDATION
    assert split_of(source, salt, Splits(0, 0, 1)) is Split.TEST


def test_sides_have_about_their_shares_of_many_sources() -> None:
    sides = [split_of(f"https://wiki.example/{n}", "pepper", PLAN.splits) for n in range(20_000)]
    assert abs(sides.count(Split.TRAIN) / 20_000 - 0.7) < 0.015
    assert abs(sides.count(Split.VALIDATION) / 20_000 - 0.1) < 0.01


@pytest.mark.parametrize("shares", [(0.5, 0.2, 0.2), (1.2, -0.1, -0.1)])
def test_shares_that_do_not_add_up_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(StoreError, match="add up to 1"):
        Splits(*shares)


def test_an_edited_answer_wins_over_the_candidate_s() -> None:
    made = conversation(passage(article()))
    example = only(made, "My own words.")
    assert example.messages == (made.messages[0], Message(Role.ASSISTANT, "My own words."))
    assert only(made).messages == made.messages
    assert example.id != only(made).id


def test_an_edited_dialogue_is_read_back_as_turns() -> None:
    edit = "User: Who keeps the light?\n\nAssistant: I do.\nEvery night."
    assert only(dialogue(), edit).messages == (
        Message(Role.USER, "Who keeps the light?"),
        Message(Role.ASSISTANT, "I do.\nEvery night."),
    )


def test_an_edited_dialogue_that_cannot_be_read_names_the_record() -> None:
    made = dialogue()
    with pytest.raises(StoreError, match=rf"the edit of dialogue {made.id[:12]} cannot be read"):
        only(made, "User: Hello?\n\nUser: Anyone?")


def test_an_edited_statement_is_the_statement() -> None:
    assert only(statement(), "I keep the light.").text == "I keep the light."
    assert only(statement(3)).text == "I keep light number 3."


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_what_comes_of_no_article_goes_by_itself(number: int) -> None:
    made = statement(number)
    assert only(made).split is split_of(made.id, PLAN.salt, PLAN.splits)


def test_a_verdict_that_approves_nothing_of_it_is_refused() -> None:
    made, other = statement(1), statement(2)
    rejected = replace(verdict(review(made.id)), decision=Decision.REJECT)
    for wrong in (rejected, verdict(review(other.id))):
        with pytest.raises(StoreError, match="a verdict that does not approve it"):
            list(examples([(made, wrong, None)], PLAN))


def test_a_failing_gate_refuses_and_says_what_would_have_to_change(store: Store) -> None:
    gates = (
        Gate("length", True, "0 texts outside", "3 to 400 words", "edit these"),
        Gate("minimum approved", False, "2 records", "at least 10", "review more"),
    )
    approved = judge(store, MANY, each=1)
    plan = replace(PLAN, gates=gates)
    with pytest.raises(StoreError) as refused:
        freeze(store, plan, approved)
    assert str(refused.value) == (
        "first was not frozen: minimum approved: found 2 records, expected at least 10 "
        "(review more); change that, or override the gates with a reason"
    )
    assert store.count(Version) == store.count(Example) == 0
    forced = freeze(store, replace(plan, override="a rehearsal"), approved)
    assert forced.override == "a rehearsal"
    assert forced.gates[:2] == gates
    assert store.get(Version, forced.id) == forced


def test_an_override_that_nothing_needed_is_not_recorded(store: Store) -> None:
    assert freeze(store, replace(PLAN, override="just in case"), judge(store, MANY)).override == ""


def test_a_blank_override_overrides_nothing(store: Store) -> None:
    with pytest.raises(StoreError, match="articles on the validation side"):
        freeze(store, replace(PLAN, override="  "), judge(store, [0]))


def test_a_side_with_fewer_articles_than_its_minimum_fails_rather_than_being_empty(
    store: Store,
) -> None:
    approved = judge(store, range(2))
    with pytest.raises(StoreError, match="found 0 articles, expected at least 1"):
        freeze(store, PLAN, approved)
    demanding = replace(PLAN, splits=Splits(minimum_articles=9))
    with pytest.raises(StoreError, match="validation side: found 4 articles, expected at least 9"):
        freeze(store, demanding, judge(store, MANY))


def test_a_side_without_a_share_needs_no_article(store: Store) -> None:
    version = freeze(store, replace(PLAN, splits=Splits(1.0, 0.0, 0.0)), judge(store, [0]))
    assert (version.train, version.validation, version.test) == (2, 0, 0)
    names = [gate.name for gate in version.gates]
    assert names == ["no article on two sides", "articles on the train side"]


def test_nothing_approved_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="found nothing approved"):
        freeze(store, PLAN, [])


def test_a_candidate_approved_by_two_verdicts_is_refused(store: Store) -> None:
    first, *rest = judge(store, MANY)
    candidate, _, page = first
    other: Verdict = verdict(review(candidate.id, "lin"))
    with pytest.raises(StoreError, match="one verdict for each candidate"):
        freeze(store, PLAN, [first, (candidate, other, page), *rest])


def test_candidates_must_be_in_the_store(store: Store) -> None:
    made = statement()
    plan = replace(PLAN, splits=Splits(1.0, 0.0, 0.0))
    with pytest.raises(StoreError, match="refers to one the store does not have"):
        freeze(store, plan, [(made, verdict(review(made.id)), None)])
    assert store.count(Version) == 0


def test_every_kind_of_candidate_is_frozen(store: Store) -> None:
    page = article()
    part = passage(page)
    document = replace(statement(), kind=CandidateKind.DOCUMENT, text="A page of a log book.")
    approved = [
        approve(store, conversation(part), page.id, page, part, edit="Edited."),
        approve(store, dialogue(), page.id),
        approve(store, statement(), None),
        approve(store, document, None),
    ]
    plan = FreezePlan("all", "mixed", "s", Splits(1.0, 0.0, 0.0))
    held = list(version_examples(store, freeze(store, plan, approved)))
    assert {example.kind for example in held} == set(CandidateKind)
    assert [e.messages[-1].content for e in held if e.kind is CandidateKind.CONVERSATION] == [
        "Edited."
    ]
