"""A campaign's approved records frozen into a version, if its gates let it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from annotation.agreement import krippendorff_alpha
from annotation.verdicts import DECISION, VotingRule, VerdictRule, verdicts
from db.records import (
    Candidate,
    CandidateKind,
    Decision,
    Interval,
    Passage,
    Review,
    Verdict,
    Version,
)
from db.splits import Splits
from db.store import Store
from db.versions import FreezePlan, freeze
from timbre.campaign import Campaign
from timbre.gates import Approved, quality_gates
from timbre.suggested import judge_gates


def freeze_campaign(store: Store, campaign: Campaign, name: str, override: str = "") -> Version:
    """Freeze what was approved in a campaign; the same contents give the version that is there.

    Raises `StoreError` if a gate fails and is not overridden.
    """
    reviews = list(store.current_reviews(dataset=campaign.judged_datasets))
    decided = list(verdicts(reviews, verdict_rule(campaign)))
    store.add(decided)
    approved = list(_approved(store, decided))
    agreed = agreement_on_decision(independent(campaign, reviews))
    plan = FreezePlan(
        name=name,
        campaign=campaign.name,
        salt=campaign.freeze.salt,
        splits=Splits(
            train=campaign.freeze.train,
            validation=campaign.freeze.validation,
            test=campaign.freeze.test,
            minimum_articles=campaign.freeze.minimum_articles,
        ),
        gates=quality_gates(approved, agreed, campaign.gates)
        + judge_gates(store, campaign, [as_approved(one, verdict) for one, verdict, _ in approved]),
        override=override,
        agreement=agreed,
    )
    return freeze(store, plan, approved)


def as_approved(candidate: Candidate, verdict: Verdict) -> Candidate:
    """A conversation with the answer that was approved, as a measure is to see it."""
    if verdict.text is None or candidate.kind is not CandidateKind.CONVERSATION:
        return candidate
    *before, answer = candidate.messages
    return replace(candidate, messages=(*before, replace(answer, content=verdict.text)))


def verdict_rule(campaign: Campaign) -> VerdictRule:
    """The campaign's rule for verdicts; fewer decisions than its overlap make none."""
    return VerdictRule(
        VotingRule(campaign.review.verdict), campaign.review.adjudicator, campaign.review.overlap
    )


def independent(campaign: Campaign, reviews: Iterable[Review]) -> list[Review]:
    """The reviews by people who did not see what others had said."""
    return [review for review in reviews if review.dataset != campaign.adjudication_dataset]


def agreement_on_decision(reviews: Iterable[Review]) -> Interval | None:
    """Krippendorff's alpha of the decision, None where it is undefined."""
    alpha = krippendorff_alpha(reviews, DECISION)
    return alpha if isinstance(alpha, Interval) else None


def _approved(store: Store, decided: Iterable[Verdict]) -> Iterator[Approved]:
    by_subject = {v.subject: v for v in decided if v.decision is Decision.APPROVE}
    articles: dict[str | None, str | None] = {None: None}
    for candidate in store.stream(Candidate, id=tuple(by_subject)):
        if candidate.passage not in articles:
            passage = store.get(Passage, candidate.passage or "")
            articles[candidate.passage] = passage.article if passage else None
        yield candidate, by_subject[candidate.id], articles[candidate.passage]
