"""Judge cards: how far each automatic measure agrees with what reviewers said, here and now."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from annotation.items import judged_text
from db.records import Candidate, Comparison, Output, Review, ReviewStatus
from db.store import Store
from evaluation import register
from evaluation.aims import Aim
from evaluation.arms import Arm
from evaluation.judges import JudgeCard, Judged, judge_card, said_by
from timbre.aims import Subject

FEWEST = 20
"""Fewest labelled texts that a card is made from."""
_READING_EASE = ("flesch_reading_ease", "Reading ease")
_SIMILARITY = ("similarity", "Similarity")
_SIDES = {"left": 1.0, "right": 0.0, "tie": 0.5}


@dataclass(frozen=True)
class Labelled:
    """Texts by record with what reviewers said of each, and who they were."""

    texts: Mapping[str, str]
    labels: Mapping[str, bool]
    by: str


def candidate_cards(
    store: Store, reviews: Sequence[Review], subject: Subject
) -> Iterator[JudgeCard]:
    """Cards of the rule, the register classifier and the trait lists, from reviewed candidates.

    A label is what more than half of a text's reviewers said; a card needs 20 of them.
    """
    aim, labels = subject.aim, labelled(store, reviews, subject)
    for trait in aim.traits:
        shows = partial(_shows, aim, f"trait.{trait}")
        yield from _card(f"The list of “{trait}”", labels[trait], shows)
    if not aim.traits:
        rated, name = labels[aim.feature.name], f"The rule for “{aim.feature.name}”"
        yield from _card(name, rated, partial(_shows, aim, aim.feature.name))
        yield from _register_card(rated)


def labelled(store: Store, reviews: Sequence[Review], subject: Subject) -> dict[str, Labelled]:
    """What reviewers said of candidates: whether they are in the tone, or show each trait."""
    submitted = [r for r in reviews if r.status is ReviewStatus.SUBMITTED]
    ids = tuple({review.subject for review in submitted})
    texts, by = {c.id: judged_text(c) for c in store.stream(Candidate, id=ids)}, _by(submitted)
    if not subject.aim.traits:
        said = majority(_ratings(submitted, subject.middle))
        return {subject.aim.feature.name: Labelled(texts, said, by)}
    named = [(review.subject, found) for review in submitted if (found := _traits(review))]
    return {
        trait: Labelled(texts, majority((s, float(trait in found)) for s, found in named), by)
        for trait in subject.aim.traits
    }


def vote_cards(
    store: Store, reviews: Sequence[Review], arms: Sequence[Arm], guesses: Sequence[tuple[str, str]]
) -> Iterator[JudgeCard]:
    """Cards of single measures: does the answer with more of it win the blind comparisons?

    `guesses` are further measures by name, each with how it is called.

    A comparison counts where more than half of its voters prefer a side and the measure differs.
    """
    submitted = [r for r in reviews if r.status is ReviewStatus.SUBMITTED]
    votes = ((r.subject, _SIDES[str(r.answer("preference"))]) for r in submitted
             if r.answer("preference") in _SIDES)  # fmt: skip
    preferred = majority(votes)
    measured = {(a.name, row.prompt): row.measures for a in arms for row in a.outputs}
    met = list(_sides(store, tuple(preferred), measured))
    for name, label in (*guesses, _READING_EASE, _SIMILARITY):
        gaps = {c: gap for c, left, right in met if (gap := _gap(left, right, name))}
        judged = Judged([gap > 0 for gap in gaps.values()], [preferred[c] for c in gaps])
        if len(gaps) >= FEWEST:
            yield judge_card(f"{label}, as a guess at who wins,", judged, _by(submitted))


def majority(said: Iterable[tuple[str, float]]) -> dict[str, bool]:
    """What more than half said of each record; those evenly divided are left out."""
    shares: dict[str, list[float]] = defaultdict(list)
    for subject, value in said:
        shares[subject].append(value)
    means = {subject: sum(values) / len(values) for subject, values in shares.items()}
    return {subject: mean > 0.5 for subject, mean in means.items() if mean != 0.5}


def _shows(aim: Aim, measure: str, text: str) -> bool:
    return aim.measures_of(text)[measure] > 0


def _by(reviews: Sequence[Review]) -> str:
    return said_by(tuple(sorted({review.reviewer_kind.value for review in reviews})))


def _traits(review: Review) -> tuple[str, ...]:
    found = review.answer("traits")
    return tuple(str(trait) for trait in found) if isinstance(found, tuple) else ()


def _ratings(reviews: Iterable[Review], middle: float) -> Iterator[tuple[str, float]]:
    for review in reviews:
        rating = review.answer("tone")
        if isinstance(rating, int):
            yield review.subject, 0.5 if rating == middle else float(rating > middle)


def _card(name: str, said: Labelled, call: Callable[[str], bool]) -> Iterator[JudgeCard]:
    known = [subject for subject in said.labels if subject in said.texts]
    if len(known) >= FEWEST:
        calls = [call(said.texts[subject]) for subject in known]
        yield judge_card(name, Judged(calls, [said.labels[s] for s in known]), said.by)


def _register_card(said: Labelled) -> Iterator[JudgeCard]:
    """The classifier taught by the labels of one half of the texts, tried on the other half."""
    known = sorted(subject for subject in said.labels if subject in said.texts)
    halves = known[::2], known[1::2]
    labels = [[said.labels[subject] for subject in half] for half in halves]
    if len(known) < 2 * FEWEST or not all(0 < sum(half) < len(half) for half in labels):
        return
    texts = [[said.texts[subject] for subject in half] for half in halves]
    model = register.fit(texts[0], labels[0], f"{len(halves[0])} texts labelled by {said.by}")
    yield register.card(model, texts[1], labels[1], said.by)


def _sides(
    store: Store,
    comparisons: tuple[str, ...],
    measured: Mapping[tuple[str, str], Mapping[str, float]],
) -> Iterator[tuple[str, Mapping[str, float], Mapping[str, float]]]:
    for comparison in store.stream(Comparison, id=comparisons):
        outputs = [store.get(Output, side) for side in (comparison.left, comparison.right)]
        sides = [measured.get((o.arm, o.prompt)) if o else None for o in outputs]
        if sides[0] and sides[1]:
            yield comparison.id, sides[0], sides[1]


def _gap(left: Mapping[str, float], right: Mapping[str, float], name: str) -> float:
    return left[name] - right[name] if name in left and name in right else 0.0
