"""Criteria that define correct answers, using bounds on tone features or a persona's traits.

A criterion combines several features, so that a model can't satisfy it by gaming a single one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from db.records import canonical, digest
from evaluation.errors import EvaluationError
from evaluation.measures.persona import (
    IN_CHARACTER,
    PERSONA_SOURCE,
    persona_measures,
    trait_features,
)
from evaluation.measures.tone import FEATURES, TONE_SOURCE, Feature, tone_measures

_BY_NAME = {feature.name: feature for feature in FEATURES}


@dataclass(frozen=True)
class Bound:
    """The lowest and highest value of a tone feature that a correct answer may have."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, measures: Mapping[str, float]) -> bool:
        """Whether the measured value is within the bounds."""
        value = measures[self.measure]
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    @property
    def description(self) -> str:
        """The bound as text, such as `reading ease of at least 30`."""
        limits = (("at least", self.at_least), ("at most", self.at_most))
        text = " and ".join(f"{word} {value:g}" for word, value in limits if value is not None)
        return f"{_BY_NAME[self.measure].label.lower()} of {text}"


@dataclass(frozen=True)
class Criterion:
    """A target and how to measure it; `traits` contains a persona's phrases (empty for a tone).

    `source` identifies the definition, because values measured under different definitions can't be
    compared.
    """

    feature: Feature
    source: str
    bounds: tuple[Bound, ...] = ()
    signs: int = 0
    signs_of: tuple[str, ...] = ()
    traits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def trait_features(self) -> tuple[Feature, ...]:
        """One feature per trait."""
        return trait_features(tuple(self.traits))

    def measure(self, text: str) -> dict[str, float]:
        """Measure a text's tone features, target and traits, and return them keyed by name."""
        tone = tone_measures(text)
        if self.traits:
            return tone | persona_measures(text, self.traits)
        signs = sum(tone[sign] > 0 for sign in self.signs_of)
        is_right = signs >= self.signs and all(bound.is_met(tone) for bound in self.bounds)
        return tone | {self.feature.name: float(is_right)}

    def source_of(self, name: str) -> str:
        """The source of a measure, which is either this criterion or the shared tone features."""
        return TONE_SOURCE if name in _BY_NAME else self.source


def tone_criterion(
    name: str, bounds: Sequence[Bound], signs: int = 0, signs_of: Sequence[str] = ()
) -> Criterion:
    """Build a tone criterion: a text must meet all bounds and contain enough of the listed signs.

    Raises `EvaluationError` if there are no bounds, a measure is unknown, or the tone requires more
    signs than it lists.
    """
    for measure in [*signs_of, *(bound.measure for bound in bounds)]:
        if measure not in _BY_NAME:
            raise EvaluationError(
                f"The target of “{name}” uses the unknown measure “{measure}”. Use one of: "
                f"{', '.join(_BY_NAME)}."
            )
    if not bounds:
        raise EvaluationError(
            f"The target of “{name}” has no bounds, so every text would meet it. Add at least one."
        )
    if not 0 <= signs <= len(signs_of):
        raise EvaluationError(
            f"The target of “{name}” requires {signs} signs, but lists only {len(signs_of)}. Lower "
            "`signs` or list more signs."
        )
    listed = ", ".join(_BY_NAME[sign].label.lower() for sign in signs_of)
    rule = [f"at least {signs} of the {len(signs_of)} signs ({listed})"] if signs else []
    rule += [bound.description for bound in bounds]
    description = f"An answer counts as {name} when it has {'; '.join(rule)}."
    feature = Feature(name, name.replace("-", " ").capitalize(), description, share=True)
    limits = digest(canonical([[b.measure, b.at_least, b.at_most] for b in bounds]))
    definition = digest(f"{limits}{signs}{','.join(signs_of)}")
    source = f"{TONE_SOURCE}+{definition[:12]}"
    return Criterion(feature, source, tuple(bounds), signs, tuple(signs_of))


def persona_criterion(traits: Mapping[str, Sequence[str]]) -> Criterion:
    """Build a persona criterion: a text must contain phrases from at least two traits.

    Raises `EvaluationError` if there are no traits.
    """
    if not traits:
        raise EvaluationError(
            "The persona has no traits, so nothing can be measured. Add at least one trait."
        )
    phrases = {name: tuple(listed) for name, listed in traits.items()}
    definition = digest(canonical({name: list(listed) for name, listed in phrases.items()}))
    return Criterion(IN_CHARACTER, f"{PERSONA_SOURCE}+{definition[:12]}", traits=phrases)
