"""Records out to people: pushing again adds what is new, corrects what changed, repeats nothing."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import length_hint
from typing import Any

from annotation.connection import Connection, Server, connect
from annotation.datasets import Dataset, ensure_dataset
from annotation.html_text import escape_html
from annotation.items import CandidateItem, ComparisonItem, Suggestion
from annotation.questions import candidate_settings, comparison_settings
from annotation.review_settings import ReviewSettings
from annotation.spans import span_to_argilla
from db.records import AnswerValue, CandidateKind, Span

Progress = Callable[[int, int], None]
Json = dict[str, Any]
# Argilla filters by at most 250 external ids at once, and takes up to 500 records.
BATCH = 250


@dataclass(frozen=True)
class PushCount:
    """How many records were new, the same as before, and there with another content."""

    new: int
    unchanged: int
    changed: int = 0

    def __add__(self, other: "PushCount") -> "PushCount":
        """The counts of both."""
        return PushCount(
            self.new + other.new, self.unchanged + other.unchanged, self.changed + other.changed
        )


def push_candidates(
    connection: Connection,
    dataset: str,
    items: Iterable[CandidateItem],
    settings: ReviewSettings,
    progress: Progress | None = None,
) -> PushCount:
    """Put candidates before people; the dataset is made where there is none.

    A record's external id is the candidate's id. The text to improve is filled in. Vectors are
    not compared: a record whose other content is the same keeps the vector it has.

    Args:
        connection: The server, as its owner or an admin.
        dataset: The dataset's name.
        items: The candidates.
        settings: What people are asked.
        progress: Told how many candidates are done, of how many.

    Returns:
        How many records were new, changed and unchanged.

    Raises:
        AnnotationError: if the server or the dataset of that name is not as expected.
    """
    with connect(connection) as server:
        found = ensure_dataset(server, dataset, partial(candidate_settings, settings=settings))
        records = (candidate_record(item, settings, found) for item in items)
        return _push(server, found, records, _reporter(items, progress))


def push_comparisons(
    connection: Connection,
    dataset: str,
    items: Iterable[ComparisonItem],
    settings: ReviewSettings,
    progress: Progress | None = None,
) -> PushCount:
    """Put pairs of answers before people, blind: no field or metadata tells who wrote a side.

    Args:
        connection: The server, as its owner or an admin.
        dataset: The dataset's name.
        items: The comparisons.
        settings: What people are asked.
        progress: Told how many comparisons are done, of how many.

    Returns:
        How many records were new, changed and unchanged.

    Raises:
        AnnotationError: if the server or the dataset of that name is not as expected.
    """
    with connect(connection) as server:
        found = ensure_dataset(server, dataset, partial(comparison_settings, settings=settings))
        records = (comparison_record(item) for item in items)
        return _push(server, found, records, _reporter(items, progress))


def candidate_record(item: CandidateItem, settings: ReviewSettings, dataset: Dataset) -> Json:
    """A candidate as Argilla takes it."""
    candidate, text = item.candidate, item.candidate.review_text
    prefilled = Suggestion("improved", text, None, candidate.provenance.teacher)
    fields: Json = {
        "question": candidate.question,
        "reference": candidate.reference,
        "passage": item.passage.text if item.passage else "",
    }
    if candidate.kind is CandidateKind.DIALOGUE:
        turns = [
            {"role": m.role.value, "content": escape_html(m.content)} for m in candidate.messages
        ]
        fields["dialogue"] = turns
    else:
        fields["candidate"] = text
    if settings.adjudication:
        fields["said"] = item.earlier_answers
    if not settings.grounded:
        fields["brief"] = _brief(item, settings)
    record: Json = {
        "external_id": candidate.id,
        "fields": _escape_fields(fields),
        "metadata": _metadata(item, text),
        "suggestions": [
            _suggestion(suggestion, text, dataset)
            for suggestion in (*item.suggestions, prefilled)
            if suggestion.question in dataset.question_ids
        ],
    }
    return record | ({"vectors": {"meaning": list(item.vector)}} if item.vector else {})


def comparison_record(item: ComparisonItem) -> Json:
    """A comparison as Argilla takes it.

    An empty text is shown as such, for Argilla has no empty fields that are required.
    """
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


def _escape_fields(fields: Json) -> Json:
    """The fields that aren't empty; a dialogue's turns are escaped already."""
    return {
        name: escape_html(value) if isinstance(value, str) else value
        for name, value in fields.items()
        if value
    }


def to_argilla(value: AnswerValue, text: str) -> Any:
    """An answer's value as Argilla's API has it; `text` is what its spans are places of."""
    if isinstance(value, tuple):
        return [span_to_argilla(v, text) if isinstance(v, Span) else v for v in value]
    return value


def _brief(item: CandidateItem, settings: ReviewSettings) -> str:
    kinds = {
        CandidateKind.STATEMENT: "Something {} says",
        CandidateKind.DIALOGUE: "A dialogue with {}",
        CandidateKind.DOCUMENT: "A text about {}",
        CandidateKind.CONVERSATION: "An answer {} gives",
    }
    about = f", on {item.article.title}" if item.article and item.article.title else ""
    return kinds[item.candidate.kind].format(settings.subject) + about


def _metadata(item: CandidateItem, text: str) -> Json:
    candidate = item.candidate
    known: Json = {
        "article": item.article.title if item.article else "",
        "section": item.passage.section if item.passage else "",
        "kind": candidate.kind.value,
        "prompt": list(candidate.provenance.prompts),
        "teacher": candidate.provenance.teacher,
        "words": len(text.split()),
        "reviewers": list(item.reviewers),
        "uncertainty": _uncertainty(item),
    }
    return {name: value for name, value in known.items() if value not in ("", [], None)} | dict(
        item.metadata
    )


def _uncertainty(item: CandidateItem) -> float | None:
    """How unsure the least sure suggestion is, 0 to 1; None where none says how sure it is."""
    scores = [s.score for s in item.suggestions if s.score is not None]
    return round(1 - min(scores), 4) if scores else None


def _suggestion(suggestion: Suggestion, text: str, dataset: Dataset) -> Json:
    # Argilla takes letters, digits and -_:./ in the name of an agent, and no more than 200.
    agent = re.sub(r"[^a-zA-Z0-9\-_:./\s]", "-", suggestion.agent)[:200]
    return {
        "question_id": dataset.question_ids[suggestion.question],
        "value": to_argilla(suggestion.value, text),
        "score": suggestion.score,
        "agent": agent if re.search("[a-zA-Z0-9]", agent) else None,
    }


def _push(
    server: Server, dataset: Dataset, records: Iterator[Json], report: Callable[[int], None]
) -> PushCount:
    new = unchanged = changed = 0
    seen: set[str] = set()
    while batch := {r["external_id"]: r for r in islice(records, BATCH)}:
        fresh = [record for name, record in batch.items() if name not in seen]
        seen.update(batch)
        there = _there(server, dataset, [record["external_id"] for record in fresh])
        added = [r for r in fresh if r["external_id"] not in there]
        differing = [
            r
            for r in fresh
            if r["external_id"] in there and _content(r) != _content(there[r["external_id"]])
        ]
        if added or differing:
            server.put(f"datasets/{dataset.id}/records/bulk", {"items": added + differing})
        for record in differing:
            _withdraw(server, there[record["external_id"]], record)
        new += len(added)
        changed += len(differing)
        unchanged += len(fresh) - len(added) - len(differing)
        report(new + changed + unchanged)
    return PushCount(new, unchanged, changed)


def _there(server: Server, dataset: Dataset, names: list[str]) -> dict[str, Json]:
    if not names:
        return {}
    scope = {"entity": "record", "property": "external_id"}
    answer = server.post(
        f"datasets/{dataset.id}/records/search",
        {"filters": {"and": [{"type": "terms", "scope": scope, "values": names}]}},
        include="suggestions",
        limit=len(names),
    )
    return {item["record"]["external_id"]: item["record"] for item in answer["items"]}


def _withdraw(server: Server, before: Json, record: Json) -> None:
    """Take back the suggestions that a record no longer has, which sending it again does not."""
    kept = {suggestion["question_id"] for suggestion in record["suggestions"]}
    stale = [s["id"] for s in before["suggestions"] if s["question_id"] not in kept]
    if stale:
        server.delete(f"records/{before['id']}/suggestions", ids=",".join(stale))


def _content(record: Json) -> Json:
    suggestions = {
        s["question_id"]: (s["value"], s["score"], s["agent"]) for s in record["suggestions"]
    }
    return {
        "fields": record["fields"],
        "metadata": record.get("metadata") or {},
        "suggestions": suggestions,
    }


def _reporter(items: Iterable[object], progress: Progress | None) -> Callable[[int], None]:
    total = length_hint(items)
    return lambda done: progress(done, max(done, total)) if progress else None
