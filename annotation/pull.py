"""Pull reviews from Argilla: the current answers of all reviewers, with names and times."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count

from annotation.argilla.answer_values import (
    EDIT_QUESTION,
    answer_from_argilla,
    displayed_text,
    response_values,
)
from annotation.argilla.connection import MAX_IDS, Connection, Json, Server, connect, workspace_id
from annotation.argilla.datasets import Dataset, find_dataset
from annotation.errors import AnnotationError
from annotation.progress import batches
from db.records import Answer, Review, ReviewerKind, ReviewStatus

PAGE = 500


def pull(
    connection: Connection,
    dataset: str,
    is_rule: Callable[[str], bool] = lambda _name: False,
    records: Sequence[str] | None = None,
) -> Iterator[Review]:
    """Yield a review for each submitted or discarded response in a dataset, ignoring drafts.

    `records` limits the pull to records with these Argilla ids. `is_rule` returns whether a user
    name belongs to a rule-based reviewer. The subject of each review is the external id of the
    reviewed record. If a review that was pulled earlier isn't in the result of a later pull, it was
    deleted in Argilla. The connected Argilla user must be an owner or an admin.

    Raises `AnnotationError` if the server or the dataset can't be found, or if records are deleted
    during the pull.
    """
    with connect(connection) as server:
        described = find_dataset(server, dataset)
        names = _usernames(server)
        for record in _records(server, described, records):
            for response in record["responses"] or ():
                if response["status"] in ("submitted", "discarded"):
                    name = names.get(str(response["user_id"]), f"user {response['user_id']}")
                    kind = ReviewerKind.RULE if is_rule(name) else ReviewerKind.PERSON
                    yield _review(record, response, described, name, kind)


def _records(server: Server, dataset: Dataset, ids: Sequence[str] | None) -> Iterator[Json]:
    if ids is None:
        yield from _all_records(server, dataset)
        return
    for batch in batches(ids, MAX_IDS):
        path = f"datasets/{dataset.id}"
        yield from server.find_records(path, "id", batch, include="responses").values()


def _all_records(server: Server, dataset: Dataset) -> Iterator[Json]:
    """Fetch all records page by page; each page starts with the last record of the previous one.

    Argilla paginates by offset, so a record that is deleted between two requests would make the
    next page skip another record. Pages overlap by one record so that such a deletion is noticed.
    """
    last = ""
    for offset in count(0, PAGE - 1):
        page = server.get(
            f"datasets/{dataset.id}/records", include="responses", offset=offset, limit=PAGE
        )["items"]
        if last and (not page or page[0]["id"] != last):
            raise AnnotationError(
                f"Records were deleted from the dataset “{dataset.name}” during the pull, so some "
                "reviews may be missing. Pull again."
            )
        yield from page[1:] if last else page
        if len(page) < PAGE:
            return
        last = page[-1]["id"]


def _usernames(server: Server) -> dict[str, str]:
    is_owner = server.get("me")["role"] == "owner"
    path = "users" if is_owner else f"workspaces/{workspace_id(server)}/users"
    return {str(user["id"]): str(user["username"]) for user in server.get(path)["items"]}


def _review(
    record: Json, response: Json, dataset: Dataset, reviewer: str, kind: ReviewerKind
) -> Review:
    values = response_values(response)
    text = displayed_text(record["fields"])
    answers = (
        Answer(name, answer_from_argilla(value, dataset.question_types.get(name, ""), text))
        for name, value in values.items()
        # The web UI sends an empty list if nothing is marked or selected.
        if name != EDIT_QUESTION and value != []
    )
    return Review(
        subject=record["external_id"] or str(record["id"]),
        reviewer=reviewer,
        reviewer_kind=kind,
        status=ReviewStatus(response["status"]),
        answers=tuple(sorted(answers, key=lambda answer: answer.question)),
        edited=_edit(values.get(EDIT_QUESTION), text),
        dataset=dataset.name,
        submitted_at=_utc(response["updated_at"]),
    )


def _edit(value: str | None, text: str) -> str | None:
    """Return the reviewer's edited text, or None if only the surrounding white space differs.

    Argilla accepts NUL characters but PostgreSQL doesn't, so they are converted to replacement
    characters.
    """
    edited = (value or "").strip().replace("\0", "\ufffd")
    return None if edited in ("", text.strip()) else edited


def _utc(time: str) -> str:
    parsed = datetime.fromisoformat(time)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
