"""Records for reviewers: a push adds new records, corrects changed ones and leaves the others."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import length_hint
from typing import Any

from annotation.argilla.answer_values import answer_to_argilla
from annotation.argilla.connection import Connection, Server, connect
from annotation.argilla.datasets import Dataset, ensure_dataset
from annotation.argilla.html_text import escape_html
from annotation.argilla.questions import candidate_settings, comparison_settings
from annotation.items import CandidateItem, ComparisonItem, Suggestion
from annotation.progress import ProgressCallback
from annotation.pull import EDIT_QUESTION
from annotation.review_settings import ReviewSettings
from db.records import CandidateKind

Json = dict[str, Any]
BATCH = 250
"""Argilla filters by at most this many ids at once, and accepts up to 500 records."""


@dataclass(frozen=True)
class PushCount:
    """How many records a push added, left unchanged and corrected."""

    new: int
    unchanged: int
    changed: int = 0

    def __add__(self, other: "PushCount") -> "PushCount":
        """The counts of both pushes."""
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
    """Push candidates into a dataset, which is created if it's missing.

    A record's external id is the candidate's id, and the question that asks for an edit is
    prefilled with the text. Vectors aren't compared: if nothing else changed, a record keeps its
    vector. The connection must be an owner's or an admin's.

    Raises `AnnotationError` if the server is missing, or the dataset has other questions.
    """
    with connect(connection) as server:
        described = ensure_dataset(server, dataset, partial(candidate_settings, settings=settings))
        records = (candidate_record(item, settings, described) for item in items)
        return _push(server, described, records, _reporter(items, on_progress))


def push_comparisons(
    connection: Connection,
    dataset: str,
    items: Iterable[ComparisonItem],
    settings: ReviewSettings,
    on_progress: ProgressCallback | None = None,
) -> PushCount:
    """Push blind pairs of answers: no field or metadata tells which model wrote which.

    Raises `AnnotationError` if the server is missing, or the dataset has other questions.
    """
    with connect(connection) as server:
        described = ensure_dataset(server, dataset, partial(comparison_settings, settings=settings))
        records = (comparison_record(item) for item in items)
        return _push(server, described, records, _reporter(items, on_progress))


def candidate_record(item: CandidateItem, settings: ReviewSettings, dataset: Dataset) -> Json:
    """A candidate in the form of Argilla's API."""
    candidate, text = item.candidate, item.candidate.review_text
    fields = {
        "question": candidate.question,
        "reference": candidate.reference,
        "passage": item.passage.text if item.passage else "",
        "candidate": "" if candidate.kind is CandidateKind.DIALOGUE else text,
        "said": item.earlier_answers if settings.adjudication else "",
        "brief": "" if settings.grounded else _brief(item, settings),
    }
    record: Json = {
        "external_id": candidate.id,
        "fields": _escape_fields(fields),
        "metadata": _metadata(item, text),
        "suggestions": [
            _suggestion(suggestion, text, dataset)
            for suggestion in (
                *item.suggestions,
                Suggestion(EDIT_QUESTION, text, None, candidate.provenance.teacher),
            )
            if suggestion.question in dataset.question_ids
        ],
    }
    if candidate.kind is CandidateKind.DIALOGUE:
        record["fields"]["dialogue"] = [
            {"role": m.role.value, "content": escape_html(m.content)} for m in candidate.messages
        ]
    return record | ({"vectors": {"meaning": list(item.vector)}} if item.vector else {})


def comparison_record(item: ComparisonItem) -> Json:
    """A comparison in the form of Argilla's API, in which a required field can't be empty."""
    fields = {
        "question": item.prompt_text.strip() or "(no question)",
        "left": item.left_text.strip() or "(no answer)",
        "right": item.right_text.strip() or "(no answer)",
        "passage": item.passage,
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
    }
    filled = {name: value for name, value in metadata.items() if value not in ("", [], None)}
    return filled | dict(item.metadata)


def _uncertainty(item: CandidateItem) -> float | None:
    """The uncertainty (0 to 1) of the least certain suggestion; None if none has a score."""
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
    server: Server, dataset: Dataset, records: Iterator[Json], report: Callable[[int], None]
) -> PushCount:
    new = unchanged = changed = 0
    seen: set[str] = set()
    path = f"datasets/{dataset.id}"
    while batch := {r["external_id"]: r for r in islice(records, BATCH)}:
        unseen = {name: record for name, record in batch.items() if name not in seen}
        seen.update(batch)
        existing = {
            record["external_id"]: record
            for record in server.find_records(path, "external_id", list(unseen), "suggestions")
        }
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
        new += len(added)
        changed += len(differing)
        unchanged += len(existing) - len(differing)
        report(new + changed + unchanged)
    return PushCount(new, unchanged, changed)


def _delete_stale_suggestions(server: Server, existing: Json, record: Json) -> None:
    """Delete the suggestions that a record no longer has, which an update leaves in place."""
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


def _reporter(
    items: Iterable[object], on_progress: ProgressCallback | None
) -> Callable[[int], None]:
    total = length_hint(items)
    return lambda done: on_progress(done, max(done, total)) if on_progress else None
