"""Compute summary statistics for arms, and compare arms with each other.

An arm is one way to answer the held-out prompts: with the base model, with the base model and a
system prompt, or with the fine-tuned model.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from db.records import Interval
from evaluation import statistics
from evaluation.measures import content, tone
from evaluation.measures.content import SIMILARITY
from evaluation.measures.tone import CONVERSATIONAL, Feature
from evaluation.statistics import Outcome, outcome, wilson

_FEWEST_CLUSTERS = 5
_UNTARGETED = ("flesch_reading_ease", "words_per_sentence", SIMILARITY.name)
"""The measures to show in a table when there is no target."""
_THRESHOLDS = tuple(range(0, 101, 10))


@dataclass(frozen=True)
class MeasuredOutput:
    """The measures of one output, keyed by name, and the source article of its prompt, if any."""

    prompt: str
    measures: Mapping[str, float]
    article: str | None = None
    seconds: float = 0.0
    tokens: int = 0


@dataclass(frozen=True)
class MeasuredArm:
    """An arm with its measured outputs; `description` says how the outputs were generated."""

    name: str
    label: str
    description: str
    outputs: tuple[MeasuredOutput, ...] = ()

    def values(self, measure: str) -> list[float]:
        """Return a measure's value for each output for which it was computed."""
        return [row.measures[measure] for row in self.outputs if measure in row.measures]


@dataclass(frozen=True)
class Mean:
    """The mean of a feature over an arm's outputs; `value` is None if no output has the feature."""

    feature: Feature
    value: Interval | None
    n: int


@dataclass(frozen=True)
class ArmSummary:
    """Summary statistics for an arm: its target rate and the mean of every feature.

    `judged` contains the mean ratings by an LLM judge. `seconds` and `tokens` are means per answer.
    """

    name: str
    label: str
    description: str
    n: int
    articles: int
    target: Interval | None
    tone: tuple[Mean, ...]
    content: tuple[Mean, ...]
    seconds: float | None
    tokens: float | None
    traits: tuple[Mean, ...] = ()
    judged: tuple[Mean, ...] = ()


@dataclass(frozen=True)
class Difference:
    """The difference between two arms on the same prompts (first − second).

    `effect` is Cliff's delta. `p` is the p-value after Holm's correction for all differences that
    are computed together. `outcome` depends only on the interval, not on `p`.
    """

    first: str
    second: str
    feature: Feature
    n: int
    interval: Interval
    effect: float
    p: float
    outcome: Outcome


DIFFERENCES_NOTE = (
    "A difference whose interval contains 0 is undecided, whatever its estimate. p is adjusted for "
    "all differences in the table (Holm). If p is above 0.05, one such difference among so many "
    "could be due to chance."
)


@dataclass(frozen=True)
class SweepPoint:
    """The share of an arm's outputs whose reading ease reaches a threshold."""

    arm: str
    threshold: int
    rate: Interval


@dataclass(frozen=True)
class ArmTable:
    """A table with one row per arm: the target rate with its interval, and the mean ratings."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


def summarise(
    arm: MeasuredArm,
    target: Feature | None = CONVERSATIONAL,
    traits: Sequence[Feature] = (),
    judged: Sequence[Feature] = (),
) -> ArmSummary:
    """Summarise an arm: target rate, tone, content, persona traits, and ratings by an LLM judge.

    Only a campaign with a criterion has a `target`; without one, the target rate is None.
    """
    rows = arm.outputs
    return ArmSummary(
        name=arm.name,
        label=arm.label,
        description=arm.description,
        n=len(rows),
        articles=len({row.article for row in rows if row.article}),
        target=_mean(target, rows).value if target else None,
        tone=tuple(_mean(feature, rows) for feature in tone.FEATURES),
        content=tuple(_mean(feature, rows) for feature in content.FEATURES),
        seconds=sum(row.seconds for row in rows) / len(rows) if rows else None,
        tokens=sum(row.tokens for row in rows) / len(rows) if rows else None,
        traits=tuple(_mean(feature, rows) for feature in traits),
        judged=tuple(_mean(feature, rows) for feature in judged),
    )


def arm_table(
    arms: Iterable[MeasuredArm], target: Feature | None, judged: Sequence[Feature] = ()
) -> ArmTable:
    """Tabulate the arms that have a target rate.

    Without a target, every arm gets a row with the means of a few measures.
    """
    names = [feature.name for feature in judged]
    if target is None:
        names = [*_UNTARGETED, *names]
        return ArmTable(
            ("arm", "answers", *names),
            tuple(
                (arm.label, len(arm.outputs), *(_format_mean(arm.values(n)) for n in names))
                for arm in arms
            ),
        )
    rows: list[tuple[str | int, ...]] = []
    for arm in arms:
        rate = _mean(target, arm.outputs).value
        if rate:
            bounds = (f"{value:.3f}" for value in (rate.estimate, rate.low, rate.high))
            means = (_format_mean(arm.values(name)) for name in names)
            rows.append((arm.label, len(arm.outputs), *bounds, *means))
    return ArmTable(("arm", "answers", target.name, "low", "high", *names), tuple(rows))


def _format_mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.2f}" if values else "–"


def _mean(feature: Feature, rows: Sequence[MeasuredOutput]) -> Mean:
    """Compute the mean of a feature and its interval, which is Wilson's wider one for shares."""
    measured = [row for row in rows if feature.name in row.measures]
    values = [row.measures[feature.name] for row in measured]
    if not values:
        return Mean(feature, None, 0)
    if feature.share:
        return Mean(feature, wilson(sum(values), len(values)), len(values))
    return Mean(feature, statistics.mean_interval(values, _clusters(measured)), len(values))


def _clusters(rows: Sequence[MeasuredOutput]) -> list[str] | None:
    """Return each row's article for resampling, or None if any is missing or there are too few."""
    articles = {row.article for row in rows}
    if None in articles or len(articles) < _FEWEST_CLUSTERS:
        return None
    return [str(row.article) for row in rows]


def compare_arms(
    arms: Sequence[MeasuredArm],
    pairs: Iterable[tuple[str, str]],
    features: Sequence[Feature] = (CONVERSATIONAL, SIMILARITY),
) -> tuple[Difference, ...]:
    """Compare pairs of arms on their common prompts, as one family of comparisons.

    Features that were measured on fewer than two common prompts are left out.
    """
    by_name = {arm.name: arm for arm in arms}
    differences: dict[str, Difference] = {}
    for first, second in pairs:
        for feature in features:
            difference = _difference(by_name[first], by_name[second], feature)
            if difference:
                differences[f"{first}\n{second}\n{feature.name}"] = difference
    adjusted = statistics.holm({name: difference.p for name, difference in differences.items()})
    return tuple(replace(difference, p=adjusted[name]) for name, difference in differences.items())


def _difference(first: MeasuredArm, second: MeasuredArm, feature: Feature) -> Difference | None:
    other = {row.prompt: row for row in second.outputs if feature.name in row.measures}
    common = [r for r in first.outputs if feature.name in r.measures and r.prompt in other]
    if len(common) < 2:
        return None
    a = [row.measures[feature.name] for row in common]
    b = [other[row.prompt].measures[feature.name] for row in common]
    compare = statistics.paired_shares if feature.share else statistics.paired_bootstrap
    interval = compare(a, b, _clusters(common))
    return Difference(
        first=first.name,
        second=second.name,
        feature=feature,
        n=len(common),
        interval=interval,
        effect=statistics.cliffs_delta(a, b),
        p=statistics.sign_flip_p(a, b),
        outcome=outcome(interval),
    )


def average_arms(arms: Sequence[MeasuredArm], name: str, label: str) -> MeasuredArm:
    """Merge arms that answered the same prompts into one, by averaging each prompt's measures.

    Rates for the merged arm are computed over prompts, not answers, so that more seeds don't
    inflate the sample size.
    """
    by_prompt: dict[str, list[MeasuredOutput]] = {}
    for arm in arms:
        for row in arm.outputs:
            by_prompt.setdefault(row.prompt, []).append(row)
    rows = tuple(_average(rows) for rows in by_prompt.values())
    return MeasuredArm(name, label, f"mean over {len(arms)} training(s)", rows)


def _average(rows: Sequence[MeasuredOutput]) -> MeasuredOutput:
    names = set.intersection(*(set(row.measures) for row in rows))
    count = len(rows)
    return replace(
        rows[0],
        measures={name: sum(row.measures[name] for row in rows) / count for name in names},
        seconds=sum(row.seconds for row in rows) / count,
        tokens=round(sum(row.tokens for row in rows) / count),
    )


def reading_ease_sweep(arms: Sequence[MeasuredArm]) -> tuple[SweepPoint, ...]:
    """Each arm's share of outputs at or above Flesch Reading Ease thresholds from 0 to 100.

    Marquardt and Brule (2025) call an answer conversational if its reading ease exceeds a
    threshold. Marquardt and Brule's threshold isn't published, so the share of outputs is computed
    for a range of thresholds.
    """
    return tuple(
        SweepPoint(arm.name, threshold, wilson(sum(e >= threshold for e in eases), len(eases)))
        for arm in arms
        if (eases := arm.values("flesch_reading_ease"))
        for threshold in _THRESHOLDS
    )
