"""A tone of voice as a file: what it is, how it is judged, how a text is brought into it."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from db.records import canonical, digest, plain
from pipelines.form import FormError, read_form
from pipelines.prompting import prompt_names
from pipelines.teachers.phrases import faults


@dataclass(frozen=True)
class Anchor:
    """A point of the scale people rate on: what a text with this value sounds like."""

    value: int
    label: str
    example: str


@dataclass(frozen=True)
class Scale:
    """The question people rate a text by, and what its values mean, lowest first."""

    question: str
    anchors: tuple[Anchor, ...]


@dataclass(frozen=True)
class Guideline:
    """One thing to do, shown on a text before and after."""

    do: str
    plain: str
    rewritten: str


@dataclass(frozen=True)
class TonePrompts:
    """The prompt files, as name.vN: for the question, the plain answer, the answer in the tone."""

    question: str = "question.v1"
    plain: str = "plain_answer.v1"
    answer: str = "tone_answer.v1"


@dataclass(frozen=True)
class Measures:
    """The measures that show the tone in numbers, and the language they are made for."""

    names: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True)
class TargetBound:
    """A measure with the lowest and the highest value that is still in the tone."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True)
class Target:
    """When an answer counts as being in the tone: within every bound, with so many of the signs.

    A sign is a measure that is above 0.
    """

    bounds: tuple[TargetBound, ...] = ()
    signs: int = 0
    signs_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class TonePhrases:
    """What the offline teacher rewrites with: which moves it makes, and its stock of phrases.

    The shares are the parts of the answers, from 0 to 1, that get a phrase of the kind.
    """

    moves: tuple[str, ...] = ()
    openers: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    opener_share: float = 0.0
    link_share: float = 0.0
    question_share: float = 0.0


@dataclass(frozen=True)
class Tone:
    """A tone of voice; its fingerprint changes with anything that could change a text."""

    name: str
    description: str
    system: str
    scale: Scale
    guidelines: tuple[Guideline, ...]
    language: str = "en"
    prompts: TonePrompts = field(default_factory=TonePrompts)
    measures: Measures = field(default_factory=Measures)
    target: Target = field(default_factory=Target)
    phrasebook: TonePhrases = field(default_factory=TonePhrases)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON of the whole tone."""
        return digest(canonical(plain(self)))


MOVES = ("lead_ins", "split", "address", "plain_words", "contract")


def load_tone(path: Path | str) -> Tone:
    """The tone a file describes.

    Raises `FormError` naming the first thing that is wrong with the file.
    """
    tone = read_form(Tone, Path(path))
    if wrong := _wrong(tone):
        raise FormError(f"{path}: {wrong[0]}")
    return tone


def _wrong(tone: Tone) -> list[str]:
    known = prompt_names()
    prompts = (tone.prompts.question, tone.prompts.plain, tone.prompts.answer)
    values = [anchor.value for anchor in tone.scale.anchors]
    phrases = tone.phrasebook.openers + tone.phrasebook.links + tone.phrasebook.questions
    shares = (
        tone.phrasebook.opener_share,
        tone.phrasebook.link_share,
        tone.phrasebook.question_share,
    )
    return [
        *(
            f"no prompt file is called “{p}”: there is {', '.join(known)}"
            for p in prompts
            if p not in known
        ),
        *(
            ["the scale needs at least two anchors, with rising values"]
            if len(values) < 2 or values != sorted(set(values))
            else []
        ),
        *([] if tone.name.strip() else ["there is no name: say one"]),
        *([] if tone.guidelines else ["there is no guideline: say at least one thing to do"]),
        *(
            f"“{m}” is no move of the phrasebook: there is {', '.join(MOVES)}"
            for m in tone.phrasebook.moves
            if m not in MOVES
        ),
        *(f"the share {s} is not between 0 and 1" for s in shares if not 0 <= s <= 1),
        *(fault for phrase in phrases for fault in faults(phrase, {"topic"})),
    ]


def check_tone(path: Path | str) -> list[str]:
    """What is wrong with a tone file, in sentences; empty when nothing is."""
    try:
        return _wrong(read_form(Tone, Path(path)))
    except FormError as error:
        return [str(error)]
