"""An import from the Hugging Face hub that leaves out the rows it refuses, and nothing else.

Argilla makes no record of a row that it refuses, but still hands out that row's suggestions: from
the first such row of a batch on, each record gets those of a row before its own, checked or not.
Here refused rows are left out before records are made, and the log says which, and why.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from argilla_server.bulk.records_bulk import UpsertRecordsBulk
from argilla_server.validators.records import RecordUpsertValidator

log = logging.getLogger(__name__)

Upsert = Callable[..., Awaitable[Any]]


def apply() -> None:
    """Put this in place, once Argilla's application, or its jobs, are imported."""
    UpsertRecordsBulk.upsert_records_bulk = _of_valid(UpsertRecordsBulk.upsert_records_bulk)


def _of_valid(upsert: Upsert) -> Upsert:
    async def upsert_valid(
        upload: Any, dataset: Any, bulk: Any, raise_on_error: bool = True
    ) -> Any:
        if not raise_on_error:
            bulk = bulk.model_copy(update={"items": await _valid(upload, dataset, bulk.items)})
        return await upsert(upload, dataset, bulk)

    return upsert_valid


async def _valid(upload: Any, dataset: Any, items: Sequence[Any]) -> list[Any]:
    found = await upload._fetch_existing_dataset_records(dataset, items)
    valid = []
    for item in items:
        record = found.get(item.id) or found.get(item.external_id)
        try:
            await RecordUpsertValidator.validate(item, dataset, record)
        except Exception as error:
            log.warning("Row %s is left out of an import: %s", item.external_id, error)
        else:
            valid.append(item)
    return valid
