"""The review settings of a campaign: a tone with a rating scale, or a persona with traits."""

from dataclasses import dataclass
from enum import StrEnum

NO_TRAIT = "none"
"""The answer to the trait question if the text shows none of the traits."""


class Basis(StrEnum):
    """The source with which reviewers compare the facts in a text.

    Each basis has its own Argilla dataset, because Argilla asks the same questions about every
    record of a dataset.
    """

    PASSAGE = "passages"
    ORIGINAL = "rewrites"
    NOTHING = "chats"


@dataclass(frozen=True)
class ScalePoint:
    """A point on a rating scale: a value from 0 to 10, a name and an example text."""

    value: int
    label: str
    example: str = ""


@dataclass(frozen=True)
class StyleRule:
    """A writing rule for the tone, with an example of a text before and after applying the rule."""

    do: str
    before: str
    after: str


@dataclass(frozen=True)
class TraitLabel:
    """A trait of a persona, with a description of how it appears in a text."""

    name: str
    meaning: str = ""


@dataclass(frozen=True)
class ReviewSettings:
    """Settings that determine what reviewers see and which questions they answer.

    Attributes:
        subject: The name of the tone or persona.
        description: A description of the tone or persona in one or two sentences.
        scale_question: The question that reviewers answer with the rating scale.
        scale: The points of the tone scale, lowest first. If there are none, reviewers aren't asked
            to rate the tone.
        style_rules: The writing rules for the tone.
        traits: The traits of the persona. If there are none, reviewers aren't asked about traits.
        basis: The source of the facts in a text: a passage, the answer that the text rewrites, or
            nothing.
        overlap: The number of reviewers per record.
        vector: The number of dimensions of the sentence vectors for “find similar”, or None to
            store no vectors.
        measures: The names of the measures to store as metadata, by which reviewers can filter and
            sort records.
        adjudication: Whether the dataset is for the adjudicator, who sees the reviewers' answers.
    """

    subject: str
    description: str = ""
    scale_question: str = "How close is it to the tone?"
    scale: tuple[ScalePoint, ...] = ()
    style_rules: tuple[StyleRule, ...] = ()
    traits: tuple[TraitLabel, ...] = ()
    basis: Basis = Basis.PASSAGE
    overlap: int = 2
    vector: int | None = None
    measures: tuple[str, ...] = ()
    adjudication: bool = False

    @property
    def is_grounded(self) -> bool:
        """Whether reviewers compare the facts in a text with a source."""
        return self.basis is not Basis.NOTHING

    @property
    def source_noun(self) -> str:
        """The name that review questions use for the source of the facts."""
        return "original answer" if self.basis is Basis.ORIGINAL else "passage"

    @property
    def ratings(self) -> tuple[int, ...]:
        """The values on the tone scale, lowest first."""
        return tuple(point.value for point in self.scale)
