"""Criteria that define a right answer by bounds on tone features or by a persona's traits.

A criterion combines several features, so that a model can't satisfy it by gaming one of them.
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
    """The lowest and highest value that a right answer may have for a tone feature."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, measures: Mapping[str, float]) -> bool:
        """Whether a text's measures are within the bound."""
        value = measures[self.measure]
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    @property
    def description(self) -> str:
        """The bound in words: `reading ease of at least 30`."""
        limits = (("at least", self.at_least), ("at most", self.at_most))
        text = " and ".join(f"{word} {value:g}" for word, value in limits if value is not None)
        return f"{_BY_NAME[self.measure].label.lower()} of {text}"


@dataclass(frozen=True)
class Criterion:
    """A target and how to measure it; `traits` has a persona's phrases, and is empty for a tone.

    `source` identifies the definition, since measures under different ones aren't comparable.
    """

    feature: Feature
    source: str
    bounds: tuple[Bound, ...] = ()
    signs: int = 0
    signs_of: tuple[str, ...] = ()
    traits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def trait_features(self) -> tuple[Feature, ...]:
        """One feature for each trait."""
        return trait_features(tuple(self.traits))

    def measure(self, text: str) -> dict[str, float]:
        """Measure every tone feature of a text, the target and the traits, by name."""
        tone = tone_measures(text)
        if self.traits:
            return tone | persona_measures(text, self.traits)
        signs = sum(tone[sign] > 0 for sign in self.signs_of)
        is_right = signs >= self.signs and all(bound.is_met(tone) for bound in self.bounds)
        return tone | {self.feature.name: float(is_right)}

    def source_of(self, name: str) -> str:
        """The source of a measure: the tone features' source, or this criterion's own."""
        return TONE_SOURCE if name in _BY_NAME else self.source


def tone_criterion(
    name: str, bounds: Sequence[Bound], signs: int = 0, signs_of: Sequence[str] = ()
) -> Criterion:
    """Build a tone's criterion: all bounds hold, and at least `signs` of `signs_of` occur.

    Raises `EvaluationError` if there is no bound, a measure is unknown, or more signs are required
    than listed.
    """
    for measure in [*signs_of, *(bound.measure for bound in bounds)]:
        if measure not in _BY_NAME:
            raise EvaluationError(
                f"The target of “{name}” uses the measure “{measure}”, but the tone measures are "
                f"{', '.join(_BY_NAME)}."
            )
    if not bounds:
        raise EvaluationError(f"The target of “{name}” has no bounds. Add at least one.")
    if not 0 <= signs <= len(signs_of):
        raise EvaluationError(
            f"The target of “{name}” requires {signs} signs, but lists {len(signs_of)}. Lower "
            "`signs` or list more."
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
    """Build a persona's criterion: at least two traits are shown by a phrase from their lists.

    Raises `EvaluationError` if there is no trait.
    """
    if not traits:
        raise EvaluationError("The persona has no traits, so nothing can be measured. Add some.")
    phrases = {name: tuple(listed) for name, listed in traits.items()}
    definition = digest(canonical({name: list(listed) for name, listed in phrases.items()}))
    return Criterion(IN_CHARACTER, f"{PERSONA_SOURCE}+{definition[:12]}", traits=phrases)
