"""Skip invalid rows of a Hugging Face Hub import, and keep suggestions with the right records.

Argilla skips invalid rows but not their suggestions, so every later record in the batch gets the
suggestions of an earlier row. With this patch, invalid rows are removed before any records are
created, and each of them is logged with the reason.
"""

import logging
from collections.abc import Sequence
from typing import Any

from argilla_server.bulk.records_bulk import UpsertRecordsBulk
from argilla_server.validators.records import RecordUpsertValidator

log = logging.getLogger(__name__)


def apply() -> None:
    """Patch imports from the Hugging Face Hub, in the server or in its worker."""
    upsert = UpsertRecordsBulk.upsert_records_bulk

    async def upsert_valid(
        upload: Any, dataset: Any, bulk: Any, raise_on_error: bool = True
    ) -> Any:
        if not raise_on_error:
            items = await _select_valid(upload, dataset, bulk.items)
            bulk = bulk.model_copy(update={"items": items})
        return await upsert(upload, dataset, bulk)

    UpsertRecordsBulk.upsert_records_bulk = upsert_valid


async def _select_valid(upload: Any, dataset: Any, items: Sequence[Any]) -> list[Any]:
    existing = await upload._fetch_existing_dataset_records(dataset, items)
    valid = []
    for item in items:
        record = existing.get(item.id) or existing.get(item.external_id)
        try:
            await RecordUpsertValidator.validate(item, dataset, record)
        except Exception as error:
            log.warning("Import: row %s is invalid and was skipped: %s", item.external_id, error)
        else:
            valid.append(item)
    return valid
