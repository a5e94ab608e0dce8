"""Keep reviews independent, by hiding other people's responses from annotators.

Argilla's web UI hides other people's responses and hidden metadata from annotators, but its API
returns them, lets annotators search and sort by hidden metadata, and reveals how many records each
user has answered. With this patch, annotators receive only their own responses and the metadata
marked as visible to them. Owners and admins still receive all responses and metadata.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from argilla_server.api.schemas.v1.records import RecordGetterDict
from argilla_server.contexts import datasets
from argilla_server.contexts.search import SearchRecordsQueryValidator
from argilla_server.errors.future import NotFoundError
from argilla_server.models import MetadataProperty

from timbre_argilla.patches.requester import annotator


def apply() -> None:
    """Patch the functions that return data to annotators."""
    RecordGetterDict.get = _get_visible(RecordGetterDict.get)
    SearchRecordsQueryValidator._validate_metadata_filter_scope = staticmethod(_check_metadata)
    datasets.get_users_with_responses_for_dataset = _only_own(
        datasets.get_users_with_responses_for_dataset, lambda user: user.username
    )
    datasets.get_dataset_users_progress = _only_own(
        datasets.get_dataset_users_progress, lambda progress: progress["username"]
    )


def _get_visible(get: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the function that reads a record's attributes, to hide some of them from annotators."""

    def get_visible(getter: Any, key: str, default: Any = None) -> Any:
        value, reader = get(getter, key, default), annotator.get()
        if reader is None or not value:
            return value
        if key == "responses":
            return [response for response in value if response.user_id == reader.id]
        if key == "metadata":
            properties = getter._obj.dataset.metadata_properties
            visible = {one.name for one in properties if one.visible_for_annotators}
            return {name: value[name] for name in value if name in visible}
        return value

    return get_visible


async def _check_metadata(db: Any, dataset: Any, scope: Any) -> None:
    """Reject an annotator's filter or sort by hidden metadata as if the metadata didn't exist."""
    conditions = {"name": scope.metadata_property, "dataset_id": dataset.id}
    found = await MetadataProperty.get_by_or_raise(db, **conditions)
    if annotator.get() and not found.visible_for_annotators:
        text = ", ".join(f"{key}={value}" for key, value in conditions.items())
        raise NotFoundError(f"MetadataProperty not found filtering by {text}")


def _only_own(
    list_progress: Callable[..., Awaitable[list[Any]]], name_of: Callable[[Any], str]
) -> Callable[..., Awaitable[list[Any]]]:
    """Wrap a function that lists all users' progress, so that annotators see only their own."""

    async def list_own_progress(*arguments: Any) -> list[Any]:
        progress, reader = await list_progress(*arguments), annotator.get()
        return [one for one in progress if reader is None or name_of(one) == reader.username]

    return list_own_progress
