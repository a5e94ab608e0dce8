"""Limit how long a single request from an annotator can block all other requests.

Without these limits, Argilla compares every marked span with every other span, stores responses of
any size, returns up to a thousand records with their responses at once, and reports every single
invalid value in a request.
"""

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

from argilla_server.api.handlers.v1.datasets import records
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.validators.response_values import SpanQuestionResponseValueValidator
from argilla_server.validators.responses import ResponseValidator
from fastapi._compat import ModelField, _regenerate_error_with_loc
from pydantic import ValidationError

from timbre_argilla.patches.requester import annotator
from timbre_argilla.web.bodies import count_values

MAX_ERRORS = 100
MAX_RESPONSE, MAX_RESPONSE_VALUES = 32 << 10, 2000
"""The maximum size of a response to one record, in bytes and in JSON values."""
MAX_PAGE = 100
"""The maximum number of records per page for annotators, which is the web UI's maximum, too."""


def apply() -> None:
    """Patch the validation of requests and responses, and annotators' searches."""
    field: Any = ModelField
    field.validate = validate
    validate_values = limit_size(ResponseValidator._validate_values)
    ResponseValidator._validate_values = staticmethod(validate_values)
    SpanQuestionResponseValueValidator._validate_values_are_not_overlapped = check_overlaps
    records._get_search_responses = _limit_page(records._get_search_responses)


def validate(
    field: Any, value: Any, values: Any = None, *, loc: tuple[int | str, ...] = ()
) -> tuple[Any, list[Any] | None]:
    """Validate like FastAPI's `ModelField.validate`, but summarise the errors if there are many."""
    try:
        return field._type_adapter.validate_python(value, from_attributes=True), None
    except ValidationError as error:
        if (count := error.error_count()) > MAX_ERRORS:
            message = f"{count:,} values are invalid."
            return None, [{"type": "too_many_errors", "loc": loc, "msg": message, "input": None}]
        errors = error.errors(include_url=False)
        return None, _regenerate_error_with_loc(errors=errors, loc_prefix=loc)


def limit_size(validate_values: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Wrap the validation of a response, which then rejects responses that are too large."""

    def validate_small_values(response: Any, record: Any) -> None:
        body = response.model_dump_json().encode()
        if len(body) > MAX_RESPONSE or count_values(body) > MAX_RESPONSE_VALUES:
            raise UnprocessableEntityError(
                f"The response is larger than {MAX_RESPONSE >> 10} KiB or has more than "
                f"{MAX_RESPONSE_VALUES:,} values. Shorten the texts, or mark fewer spans."
            )
        validate_values(response, record)

    return validate_small_values


def check_overlaps(validator: Any, settings: Any) -> None:
    """Reject overlapping spans as Argilla does, but compare only consecutive spans."""
    if settings.allow_overlapping:
        return
    numbered = sorted(enumerate(validator._response_value), key=lambda one: one[1].start)
    for (before, left), (after, right) in pairwise(numbered):
        if right.start < left.end:
            first, second = sorted((before, after))
            raise UnprocessableEntityError(
                f"The spans {first} and {second} (counted from 0) overlap, but this question "
                "doesn't allow overlaps. Remove one of them."
            )


def _limit_page(search: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def search_limited(*, limit: int, **arguments: Any) -> Any:
        if annotator.get() and limit > MAX_PAGE:
            raise UnprocessableEntityError(
                f"Annotators can request at most {MAX_PAGE} records at a time. Lower the limit."
            )
        return await search(limit=limit, **arguments)

    return search_limited
