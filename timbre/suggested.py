"""The measures that suggest answers, held against what reviewers answered; and as gates."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from annotation.guidelines import candidate_guidelines
from annotation.items import Suggestion, judged_text
from annotation.review_settings import ReviewSettings
from db.records import (
    AnswerValue,
    Candidate,
    Gate,
    Review,
    ReviewerKind,
    ReviewStatus,
    canonical,
)
from db.store import Store
from evaluation.judges import JudgeCard, Judged, judge_card
from evaluation.tone import tone_measures
from timbre.campaign import Campaign, Gates
from timbre.judging import majority
from timbre.review_settings import review_settings
from timbre.suggestions import suggestions_of

FEWEST = 20
"""Fewest records with a suggestion and an answer that a card is made from."""

Reading = Callable[[AnswerValue], float]


@dataclass(frozen=True)
class Judge:
    """A suggesting measure's view of one question, read as yes (1), no (0) or neither (½)."""

    question: str
    name: str
    reading: Reading


@dataclass(frozen=True)
class Evidence:
    """What the records of a campaign have been suggested, and what reviewers answered."""

    candidates: tuple[Candidate, ...]
    reviews: tuple[Review, ...]
    said_by: str


def suggestion_cards(store: Store, campaign: Campaign) -> Iterator[JudgeCard]:
    """A card for each measure that suggests answers, where 20 or more records show its worth.

    The calibration set's reviewers saw no suggestion; where there is none, the others' answers
    are taken, who did, and the card says so.
    """
    settings = review_settings(campaign)
    evidence = _evidence(store, campaign)
    for judge in _judges(settings):
        card = _card(judge, settings, evidence)
        if card:
            yield card


def judge_gates(
    store: Store, campaign: Campaign, approved: Sequence[Candidate]
) -> tuple[Gate, ...]:
    """A gate for each suggesting measure; one that is too weak a judge refuses, and says so."""
    if not campaign.gates.measured:
        return ()
    settings, evidence = review_settings(campaign), _evidence(store, campaign)
    return tuple(
        _gate(judge, _card(judge, settings, evidence), approved, campaign.gates)
        for judge in _judges(settings)
        if any(judge.question in _suggested(candidate) for candidate in approved)
    )


def _judges(settings: ReviewSettings) -> Iterator[Judge]:
    if settings.scale:
        middle = (settings.scale[0].value + settings.scale[-1].value) / 2
        yield Judge("tone", "The tone's rule", lambda v: _side(float(str(v)), middle))
    if settings.grounded:
        yield Judge("faithful", "Facts kept", lambda v: float(v == "yes"))
    for trait in settings.traits:
        yield Judge("traits", f"The trait “{trait.name}” meant", _has(trait.name))


def _side(value: float, middle: float) -> float:
    return 0.5 if value == middle else float(value > middle)


def _has(name: str) -> Reading:
    return lambda value: float(isinstance(value, tuple) and name in value)


def _evidence(store: Store, campaign: Campaign) -> Evidence:
    apart = _submitted(store, campaign.calibration_dataset)
    reviews = apart or _submitted(store, campaign.candidates_dataset)
    ids = tuple({review.subject for review in reviews})
    people = all(review.reviewer_kind is ReviewerKind.PERSON for review in reviews)
    who = "people" if people else "written rules (not people)"
    seen = "" if apart else ", who saw its suggestions"
    return Evidence(tuple(store.stream(Candidate, id=ids)), reviews, who + seen)


def _submitted(store: Store, dataset: str) -> tuple[Review, ...]:
    found = store.current_reviews(dataset=dataset)
    return tuple(review for review in found if review.status is ReviewStatus.SUBMITTED)


def _suggested(candidate: Candidate) -> dict[str, Suggestion]:
    measures = tone_measures(judged_text(candidate))
    return {found.question: found for found in suggestions_of(candidate, measures)}


def _card(judge: Judge, settings: ReviewSettings, evidence: Evidence) -> JudgeCard | None:
    said = [(r.subject, r.answer(judge.question)) for r in evidence.reviews]
    labels = majority((subject, judge.reading(v)) for subject, v in said if v is not None)
    known = [
        (found, labels[candidate.id])
        for candidate in evidence.candidates
        if candidate.id in labels and (found := _suggested(candidate).get(judge.question))
    ]
    if len(known) < FEWEST:
        return None
    calls = [judge.reading(found.value) > 0.5 for found, _ in known]
    agents = sorted({found.agent for found, _ in known})
    definition = canonical({"judge": agents, "rubric": candidate_guidelines(settings)})
    judged = Judged(calls, [label for _, label in known])
    return judge_card(judge.name, judged, evidence.said_by, definition=definition)


def _gate(
    judge: Judge, card: JudgeCard | None, approved: Sequence[Candidate], bounds: Gates
) -> Gate:
    name = f"by measure: {judge.name}"
    if card is None or card.diagnostic_only(bounds.judge_kappa):
        kappa = (
            f"kappa {card.kappa.estimate:.2f} ({card.kappa.low:.2f} to {card.kappa.high:.2f})"
            if card
            else f"fewer than {FEWEST} records to tell"
        )
        return Gate(
            name,
            False,
            f"a judge that is diagnostic only: {kappa}",
            f"a lower end of kappa with the reviewers of at least {bounds.judge_kappa:.2f}",
            "let people judge more records, or leave `measured` out of the campaign's [gates]",
        )
    found = [s for c in approved if (s := _suggested(c).get(judge.question))]
    share = sum(judge.reading(s.value) > 0.5 for s in found) / len(found)
    return Gate(
        name,
        share >= bounds.measured,
        f"{share:.0%} of {len(found)} approved texts",
        f"at least {bounds.measured:.0%}",
        "look again at the approved texts that the measure calls wrong",
    )
