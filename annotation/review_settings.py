"""What a campaign's reviewers are asked about: a tone with its scale, or a persona's traits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScalePoint:
    """A point of a rating scale: its value (0 to 10), its name, and a text that sounds like it."""

    value: int
    label: str
    example: str = ""


@dataclass(frozen=True)
class StyleRule:
    """One thing a writer does to reach the tone, on a text before and after."""

    do: str
    before: str
    after: str


@dataclass(frozen=True)
class TraitLabel:
    """A trait of a persona, and what shows it."""

    name: str
    meaning: str = ""


@dataclass(frozen=True)
class ReviewSettings:
    """What reviewers are told and asked in one campaign.

    Attributes:
        subject: The tone's or persona's name, as people read it.
        description: What it is, in a sentence or two.
        scale_question: The question that the scale answers.
        scale: The points of the tone's scale, lowest first; none leaves the question out.
        style_rules: What writers do to reach the tone.
        traits: The persona's traits; none leaves the question out.
        grounded: Whether a text must say what its passage says.
        overlap: Reviewers each record needs before Argilla counts it as done.
        vector: Dimensions of the sentence vectors that “find similar” uses, None for none.
        measures: Names of measures that come as metadata, to filter and sort by.
        adjudication: Whether reviewers see what others said, as an adjudicator of ties does.
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
