"""Load the record data that searches need, in groups of columns that are read together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from argilla_server.enums import MetadataPropertyType, QuestionType
from argilla_server.models import (
    MetadataProperty,
    Question,
    Record,
    Response,
    Suggestion,
    Vector,
    VectorSettings,
)
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from timbre_argilla.search.columns import Column, Nothing, Numbers, Terms, Vectors

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (Argilla stores UTC times without a time zone)


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The key of a column group: a kind and, if needed, a column, question or vector name."""

    kind: str
    name: str = ""


STATUS = GroupKey("record", "status")
METADATA = GroupKey("metadata")
RESPONSES = GroupKey("response")


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """A group of columns that are read by one SQL statement.

    Attributes:
        statement: The SQL statement that selects the id and data of each record.
        id_column: The column that contains the record id.
        columns: The columns, keyed by name. Each column object has a method `put(row, value)`.
        convert: A function that converts the selected data of a record to one value per column.
    """

    statement: Select[Any]
    id_column: Any
    columns: Mapping[str, Any]
    convert: Callable[..., Sequence[Any]]

    def clear(self, row: int) -> None:
        """Delete the values in a row."""
        for column in self.columns.values():
            column.put(row, None)

    def put(self, row: int, *data: Any) -> None:
        """Store the selected data of a record in a row."""
        for column, value in zip(self.columns.values(), self.convert(*data), strict=True):
            column.put(row, value)


@dataclass(frozen=True, slots=True)
class Answer:
    """One user's response to one record."""

    status: str
    values: dict[str, Any]


class Responses:
    """A column that contains several users' responses to each record."""

    def __init__(self) -> None:
        """Create an empty column."""
        self.by_user: dict[UUID, dict[int, Answer]] = {}

    def put(self, row: int, response: tuple[UUID, str, dict[str, Any] | None] | None) -> None:
        """Add a user's response to a row.

        If `response` is None, all responses in the row are deleted.
        """
        if response is None:
            for answers in self.by_user.values():
                answers.pop(row, None)
            return
        user, status, values = response
        plain = {name: value.get("value") for name, value in (values or {}).items()}
        self.by_user.setdefault(user, {})[row] = Answer(str(status), plain)


@dataclass(frozen=True, slots=True)
class Schema:
    """The names and types of the columns of a dataset."""

    dataset: UUID
    metadata: dict[str, MetadataPropertyType]
    questions: dict[str, tuple[UUID, QuestionType]]
    dimensions: dict[UUID, int]

    @classmethod
    async def read(cls, session: AsyncSession, dataset: UUID) -> "Schema":
        """Read a dataset's schema from Argilla's tables."""

        async def rows(kind: Any, *columns: Any) -> list[Any]:
            statement = select(*columns).where(kind.dataset_id == dataset)
            return list((await session.execute(statement)).all())

        metadata = await rows(MetadataProperty, MetadataProperty.name, MetadataProperty.settings)
        questions = await rows(Question, Question.name, Question.id, Question.settings)
        vectors = await rows(VectorSettings, VectorSettings.id, VectorSettings.dimensions)
        return cls(
            dataset,
            metadata={n: MetadataPropertyType(settings["type"]) for n, settings in metadata},
            questions={n: (i, QuestionType(settings["type"])) for n, i, settings in questions},
            dimensions=dict(map(tuple, vectors)),
        )

    def create_group(self, key: GroupKey, n_rows: int) -> ColumnGroup:
        """Create an empty column group for the dataset, with room for `n_rows` rows."""
        match key.kind:
            case "record":
                return self._record_group(key.name)
            case "metadata":
                return self._metadata_group()
            case "suggestion":
                return self._suggestion_group(key.name)
            case "response":
                columns = Response.user_id, Response.status, Response.values
                statement = select(Response.record_id, *columns).join(Record)
                statement = statement.where(Record.dataset_id == self.dataset)
                responses = {"value": Responses()}
                return ColumnGroup(statement, Response.record_id, responses, lambda *row: [row])
            case "vector":
                settings = UUID(key.name)
                statement = select(Vector.record_id, Vector.value)
                statement = statement.where(Vector.vector_settings_id == settings)
                vectors = {"value": Vectors(self.dimensions[settings], n_rows)}
                return ColumnGroup(statement, Vector.record_id, vectors, lambda *row: row)
        raise ValueError(f"Search columns of the kind {key.kind!r} aren't supported.")

    def _record_group(self, name: str) -> ColumnGroup:
        is_time = name.endswith("_at")
        encode: Callable[[Any], Any] = microseconds if is_time else str
        statement = select(Record.id, getattr(Record, name))
        return ColumnGroup(
            statement.where(Record.dataset_id == self.dataset),
            Record.id,
            {"value": Numbers() if is_time else Terms()},
            lambda value: [None if value is None else encode(value)],
        )

    def _metadata_group(self) -> ColumnGroup:
        """Create the metadata group, with a column for each metadata property of the dataset."""
        statement = select(Record.id, Record.metadata_)
        return ColumnGroup(
            statement.where(Record.dataset_id == self.dataset),
            Record.id,
            {
                name: Terms() if kind == MetadataPropertyType.terms else Numbers()
                for name, kind in self.metadata.items()
            },
            lambda metadata: [(metadata or {}).get(name) for name in self.metadata],
        )

    def _suggestion_group(self, name: str) -> ColumnGroup:
        question, kind = self.questions[name]
        columns = Suggestion.value, Suggestion.score, Suggestion.agent, Suggestion.type
        statement = select(Suggestion.record_id, *columns)
        return ColumnGroup(
            statement.where(Suggestion.question_id == question),
            Suggestion.record_id,
            {"value": column_for(kind), "score": Numbers(), "agent": Terms(), "type": Terms()},
            lambda *row: row,
        )


def column_for(kind: QuestionType) -> Column:
    """Create a column for the answers to a question.

    The column stays empty for texts, rankings and spans, because searches can't filter by them.
    """
    if kind == QuestionType.rating:
        return Numbers()
    if kind in {QuestionType.label_selection, QuestionType.multi_label_selection}:
        return Terms()
    return Nothing()


def microseconds(time: datetime) -> int:
    """Convert a time to microseconds since 1970, which floats can represent exactly."""
    return (time - EPOCH) // timedelta(microseconds=1)
