"""Responses in through Argilla's own API, as the user whose key it is."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import length_hint
from typing import Any

from annotation.connection import Connection, Server, connect
from annotation.datasets import Dataset, find_dataset
from annotation.errors import AnnotationError
from annotation.html_text import unescape_html
from annotation.push import to_argilla
from db.records import Review, ReviewStatus

# The most responses that Argilla takes at once.
BATCH = 100
Json = dict[str, Any]


def submit(
    connection: Connection,
    dataset: str,
    reviews: Iterable[Review],
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Hand in reviews as the connection's user.

    A response that is there already with the same answers is left alone, so that handing in the
    same reviews again changes nothing, not even its time.

    Args:
        connection: The server, with the annotator's own key.
        dataset: The dataset's name.
        reviews: What to hand in; each one's subject is a record's external id.
        progress: Told how many reviews are done, of how many.

    Returns:
        How many were new or changed.

    Raises:
        AnnotationError: if a record is not there, or Argilla refuses a response.
    """
    total, done, sent = length_hint(reviews), 0, 0
    rest = iter(reviews)
    with connect(connection) as server:
        found = find_dataset(server, dataset)
        while batch := list(islice(rest, BATCH)):
            items = list(_new_responses(server, found, batch))
            if items:
                _send(server, items)
            sent += len(items)
            done += len(batch)
            if progress:
                progress(done, max(done, total))
    return sent


def _new_responses(server: Server, dataset: Dataset, reviews: list[Review]) -> Iterator[Json]:
    there = _records(server, dataset, [review.subject for review in reviews])
    for review in reviews:
        if review.subject not in there:
            raise AnnotationError(
                f"found no record {review.subject[:12]} in “{dataset.name}”, expected the one that "
                "the review is about; push it again, or leave that review out"
            )
        record = there[review.subject]
        response = _response(review, record)
        before = next(iter(record["responses"] or ()), None)
        if before is None or not _same(before, response):
            yield response


def _records(server: Server, dataset: Dataset, names: list[str]) -> dict[str, Json]:
    scope = {"entity": "record", "property": "external_id"}
    answer = server.post(
        f"me/datasets/{dataset.id}/records/search",
        {"filters": {"and": [{"type": "terms", "scope": scope, "values": names}]}},
        include="responses",
        limit=BATCH,
    )
    return {item["record"]["external_id"]: item["record"] for item in answer["items"]}


def _response(review: Review, record: Json) -> Json:
    text = unescape_html(record["fields"].get("candidate", ""))
    values = {a.question: {"value": to_argilla(a.value, text)} for a in review.answers}
    if review.edited is not None:
        values["improved"] = {"value": review.edited}
    status = "submitted" if review.status is ReviewStatus.SUBMITTED else "discarded"
    return {"record_id": record["id"], "status": status, "values": values}


def _same(before: Json, response: Json) -> bool:
    values = {name: v["value"] for name, v in (before["values"] or {}).items()}
    wanted = {name: v["value"] for name, v in response["values"].items()}
    return bool(before["status"] == response["status"] and values == wanted)


def _send(server: Server, items: list[Json]) -> None:
    answers = server.post("me/responses/bulk", {"items": items})["items"]
    refused = [answer["error"]["detail"] for answer in answers if answer["error"]]
    if refused:
        raise AnnotationError(
            f"found that Argilla refuses {len(refused)} of {len(items)} responses ({refused[0]}), "
            "expected it to take them; answer the questions that the dataset asks"
        )
