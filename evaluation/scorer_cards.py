"""Compute judge cards for a campaign's scorers (rules, trait lists, measures) from reviews."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from db.records import (
    AnswerValue,
    Candidate,
    Comparison,
    Gate,
    Measure,
    Output,
    Review,
    ReviewerKind,
    ReviewStatus,
    canonical,
)
from evaluation import register
from evaluation.arms import MeasuredArm
from evaluation.criteria import Criterion
from evaluation.gates import GateBounds
from evaluation.judge_cards import JudgeCard, Predictions, describe_kinds, judge_card
from evaluation.measures.suggestions import RatingRule, SuggestedAnswer, suggest_answers
from evaluation.rating import Judge, measure_name

FEWEST = 20
"""The minimum number of labelled records for a card."""
_COMPARED = (("flesch_reading_ease", "Reading ease"), ("similarity", "Similarity"))
_LEFT_WINS = {"left": 1.0, "right": 0.0, "tie": 0.5}


@dataclass(frozen=True)
class ReviewerLabels:
    """Yes-or-no labels of reviewed texts, keyed by record id; `source` says who assigned them."""

    texts: Mapping[str, str]
    labels: Mapping[str, bool]
    source: str

    @property
    def subjects(self) -> list[str]:
        """The ids of the records that have both a label and a text."""
        return [subject for subject in self.labels if subject in self.texts]


def submitted(reviews: Iterable[Review]) -> list[Review]:
    """The submitted reviews, leaving out discarded ones."""
    return [review for review in reviews if review.status is ReviewStatus.SUBMITTED]


def majority(values: Iterable[tuple[str, float]]) -> dict[str, bool]:
    """Return whether each record's mean value is above ½, leaving out records with exactly ½."""
    by_record: dict[str, list[float]] = defaultdict(list)
    for subject, value in values:
        by_record[subject].append(value)
    means = {subject: sum(each) / len(each) for subject, each in by_record.items()}
    return {subject: mean > 0.5 for subject, mean in means.items() if mean != 0.5}


def tone_labels(
    candidates: Iterable[Candidate], reviews: Iterable[Review], middle: float
) -> ReviewerLabels:
    """Label candidates by whether most reviewers rated them above the middle of the tone scale."""
    answers = submitted(reviews)
    ratings = [(review.subject, review.answer("tone")) for review in answers]
    values = [(s, _above(rating, middle)) for s, rating in ratings if isinstance(rating, int)]
    return ReviewerLabels(_texts(candidates), majority(values), _source(answers))


def trait_labels(
    candidates: Iterable[Candidate], reviews: Iterable[Review], traits: Iterable[str]
) -> dict[str, ReviewerLabels]:
    """For each trait, label candidates by whether most reviewers found the trait in them."""
    texts, answers = _texts(candidates), submitted(reviews)
    named = [(review.subject, review.answer("traits")) for review in answers]
    chosen = [(s, found) for s, found in named if isinstance(found, tuple) and found]
    source = _source(answers)
    return {
        trait: ReviewerLabels(texts, majority((s, float(trait in t)) for s, t in chosen), source)
        for trait in traits
    }


def _texts(candidates: Iterable[Candidate]) -> dict[str, str]:
    return {candidate.id: candidate.review_text for candidate in candidates}


def candidate_cards(
    labels: Mapping[str, ReviewerLabels], criterion: Criterion | None
) -> Iterator[JudgeCard]:
    """Yield judge cards for a tone's rule and the register classifier, or for each trait's phrases.

    A tone without a criterion gets a card only for the register classifier.
    """
    traits = criterion.traits if criterion else {}
    for name, known in labels.items():
        measure = f"trait.{name}" if traits else name
        title = f"The list of “{name}”" if traits else f"The rule for “{name}”"
        if criterion and len(known.subjects) >= FEWEST:
            calls = [criterion.measure(known.texts[s])[measure] > 0 for s in known.subjects]
            predictions = Predictions(calls, [known.labels[s] for s in known.subjects])
            yield judge_card(title, predictions, known.source)
        if not traits:
            yield from _register_card(known)


def _register_card(known: ReviewerLabels) -> Iterator[JudgeCard]:
    """Fit the register classifier to half of the texts and test it on the other half."""
    ids = sorted(known.subjects)
    halves = ids[::2], ids[1::2]
    texts = [[known.texts[s] for s in half] for half in halves]
    labels = [[known.labels[s] for s in half] for half in halves]
    if len(ids) < 2 * FEWEST or not all(0 < sum(half) < len(half) for half in labels):
        return
    model = register.fit(texts[0], labels[0], f"{len(texts[0])} texts labelled by {known.source}")
    yield register.card(model, texts[1], labels[1], known.source)


def rating_cards(
    judge: Judge, labels: Mapping[str, ReviewerLabels], ratings: Iterable[Measure]
) -> Iterator[JudgeCard]:
    """Test an LLM judge on each criterion by comparing its ratings with the reviewers' labels."""
    values: dict[str, dict[str, float]] = defaultdict(dict)
    for rating in ratings:
        values[rating.name][rating.subject] = rating.value
    for criterion, known in labels.items():
        rated = {s: v for s, v in values[measure_name(criterion)].items() if s in known.labels}
        if len(rated) >= FEWEST:
            calls = [value > judge.rubric.middle for value in rated.values()]
            predictions = Predictions(calls, [known.labels[s] for s in rated], [*rated.values()])
            title = f"{judge.name} on “{criterion}”"
            yield judge_card(title, predictions, known.source, definition=judge.definition)


@dataclass(frozen=True)
class BlindVotes:
    """Reviews of blind comparisons, and the compared outputs, keyed by id."""

    reviews: Sequence[Review]
    comparisons: Sequence[Comparison]
    outputs: Mapping[str, Output]

    def sides(self, comparison: Comparison) -> list[Output]:
        """The left and right outputs of a comparison, or an empty list if either is missing."""
        ids = (comparison.left, comparison.right)
        return [self.outputs[id] for id in ids] if {*ids} <= self.outputs.keys() else []


def vote_cards(
    votes: BlindVotes, arms: Sequence[MeasuredArm], measures: Sequence[tuple[str, str]]
) -> Iterator[JudgeCard]:
    """Test how well each measure predicts votes, assuming that the higher value wins.

    `measures` are (name, label) pairs; reading ease and similarity are always included. A
    comparison counts if most reviewers prefer one side and the measure differs between the two
    answers.
    """
    answers = [(review, review.answer("preference")) for review in submitted(votes.reviews)]
    cast = [(review, _LEFT_WINS[str(a)]) for review, a in answers if a in _LEFT_WINS]
    preferred = majority((review.subject, value) for review, value in cast)
    values = {(arm.name, row.prompt): row.measures for arm in arms for row in arm.outputs}
    sides = {
        comparison.id: [values.get((side.arm, side.prompt), {}) for side in answered]
        for comparison in votes.comparisons
        if comparison.id in preferred and (answered := votes.sides(comparison))
    }
    source = _source(submitted(votes.reviews))
    for name, label in (*measures, *_COMPARED):
        gaps = {
            comparison: left[name] - right[name]
            for comparison, (left, right) in sides.items()
            if name in left and name in right and left[name] != right[name]
        }
        if len(gaps) >= FEWEST:
            calls = [gap > 0 for gap in gaps.values()]
            predictions = Predictions(calls, [preferred[c] for c in gaps])
            yield judge_card(f"{label}, as a predictor of votes,", predictions, source)


@dataclass(frozen=True)
class ReviewQuestions:
    """The review questions for which measures suggest answers.

    Attributes:
        scale_middle: The middle of the tone scale, or None if there is no tone question.
        rating_rule: The rule that suggests a tone rating, if there is one.
        language: The language of the texts.
        is_grounded: Whether the questions include one about the facts in a text.
        traits: The traits that reviewers can select.
        guidelines: The guidelines for reviewers, which are part of each card's fingerprint.
    """

    scale_middle: float | None = None
    rating_rule: RatingRule | None = None
    language: str = "en"
    is_grounded: bool = True
    traits: tuple[str, ...] = ()
    guidelines: str = ""


@dataclass(frozen=True)
class ReviewerAnswers:
    """The reviews used to test suggested answers; `source` describes the reviewers."""

    reviews: tuple[Review, ...]
    source: str


@dataclass(frozen=True)
class _Scorer:
    """A measure that suggests answers; `read` turns an answer into 1 (yes), 0 (no) or ½."""

    question: str
    name: str
    read: Callable[[AnswerValue], float]


def suggestion_reviews(calibration: Iterable[Review], others: Iterable[Review]) -> ReviewerAnswers:
    """Select the submitted reviews that are used to test suggested answers.

    Reviews of the calibration set are preferred, because its reviewers don't see any suggestions.
    """
    unaided = tuple(submitted(calibration))
    reviews = unaided or tuple(submitted(others))
    is_people = all(review.reviewer_kind is ReviewerKind.PERSON for review in reviews)
    source = "people" if is_people else "written rules (not people)"
    return ReviewerAnswers(reviews, source if unaided else f"{source}, who saw its suggestions")


def suggestion_cards(
    candidates: Iterable[Candidate], answers: ReviewerAnswers, questions: ReviewQuestions
) -> Iterator[JudgeCard]:
    """Yield a judge card for each measure that suggests answers and has enough reviewed records."""
    suggestions = {c.id: _suggestions(c, questions) for c in candidates}
    for scorer in _scorers(questions):
        values = [(r.subject, r.answer(scorer.question)) for r in answers.reviews]
        labels = majority((subject, scorer.read(v)) for subject, v in values if v is not None)
        known = [
            (suggestion, labels[subject])
            for subject, answers_by_question in suggestions.items()
            if subject in labels and (suggestion := answers_by_question.get(scorer.question))
        ]
        if len(known) >= FEWEST:
            agents = sorted({suggestion.agent for suggestion, _ in known})
            yield judge_card(
                scorer.name,
                Predictions([scorer.read(s.value) > 0.5 for s, _ in known], [y for _, y in known]),
                answers.source,
                definition=canonical({"judge": agents, "rubric": questions.guidelines}),
            )


def suggestion_gates(
    cards: Iterable[JudgeCard],
    approved: Iterable[Candidate],
    questions: ReviewQuestions,
    bounds: GateBounds,
) -> tuple[Gate, ...]:
    """Return a gate for each measure that suggests answers, based on the measure's judge card.

    A gate fails if the measure isn't reliable enough or if too few approved texts pass it.
    """
    if not bounds.measured:
        return ()
    by_name = {card.name: card for card in cards}
    suggestions = [_suggestions(candidate, questions) for candidate in approved]
    gates = []
    for scorer in _scorers(questions):
        answers = [each.get(scorer.question) for each in suggestions]
        values = [answer.value for answer in answers if answer]
        if values:
            accepted = [scorer.read(value) > 0.5 for value in values]
            gates.append(_gate(scorer.name, by_name.get(scorer.name), accepted, bounds))
    return tuple(gates)


def _gate(
    scorer: str, card: JudgeCard | None, accepted: Sequence[bool], bounds: GateBounds
) -> Gate:
    name = f"by measure: {scorer}"
    if card is None or card.diagnostic_only(bounds.judge_kappa):
        kappa = f"kappa {card.kappa_text}" if card else f"fewer than {FEWEST} reviewed records"
        return Gate(
            name,
            False,
            f"a measure that is diagnostic only: {kappa}",
            f"a lower bound of kappa with the reviewers of at least {bounds.judge_kappa:.2f}",
            "review more records, or remove `measured` from [gates]",
        )
    share = sum(accepted) / len(accepted)
    return Gate(
        name,
        share >= bounds.measured,
        f"{share:.0%} of {len(accepted)} approved texts",
        f"at least {bounds.measured:.0%}",
        "check the approved texts that the measure rejects",
    )


def _scorers(questions: ReviewQuestions) -> Iterator[_Scorer]:
    middle = questions.scale_middle
    if middle is not None:
        yield _Scorer("tone", "The tone's rule", lambda value: _above(float(str(value)), middle))
    if questions.is_grounded:
        yield _Scorer("faithful", "Facts kept", lambda value: float(value == "yes"))
    for trait in questions.traits:
        yield _Scorer("traits", f"The intended trait “{trait}”", _contains(trait))


def _contains(trait: str) -> Callable[[AnswerValue], float]:
    return lambda value: float(isinstance(value, tuple) and trait in value)


def _above(value: float, middle: float) -> float:
    return 0.5 if value == middle else float(value > middle)


def _suggestions(candidate: Candidate, questions: ReviewQuestions) -> dict[str, SuggestedAnswer]:
    suggestions = suggest_answers(candidate, questions.rating_rule, questions.language)
    return {suggestion.question: suggestion for suggestion in suggestions}


def _source(reviews: Iterable[Review]) -> str:
    return describe_kinds(tuple(sorted({review.reviewer_kind.value for review in reviews})))
