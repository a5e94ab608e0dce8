"""Freeze the approved candidates of a campaign into a version if the gates pass."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from annotation.agreement.measurement import answers_by_subject, krippendorff_alpha
from annotation.pairs.vote_pairs import PREFERENCE
from annotation.verdicts import DECISION, verdicts
from db.records import (
    Candidate,
    Decision,
    Gate,
    Interval,
    Passage,
    Review,
    Verdict,
    Version,
)
from db.reviews import current_reviews
from db.store import Store
from db.versions.freeze import Approval, FreezePlan, freeze
from evaluation import scorer_cards
from evaluation.gates import ApprovedTexts, DecisionAgreement, pair_gates, quality_gates
from evaluation.judge_cards import JudgeCard
from pipelines.checks.near_duplicates import find_near_duplicates
from pipelines.checks.pii import find_pii_kinds
from timbre.campaign import Campaign
from timbre.workflows.pair import ReviewedTexts, select_pairs


def freeze_campaign(store: Store, campaign: Campaign, name: str, override: str = "") -> Version:
    """Freeze the approved candidates, or return the existing version with the same contents.

    `override` is the reason for freezing despite a failing gate. If `override` is empty, a failing
    gate prevents freezing.

    If the campaign names sources of preference pairs, the version also contains these pairs.

    Raises `StoreError` if nothing was approved, or if a gate fails without an override.
    """
    reviews = list(current_reviews(store, dataset=campaign.candidate_datasets))
    decided = list(verdicts(reviews, campaign.verdict_rule))
    store.add(decided)
    independent = [r for r in reviews if r.dataset in campaign.independent_datasets]
    agreement = reviewer_agreement(independent, DECISION)
    approved = list(_approved(store, decided))
    config = campaign.freeze
    plan = FreezePlan(
        name=name,
        campaign=campaign.name,
        salt=config.salt,
        splits=config.splits,
        gates=version_gates(store, campaign, approved, agreement),
        override=override,
        agreement=agreement.alpha,
        unanimity=agreement.share,
    )
    if not config.pairs:
        return freeze(store, plan, approved)
    selection = select_pairs(store, campaign, ReviewedTexts(approved, decided, reviews), plan)
    counts = selection.rejection_counts
    votes = reviewer_agreement(selection.votes, PREFERENCE)
    gates = (*plan.gates, *pair_gates(selection.pairs, counts, votes, campaign.gates))
    plan = replace(plan, gates=gates, pair_rejections=counts)
    return freeze(store, plan, approved, selection.pairs)


def version_gates(
    store: Store, campaign: Campaign, approved: Sequence[Approval], agreement: DecisionAgreement
) -> tuple[Gate, ...]:
    """Evaluate the campaign's gates on the approved texts of a version."""
    bounds = campaign.gates
    texts = {candidate.id: candidate.approved_text(verdict) for candidate, verdict, _ in approved}
    checked = ApprovedTexts(
        texts=texts,
        traits=[candidate.traits for candidate, _, _ in approved],
        duplicates=find_near_duplicates(texts.items(), bounds.near_duplicate),
        personal_data={id: kinds for id, text in texts.items() if (kinds := find_pii_kinds(text))},
    )
    gates = quality_gates(checked, agreement, bounds)
    if not bounds.measured:
        return gates
    final = [candidate.as_approved(verdict) for candidate, verdict, _ in approved]
    cards = suggestion_cards(store, campaign)
    return gates + scorer_cards.suggestion_gates(cards, final, campaign.review_questions, bounds)


def suggestion_cards(store: Store, campaign: Campaign) -> Iterator[JudgeCard]:
    """Create judge cards, which show how well suggested answers agree with the reviewers."""
    answers = scorer_cards.suggestion_reviews(
        current_reviews(store, dataset=campaign.datasets_of(campaign.calibration_dataset)),
        current_reviews(store, dataset=campaign.datasets_of(campaign.candidates_dataset)),
    )
    ids = tuple({review.subject for review in answers.reviews})
    candidates = store.stream(Candidate, id=ids)
    return scorer_cards.suggestion_cards(candidates, answers, campaign.review_questions)


def reviewer_agreement(reviews: Sequence[Review], question: str) -> DecisionAgreement:
    """Return Krippendorff's alpha of the answers or, if undefined, how many records agree."""
    alpha = krippendorff_alpha(reviews, question)
    if isinstance(alpha, Interval):
        return DecisionAgreement(alpha)
    sheet = answers_by_subject(reviews, question)
    answered = [set(row.values()) for row in sheet.values() if len(row) > 1]
    equal = sum(len(answers) == 1 for answers in answered)
    return DecisionAgreement(None, alpha.reason, len(answered), equal)


def _approved(store: Store, decided: Iterable[Verdict]) -> Iterator[Approval]:
    by_subject = {v.subject: v for v in decided if v.decision is Decision.APPROVE}
    articles: dict[str | None, str | None] = {None: None}
    for candidate in store.stream(Candidate, id=tuple(by_subject)):
        if candidate.passage not in articles:
            passage = store.get(Passage, candidate.passage or "")
            articles[candidate.passage] = passage.article if passage else None
        yield Approval(candidate, by_subject[candidate.id], articles[candidate.passage])
