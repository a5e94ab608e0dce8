"""What the measures of many outputs say of the arms that gave them, and of one arm against another.

An arm is a condition under which the same held-out prompts were answered: the base model, the base
with a system prompt, the fine-tuned model. Measures come in by name, as they are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from db.records import Interval
from evaluation.measures import content, tone
from evaluation.measures.tone import Feature
from evaluation.statistics import (
    Outcome,
    cliffs_delta,
    holm,
    mean_interval,
    outcome,
    paired_bootstrap,
    paired_shares,
    sign_flip_p,
    wilson,
)

CONVERSATIONAL = Feature("conversational", "Conversational", tone.RULE.sentence, share=True)
_THRESHOLDS = tuple(range(0, 101, 10))


@dataclass(frozen=True)
class Scored:
    """One output's measures by name; `article` is the source article of its prompt, if any."""

    prompt: str
    measures: Mapping[str, float]
    article: str | None = None
    seconds: float = 0.0
    tokens: int = 0


@dataclass(frozen=True)
class Arm:
    """A condition and what it gave; `description` says in words what was run."""

    name: str
    label: str
    description: str
    outputs: tuple[Scored, ...] = ()


@dataclass(frozen=True)
class Mean:
    """A feature's mean over an arm's outputs, None where no output defines it."""

    feature: Feature
    value: Interval | None
    n: int


@dataclass(frozen=True)
class ArmSummary:
    """An arm in figures: the share that meets the target, then every feature's mean."""

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
    """One arm against another on the same prompts: first − second, its effect size, its outcome.

    `effect` is Cliff's delta. `p` is adjusted over all the differences it was made with (Holm);
    it is beside the interval, which alone decides the outcome.
    """

    first: str
    second: str
    feature: Feature
    n: int
    interval: Interval
    effect: float
    p: float
    outcome: Outcome


DIFFERENCES_SAY = (
    "A difference whose interval holds 0 is undecided, whatever its estimate; p is adjusted for "
    "all differences of the table (Holm), and where it is above 0.05, one such difference among so "
    "many may be chance."
)


@dataclass(frozen=True)
class SweepPoint:
    """The share of an arm's outputs that read at least as easily as a threshold."""

    arm: str
    threshold: int
    rate: Interval


def summarise(
    arm: Arm,
    target: Feature = CONVERSATIONAL,
    traits: Sequence[Feature] = (),
    judged: Sequence[Feature] = (),
) -> ArmSummary:
    """The figures of one arm: target, tone and content, a persona's traits, a judge's ratings."""
    rows = arm.outputs
    articles = {row.article for row in rows if row.article}
    return ArmSummary(
        name=arm.name,
        label=arm.label,
        description=arm.description,
        n=len(rows),
        articles=len(articles),
        target=_mean(target, rows).value,
        tone=tuple(_mean(feature, rows) for feature in tone.FEATURES),
        content=tuple(_mean(feature, rows) for feature in content.FEATURES),
        seconds=sum(row.seconds for row in rows) / len(rows) if rows else None,
        tokens=sum(row.tokens for row in rows) / len(rows) if rows else None,
        traits=tuple(_mean(feature, rows) for feature in traits),
        judged=tuple(_mean(feature, rows) for feature in judged),
    )


def _mean(feature: Feature, rows: Sequence[Scored]) -> Mean:
    """A feature's mean; that of shares has Wilson's interval, which is too wide, if anything."""
    held = [row for row in rows if feature.name in row.measures]
    values = [row.measures[feature.name] for row in held]
    if not values:
        return Mean(feature, None, 0)
    if feature.share:
        return Mean(feature, wilson(sum(values), len(values)), len(values))
    return Mean(feature, mean_interval(values, _clusters(held)), len(values))


def _clusters(rows: Sequence[Scored]) -> list[str] | None:
    """Prompts of one article are alike and drawn together, where there are articles enough."""
    if any(row.article is None for row in rows) or len({row.article for row in rows}) < 5:
        return None
    return [str(row.article) for row in rows]


def differences(
    arms: Sequence[Arm],
    pairs: Iterable[tuple[str, str]],
    features: Sequence[Feature] = (CONVERSATIONAL, *content.FEATURES[:1]),
) -> tuple[Difference, ...]:
    """Pairs of arms compared on the prompts that both answered, as one family of comparisons.

    A feature that fewer than two common prompts define gives no difference.
    """
    by_name = {arm.name: arm for arm in arms}
    found: dict[str, Difference] = {}
    for first, second in pairs:
        for feature in features:
            difference = _difference(by_name[first], by_name[second], feature)
            if difference:
                found[f"{first}\n{second}\n{feature.name}"] = difference
    adjusted = holm({name: difference.p for name, difference in found.items()})
    return tuple(replace(difference, p=adjusted[name]) for name, difference in found.items())


def _difference(first: Arm, second: Arm, feature: Feature) -> Difference | None:
    other = {row.prompt: row for row in second.outputs if feature.name in row.measures}
    common = [r for r in first.outputs if feature.name in r.measures and r.prompt in other]
    if len(common) < 2:
        return None
    a = [row.measures[feature.name] for row in common]
    b = [other[row.prompt].measures[feature.name] for row in common]
    compare = paired_shares if feature.share else paired_bootstrap
    interval = compare(a, b, _clusters(common))
    return Difference(
        first=first.name,
        second=second.name,
        feature=feature,
        n=len(common),
        interval=interval,
        effect=cliffs_delta(a, b),
        p=sign_flip_p(a, b),
        outcome=outcome(interval),
    )


def reading_ease_sweep(arms: Sequence[Arm]) -> tuple[SweepPoint, ...]:
    """The share of each arm's outputs at or above each Flesch Reading Ease from 0 to 100.

    Reading ease over a threshold is the measure that Marquardt and Brule (2025) call
    conversational; their threshold is not published, hence all of them.
    """
    return tuple(
        SweepPoint(arm.name, threshold, wilson(sum(e >= threshold for e in eases), len(eases)))
        for arm in arms
        if (eases := _eases(arm))
        for threshold in _THRESHOLDS
    )


def _eases(arm: Arm) -> list[float]:
    name = "flesch_reading_ease"
    return [row.measures[name] for row in arm.outputs if name in row.measures]
