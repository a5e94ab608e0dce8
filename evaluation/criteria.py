"""Criteria that define correct answers, using bounds on tone features or a persona's traits.

A criterion combines several features, so that a model can't meet it by optimising only one of them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from db.records import canonical, digest
from evaluation.errors import EvaluationError
from evaluation.measures.persona import (
    IN_CHARACTER,
    PERSONA_SOURCE,
    persona_measures,
    trait_features,
)
from evaluation.measures.tone import (
    ENGLISH_ONLY,
    FEATURES,
    TONE_SOURCE,
    Feature,
    tone_measures,
)
from evaluation.scorers.criteria import Criteria

NO_CRITERIA = Criteria()
_BY_NAME = {feature.name: feature for feature in FEATURES}


@dataclass(frozen=True)
class Bound:
    """The lowest and highest value of a tone feature that a correct answer may have."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, measures: Mapping[str, float]) -> bool:
        """Return whether a text's measures are within this bound."""
        value = measures[self.measure]
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    @property
    def description(self) -> str:
        """Describe the bound in words, such as `reading ease of at least 30`."""
        limits = (("at least", self.at_least), ("at most", self.at_most))
        text = " and ".join(f"{word} {value:g}" for word, value in limits if value is not None)
        return f"{_BY_NAME[self.measure].label.lower()} of {text}"


@dataclass(frozen=True)
class Criterion:
    """A rule that decides which answers are correct, based on bounds and signs or on traits.

    `source` identifies the criterion's definition, because measures from different definitions
    can't be compared. `rules` are additional requirements from the `[criteria]` section, all of
    which a text must meet.
    """

    feature: Feature
    source: str
    bounds: tuple[Bound, ...] = ()
    signs: int = 0
    signs_of: tuple[str, ...] = ()
    traits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: Criteria = NO_CRITERIA
    language: str = "en"

    @property
    def trait_features(self) -> tuple[Feature, ...]:
        """A feature for each trait."""
        return trait_features(tuple(self.traits))

    @property
    def part_features(self) -> tuple[Feature, ...]:
        """A feature for each trait and for each rule."""
        return self.trait_features + tuple(
            Feature(f"criterion.{name}", name.capitalize(), scorer.describe(), share=True)
            for name, scorer in self.rules.scorers.items()
        )

    def measure(self, text: str) -> dict[str, float]:
        """Measure a text, and return its tone features, target, traits and rule results by name."""
        tone = tone_measures(text, self.language)
        scores = dict(self.rules.scores(text, self.language))
        parts = {f"criterion.{name}": float(score.is_met) for name, score in scores.items()}
        is_right = all(score.is_met for score in scores.values())
        if self.traits:
            traits = persona_measures(text, self.traits)
            traits[self.feature.name] *= is_right
            return tone | traits | parts
        signs = sum(tone[sign] > 0 for sign in self.signs_of)
        is_right = is_right and signs >= self.signs
        is_right = is_right and all(bound.is_met(tone) for bound in self.bounds)
        return tone | parts | {self.feature.name: float(is_right)}

    def find_problems(self, text: str) -> list[str]:
        """What a text lacks to meet the criterion, in words; empty if it meets it."""
        tone = tone_measures(text, self.language)
        problems = [
            f"{bound.description} needed, but it is {tone[bound.measure]:.3g}"
            for bound in self.bounds
            if not bound.is_met(tone)
        ]
        signs = sum(tone[sign] > 0 for sign in self.signs_of)
        if signs < self.signs:
            problems.append(f"{signs} of at least {self.signs} signs")
        if self.traits and not persona_measures(text, self.traits)[IN_CHARACTER.name]:
            problems.append("too few of the traits' `markers`")
        scores = self.rules.scores(text, self.language)
        return problems + [score.detail for _, score in scores if not score.is_met]

    def source_of(self, name: str) -> str:
        """Return where a measure is defined: in the shared tone features or in this criterion."""
        return TONE_SOURCE if name in _BY_NAME else self.source


@dataclass(frozen=True)
class ToneTarget:
    """The `[target]` section of a tone file: bounds on features, and signs that texts must show."""

    bounds: Sequence[Bound] = ()
    signs: int = 0
    signs_of: Sequence[str] = ()

    @property
    def descriptions(self) -> list[str]:
        """Describe the required signs and each bound in words."""
        listed = ", ".join(_BY_NAME[sign].label.lower() for sign in self.signs_of)
        rule = f"at least {self.signs} of the {len(self.signs_of)} signs ({listed})"
        bounds = [bound.description for bound in self.bounds]
        return [rule, *bounds] if self.signs else bounds

    @property
    def definition(self) -> str:
        """A hash that identifies the bounds and signs of this target."""
        limits = digest(canonical([[b.measure, b.at_least, b.at_most] for b in self.bounds]))
        return digest(f"{limits}{self.signs}{','.join(self.signs_of)}")


def tone_criterion(
    name: str, target: ToneTarget, rules: Criteria = NO_CRITERIA, language: str = "en"
) -> Criterion:
    """Build a tone criterion: a text must show enough signs and keep to all bounds and rules.

    Raises `EvaluationError` if there are neither bounds nor rules, if a measure is unknown or isn't
    available in the language, or if the tone requires more signs than it lists.
    """
    problems = [*_target_problems(name, target, language), *rules.find_problems(language)]
    if not target.bounds and not rules.scorers:
        problems.append(
            f"The target of “{name}” has no bounds, so every text would meet it. Add at least one."
        )
    if problems:
        raise EvaluationError("\n".join(problems))
    parts = "; ".join([*target.descriptions, *rules.requirements])
    label = name.replace("-", " ").capitalize()
    description = f"An answer counts as {name} when it has {parts}."
    if not target.bounds:  # a tone of one's own, whose name isn't an adjective
        label = "In the tone"
        description = f"An answer is in the tone when all of this holds: {parts}."
    feature = Feature(name, label, description, share=True)
    source = f"{TONE_SOURCE}+{_define(target.definition, rules, language)[:12]}"
    signs, signs_of = target.signs, tuple(target.signs_of)
    return Criterion(
        feature,
        source,
        tuple(target.bounds),
        signs,
        signs_of,
        rules=rules,
        language=language,
    )


def _target_problems(name: str, target: ToneTarget, language: str) -> Iterator[str]:
    for measure in [*target.signs_of, *(bound.measure for bound in target.bounds)]:
        if measure not in _BY_NAME:
            yield (
                f"The target of “{name}” uses the unknown measure “{measure}”. Use one of: "
                f"{', '.join(_BY_NAME)}."
            )
        elif language != "en" and measure in ENGLISH_ONLY:
            yield (
                f"The target of “{name}” uses the measure “{measure}”, which is made for English, "
                f"but its language is “{language}”. Use [criteria] instead, such as `readability` "
                "or `person`."
            )
    if not 0 <= target.signs <= len(target.signs_of):
        yield (
            f"The target of “{name}” requires {target.signs} signs, but lists only "
            f"{len(target.signs_of)}. Lower `signs` or list more signs."
        )


def _define(definition: str, rules: Criteria, language: str) -> str:
    """Hash the definition of a criterion together with its rules and language."""
    if rules == NO_CRITERIA and language == "en":
        return definition
    content = canonical(_as_json(rules))
    return digest(f"{definition}\n{language}\n{content}")


def _as_json(rules: Criteria) -> dict[str, Any]:
    """Convert the criteria that are set to JSON values."""
    text = json.dumps(asdict(rules))
    values: dict[str, Any] = json.loads(text)
    defaults = json.loads(json.dumps(asdict(NO_CRITERIA)))
    return {name: value for name, value in values.items() if value != defaults[name]}


def persona_criterion(
    traits: Mapping[str, Sequence[str]], rules: Criteria = NO_CRITERIA, language: str = "en"
) -> Criterion:
    """Build a persona criterion, which a text meets if it shows two traits and follows all rules.

    Traits without phrases can't be measured, so they aren't part of the criterion. If no trait has
    phrases, the rules alone decide.

    Raises `EvaluationError` if there are neither phrases nor rules, or if a rule doesn't support
    the language.
    """
    traits = {name: listed for name, listed in traits.items() if listed}
    if not traits and not rules.scorers:
        raise EvaluationError(
            "No trait of the persona has `markers`, so nothing can be measured. Add some, or a "
            "[criteria] section."
        )
    if problems := rules.find_problems(language):
        raise EvaluationError("\n".join(problems))
    phrases = {name: tuple(listed) for name, listed in traits.items()}
    definition = digest(canonical({name: list(listed) for name, listed in phrases.items()}))
    source = f"{PERSONA_SOURCE}+{_define(definition, rules, language)[:12]}"
    feature = _in_character(phrases, rules)
    return Criterion(feature, source, traits=phrases, rules=rules, language=language)


def _in_character(traits: Mapping[str, Sequence[str]], rules: Criteria) -> Feature:
    requirements = "; ".join(rules.requirements)
    if not rules.scorers:
        return IN_CHARACTER
    if traits:
        description = f"{IN_CHARACTER.description} All of this must hold as well: {requirements}."
        return replace(IN_CHARACTER, description=description)
    description = (
        f"An answer meets the criteria when all of this holds: {requirements}. The persona’s "
        "traits have no `markers`, so whether an answer shows them isn’t measured."
    )
    return replace(IN_CHARACTER, label="Within the criteria", description=description)
