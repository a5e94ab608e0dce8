"""The nouns that pass between the stages, each named by the hash of its content.

Every record is a frozen dataclass. Its id is the SHA-256 of the canonical JSON (RFC 8785) of its
identity fields, so that a stage run twice makes the same records twice and the store keeps one.
Fields made with `non_identity` (titles, counts, times) travel with a record but aren't in its id.
What happens to a record later (a run finishes, a review is deleted) is an `Event` about it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypeAlias

# The stages see this module only, so what they need of a record's naming is had from here.
from db.identity import (
    Record as Record,
)
from db.identity import (
    canonical as canonical,
)
from db.identity import (
    digest as digest,
)
from db.identity import (
    field_names as field_names,
)
from db.identity import (
    non_identity as non_identity,
)
from db.identity import (
    plain as plain,
)


class CandidateKind(StrEnum):
    """What a generated text is meant to teach, and so which form it has."""

    CONVERSATION = "conversation"
    STATEMENT = "statement"
    DIALOGUE = "dialogue"
    DOCUMENT = "document"


class Role(StrEnum):
    """Who speaks a message of a chat."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class ReviewerKind(StrEnum):
    """Who made a review: a person, or a written rule that stands in for one."""

    PERSON = "person"
    RULE = "rule"


class ReviewStatus(StrEnum):
    """Whether a reviewer answered a record or set it aside."""

    SUBMITTED = "submitted"
    DISCARDED = "discarded"


class Decision(StrEnum):
    """What the reviews of one record come to."""

    APPROVE = "approve"
    REJECT = "reject"
    TIE = "tie"


class Split(StrEnum):
    """The side of a version an example is on; a source article is on one side only."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class EventKind(StrEnum):
    """What can happen to a record after it was made."""

    SUBMITTED = "submitted"
    DELETED = "deleted"
    PUSHED = "pushed"
    FROZEN = "frozen"
    WITHDRAWN = "withdrawn"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    COMPARED = "compared"
    PROMOTED = "promoted"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a text was generated.

    `prompts` are the prompt files used, as `name.vN`; `teacher` is the string that names the
    model; `parameters` is the canonical JSON of its sampling parameters.
    """

    prompts: tuple[str, ...]
    teacher: str
    parameters: str
    seed: int


@dataclass(frozen=True, slots=True)
class Span:
    """A marked part of a text: character offsets [start, end) and what was said of it."""

    start: int
    end: int
    label: str


AnswerValue: TypeAlias = str | int | tuple[str, ...] | tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reviewer said to one question."""

    question: str
    value: AnswerValue


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the bounds of its confidence interval (95 % unless said otherwise)."""

    low: float
    estimate: float
    high: float


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition a version must meet: what was found, what was expected, what to do."""

    name: str
    passed: bool
    found: str
    expected: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(Record):
    """A text taken in from a source, at one revision; `digest` is that of its source text."""

    url: str
    revision: str
    digest: str
    title: str = non_identity("")
    source: str = non_identity("")
    licence: str = non_identity("")
    language: str = non_identity("en")
    page: str = non_identity("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage(Record):
    """A stretch of an article's plain text; `position` counts passages from 0."""

    article: str
    section: str
    position: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Record):
    """A generated text that people are to judge.

    Conversations and dialogues have `messages`, statements and documents have `text`. A
    conversation also has its `question` and `reference`, the plain answer before the rewrite.
    """

    campaign: str
    kind: CandidateKind
    provenance: Provenance
    messages: tuple[Message, ...] = ()
    text: str = ""
    question: str = ""
    reference: str = ""
    passage: str | None = None
    persona: str | None = None
    traits: tuple[str, ...] = ()
    input_tokens: int = non_identity(0)
    output_tokens: int = non_identity(0)

    @property
    def review_text(self) -> str:
        """The text that people review, checks inspect and gates measure.

        That is a conversation's answer, every turn of a dialogue, or the whole statement or
        document.
        """
        if self.kind is CandidateKind.CONVERSATION:
            return self.messages[-1].content
        return self.text or messages_to_text(self.messages)

    def approved_text(self, verdict: "Verdict") -> str:
        """The text that a verdict approves: the winning edit, or else the text as reviewed."""
        return self.review_text if verdict.text is None else verdict.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection(Record):
    """Something that was not taken further, and why.

    `subject` is a record's id or, where none was made, what the source calls it; `scope` is the
    source or campaign it was refused in; `text` keeps what was refused where no record holds it.
    """

    stored_type: ClassVar[str] = "Refusal"  # the first name of this class is in every stored id

    scope: str
    stage: str
    subject: str
    reason: str
    detail: str = ""
    text: str = non_identity("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Record):
    """One reviewer's answers about one candidate or comparison.

    `edited` is the reviewer's own version of the text, None where it was left as it was.
    A changed answer is another review of the same subject; the latest event says which counts.
    """

    subject: str
    reviewer: str
    reviewer_kind: ReviewerKind
    status: ReviewStatus
    answers: tuple[Answer, ...]
    edited: str | None = None
    dataset: str = non_identity("")
    submitted_at: str = non_identity("")

    def answer(self, question: str) -> AnswerValue | None:
        """What was said to a question, None where it was left open."""
        return next((a.value for a in self.answers if a.question == question), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """What the reviews of one subject come to under a rule; `text` is the edit that wins."""

    subject: str
    decision: Decision
    rule: str
    reviews: tuple[str, ...]
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Record):
    """An approved text as it is trained on or tested with; its hash is a leaf of its version."""

    candidate: str
    verdict: str
    kind: CandidateKind
    split: Split
    messages: tuple[Message, ...] = ()
    text: str = ""
    question: str = ""
    reference: str = ""
    passage: str | None = None
    article: str | None = None
    persona: str | None = None
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Record):
    """An immutable set of examples; its id is the Merkle root over their ids."""

    root: str
    name: str = non_identity("")
    campaign: str = non_identity("")
    salt: str = non_identity("")
    train: int = non_identity(0)
    validation: int = non_identity(0)
    test: int = non_identity(0)
    reviewer_kinds: tuple[str, ...] = non_identity(())
    gates: tuple[Gate, ...] = non_identity(())
    override: str = non_identity("")

    @property
    def id(self) -> str:
        """The Merkle root."""
        return self.root


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Record):
    """One training of an adapter: a version, a base model and a configuration.

    `config` is canonical JSON. What the run met and measured (device, libraries, losses, times)
    stands in its events.
    """

    version: str
    base: str
    base_fingerprint: str
    config: str
    seed: int
    folder: str = non_identity("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Record):
    """What a model answered to a held-out example.

    `arm` names the condition (base, prompted, tuned); `run` is the adapter's, None without one;
    `prompt` is the example's id; `generation` is canonical JSON of model and decoding settings.
    """

    prompt: str
    arm: str
    run: str | None
    messages: tuple[Message, ...]
    text: str
    generation: str
    seed: int
    output_tokens: int = non_identity(0)
    seconds: float = non_identity(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Record):
    """Two outputs to the same prompt, put before people as A (`left`) and B (`right`)."""

    campaign: str
    prompt: str
    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Record):
    """A number about a record; `source` names the measure's definition and version."""

    subject: str
    name: str
    source: str
    value: float = non_identity(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPosition(Record):
    """How far a source file has been read: a byte offset, or None once it was read to its end.

    `source_fingerprint` identifies one state of the file, so a changed file is read from its start.
    """

    source_fingerprint: str
    offset: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """Something that happened to a record: `at` is ISO 8601 in UTC, `detail` canonical JSON."""

    subject: str
    kind: EventKind
    at: str
    detail: str = "{}"


def messages_to_text(messages: tuple[Message, ...]) -> str:
    """A chat as text that a person can edit in one box: `User: …`, `Assistant: …`, blank lines."""
    return "\n\n".join(f"{m.role.value.capitalize()}: {m.content}" for m in messages)


_ROLES = frozenset(role.value for role in Role)


def text_to_messages(text: str) -> tuple[Message, ...]:
    """A chat read back from its text form.

    Raises `ValueError` if a turn has no speaker or is empty, or if the turns do not alternate
    between user and assistant (after an optional system turn) and end with the assistant.
    """
    messages: list[Message] = []
    for line in text.strip().splitlines():
        name, colon, rest = line.partition(":")
        if colon and name.strip().lower() in _ROLES:
            messages.append(Message(Role(name.strip().lower()), rest.strip()))
        elif messages:
            last = messages.pop()
            messages.append(Message(last.role, f"{last.content}\n{line}".rstrip()))
        elif line.strip():
            raise ValueError(f"found a dialogue that opens with “{line[:40]}”, expected “User:”")
    _check_turns(messages)
    return tuple(Message(m.role, m.content.strip()) for m in messages)


def _check_turns(messages: list[Message]) -> None:
    turns = messages[1:] if messages and messages[0].role is Role.SYSTEM else messages
    expected = [Role.USER, Role.ASSISTANT] * (len(turns) // 2)
    if not turns or [m.role for m in turns] != expected:
        found = ", ".join(m.role for m in messages) or "no turn"
        raise ValueError(
            f"found the turns {found}, expected user and assistant in turn, the assistant last"
        )
    if not all(m.content.strip() for m in messages):
        raise ValueError("found an empty turn, expected each turn to say something")
