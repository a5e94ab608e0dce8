"""What answers are meant to be: in a tone, by bounds its file states, or in a persona's character.

An aim turns a text into the measures that show it. Its `feature` is the one that counts an answer
as right, always a rule over several features, so that no single one can be gamed.
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
    """A feature of tone with the lowest and the highest value that is still right."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, measures: Mapping[str, float]) -> bool:
        """Whether the measures of a text are within the bound."""
        value = measures[self.measure]
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    @property
    def words(self) -> str:
        """The bound as people read it."""
        sides = (("at least", self.at_least), ("at most", self.at_most))
        said = " and ".join(f"{word} {value:g}" for word, value in sides if value is not None)
        return f"{_BY_NAME[self.measure].label.lower()} of {said}"


@dataclass(frozen=True)
class Criterion:
    """A target with its measures: `traits` has a persona's phrases, and is empty for a tone."""

    feature: Feature
    source: str
    bounds: tuple[Bound, ...] = ()
    signs: int = 0
    signs_of: tuple[str, ...] = ()
    traits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def trait_features(self) -> tuple[Feature, ...]:
        """A feature for each trait."""
        return trait_features(tuple(self.traits))

    def measure(self, text: str) -> dict[str, float]:
        """Every feature of tone, the target and the traits, by their names."""
        tone = tone_measures(text)
        if self.traits:
            return tone | persona_measures(text, self.traits)
        shown = sum(tone[sign] > 0 for sign in self.signs_of)
        right = shown >= self.signs and all(bound.holds(tone) for bound in self.bounds)
        return tone | {self.feature.name: float(right)}

    def source_of(self, name: str) -> str:
        """The definition that gave a measure: that of the aim, or that of the features of tone."""
        return TONE_SOURCE if name in _BY_NAME else self.source


def tone_criterion(
    name: str, bounds: Sequence[Bound], signs: int = 0, signs_of: Sequence[str] = ()
) -> Criterion:
    """The aim of a tone: within all bounds, and showing so many of the listed signs.

    Raises `EvaluationError` if there is no bound, a measure is not one, or more signs are asked
    for than listed.
    """
    asked = [*signs_of, *(bound.measure for bound in bounds)]
    unknown = [measure for measure in asked if measure not in _BY_NAME]
    if unknown:
        raise EvaluationError(
            f"found the measure “{unknown[0]}” in the target of “{name}”, expected one of "
            f"{', '.join(_BY_NAME)}"
        )
    if not bounds or not 0 <= signs <= len(signs_of):
        raise EvaluationError(
            f"found {len(bounds)} bounds and {signs} of {len(signs_of)} signs in the target of "
            f"“{name}”, expected a bound at least and no more signs than are listed; state them"
        )
    rule = [*([_signs_in_words(signs, signs_of)] if signs else []), *(b.words for b in bounds)]
    said = f"An answer counts as {name} when it has {'; '.join(rule)}."
    feature = Feature(name, name.replace("-", " ").capitalize(), said, share=True)
    mark = digest(canonical([[b.measure, b.at_least, b.at_most] for b in bounds]))
    own = digest(f"{mark}{signs}{','.join(signs_of)}")
    return Criterion(feature, f"{TONE_SOURCE}+{own[:12]}", tuple(bounds), signs, tuple(signs_of))


def _signs_in_words(signs: int, signs_of: Sequence[str]) -> str:
    listed = ", ".join(_BY_NAME[sign].label.lower() for sign in signs_of)
    return f"at least {signs} of the {len(signs_of)} signs ({listed})"


def persona_criterion(traits: Mapping[str, Sequence[str]]) -> Criterion:
    """The aim of a persona: two of its traits or more, each by a word or phrase of its list.

    Raises `EvaluationError` if there is no trait.
    """
    if not traits:
        raise EvaluationError("found no trait, expected a persona with one or more; add some")
    lists = {name: tuple(listed) for name, listed in traits.items()}
    own = digest(canonical({name: list(listed) for name, listed in lists.items()}))
    return Criterion(IN_CHARACTER, f"{PERSONA_SOURCE}+{own[:12]}", traits=lists)
