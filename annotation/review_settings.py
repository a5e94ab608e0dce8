"""The review settings of a campaign: a tone with a rating scale, or a persona with traits."""

from dataclasses import dataclass

NO_TRAIT = "none"
"""The answer to the trait question if the text shows none of the traits."""


@dataclass(frozen=True)
class ScalePoint:
    """A point on a rating scale: a value from 0 to 10, a name and an example text."""

    value: int
    label: str
    example: str = ""


@dataclass(frozen=True)
class StyleRule:
    """A rule that writers follow to achieve the tone, with an example before and after."""

    do: str
    before: str
    after: str


@dataclass(frozen=True)
class TraitLabel:
    """A trait of a persona, and how it shows in a text."""

    name: str
    meaning: str = ""


@dataclass(frozen=True)
class ReviewSettings:
    """What the reviewers of a campaign see and answer.

    Attributes:
        subject: The name of the tone or persona.
        description: A description of the tone or persona in one or two sentences.
        scale_question: The question that reviewers answer with the rating scale.
        scale: The points of the tone's scale, lowest first. If empty, the question is omitted.
        style_rules: The rules that writers follow to achieve the tone.
        traits: The traits of the persona. If empty, the question is omitted.
        grounded: Whether the passage must contain all facts in the text.
        overlap: The number of reviewers per record.
        vector: The dimensions of the sentence vectors for “find similar”, or None for no vectors.
        measures: The names of the measures in the metadata, for filtering and sorting.
        adjudication: Whether to show the reviewers' answers, which only an adjudicator needs.
    """

    subject: str
    description: str = ""
    scale_question: str = "How close is it to the tone?"
    scale: tuple[ScalePoint, ...] = ()
    style_rules: tuple[StyleRule, ...] = ()
    traits: tuple[TraitLabel, ...] = ()
    grounded: bool = True
    overlap: int = 2
    vector: int | None = None
    measures: tuple[str, ...] = ()
    adjudication: bool = False

    @property
    def ratings(self) -> tuple[int, ...]:
        """The values on the tone's scale, lowest first."""
        return tuple(point.value for point in self.scale)
