"""A version holds approved examples, split by article, and never changes."""

import json
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.errors import StoreError
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
    messages_to_text,
)
from db.sql.tables import members
from db.store import Store
from db.versions.contents import version_examples
from db.versions.freeze import Approval, FreezePlan, build_examples, freeze
from db.versions.merkle import merkle_root
from db.versions.splits import Splits, split_of
from tests.db.approvals import PLAN, add_approvals, approve
from tests.db.records import article, conversation, dialogue, passage, review, statement, verdict

MANY = range(40)


def example_of(candidate: Candidate, edit: str | None = None) -> Example:
    decision = verdict(review(candidate.id, edited=edit), text=edit)
    return next(build_examples([Approval(candidate, decision, None)], PLAN))


def test_a_version_id_is_the_merkle_root_of_its_examples(store: Store) -> None:
    approvals = add_approvals(store, MANY)
    version = freeze(store, PLAN, approvals)
    examples = list(version_examples(store, version))
    assert version.id == merkle_root(example.id for example in examples)
    assert {example.candidate for example in examples} == {c.id for c, _, _ in approvals}
    assert store.get(Version, version.id) == version


def test_the_version_is_independent_of_the_order(store: Store) -> None:
    approvals = add_approvals(store, MANY)
    version = freeze(store, PLAN, approvals)
    read = list(version_examples(store, version))
    shuffled = sorted(approvals, key=lambda approval: approval.verdict.id)
    assert shuffled != approvals
    assert freeze(store, PLAN, shuffled).id == version.id
    assert [e.id for e in read] == sorted(e.id for e in read)


def test_freezing_the_same_twice_adds_nothing(store: Store) -> None:
    approvals = add_approvals(store, MANY)
    version = freeze(store, PLAN, approvals)
    before = (store.count(Example), len(list(store.rows(members))), store.events(version.id))
    again = freeze(store, replace(PLAN, name="second"), approvals)
    assert again == version
    assert again.name == "first"
    assert store.count(Version) == 1
    after = (store.count(Example), len(list(store.rows(members))), store.events(version.id))
    assert after == before


def test_the_frozen_event_stores_splits_and_agreement(store: Store) -> None:
    agreement = Interval(0.5, 0.75, 1.0)
    version = freeze(store, replace(PLAN, agreement=agreement), add_approvals(store, MANY))
    (frozen,) = store.events(version.id)
    assert frozen.kind is EventKind.FROZEN
    assert json.loads(frozen.detail) == {
        "agreement": {"low": 0.5, "estimate": 0.75, "high": 1.0},
        "splits": {"train": 0.7, "validation": 0.1, "test": 0.2, "minimum_articles": 1},
    }
    assert version.reviewer_kinds == ("person",)


def test_a_version_names_its_reviewer_kinds(store: Store) -> None:
    page = article()
    part = passage(page)
    candidate = conversation(part)
    answer = replace(review(candidate.id), reviewer_kind=ReviewerKind.RULE)
    decision = verdict(answer)
    store.add([page, part, candidate, answer, decision])
    plan = replace(PLAN, splits=Splits(1.0, 0.0, 0.0))
    assert freeze(store, plan, [Approval(candidate, decision, page.id)]).reviewer_kinds == ("rule",)


def test_splits_are_counted_and_can_be_read_separately(store: Store) -> None:
    version = freeze(store, PLAN, add_approvals(store, MANY))
    splits = {split: list(version_examples(store, version, split)) for split in Split}
    assert [len(splits[split]) for split in Split] == [
        version.train,
        version.validation,
        version.test,
    ]
    assert sum(map(len, splits.values())) == 80
    assert all(e.split is split for split, examples in splits.items() for e in examples)


def test_all_revisions_of_an_article_are_in_one_split(store: Store) -> None:
    approvals = add_approvals(store, MANY) + add_approvals(store, MANY, revision="2")
    version = freeze(store, PLAN, approvals)
    splits = defaultdict(set)
    pages = {article(n, revision).id: n for n in MANY for revision in ("1", "2")}
    for example in version_examples(store, version):
        splits[pages[example.article or ""]].add(example.split)
    assert len(splits) == 40
    assert all(len(each) == 1 for each in splits.values())


def test_an_article_stays_in_its_split_in_later_versions(store: Store) -> None:
    first = freeze(store, PLAN, add_approvals(store, MANY))
    second = freeze(store, PLAN, add_approvals(store, range(60), each=3))
    before = {e.article: e.split for e in version_examples(store, first)}
    after = {e.article: e.split for e in version_examples(store, second)}
    assert before.items() <= after.items()


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_split_with_all_the_share_gets_every_source(source: str, salt: str) -> None:
    assert split_of(source, salt, PLAN.splits) is split_of(source, salt, PLAN.splits)
    assert split_of(source, salt, Splits(1, 0, 0)) is Split.TRAIN
    assert split_of(source, salt, Splits(0, 1, 0)) is Split.VALIDATION
    assert split_of(source, salt, Splits(0, 0, 1)) is Split.TEST


def test_splits_approach_their_shares_with_many_sources() -> None:
    splits = [split_of(f"https://wiki.example/{n}", "pepper", PLAN.splits) for n in range(20_000)]
    assert abs(splits.count(Split.TRAIN) / 20_000 - 0.7) < 0.015
    assert abs(splits.count(Split.VALIDATION) / 20_000 - 0.1) < 0.01


@pytest.mark.parametrize("shares", [(0.5, 0.2, 0.2), (1.2, -0.1, -0.1)])
def test_shares_that_do_not_add_up_are_rejected(shares: tuple[float, float, float]) -> None:
    with pytest.raises(StoreError, match="add up to 1"):
        Splits(*shares)


def test_an_edit_replaces_the_answer() -> None:
    candidate = conversation(passage(article()))
    example = example_of(candidate, "My own words.")
    assert example.messages == (candidate.messages[0], Message(Role.ASSISTANT, "My own words."))
    assert example_of(candidate).messages == candidate.messages
    assert example.id != example_of(candidate).id


def test_an_edited_dialogue_is_parsed_into_turns() -> None:
    edit = "User: Who keeps the light?\n\nAssistant: I do.\nEvery night."
    assert example_of(dialogue(), edit).messages == (
        Message(Role.USER, "Who keeps the light?"),
        Message(Role.ASSISTANT, "I do.\nEvery night."),
    )


def test_an_edited_dialogue_that_cannot_be_parsed_is_named() -> None:
    candidate = dialogue()
    with pytest.raises(
        StoreError, match=rf"The edited text of dialogue {candidate.id[:12]} can't be parsed"
    ):
        example_of(candidate, "User: Hello?\n\nUser: Anyone?")


def test_an_edit_replaces_a_statement() -> None:
    assert example_of(statement(), "I keep the light.").text == "I keep the light."
    assert example_of(statement(3)).text == "I keep light number 3."


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_an_example_without_an_article_is_split_by_its_candidate(number: int) -> None:
    candidate = statement(number)
    assert example_of(candidate).split is split_of(candidate.id, PLAN.salt, PLAN.splits)


def test_a_verdict_that_does_not_approve_the_candidate_is_rejected() -> None:
    candidate, other = statement(1), statement(2)
    rejected = replace(verdict(review(candidate.id)), decision=Decision.REJECT)
    for wrong in (rejected, verdict(review(other.id))):
        with pytest.raises(StoreError, match="has no verdict that approves it"):
            list(build_examples([Approval(candidate, wrong, None)], PLAN))


def test_a_failing_gate_stops_the_freeze_and_says_why(store: Store) -> None:
    gates = (
        Gate("length", True, "0 texts outside", "3 to 400 words", "edit these"),
        Gate("minimum approved", False, "2 records", "at least 10", "review more"),
    )
    approvals = add_approvals(store, MANY, each=1)
    plan = replace(PLAN, gates=gates)
    with pytest.raises(StoreError) as error:
        freeze(store, plan, approvals)
    assert str(error.value) == (
        "first wasn't frozen because these gates failed:\n"
        "  minimum approved: 2 records instead of at least 10; review more\n"
        'Fix these problems, or freeze it anyway with --override "REASON", which its card and '
        "report will state."
    )
    assert store.count(Version) == store.count(Example) == 0
    overridden = freeze(store, replace(plan, override="a rehearsal"), approvals)
    assert overridden.override == "a rehearsal"
    assert overridden.gates[:2] == gates
    assert store.get(Version, overridden.id) == overridden


def test_an_unneeded_override_is_not_stored(store: Store) -> None:
    assert (
        freeze(store, replace(PLAN, override="just in case"), add_approvals(store, MANY)).override
        == ""
    )


def test_a_blank_override_is_ignored(store: Store) -> None:
    with pytest.raises(StoreError, match="articles in the validation split"):
        freeze(store, replace(PLAN, override="  "), add_approvals(store, [0]))


def test_a_split_with_too_few_articles_fails(
    store: Store,
) -> None:
    approvals = add_approvals(store, range(2))
    with pytest.raises(StoreError, match="0 articles instead of at least 1"):
        freeze(store, PLAN, approvals)
    demanding = replace(PLAN, splits=Splits(minimum_articles=9))
    with pytest.raises(StoreError, match="validation split: 4 articles instead of at least 9"):
        freeze(store, demanding, add_approvals(store, MANY))


def test_a_split_without_a_share_needs_no_article(store: Store) -> None:
    version = freeze(store, replace(PLAN, splits=Splits(1.0, 0.0, 0.0)), add_approvals(store, [0]))
    assert (version.train, version.validation, version.test) == (2, 0, 0)
    names = [gate.name for gate in version.gates]
    assert names == ["no article in two splits", "articles in the train split"]


def test_freezing_nothing_fails(store: Store) -> None:
    with pytest.raises(StoreError, match="no approved candidates"):
        freeze(store, PLAN, [])


def test_a_candidate_approved_by_two_verdicts_is_rejected(store: Store) -> None:
    first, *rest = add_approvals(store, MANY)
    candidate, _, page = first
    other: Verdict = verdict(review(candidate.id, "lin"))
    with pytest.raises(StoreError, match="has two verdicts that approve it"):
        freeze(store, PLAN, [first, Approval(candidate, other, page), *rest])


def test_freezing_unstored_candidates_fails(store: Store) -> None:
    candidate = statement()
    plan = replace(PLAN, splits=Splits(1.0, 0.0, 0.0))
    with pytest.raises(StoreError, match="refers to a record that doesn't exist"):
        freeze(store, plan, [Approval(candidate, verdict(review(candidate.id)), None)])
    assert store.count(Version) == 0


def test_every_kind_of_candidate_can_be_frozen(store: Store) -> None:
    page = article()
    part = passage(page)
    document = replace(statement(), kind=CandidateKind.DOCUMENT, text="A page of a log book.")
    approvals = [
        approve(store, conversation(part), page.id, page, part, edit="Edited."),
        approve(store, dialogue(), page.id),
        approve(store, statement(), None),
        approve(store, document, None),
    ]
    plan = FreezePlan("all", "mixed", "s", Splits(1.0, 0.0, 0.0))
    examples = list(version_examples(store, freeze(store, plan, approvals)))
    assert {example.kind for example in examples} == set(CandidateKind)
    assert [e.messages[-1].content for e in examples if e.kind is CandidateKind.CONVERSATION] == [
        "Edited."
    ]


def test_an_edited_dialogue_keeps_its_answers_without_loss() -> None:
    rude = Message(Role.ASSISTANT, "Go away.", has_loss=False)
    sorry = Message(Role.ASSISTANT, "Sorry.")
    turns = (Message(Role.USER, "Hi"), rude, Message(Role.USER, "Oh"), sorry)
    candidate = replace(dialogue(), messages=turns)
    assert example_of(candidate).messages == turns
    edit = messages_to_text(turns).replace("Sorry.", "I am sorry.")
    edited = example_of(candidate, edit).messages
    assert edited == (*turns[:3], Message(Role.ASSISTANT, "I am sorry."))
    with pytest.raises(StoreError, match="answers with weight 0"):
        example_of(candidate, messages_to_text(turns[2:]))
