"""Push records to reviewers: add new records, update changed ones and leave the rest alone."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from annotation.agreement.scales import comparable, format_answer
from annotation.argilla.answer_values import EDIT_QUESTION, answer_to_argilla
from annotation.argilla.connection import MAX_IDS, Connection, Json, Server, connect
from annotation.argilla.datasets import Dataset, dataset_names, ensure_dataset, find_dataset
from annotation.argilla.html_text import escape_html
from annotation.items import CandidateItem, ComparisonItem, Suggestion
from annotation.progress import ProgressCallback, batches
from annotation.review_settings import Basis, ReviewSettings
from db.records import CandidateKind

T = TypeVar("T")
_MAX_DELETED = 100
"""Argilla deletes at most this many records at once."""


@dataclass(frozen=True)
class PushCount:
    """The number of records that a push added, left unchanged and updated."""

    new: int
    unchanged: int
    changed: int = 0

    def __add__(self, other: "PushCount") -> "PushCount":
        """Add the counts of two pushes."""
        return PushCount(
            self.new + other.new, self.unchanged + other.unchanged, self.changed + other.changed
        )


def push_candidates(
    connection: Connection,
    dataset: str,
    items: Iterable[CandidateItem],
    settings: ReviewSettings,
    on_progress: ProgressCallback | None = None,
) -> PushCount:
    """Push candidates to a dataset, which is created if it doesn't exist.

    Each record's external id is the candidate's id, and its edit question is prefilled with the
    candidate's text. A record isn't updated if only its vector has changed. The connected Argilla
    user must be an owner or an admin.

    Raises `AnnotationError` if the server can't be reached or the dataset has different questions.
    """
    with connect(connection) as server:
        from annotation.argilla.questions import (
            candidate_settings,  # loads the SDK, which takes seconds
        )

        described = ensure_dataset(server, dataset, candidate_settings(server.client, settings))
        to_record = partial(candidate_record, settings=settings, dataset=described)
        return _push(server, described, items, to_record, on_progress)


def push_comparisons(
    connection: Connection,
    dataset: str,
    items: Iterable[ComparisonItem],
    settings: ReviewSettings,
    on_progress: ProgressCallback | None = None,
) -> PushCount:
    """Push blind pairs of answers, so that reviewers can't tell which model wrote which answer.

    Raises `AnnotationError` if the server can't be reached or the dataset has different questions.
    """
    with connect(connection) as server:
        from annotation.argilla.questions import comparison_settings  # loads the SDK, too

        described = ensure_dataset(server, dataset, comparison_settings(server.client, settings))
        return _push(server, described, items, comparison_record, on_progress)


def withdraw_unanswered(
    connection: Connection, dataset: str, subjects: Iterable[str]
) -> frozenset[str]:
    """Delete the given records that nobody has answered, and return the subjects of the others.

    A push uses this function for records that belong in another dataset. If the dataset doesn't
    exist, the result is empty.
    """
    answered: set[str] = set()
    if dataset not in dataset_names(connection):
        return frozenset()
    with connect(connection) as server:
        path = f"datasets/{find_dataset(server, dataset).id}"
        for batch in batches(subjects, MAX_IDS):
            existing = server.find_records(path, "external_id", batch, include="responses")
            with_answers = {name for name, record in existing.items() if record["responses"]}
            withdrawn = [
                record["id"] for name, record in existing.items() if name not in with_answers
            ]
            for ids in batches(withdrawn, _MAX_DELETED):
                server.delete(f"{path}/records", ids=",".join(ids))
            answered |= with_answers
    return frozenset(answered)


def candidate_record(item: CandidateItem, settings: ReviewSettings, dataset: Dataset) -> Json:
    """Convert a candidate to the format of Argilla's API."""
    candidate, text = item.candidate, item.candidate.review_text
    # Only a text field lets reviewers mark what is wrong.
    is_chat_field = candidate.kind is CandidateKind.DIALOGUE and not settings.is_grounded
    fields = {
        "question": candidate.question,
        "reference": candidate.reference,
        "passage": item.passage.text if item.passage else "",
        "candidate": "" if is_chat_field else text,
        "said": item.earlier_answers if settings.adjudication else "",
        "brief": "" if settings.is_grounded else _brief(item, settings),
    }
    record: Json = {
        "external_id": candidate.id,
        "fields": _escape_fields(fields),
        "metadata": _metadata(item, text),
        "suggestions": [
            _suggestion(suggestion, text, dataset)
            # A number key clears a preselected answer, so only the text to edit is filled in.
            for suggestion in (Suggestion(EDIT_QUESTION, text, None, candidate.provenance.teacher),)
        ],
    }
    if is_chat_field:
        record["fields"]["dialogue"] = [
            {"role": m.role.value, "content": escape_html(m.content)} for m in candidate.messages
        ]
    return record | ({"vectors": {"meaning": list(item.vector)}} if item.vector else {})


def comparison_record(item: ComparisonItem) -> Json:
    """Convert a comparison to the format of Argilla's API.

    Empty texts are replaced by placeholders, because Argilla doesn't allow required fields to be
    empty.
    """
    fields = {
        "question": item.prompt_text.strip() or "(no question)",
        "left": item.left_text.strip() or "(no answer)",
        "right": item.right_text.strip() or "(no answer)",
        "passage": item.passage,
        "reference": item.reference if item.basis is Basis.ORIGINAL else "",
    }
    return {
        "external_id": item.comparison.id,
        "fields": _escape_fields(fields),
        "metadata": {},
        "suggestions": [],
    }


def _escape_fields(fields: dict[str, str]) -> Json:
    return {name: escape_html(text) for name, text in fields.items() if text}


def _brief(item: CandidateItem, settings: ReviewSettings) -> str:
    if settings.scale:
        return f"How close it is to the tone “{settings.subject}”"
    templates = {
        CandidateKind.STATEMENT: "Something {} says",
        CandidateKind.DIALOGUE: "A dialogue with {}",
        CandidateKind.DOCUMENT: "A text about {}",
        CandidateKind.CONVERSATION: "An answer {} gives",
    }
    topic = f", on {item.article.title}" if item.article and item.article.title else ""
    return templates[item.candidate.kind].format(settings.subject) + topic


def _metadata(item: CandidateItem, text: str) -> Json:
    candidate = item.candidate
    metadata: Json = {
        "article": item.article.title if item.article else "",
        "section": item.passage.section if item.passage else "",
        "kind": candidate.kind.value,
        "prompt": list(candidate.provenance.prompts),
        "teacher": candidate.provenance.teacher,
        "words": len(text.split()),
        "reviewers": list(item.reviewers),
        "uncertainty": _uncertainty(item),
        "suggested": [_describe(suggestion) for suggestion in item.suggestions],
    }
    filled = {name: value for name, value in metadata.items() if value not in ("", [], None)}
    return filled | dict(item.metadata)


def _describe(suggestion: Suggestion) -> str:
    return f"{suggestion.question}: {format_answer(comparable(suggestion.value))}"


def _uncertainty(item: CandidateItem) -> float | None:
    """Return the uncertainty (0 to 1) of the least certain suggestion, or None without scores."""
    scores = [s.score for s in item.suggestions if s.score is not None]
    return round(1 - min(scores), 4) if scores else None


def _suggestion(suggestion: Suggestion, text: str, dataset: Dataset) -> Json:
    # Argilla accepts only letters, digits and -_:./ in an agent's name, and at most 200 characters.
    agent = re.sub(r"[^a-zA-Z0-9\-_:./\s]", "-", suggestion.agent)[:200]
    return {
        "question_id": dataset.question_ids[suggestion.question],
        "value": answer_to_argilla(suggestion.value, text),
        "score": suggestion.score,
        "agent": agent if re.search("[a-zA-Z0-9]", agent) else None,
    }


def _push(
    server: Server,
    dataset: Dataset,
    items: Iterable[T],
    to_record: Callable[[T], Json],
    on_progress: ProgressCallback | None,
) -> PushCount:
    count = PushCount(0, 0)
    earlier_ids: set[str] = set()
    path = f"datasets/{dataset.id}"
    for batch in batches(items, MAX_IDS, on_progress):
        records = {record["external_id"]: record for record in map(to_record, batch)}
        unseen = {name: record for name, record in records.items() if name not in earlier_ids}
        earlier_ids.update(unseen)
        existing = server.find_records(path, "external_id", unseen, include="suggestions")
        added = [record for name, record in unseen.items() if name not in existing]
        differing = [
            unseen[name]
            for name, record in existing.items()
            if _content(unseen[name]) != _content(record)
        ]
        if added or differing:
            server.put(f"{path}/records/bulk", {"items": added + differing})
        for record in differing:
            _delete_stale_suggestions(server, existing[record["external_id"]], record)
        count += PushCount(len(added), len(existing) - len(differing), len(differing))
    return count


def _delete_stale_suggestions(server: Server, existing: Json, record: Json) -> None:
    """Delete a record's outdated suggestions, because updating the record doesn't remove them."""
    questions = {suggestion["question_id"] for suggestion in record["suggestions"]}
    stale = [s["id"] for s in existing["suggestions"] if s["question_id"] not in questions]
    if stale:
        server.delete(f"records/{existing['id']}/suggestions", ids=",".join(stale))


def _content(record: Json) -> Json:
    suggestions = {
        s["question_id"]: (s["value"], s["score"], s["agent"]) for s in record["suggestions"]
    }
    return {
        "fields": record["fields"],
        "metadata": record.get("metadata") or {},
        "suggestions": suggestions,
    }
