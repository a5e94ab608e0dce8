"""The possible values of record fields, such as chat roles and dataset splits."""

from enum import StrEnum


class CandidateKind(StrEnum):
    """The type of a generated text, such as a conversation or a document."""

    CONVERSATION = "conversation"
    STATEMENT = "statement"
    DIALOGUE = "dialogue"
    DOCUMENT = "document"


class Role(StrEnum):
    """The role of a message's author in a chat."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class ReviewerKind(StrEnum):
    """Whether a reviewer is a person or a written rule that stands in for a person."""

    PERSON = "person"
    RULE = "rule"


class ReviewStatus(StrEnum):
    """Whether a reviewer submitted an answer or discarded the record."""

    SUBMITTED = "submitted"
    DISCARDED = "discarded"


class Decision(StrEnum):
    """The outcome of a record's reviews."""

    APPROVE = "approve"
    REJECT = "reject"
    TIE = "tie"


class Split(StrEnum):
    """The split of an example; all examples from the same article are in the same split."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class PairSource(StrEnum):
    """Where a preference between two answers comes from.

    EDIT is a reviewer's approved edit over the text before it. VERDICT is an approved candidate
    over a rejected one with the same prompt. REWRITE is an approved rewrite over the plain answer
    from which it was rewritten. VOTE is a model's answer that reviewers preferred to another one.
    """

    EDIT = "edit"
    VERDICT = "verdict"
    REWRITE = "rewrite"
    VOTE = "vote"


class EventKind(StrEnum):
    """The kinds of changes that can happen to a record after it is created."""

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
