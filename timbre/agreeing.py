"""How far reviewers agree, how far they are, and what they raised, as rows for people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotation.agreement import Agreement, agreement
from annotation.assignment import assigned
from annotation.coefficients import Coefficient
from annotation.connect import Connection
from annotation.datasets import dataset_names
from annotation.disagreement import Disagreement, disagreements
from annotation.flags import Flag, flags
from annotation.pace import Pace, paces
from annotation.progress import DatasetProgress, dataset_progress
from db.records import Candidate, Interval, Review
from db.store import Store
from timbre.campaign import Campaign
from timbre.reviewing import in_calibration

# In the order in which people ask; questions nobody answered are left out.
_QUESTIONS = ("decision", "preference", "tone", "natural", "faithful", "traits", "reasons")
_SIDED = ("tone", "faithful", "traits")

Row = tuple[str, str, str, int, str]


def independent_reviews(store: Store, campaign: Campaign, outputs: bool) -> list[Review]:
    """The current reviews of candidates or of comparisons, the adjudicator's left out."""
    datasets = (campaign.outputs_dataset,) if outputs else campaign.judged_datasets[:2]
    return list(store.current_reviews(dataset=datasets))


def agreement_of(reviews: Sequence[Review]) -> Agreement:
    """Agreement on every question that somebody answered."""
    return agreement(reviews, asked(reviews))


def asked(reviews: Iterable[Review]) -> list[str]:
    """The questions that somebody answered, as people ask for them."""
    found = {answer.question for review in reviews for answer in review.answers}
    sided = [f"{name}_{side}" for name in _SIDED for side in ("left", "right")]
    return [question for question in (*_QUESTIONS, *sided) if question in found]


def agreement_rows(found: Agreement) -> list[Row]:
    """Question, who, measure, records, and the value with its interval or why there is none."""
    rows: list[Row] = [
        (q.question, "all", "Krippendorff's alpha", q.records, in_words(q.alpha))
        for q in found.questions
    ]
    rows += [
        (r.question, f"{r.reviewer}, the others", "kappa", r.records, in_words(r.kappa))
        for r in found.reviewers
    ]
    return rows + [
        (p.question, f"{p.first}, {p.second}", "kappa", p.records, in_words(p.kappa))
        for p in found.pairs
    ]


def uninformative(reviews: Sequence[Review], campaign: Campaign) -> list[str]:
    """A sentence for each reviewer whose answers to a question carry no information.

    Those of the calibration set are looked at where there are any, for nobody saw a suggestion
    there that all may have followed.
    """
    apart = [review for review in reviews if review.dataset == campaign.calibration_dataset]
    return [
        f"{one.reviewer} {one.uninformative} to “{one.question}” ({one.records} records)"
        for one in agreement_of(apart or reviews).reviewers
        if one.uninformative
    ]


def to_talk_over(reviews: Sequence[Review], most: int) -> list[Disagreement]:
    """The records that reviewers differ on most, a few for each question."""
    return [one for question in asked(reviews) for one in disagreements(reviews, question)[:most]]


@dataclass(frozen=True)
class Standing:
    """How far a campaign's review has come, by dataset and by reviewer, and what was flagged."""

    datasets: tuple[tuple[str, DatasetProgress], ...]
    paces: tuple[Pace, ...]
    flags: tuple[Flag, ...]


def standing(store: Store, campaign: Campaign, connection: Connection, outputs: bool) -> Standing:
    """How far it has come in Argilla, and how fast by the reviews that were pulled."""
    names = (campaign.outputs_dataset,) if outputs else campaign.judged_datasets
    there = dataset_names(connection)
    found = tuple((n, dataset_progress(connection, n)) for n in names if n in there)
    reviews = independent_reviews(store, campaign, outputs)
    shown = sum(progress.total for name, progress in found if name != campaign.adjudication_dataset)
    handed = None if outputs else _handed(store, campaign)
    return Standing(found, tuple(paces(reviews, shown, handed)), tuple(flags(reviews)))


def _handed(store: Store, campaign: Campaign) -> dict[str, int] | None:
    """How many records each named annotator is handed, None where nobody is named."""
    review = campaign.review
    if not review.annotators:
        return None
    counts = dict.fromkeys(review.annotators, 0)
    for candidate in store.stream(Candidate, campaign=campaign.name):
        overlap = max(2, review.overlap) if in_calibration(candidate, campaign) else review.overlap
        for name in assigned(candidate.id, review.annotators, overlap):
            counts[name] += 1
    return counts


def in_words(value: Coefficient) -> str:
    """A coefficient with its interval, or why it is undefined."""
    if isinstance(value, Interval):
        return f"{value.estimate:.2f} ({value.low:.2f} to {value.high:.2f})"
    return f"undefined: {value.reason}"
