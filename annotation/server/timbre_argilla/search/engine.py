"""The search engine that Argilla asks, in the place of Elasticsearch.

It stores nothing that Argilla does not: the words of texts are indexed in Argilla's own database
by the transaction that writes them (`textindex.py`), and everything else is read from Argilla's
tables (`table.py`). Argilla's calls to write to the index therefore only say what to read again.
"""

from collections.abc import Callable, Iterable
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

from timbre_argilla.fast_json import loaded
from timbre_argilla.options import ENGINE
from timbre_argilla.search import textindex
from timbre_argilla.search.columns import Mask
from timbre_argilla.search.filters import RESPONSES, answers_of, fitting, part_of, scopes
from timbre_argilla.search.query import parse
from timbre_argilla.search.sorts import METADATA, due, ordered
from timbre_argilla.search.table import Order, Shelf, Table

STATUS = ("record", "status")
TOUCHED = "timbre_touched"

shelf = Shelf()
# Connections of its own: a request that holds one of Argilla's while it waits here for another
# could wait for a request that does the same.
sessions = async_sessionmaker(create_async_engine(async_engine.url, json_deserializer=loaded))


@dataclass(frozen=True, slots=True)
class Search:
    """What Argilla asks for when it searches."""

    dataset: Dataset
    query: TextQuery | str | None = None
    filter: Any = None
    sort: Any = None
    offset: int = 0
    limit: int = 100
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SimilaritySearch:
    """What Argilla asks for when it looks for what is near to a vector."""

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
        """The vector to be near to, or to be far from turned round."""
        found = self.value
        if found is None and self.record is not None:
            found = self.record.vector_value_by_vector_settings(self.vector_settings)
        if not found:
            raise ValueError("either a vector or a record that has one is needed to search by")
        return [-one for one in found] if self.order == SimilarityOrder.least_similar else found


@SearchEngine.register(ENGINE)
class TableEngine(SearchEngine):
    """Argilla's searches over Argilla's tables. Made anew for each request, so it holds nothing."""

    @classmethod
    async def new_instance(cls) -> Self:
        """There is nothing to connect to."""
        return cls()

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def ping(self) -> bool:
        """Where the database is, the engine is."""
        return True

    async def info(self) -> dict[str, Any]:
        """What Argilla shows of its search engine."""
        return {"name": ENGINE}

    async def create_index(self, dataset: Dataset) -> None:
        """A dataset was published: from now on its fields and questions stay."""
        shelf.drop(dataset.id)

    async def delete_index(self, dataset: Dataset) -> None:
        """A dataset was deleted."""
        shelf.drop(dataset.id)

    async def configure_metadata_property(
        self, dataset: Dataset, metadata_property: MetadataProperty
    ) -> None:
        """A property was added."""
        shelf.forget_schema(dataset.id)

    async def configure_index_vectors(self, vector_settings: VectorSettings) -> None:
        """Vectors of a new name will come."""
        shelf.forget_schema(vector_settings.dataset_id)

    async def index_records(self, dataset: Dataset, records: Iterable[Record]) -> None:
        """Records were written, with all that hangs on them."""
        shelf.touch(dataset.id, [record.id for record in records])

    async def partial_record_update(self, record: Record, **update: Any) -> None:
        """Something of a record was written."""
        shelf.touch(record.dataset_id, [record.id])

    async def delete_records(self, dataset: Dataset, records: Iterable[Record]) -> None:
        """Records were deleted."""
        shelf.touch(dataset.id, [record.id for record in records])

    async def update_record_response(self, response: Response) -> None:
        """Somebody answered."""
        shelf.touch_any([response.record_id])

    async def delete_record_response(self, response: Response) -> None:
        """An answer was deleted."""
        shelf.touch_any([response.record_id])

    async def update_record_suggestion(self, suggestion: Suggestion) -> None:
        """A suggestion was written."""
        shelf.touch_any([suggestion.record_id])

    async def delete_record_suggestion(self, suggestion: Suggestion) -> None:
        """A suggestion was deleted."""
        shelf.touch_any([suggestion.record_id])

    async def get_dataset_progress(self, dataset: Dataset) -> dict[str, int]:
        """How many records there are, and how many of them are completed and pending."""
        if dataset.is_draft:
            return {}
        async with sessions() as session:
            table = shelf.table(dataset.id)
            await table.refresh(session, [STATUS])
        alive = table.alive()
        return {"total": int(alive.sum()), **table.part(STATUS).column.counts(alive)}

    async def get_dataset_user_progress(self, dataset: Dataset, user: User) -> dict[str, int]:
        """How many responses of each status a person has given."""
        if dataset.is_draft:
            return {}
        async with sessions() as session:
            table = shelf.table(dataset.id)
            await table.refresh(session, [RESPONSES])
        alive = table.alive()
        found: dict[str, int] = {"total": 0}
        for row, answer in answers_of(table, user):
            if alive[row]:
                found["total"] += 1
                found[answer.status] = found.get(answer.status, 0) + 1
        return found

    async def search(self, dataset: Dataset, **asked: Any) -> SearchResponses:
        """Find records by text and filters, in the order asked for; see `Search`."""
        search = Search(dataset, **asked)
        sort = search.sort or []
        async with sessions() as session:
            needed = [part_of(scope) for scope in scopes(search.filter)]
            needed += [part_of(order.scope) for order in sort]
            name = None
            if search.user_id is not None and not sort:
                needed.append(METADATA)
                asking = select(User.username).where(User.id == search.user_id)
                name = await session.scalar(asking)
            table, mask = await _found(session, search, needed)
        rows = ordered(table, mask, sort, search.user_id)
        if name is not None:
            rows = due(table, rows, name)
        page = rows[search.offset : search.offset + search.limit]
        items = [SearchResponseItem(record_id=table.ids[row]) for row in page]
        return SearchResponses(items=items, total=len(rows))

    async def similarity_search(self, dataset: Dataset, **asked: Any) -> SearchResponses:
        """Find the records nearest to a vector, nearest first; see `SimilaritySearch`."""
        search = SimilaritySearch(dataset, **asked)
        vector = search.vector()
        part = ("vector", str(search.vector_settings.id))
        async with sessions() as session:
            needed = [part, *(part_of(scope) for scope in scopes(search.filter))]
            table, mask = await _found(session, search, needed)
        vectors = table.part(part).vectors
        mask &= vectors.present(table.rows)
        if search.record is not None and (itself := table.row(search.record.id)) is not None:
            mask[itself] = False
        scores = vectors.scores(vector, table.rows)
        rows = ordered(table, mask, [], None)
        nearest = rows[np.argsort(-scores[rows], kind="stable")][: search.max_results]
        items = [
            SearchResponseItem(record_id=table.ids[row], score=float(scores[row]))
            for row in nearest
            if search.threshold is None or scores[row] >= search.threshold
        ]
        return SearchResponses(items=items, total=len(nearest))

    async def compute_metrics_for(self, metadata_property: MetadataProperty) -> MetadataMetrics:
        """How often each term of a property occurs, or between which numbers it lies."""
        async with sessions() as session:
            table = shelf.table(metadata_property.dataset_id)
            await table.refresh(session, [METADATA])
        column, alive = table.part(METADATA).columns[metadata_property.name], table.alive()
        if metadata_property.type == MetadataPropertyType.terms:
            counts = sorted(column.counts(alive).items(), key=lambda one: (-one[1], one[0]))
            values = [TermsMetrics.TermCount(term=term, count=count) for term, count in counts]
            return TermsMetrics(total=sum(count for _, count in counts), values=values)
        low, high = column.extremes(alive) or (None, None)
        if metadata_property.type == MetadataPropertyType.float:
            return FloatMetadataMetrics(min=low, max=high)
        return IntegerMetadataMetrics(min=low, max=high)


async def _found(
    session: AsyncSession, search: Search | SimilaritySearch, needed: Iterable[Any]
) -> tuple[Table, Mask]:
    """The dataset's table, up to date, and which of its rows fit text and filters.

    Nothing is awaited after the refresh, so that the table stays as it is until it is read.
    """
    table = shelf.table(search.dataset.id)
    texts = None
    if search.query is not None:
        texts = await _with_text(session, search.dataset, search.query)
    await table.refresh(session, needed)
    mask = table.alive()
    if texts is not None:
        mask &= table.with_text(texts)
    if search.filter is not None:
        mask &= fitting(table, search.filter)
    return table, mask


async def _with_text(session: AsyncSession, dataset: Dataset, text: TextQuery | str) -> Order:
    asked = TextQuery(q=text) if isinstance(text, str) else text
    query = parse(asked.q)
    if query is None:
        return np.empty(0, np.int64)
    fields = [asked.field] if asked.field else [field.name for field in dataset.fields]
    connection = await session.connection()
    return await textindex.matching(connection, dataset.id, query, fields)


@event.listens_for(Session, "after_flush")
def note_written(session: Session, _context: object) -> None:
    """Remember what a session wrote until it commits."""
    for one in (*session.new, *session.dirty, *session.deleted):
        if isinstance(one, Record):
            _note(session, partial(shelf.touch, one.dataset_id, [one.id]))
        elif isinstance(one, Response):
            _note(session, partial(shelf.touch_any, [one.record_id]))
    if any(isinstance(one, User) for one in session.deleted):
        # A person's responses go with them, without a word to the engine.
        _note(session, shelf.clear)


@event.listens_for(Session, "after_commit")
def tell_written(session: Session) -> None:
    """Say what was written as soon as it can be read, even if the request ends right here."""
    for tell in session.info.pop(TOUCHED, ()):
        tell()


@event.listens_for(Session, "after_rollback")
def forget_written(session: Session) -> None:
    """What was rolled back was not written."""
    session.info.pop(TOUCHED, None)


def _note(session: Session, tell: Callable[[], None]) -> None:
    session.info.setdefault(TOUCHED, []).append(tell)
