"""Submit reviews through Argilla's API as the user to whom the API key belongs."""

from collections.abc import Iterable, Iterator

from annotation.argilla.answer_values import (
    EDIT_QUESTION,
    answer_to_argilla,
    displayed_text,
    response_values,
)
from annotation.argilla.connection import Connection, Json, Server, connect
from annotation.argilla.datasets import Dataset, find_dataset
from annotation.errors import AnnotationError
from annotation.progress import ProgressCallback, batches
from db.records import Review

BATCH = 100
"""The maximum number of responses that Argilla accepts at once."""


def submit(
    connection: Connection,
    dataset: str,
    reviews: Iterable[Review],
    on_progress: ProgressCallback | None = None,
) -> int:
    """Submit reviews as the connected user, and return how many are new or changed.

    The subject of each review is the external id of a record. A response that already contains the
    same answers isn't sent again, so its timestamp doesn't change.

    Raises `AnnotationError` if a record is missing or Argilla rejects a response.
    """
    sent = 0
    with connect(connection) as server:
        described = find_dataset(server, dataset)
        for batch in batches(reviews, BATCH, on_progress):
            responses = list(_new_responses(server, described, batch))
            if responses:
                _send(server, responses)
            sent += len(responses)
    return sent


def _new_responses(server: Server, dataset: Dataset, reviews: list[Review]) -> Iterator[Json]:
    ids = [review.subject for review in reviews]
    path = f"me/datasets/{dataset.id}"
    records = server.find_records(path, "external_id", ids, include="responses")
    for review in reviews:
        if review.subject not in records:
            raise AnnotationError(
                f"The dataset “{dataset.name}” has no record {review.subject[:12]}, so the review "
                "can't be submitted. Push the record again, or remove the review."
            )
        record = records[review.subject]
        response = _response(review, record)
        existing = next(iter(record["responses"] or ()), None)
        if existing is None or not _is_same(existing, response):
            yield response


def _response(review: Review, record: Json) -> Json:
    text = displayed_text(record["fields"])
    values = {a.question: {"value": answer_to_argilla(a.value, text)} for a in review.answers}
    if review.edited is not None:
        values[EDIT_QUESTION] = {"value": review.edited}
    return {"record_id": record["id"], "status": review.status.value, "values": values}


def _is_same(existing: Json, response: Json) -> bool:
    has_same_status = existing["status"] == response["status"]
    return has_same_status and response_values(existing) == response_values(response)


def _send(server: Server, responses: list[Json]) -> None:
    results = server.post("me/responses/bulk", {"items": responses})["items"]
    errors = [result["error"]["detail"] for result in results if result["error"]]
    if errors:
        raise AnnotationError(
            f"Argilla rejected {len(errors)} of {len(responses)} responses ({errors[0]}). Make "
            "sure that the answers match the questions of the dataset."
        )
