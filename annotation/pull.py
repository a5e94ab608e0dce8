"""Reviews back from Argilla: every annotator's own answers, with name and time."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from annotation.connection import Connection, Server, connect, workspace_id
from annotation.datasets import Dataset, find_dataset
from annotation.errors import AnnotationError
from annotation.html_text import unescape_html
from annotation.spans import span_from_argilla
from db.records import (
    Answer,
    AnswerValue,
    Message,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
    messages_to_text,
)

PAGE = 500
# Argilla filters by at most 250 values at once.
FILTERED = 250
EDITED = "improved"
Json = dict[str, Any]


def pull(
    connection: Connection,
    dataset: str,
    is_rule: Callable[[str], bool] = lambda _name: False,
    records: Sequence[str] | None = None,
) -> Iterator[Review]:
    """Every submitted or discarded response that is in the dataset now; drafts are left out.

    A review's subject is the record's external id. As the whole present set comes each time, a
    review that is no longer among them was deleted in Argilla.

    Args:
        connection: The server, as its owner or an admin.
        dataset: The dataset's name.
        is_rule: Whether the user of a name is no person but a written rule; its reviews say so.
        records: Argilla's ids of the records to look at, None for all.

    Yields:
        Review: One for each reviewer and record.

    Raises:
        AnnotationError: if the server or the dataset is not as expected.
    """
    with connect(connection) as server:
        found = find_dataset(server, dataset)
        names = _usernames(server)
        named = _records(server, found) if records is None else _some(server, found, records)
        for record in named:
            for response in record["responses"] or ():
                if response["status"] in ("submitted", "discarded"):
                    yield _review(record, response, found, names, is_rule)


def _records(server: Server, dataset: Dataset) -> Iterator[Json]:
    """All records; each page begins with the last record of the page before.

    Argilla counts pages from the first record: where one is deleted meanwhile, another would slip
    from the next page to the one that was read, and its reviews be taken for deleted.
    """
    path, last = f"datasets/{dataset.id}/records", ""
    for offset in count(0, PAGE - 1):
        page = server.get(path, include="responses", offset=offset, limit=PAGE)["items"]
        if last and (not page or page[0]["id"] != last):
            raise AnnotationError(
                f"found records of {dataset.name} deleted while they were read, expected them to "
                "stay in their places; pull again"
            )
        yield from page[1:] if last else page
        if len(page) < PAGE:
            return
        last = page[-1]["id"]


def _some(server: Server, dataset: Dataset, ids: Sequence[str]) -> Iterator[Json]:
    scope = {"entity": "record", "property": "id"}
    for begin in range(0, len(ids), FILTERED):
        values = list(ids[begin : begin + FILTERED])
        answer = server.post(
            f"datasets/{dataset.id}/records/search",
            {"filters": {"and": [{"type": "terms", "scope": scope, "values": values}]}},
            include="responses",
            limit=FILTERED,
        )
        yield from (item["record"] for item in answer["items"])


def _usernames(server: Server) -> dict[str, str]:
    owner = server.get("me")["role"] == "owner"
    path = "users" if owner else f"workspaces/{workspace_id(server)}/users"
    return {str(user["id"]): str(user["username"]) for user in server.get(path)["items"]}


def _review(
    record: Json,
    response: Json,
    dataset: Dataset,
    names: dict[str, str],
    is_rule: Callable[[str], bool],
) -> Review:
    user = str(response["user_id"])
    reviewer = names.get(user, f"user {user}")
    values = {name: value["value"] for name, value in (response["values"] or {}).items()}
    text = unescape_html(record["fields"].get("candidate", ""))
    answers = (
        Answer(name, from_argilla(value, dataset.question_types.get(name, ""), text))
        for name, value in values.items()
        # The web UI sends an empty list where nothing was marked or chosen.
        if name != EDITED and value != []
    )
    return Review(
        subject=record["external_id"] or str(record["id"]),
        reviewer=reviewer,
        reviewer_kind=ReviewerKind.RULE if is_rule(reviewer) else ReviewerKind.PERSON,
        status=ReviewStatus(response["status"]),
        answers=tuple(sorted(answers, key=lambda answer: answer.question)),
        edited=_edited(values.get(EDITED), record["fields"]),
        dataset=dataset.name,
        submitted_at=_utc(response["updated_at"]),
    )


def from_argilla(value: Any, kind: str, text: str) -> AnswerValue:
    """An answer's value from what Argilla's API has; the order of labels and spans is settled.

    Args:
        value: What the API has.
        kind: The question's type, as Argilla calls it.
        text: What its spans are places of.

    Returns:
        The value as our records keep it.
    """
    if kind == "span":
        spans = (span_from_argilla(span, text) for span in value)
        return tuple(sorted(spans, key=lambda span: (span.start, span.end, span.label)))
    if isinstance(value, list):
        return tuple(sorted(item["value"] if isinstance(item, dict) else item for item in value))
    return int(value) if kind == "rating" else str(value)


def _edited(value: str | None, fields: Json) -> str | None:
    """The reviewer's own version; None where it is what was shown but for outer white space.

    NUL, which Argilla takes and PostgreSQL does not, becomes the mark for what cannot be read.
    """
    text = (value or "").strip().replace("\0", "\ufffd")
    return None if text in ("", shown_text(fields).strip()) else text


def shown_text(fields: Json) -> str:
    """The text to judge as the record shows it, a dialogue in its text form."""
    if turns := fields.get("dialogue"):
        return messages_to_text(
            tuple(Message(Role(t["role"]), unescape_html(t["content"])) for t in turns)
        )
    return unescape_html(fields.get("candidate", ""))


def _utc(moment: str) -> str:
    parsed = datetime.fromisoformat(moment)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
