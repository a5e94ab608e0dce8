"""A campaign's version gets the pairs that its campaign file asks for, if they pass the gates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from annotation.comparisons import blind_pairs
from db.errors import StoreError
from db.records import (
    Answer,
    Article,
    Candidate,
    CandidateKind,
    Comparison,
    Example,
    Message,
    Output,
    Passage,
    Provenance,
    Rejection,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
    Split,
    Version,
)
from db.reviews import reconcile_reviews
from db.store import Store
from db.versions.contents import pair_counts, pair_rejections, version_examples, version_pairs
from db.versions.verify import verify
from evaluation.gates import GateBounds
from timbre.campaign import Campaign, resolve_campaign
from timbre.campaign_config import CampaignConfig, FreezeConfig, PairKind
from timbre.workflows.freeze import freeze_campaign

WORDS = (
    *("lamps", "keepers", "ferries", "harbours", "gulls", "tides"),
    *("fog", "ropes", "charts", "bells", "sails", "anchors"),
)
BOUNDS = GateBounds(approved=2, near_duplicate=1.0, pairs=2)
CONFIG = CampaignConfig("c", tone="conversational", gates=BOUNDS)


def campaign(*sources: PairKind, gates: GateBounds = BOUNDS) -> Campaign:
    freeze = FreezeConfig(train=0.5, validation=0.0, test=0.5, pairs=sources)
    return resolve_campaign(replace(CONFIG, freeze=freeze, gates=gates))


@dataclass(frozen=True)
class Prompt:
    """An article's question with an approved answer and a rejected one."""

    article: Article
    approved: Candidate
    rejected: Candidate


def add_prompt(store: Store, number: int) -> Prompt:
    word = WORDS[number]
    article = Article(url=f"https://wiki.example/{word}", revision="1", digest=word, title=word)
    passage = Passage(article=article.id, section="", position=0, text=f"A page about {word}.")
    answers = (f"Well, {word} are what it's about, honestly.", f"The page concerns {word}.")
    candidates = [
        Candidate(
            campaign="c",
            kind=CandidateKind.CONVERSATION,
            provenance=Provenance(("question.v1",), "phrasebook", "{}", seed),
            messages=(Message(Role.USER, f"What about {word}?"), Message(Role.ASSISTANT, answer)),
            question=f"What about {word}?",
            reference=f"This page is about the subject of {word}.",
            passage=passage.id,
        )
        for seed, answer in enumerate(answers)
    ]
    store.add([article, passage, *candidates])
    return Prompt(article, *candidates)


def review(subject: str, dataset: str, *answers: Answer, edited: str | None = None) -> Review:
    return Review(
        subject=subject,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=answers,
        edited=edited,
        dataset=dataset,
    )


def by_two(reviews: Sequence[Review]) -> list[Review]:
    return [replace(each, reviewer=name) for each in reviews for name in ("ada", "grace")]


@pytest.fixture
def prompts(store: Store) -> list[Prompt]:
    """Twelve reviewed prompts, of which the first three have edited answers."""
    prompts = [add_prompt(store, number) for number in range(len(WORDS))]
    dataset = campaign().candidates_dataset
    reviews = []
    for number, prompt in enumerate(prompts):
        edit = f"Honestly, it's all about {WORDS[number]}, you know." if number < 3 else None
        yes, no = Answer("decision", "approve"), Answer("decision", "reject")
        reviews.append(review(prompt.approved.id, dataset, yes, edited=edit))
        reviews.append(review(prompt.rejected.id, dataset, no))
    reconcile_reviews(store, dataset, by_two(reviews), "t1")
    return prompts


def add_votes(store: Store, version: Version, words: str = "") -> list[Comparison]:
    """Add blind votes of two people on two outputs for each prompt of a version.

    Everybody prefers the answer of the tuned model, which ends with `words`.
    """
    outputs = [
        Output(
            prompt=example.id,
            arm=arm,
            run=None,
            messages=example.messages[:-1],
            text=f"{text} {example.question}{words if arm == 'tuned' else ''}",
            generation="{}",
            seed=0,
        )
        for example in version_examples(store, version)
        for arm, text in (("tuned", "Oh, you're asking me"), ("base", "The question reads as"))
    ]
    comparisons = list(blind_pairs(outputs, "c"))
    store.add([*outputs, *comparisons])
    arms = {output.id: output.arm for output in outputs}
    dataset = campaign().outputs_dataset
    votes = [
        review(c.id, dataset, Answer("preference", "left" if arms[c.left] == "tuned" else "right"))
        for c in comparisons
    ]
    reconcile_reviews(store, dataset, by_two(votes), "t2")
    return comparisons


def test_a_campaign_without_sources_freezes_no_pairs(store: Store, prompts: list[Prompt]) -> None:
    version = freeze_campaign(store, campaign(), "first")
    assert version.pairs == 0
    assert not any("pair" in gate.name for gate in version.gates)


def test_every_source_of_the_campaign_adds_its_pairs(store: Store, prompts: list[Prompt]) -> None:
    version = freeze_campaign(store, campaign("edit", "verdict", "rewrite"), "first")
    counts = Counter[str]()
    for each in pair_counts(store, version):
        counts[each.source] += each.count
    assert counts == {"edit": 3, "verdict": 12, "rewrite": 12}
    assert {gate.name for gate in version.gates} >= {"minimum pairs", "length balance of pairs"}
    assert verify(store, version) == []
    splits = {e.article: e.split for e in version_examples(store, version)}
    pairs = list(version_pairs(store, version))
    assert all(pair.split is splits[pair.article] for pair in pairs)
    assert {pair.split for pair in pairs} == {Split.TRAIN, Split.TEST}
    assert {pair.reviewers for pair in pairs} == {("ada", "grace")}


def test_votes_on_test_prompts_never_become_pairs(store: Store, prompts: list[Prompt]) -> None:
    first = freeze_campaign(store, campaign(), "first")
    comparisons = add_votes(store, first)
    version = freeze_campaign(store, campaign("vote"), "second")
    pairs = list(version_pairs(store, version))
    prompt_splits = {e.id: e.split for e in version_examples(store, first)}
    voted = {c.id: prompt_splits[c.prompt] for c in comparisons}
    assert {pair.comparison for pair in pairs} == {
        id for id, split in voted.items() if split is Split.TRAIN
    }
    assert {pair.split for pair in pairs} == {Split.TRAIN}
    assert all(pair.chosen.startswith("Oh, you're asking me") for pair in pairs)
    rejections = list(store.stream(Rejection, stage="pairs"))
    assert {r.subject for r in rejections} == voted.keys() - {pair.comparison for pair in pairs}
    assert pair_rejections(store, version) == {"vote on a held-out prompt": first.test}
    (gate,) = [gate for gate in version.gates if gate.name == "agreement on the votes"]
    assert gate.passed


def test_a_campaign_with_only_votes_on_test_prompts_says_why_it_has_no_pairs(
    store: Store, prompts: list[Prompt]
) -> None:
    first = freeze_campaign(store, campaign(), "first")
    add_votes(store, first)
    with_salt = campaign("vote")
    freeze = replace(with_salt.freeze, train=0.0, test=1.0)
    with pytest.raises(
        StoreError,
        match=r"no preference pairs from the sources in `freeze.pairs` \(vote\); rejected: "
        r"12 vote on a held-out prompt\. Edit candidates",
    ):
        freeze_campaign(store, replace(with_salt, freeze=freeze), "second")


def test_a_chosen_output_that_fails_the_gates_makes_no_pair(
    store: Store, prompts: list[Prompt]
) -> None:
    first = freeze_campaign(store, campaign(), "first")
    add_votes(store, first, " Write to jo.bloggs@mail-provider.com!")
    with pytest.raises(StoreError, match=f"rejected: {first.train} chosen answer fails a gate"):
        freeze_campaign(store, campaign("vote"), "second")
    details = {r.detail for r in store.stream(Rejection, reason="chosen answer fails a gate")}
    assert details == {"vote: it contains personal data (e-mail address)"}


def test_too_few_pairs_fail_a_gate(store: Store, prompts: list[Prompt]) -> None:
    with pytest.raises(StoreError, match="minimum pairs: 3 pairs instead of at least 9"):
        freeze_campaign(store, campaign("edit", gates=replace(BOUNDS, pairs=9)), "first")
    version = freeze_campaign(
        store, campaign("edit", gates=replace(BOUNDS, pairs=9)), "first", override="a trial"
    )
    assert "minimum pairs" in version.override_notice


def test_chosen_answers_that_are_much_longer_fail_the_length_balance(
    store: Store, prompts: list[Prompt]
) -> None:
    with pytest.raises(
        StoreError,
        match=r"length balance of pairs: the chosen answers are 1\.\d\d times as long as the "
        r"rejected ones \(verdict 1\.\d\d\) instead of 0\.91 to 1\.10 times; approve shorter",
    ):
        freeze_campaign(store, campaign("verdict", gates=replace(BOUNDS, pair_length=1.1)), "first")


def test_voters_who_disagree_fail_the_agreement_on_votes(
    store: Store, prompts: list[Prompt]
) -> None:
    first = freeze_campaign(store, campaign(), "first")
    comparisons = add_votes(store, first)
    dataset = campaign().outputs_dataset
    votes = [
        replace(review(c.id, dataset, Answer("preference", choice)), reviewer=name)
        for number, c in enumerate(comparisons)
        for name, choice in (("ada", "left"), ("grace", "right" if number % 2 else "left"))
    ]
    reconcile_reviews(store, dataset, votes, "t3")
    with pytest.raises(StoreError, match="agreement on the votes: alpha"):
        freeze_campaign(store, campaign("vote", gates=replace(BOUNDS, pairs=1)), "second")


def test_freezing_again_after_a_new_edit_adds_only_its_pair(
    store: Store, prompts: list[Prompt]
) -> None:
    first = freeze_campaign(store, campaign("edit"), "first")
    assert freeze_campaign(store, campaign("edit"), "again") == first
    dataset = campaign().candidates_dataset
    others = [
        r for r in store.stream(Review, dataset=dataset) if r.subject != prompts[5].approved.id
    ]
    approve = Answer("decision", "approve")
    edited = review(prompts[5].approved.id, dataset, approve, edited="Honestly, it's the tides.")
    reconcile_reviews(store, dataset, [*others, *by_two([edited])], "t4")
    second = freeze_campaign(store, campaign("edit"), "second")
    before, after = (set(version_pairs(store, v)) for v in (first, second))
    (new,) = after - before
    assert before < after
    assert (new.chosen, new.article) == ("Honestly, it's the tides.", prompts[5].article.id)
    assert store.count(Example, candidate=prompts[5].approved.id) == 2
