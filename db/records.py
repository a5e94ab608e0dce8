"""The records that the stages exchange, each identified by a hash of its content.

Every record is a frozen dataclass. A record's id is the SHA-256 of the canonical JSON (RFC 8785) of
its identity fields. If a stage is run twice, it creates records with the same ids, so the store
keeps only one copy of each. Fields declared with `non_identity` (titles, counts, times) aren't part
of the id. Later changes, such as a finished run or a deleted review, are stored as `Event` records.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

# Stages may import only this db module, so it re-exports these names.
from db.dialogues import TURN_BREAK as TURN_BREAK
from db.dialogues import find_opening as find_opening
from db.identity import Record as Record
from db.identity import canonical as canonical
from db.identity import digest as digest
from db.identity import non_identity as non_identity
from db.identity import optional as optional
from db.identity import plain as plain
from db.kinds import CandidateKind as CandidateKind
from db.kinds import Decision as Decision
from db.kinds import EventKind as EventKind
from db.kinds import PairSource as PairSource
from db.kinds import ReviewerKind as ReviewerKind
from db.kinds import ReviewStatus as ReviewStatus
from db.kinds import Role as Role
from db.kinds import Split as Split


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat; an assistant turn isn't trained on if `has_loss` is False."""

    role: Role
    content: str
    has_loss: bool = optional(True)


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a text was generated: the prompt files (`name.vN`), the model and the settings (JSON)."""

    prompts: tuple[str, ...]
    teacher: str
    parameters: str
    seed: int


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled part of a text between the character offsets `start` and `end` (exclusive)."""

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
    """An estimate with its confidence interval (95 % unless stated otherwise)."""

    low: float
    estimate: float
    high: float


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition that a version must meet, with the required and actual values and a remedy."""

    name: str
    passed: bool
    found: str  # the actual value; stored versions use this key in their JSON
    expected: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(Record):
    """One revision of a source text; `digest` is a hash of that text."""

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
    """A part of an article's plain text; `position` is its index among all parts, from 0."""

    article: str
    section: str
    position: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Record):
    """A generated text for people to review.

    Conversations and dialogues use `messages`; statements and documents use `text`. In a
    conversation, `question` is the user's question, and `reference` is the original answer, before
    it was rewritten.
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
        """The text to review: a conversation's answer, or the whole text of any other candidate."""
        if self.kind is CandidateKind.CONVERSATION:
            return self.messages[-1].content
        return self.text or messages_to_text(self.messages).replace(find_opening(self), "", 1)

    def approved_text(self, verdict: "Verdict") -> str:
        """The text that a verdict approves: the winning edit or, if none, the reviewed text."""
        return self.review_text if verdict.text is None else verdict.text

    def as_approved(self, verdict: "Verdict") -> "Candidate":
        """Apply a verdict's edit to the answer of a conversation, but not to other candidates."""
        if verdict.text is None or self.kind is not CandidateKind.CONVERSATION:
            return self
        *context, answer = self.messages
        return replace(self, messages=(*context, replace(answer, content=verdict.text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection(Record):
    """A rejected article, passage or candidate, with the reason for the rejection.

    `subject` is the id of the rejected record or, if it was never stored, its name in the source.
    `scope` is the source or campaign in which the record was rejected. `text` is the rejected text,
    unless a stored record already contains it.
    """

    stored_type: ClassVar[str] = "Refusal"  # every stored id is based on this former class name

    scope: str
    stage: str
    subject: str
    reason: str
    detail: str = ""
    text: str = non_identity("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Record):
    """One reviewer's answers about one candidate or comparison.

    `edited` is the reviewer's edit of the text, or None. If a reviewer changes an answer, a new
    review of the same subject is stored, and the latest event decides which review counts.
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
        """The answer to a question, or None if the reviewer didn't answer it."""
        return next((a.value for a in self.answers if a.question == question), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """A rule's decision about a record; `text` is the selected edit of a reviewer, if any."""

    subject: str
    decision: Decision
    rule: str
    reviews: tuple[str, ...]
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Record):
    """An approved text for training or testing; its id is a leaf in a version's Merkle tree."""

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
class Pair(Record):
    """A preferred and a rejected answer to one prompt; its id is a leaf in a version's Merkle tree.

    `chosen_from` and `rejected_from` are the ids of the outputs (if the source is a vote) or of the
    candidates that the answers come from. They are equal for an edit or a rewrite. `support` is the
    number of `reviews` that agree with the preference.
    """

    source: PairSource
    split: Split
    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    chosen_from: str
    rejected_from: str
    reviews: tuple[str, ...]
    reviewers: tuple[str, ...]
    reviewer_kinds: tuple[str, ...]
    support: int
    comparison: str | None = None
    passage: str | None = None
    article: str | None = None
    persona: str | None = None
    traits: tuple[str, ...] = ()

    @property
    def agreement(self) -> float:
        """The share of reviews that agree with the preference."""
        return self.support / len(self.reviews)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Record):
    """An immutable set of examples and preference pairs; its id is the Merkle root of their ids."""

    root: str
    name: str = non_identity("")
    campaign: str = non_identity("")
    salt: str = non_identity("")
    train: int = non_identity(0)
    validation: int = non_identity(0)
    test: int = non_identity(0)
    pairs: int = non_identity(0)
    reviewer_kinds: tuple[str, ...] = non_identity(())
    gates: tuple[Gate, ...] = non_identity(())
    override: str = non_identity("")

    @property
    def id(self) -> str:
        """The Merkle root of the ids of the examples and pairs."""
        return self.root

    @property
    def split_sizes(self) -> dict[Split, int]:
        """The number of examples in each split."""
        return {Split.TRAIN: self.train, Split.VALIDATION: self.validation, Split.TEST: self.test}

    @property
    def split_counts(self) -> str:
        """The number of examples in each split, as text."""
        return ", ".join(f"{count} {split}" for split, count in self.split_sizes.items())

    @property
    def override_notice(self) -> str:
        """A sentence on which gates failed and why that was accepted, or "" if no gates failed."""
        failed = ", ".join(gate.name for gate in self.gates if not gate.passed) or "unknown"
        return f"Frozen although gates failed ({failed}): {self.override}" if self.override else ""

    @property
    def reviewers(self) -> str:
        """A description of who reviewed the examples: people, written rules, or nobody."""
        words = {"person": "people", "rule": "written rules (not people)"}
        return " and ".join(words[kind] for kind in self.reviewer_kinds) or "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Record):
    """A training run, defined by a version, a base model and a configuration.

    `config` is canonical JSON. The device, library versions, losses and timings of a run are stored
    in its events.
    """

    version: str
    base: str
    base_fingerprint: str
    config: str
    seed: int
    folder: str = non_identity("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Record):
    """A model's answer to a held-out example; `prompt` is the id of that example.

    `arm` is the experimental condition (base, prompted or tuned), `run` is the id of the training
    run, if any, and `generation` stores the model and decoding settings as canonical JSON.
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
    """Two outputs for the same prompt, shown to reviewers as A (`left`) and B (`right`)."""

    campaign: str
    prompt: str
    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Record):
    """A numeric metric of a record; `source` is the name and version of the metric's definition."""

    subject: str
    name: str
    source: str
    value: float = non_identity(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPosition(Record):
    """How far a file has been read: a byte offset, or None if the whole file has been read.

    `source_fingerprint` identifies the file by its content.
    """

    source_fingerprint: str
    offset: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """A change to a record's state; `at` is ISO 8601 in UTC, and `detail` is canonical JSON."""

    subject: str
    kind: EventKind
    at: str
    detail: str = "{}"


def messages_to_text(messages: tuple[Message, ...]) -> str:
    """Format a chat as editable text: `User: …` and `Assistant: …`, separated by blank lines."""
    return "\n\n".join(f"{m.role.value.capitalize()}: {m.content}" for m in messages)
