"""The records that pass between the stages, each identified by the hash of its content.

Every record is a frozen dataclass. Its id is the SHA-256 of the canonical JSON (RFC 8785) of its
identity fields, so running a stage twice creates the same records twice and the store keeps one.
Fields made with `non_identity` (titles, counts, times) aren't part of the id. Later changes (a run
finishes, a review is deleted) are `Event` records.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, TypeAlias

# The stages may import only this module of db, so it re-exports these names.
from db.identity import Record as Record
from db.identity import canonical as canonical
from db.identity import digest as digest
from db.identity import non_identity as non_identity
from db.identity import optional as optional
from db.identity import plain as plain


class CandidateKind(StrEnum):
    """The form of a generated text."""

    CONVERSATION = "conversation"
    STATEMENT = "statement"
    DIALOGUE = "dialogue"
    DOCUMENT = "document"


class Role(StrEnum):
    """The speaker of a chat message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class ReviewerKind(StrEnum):
    """Who reviewed: a person, or a written rule that stands in for one."""

    PERSON = "person"
    RULE = "rule"


class ReviewStatus(StrEnum):
    """Whether a reviewer answered or discarded a record."""

    SUBMITTED = "submitted"
    DISCARDED = "discarded"


class Decision(StrEnum):
    """The outcome of one record's reviews."""

    APPROVE = "approve"
    REJECT = "reject"
    TIE = "tie"


class Split(StrEnum):
    """A split of a version; all examples from one article are in the same split."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class EventKind(StrEnum):
    """What can happen to a record after its creation."""

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
    """One turn of a chat; an assistant's turn without loss isn't learned in training."""

    role: Role
    content: str
    has_loss: bool = optional(True)


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a text was generated: prompt files as `name.vN`, the model, and its settings as JSON."""

    prompts: tuple[str, ...]
    teacher: str
    parameters: str
    seed: int


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled part of a text, at the character offsets [start, end)."""

    start: int
    end: int
    label: str


AnswerValue: TypeAlias = str | int | tuple[str, ...] | tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reviewer's answer to one question."""

    question: str
    value: AnswerValue


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its confidence interval (95 % unless stated otherwise)."""

    low: float
    estimate: float
    high: float


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition on a version: the actual and the required value, and how to meet it."""

    name: str
    passed: bool
    found: str  # the actual value; stored versions have this key in their JSON
    expected: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(Record):
    """One revision of a source text; `digest` is the hash of that text."""

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
    """A part of an article's plain text; `position` counts its passages from 0."""

    article: str
    section: str
    position: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Record):
    """A generated text for people to review.

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
        """The reviewed text: a conversation's answer, or else the whole candidate."""
        if self.kind is CandidateKind.CONVERSATION:
            return self.messages[-1].content
        return self.text or messages_to_text(self.messages)

    def approved_text(self, verdict: "Verdict") -> str:
        """The text that a verdict approves: the winning edit, or else the text as reviewed."""
        return self.review_text if verdict.text is None else verdict.text

    def as_approved(self, verdict: "Verdict") -> "Candidate":
        """This conversation with the winning edit as its answer; other kinds are unchanged."""
        if verdict.text is None or self.kind is not CandidateKind.CONVERSATION:
            return self
        *context, answer = self.messages
        return replace(self, messages=(*context, replace(answer, content=verdict.text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection(Record):
    """An article, passage or candidate that was rejected, with the reason.

    `subject` is the rejected record's id or, without a record, its name in the source; `scope` is
    the source or campaign; `text` is the rejected text if no record holds it.
    """

    stored_type: ClassVar[str] = "Refusal"  # the class's old name is part of every stored id

    scope: str
    stage: str
    subject: str
    reason: str
    detail: str = ""
    text: str = non_identity("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Record):
    """One reviewer's answers about one candidate or comparison.

    `edited` is the reviewer's edit of the text, None without one. A changed answer is another
    review of the same subject; the latest event decides which one counts.
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
        """The answer to a question, None without one."""
        return next((a.value for a in self.answers if a.question == question), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """The decision that a rule derives from one subject's reviews; `text` is the winning edit."""

    subject: str
    decision: Decision
    rule: str
    reviews: tuple[str, ...]
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Record):
    """An approved text for training or testing; its id is a leaf of its version's Merkle tree."""

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
    """An immutable set of examples; its id is the Merkle root of their ids."""

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
        """The Merkle root of the examples' ids."""
        return self.root

    @property
    def split_sizes(self) -> dict[Split, int]:
        """The number of examples in each split."""
        return {Split.TRAIN: self.train, Split.VALIDATION: self.validation, Split.TEST: self.test}

    @property
    def split_counts(self) -> str:
        """How many examples each split has, in words."""
        return ", ".join(f"{count} {split}" for split, count in self.split_sizes.items())

    @property
    def override_notice(self) -> str:
        """Which gates failed and why the version was frozen anyway; empty if none failed."""
        failed = ", ".join(gate.name for gate in self.gates if not gate.passed) or "unknown"
        return f"Frozen although gates failed ({failed}): {self.override}" if self.override else ""

    @property
    def reviewers(self) -> str:
        """Who reviewed the examples, in words: people, written rules or nobody."""
        words = {"person": "people", "rule": "written rules (not people)"}
        return " and ".join(words[kind] for kind in self.reviewer_kinds) or "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Record):
    """One training of an adapter: a version, a base model and a configuration.

    `config` is canonical JSON. The run's events record its device, libraries, losses and timings.
    """

    version: str
    base: str
    base_fingerprint: str
    config: str
    seed: int
    folder: str = non_identity("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Record):
    """A model's answer to a held-out example, whose id is `prompt`.

    `arm` is the condition (base, prompted, tuned), `run` the adapter's run if there is one, and
    `generation` the canonical JSON of model and decoding settings.
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
    """Two outputs for the same prompt, shown to people as A (`left`) and B (`right`)."""

    campaign: str
    prompt: str
    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Record):
    """A number about a record; `source` names the definition of the measure and its version."""

    subject: str
    name: str
    source: str
    value: float = non_identity(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPosition(Record):
    """The byte up to which a file with this content was read, None if it was read to its end."""

    source_fingerprint: str
    offset: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """A change of a record's state; `at` is ISO 8601 in UTC, `detail` canonical JSON."""

    subject: str
    kind: EventKind
    at: str
    detail: str = "{}"


def messages_to_text(messages: tuple[Message, ...]) -> str:
    """A chat as text to edit: turns as `User: …` and `Assistant: …`, separated by blank lines."""
    return "\n\n".join(f"{m.role.value.capitalize()}: {m.content}" for m in messages)
