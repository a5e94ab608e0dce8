"""The search engine that replaces Elasticsearch.

The engine's only stored data is a text index in Argilla's database, which is updated in the
transaction that writes a record (`textindex.py`). Everything else that a search needs is read from
Argilla's tables (`table.py`). When Argilla asks the engine to update its index, the engine only
marks the changed data, which the next search reads again.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self
from uuid import UUID

import numpy as np
from argilla_server.database import async_engine
from argilla_server.enums import MetadataPropertyType, SimilarityOrder
from argilla_server.models import (
    Dataset,
    MetadataProperty,
    Record,
    Response,
    Suggestion,
    User,
    VectorSettings,
)
from argilla_server.search_engine import (
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    MetadataMetrics,
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    TermsMetrics,
    TextQuery,
)
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

from timbre_argilla.fast_json import loads
from timbre_argilla.options import ENGINE
from timbre_argilla.search import textindex
from timbre_argilla.search.column_groups import METADATA, RESPONSES, STATUS, GroupKey
from timbre_argilla.search.columns import Mask
from timbre_argilla.search.filters import (
    apply_filter,
    group_key,
    iterate_answers,
    iterate_scopes,
)
from timbre_argilla.search.ordering import prioritize, sort_rows
from timbre_argilla.search.query import check_size, parse
from timbre_argilla.search.table import Rows, Table, TableCache

SESSION_KEY = "timbre_touched"

tables = TableCache()
# A separate connection pool. Otherwise, requests that each hold one of Argilla's connections could
# all wait here for another one.
sessions = async_sessionmaker(create_async_engine(async_engine.url, json_deserializer=loads))


@dataclass(frozen=True, slots=True)
class Search:
    """The arguments of a search."""

    dataset: Dataset
    query: TextQuery | str | None = None
    filter: Any = None
    sort: Any = None
    offset: int = 0
    limit: int = 100
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SimilaritySearch:
    """The arguments of a similarity search."""

    dataset: Dataset
    vector_settings: VectorSettings
    value: list[float] | None = None
    record: Record | None = None
    query: TextQuery | str | None = None
    filter: Any = None
    max_results: int = 100
    order: SimilarityOrder = SimilarityOrder.most_similar
    threshold: float | None = None

    def vector(self) -> list[float]:
        """Return the vector to search for, negated if the least similar records are requested."""
        vector = self.value
        if vector is None and self.record is not None:
            vector = self.record.vector_value_by_vector_settings(self.vector_settings)
        if not vector:
            raise ValueError(
                "Similarity search needs a vector. Pass one, or pass a record that has one."
            )
        if len(vector) != (dimensions := self.vector_settings.dimensions):
            raise ValueError(
                f"The vector has {len(vector)} dimensions, but this dataset's vectors have "
                f"{dimensions}."
            )
        return [-x for x in vector] if self.order == SimilarityOrder.least_similar else vector


@SearchEngine.register(ENGINE)
class TableEngine(SearchEngine):
    """A search engine that keeps the tables of datasets in memory.

    Argilla creates an instance of this class for each request, so instances have no state.
    """

    @classmethod
    async def new_instance(cls) -> Self:
        """Create an engine for a request."""
        return cls()

    async def close(self) -> None:
        """Do nothing, because there is no connection to close."""

    async def ping(self) -> bool:
        """Return True, because the engine is always available."""
        return True

    async def info(self) -> dict[str, Any]:
        """Return what Argilla's status page shows about the search engine."""
        return {"name": ENGINE}

    async def create_index(self, dataset: Dataset) -> None:
        """Handle the publication or deletion of a dataset."""
        tables.drop(dataset.id)

    delete_index = create_index

    async def configure_metadata_property(
        self, dataset: Dataset, metadata_property: MetadataProperty
    ) -> None:
        """Handle a new metadata property."""
        tables.drop(dataset.id)

    async def configure_index_vectors(self, vector_settings: VectorSettings) -> None:
        """Handle new vector settings."""
        tables.drop(vector_settings.dataset_id)

    async def index_records(self, dataset: Dataset, records: Iterable[Record]) -> None:
        """Handle new, changed or deleted records."""
        tables.touch([record.id for record in records], dataset.id)

    delete_records = index_records

    async def partial_record_update(self, record: Record, **update: Any) -> None:
        """Handle a changed record."""
        tables.touch([record.id], record.dataset_id)

    async def update_record_response(self, change: Response | Suggestion) -> None:
        """Handle a new, changed or deleted response or suggestion."""
        tables.touch([change.record_id])

    delete_record_response = update_record_response
    update_record_suggestion = delete_record_suggestion = update_record_response

    async def get_dataset_progress(self, dataset: Dataset) -> dict[str, int]:
        """Count the records of a dataset, in total and by status."""
        if dataset.is_draft:
            return {}
        async with _read(dataset.id, STATUS) as table:
            alive = table.alive()
            counts = table.group(STATUS).columns["value"].counts(alive)
            return {"total": int(alive.sum()), **counts}

    async def get_dataset_user_progress(self, dataset: Dataset, user: User) -> dict[str, int]:
        """Count a user's responses to a dataset, in total and by status."""
        if dataset.is_draft:
            return {}
        counts: dict[str, int] = {"total": 0}
        async with _read(dataset.id, RESPONSES) as table:
            alive = table.alive()
            for row, answer in iterate_answers(table, user):
                if alive[row]:
                    counts["total"] += 1
                    counts[answer.status] = counts.get(answer.status, 0) + 1
        return counts

    async def search(self, dataset: Dataset, **arguments: Any) -> SearchResponses:
        """Find records by text and filters, and sort them; `Search` lists the arguments."""
        search = Search(dataset, **arguments)
        sort = search.sort or []
        keys = [group_key(order.scope) for order in sort]
        name = None
        if search.user_id is not None and not sort:
            keys.append(METADATA)
            name = await _find_name(search.user_id)
        async with _find(search, keys) as (table, mask):
            rows = await sort_rows(table, mask, sort, search.user_id)
            if name is not None:
                rows = prioritize(table, rows, name)
            page = rows[search.offset : search.offset + search.limit]
            items = [SearchResponseItem(record_id=table.ids[row]) for row in page]
        return SearchResponses(items=items, total=len(rows))

    async def similarity_search(self, dataset: Dataset, **arguments: Any) -> SearchResponses:
        """Find the records nearest to a vector; `SimilaritySearch` lists the arguments."""
        search = SimilaritySearch(dataset, **arguments)
        vector = search.vector()
        key = GroupKey("vector", str(search.vector_settings.id))
        async with _find(search, [key]) as (table, found):
            vectors = table.group(key).columns["value"]
            mask = found & vectors.present(table.n_rows)
            if search.record is not None and (own := table.find_row(search.record.id)) is not None:
                mask[own] = False
            scores = vectors.scores(vector, table.n_rows)
            rows = await sort_rows(table, mask, [], None)
            nearest = rows[np.argsort(-scores[rows], kind="stable")][: search.max_results]
            items = [
                SearchResponseItem(record_id=table.ids[row], score=float(scores[row]))
                for row in nearest
                if search.threshold is None or scores[row] >= search.threshold
            ]
        return SearchResponses(items=items, total=len(nearest))

    async def compute_metrics_for(self, metadata_property: MetadataProperty) -> MetadataMetrics:
        """Count the terms of a metadata property, or find its smallest and largest number."""
        async with _read(metadata_property.dataset_id, METADATA) as table:
            column, alive = table.group(METADATA).columns[metadata_property.name], table.alive()
            if metadata_property.type == MetadataPropertyType.terms:
                counts = sorted(column.counts(alive).items(), key=lambda one: (-one[1], one[0]))
                values = [TermsMetrics.TermCount(term=term, count=count) for term, count in counts]
                return TermsMetrics(total=sum(count for _, count in counts), values=values)
            low, high = column.extremes(alive) or (None, None)
        if metadata_property.type == MetadataPropertyType.float:
            return FloatMetadataMetrics(min=low, max=high)
        return IntegerMetadataMetrics(min=low, max=high)


@asynccontextmanager
async def _read(dataset: UUID, key: GroupKey) -> AsyncIterator[Table]:
    table = tables.get(dataset)
    async with sessions() as session, table.reading(session, [key]):
        yield table


@asynccontextmanager
async def _find(
    search: Search | SimilaritySearch, keys: Iterable[GroupKey]
) -> AsyncIterator[tuple[Table, Mask]]:
    """Yield a table and the rows that match a search; the table stays unchanged meanwhile."""
    async with sessions() as session:
        seqs = None
        if search.query is not None:
            seqs = await _find_text(session, search.dataset, search.query)
        table = tables.get(search.dataset.id)
        keys = [*map(group_key, iterate_scopes(search.filter)), *keys]
        async with table.reading(session, keys):
            mask = table.alive()
            if seqs is not None:
                mask &= table.has_seq(seqs)
            if search.filter is not None:
                mask &= await apply_filter(table, search.filter)
            yield table, mask


async def _find_name(user: UUID) -> str | None:
    async with sessions() as session:
        name: str | None = await session.scalar(select(User.username).where(User.id == user))
    return name


async def _find_text(session: AsyncSession, dataset: Dataset, text: TextQuery | str) -> Rows:
    text = TextQuery(q=text) if isinstance(text, str) else text
    check_size(text.q)
    query = parse(text.q)
    if query is None:
        return np.empty(0, np.int64)
    fields = [text.field] if text.field else [field.name for field in dataset.fields]
    return await textindex.search(await session.connection(), dataset.id, query, fields)


@event.listens_for(Session, "after_flush")
def note_changes(session: Session, _context: object) -> None:
    """Remember which data a session changes, so that it can be reported after the commit."""
    for one in (*session.new, *session.dirty, *session.deleted):
        if isinstance(one, Record):
            _note(session, partial(tables.touch, [one.id], one.dataset_id))
        elif isinstance(one, Response):
            _note(session, partial(tables.touch, [one.record_id]))
    if any(isinstance(one, User) for one in session.deleted):
        # Deleting a user also deletes their responses, but Argilla doesn't notify the engine.
        _note(session, tables.clear)


@event.listens_for(Session, "after_commit")
def report_changes(session: Session) -> None:
    """Report the changes that a session has committed, even if its request was aborted."""
    for report in session.info.pop(SESSION_KEY, ()):
        report()


@event.listens_for(Session, "after_rollback")
def discard_changes(session: Session) -> None:
    """Forget the changes of a session that was rolled back."""
    session.info.pop(SESSION_KEY, None)


def _note(session: Session, report: Callable[[], None]) -> None:
    session.info.setdefault(SESSION_KEY, []).append(report)
