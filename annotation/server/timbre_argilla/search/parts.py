"""What is read of a dataset's records, part by part: each with its statement and its columns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
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

from timbre_argilla.search.columns import Column, Numbers, Terms
from timbre_argilla.search.similarity import Vectors

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (Argilla's times are UTC and say so nowhere)
MICROSECOND = timedelta(microseconds=1)

PartKey = tuple[str, str]
"""Names a part: its kind, and which one where there are several (a question, a column)."""


class Part(Protocol):
    """One part of what is known about the records."""

    def select(self, dataset: UUID) -> tuple[Select[Any], Any]:
        """The statement that reads it, record id first, and the column to narrow it down by."""

    def clear(self, row: int) -> None:
        """Forget what a record had."""

    def put(self, row: int, *values: Any) -> None:
        """Take over one row that the statement found, less the record's id."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a dataset's columns are called and of what kind they are."""

    metadata: dict[str, MetadataPropertyType]
    questions: dict[str, tuple[UUID, QuestionType]]
    dimensions: dict[UUID, int]

    @classmethod
    async def read(cls, session: AsyncSession, dataset: UUID) -> "Schema":
        """Read it from Argilla's tables."""

        async def rows(kind: Any, *columns: Any) -> list[Any]:
            statement = select(*columns).where(kind.dataset_id == dataset)
            return list((await session.execute(statement)).all())

        metadata = await rows(MetadataProperty, MetadataProperty.name, MetadataProperty.settings)
        questions = await rows(Question, Question.name, Question.id, Question.settings)
        vectors = await rows(VectorSettings, VectorSettings.id, VectorSettings.dimensions)
        return cls(
            metadata={n: MetadataPropertyType(settings["type"]) for n, settings in metadata},
            questions={n: (i, QuestionType(settings["type"])) for n, i, settings in questions},
            dimensions=dict(map(tuple, vectors)),
        )

    def part(self, key: PartKey) -> Part:
        """A part of this dataset's records, not read yet."""
        kind, name = key
        match kind:
            case "record":
                return RecordPart(name)
            case "metadata":
                return MetadataPart({n: _by_metadata(t) for n, t in self.metadata.items()})
            case "suggestion":
                return SuggestionPart(*self.questions[name])
            case "response":
                return ResponsePart()
            case "vector":
                return VectorPart(UUID(name), Vectors(self.dimensions[UUID(name)]))
        raise ValueError(f"no part of a record is called {kind!r}")


class RecordPart:
    """A column of Argilla's `records` itself."""

    def __init__(self, name: str) -> None:
        """Start empty, for a column of this name."""
        self._name = name
        self._read: Callable[[Any], Any] = microseconds if name.endswith("_at") else str
        self.column: Column = Numbers() if name.endswith("_at") else Terms()

    def select(self, dataset: UUID) -> tuple[Select[Any], Any]:
        """The column, with its record."""
        found = getattr(Record, self._name)
        return select(Record.id, found).where(Record.dataset_id == dataset), Record.id

    def clear(self, row: int) -> None:
        """Nothing to do: a record that is there is always found."""

    def put(self, row: int, *values: Any) -> None:
        """Write it."""
        (value,) = values
        self.column.put(row, None if value is None else self._read(value))


@dataclass(frozen=True, slots=True)
class MetadataPart:
    """The metadata that the dataset has a property for."""

    columns: dict[str, Column]

    def select(self, dataset: UUID) -> tuple[Select[Any], Any]:
        """All metadata of each record at once."""
        return select(Record.id, Record.metadata_).where(Record.dataset_id == dataset), Record.id

    def clear(self, row: int) -> None:
        """Nothing to do: a record that is there is always found."""

    def put(self, row: int, *values: Any) -> None:
        """Write each property, those a record lacks as well."""
        (metadata,) = values
        for name, column in self.columns.items():
            column.put(row, (metadata or {}).get(name))


class SuggestionPart:
    """The suggestions for one question."""

    def __init__(self, question: UUID, kind: QuestionType) -> None:
        """Start empty, for a question of this kind."""
        self._question = question
        self.columns: dict[str, Column] = {
            "value": by_question(kind),
            "score": Numbers(),
            "agent": Terms(),
            "type": Terms(),
        }

    def select(self, dataset: UUID) -> tuple[Select[Any], Any]:
        """The four columns of each suggestion."""
        found = Suggestion.value, Suggestion.score, Suggestion.agent, Suggestion.type
        statement = select(Suggestion.record_id, *found)
        return statement.where(Suggestion.question_id == self._question), Suggestion.record_id

    def clear(self, row: int) -> None:
        """Forget the record's suggestion."""
        for column in self.columns.values():
            column.put(row, None)

    def put(self, row: int, *values: Any) -> None:
        """Write them."""
        for column, value in zip(self.columns.values(), values, strict=True):
            column.put(row, value)


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's response to one record."""

    status: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResponsePart:
    """Everybody's responses, by person and row."""

    by_user: dict[UUID, dict[int, Answer]] = field(default_factory=dict)

    def select(self, dataset: UUID) -> tuple[Select[Any], Any]:
        """Each response with its person."""
        found = Response.user_id, Response.status, Response.values
        statement = select(Response.record_id, *found).join(Record)
        return statement.where(Record.dataset_id == dataset), Response.record_id

    def clear(self, row: int) -> None:
        """Forget the responses to a record."""
        for answers in self.by_user.values():
            answers.pop(row, None)

    def put(self, row: int, *values: Any) -> None:
        """Write one."""
        user, status, answers = values
        plain = {name: answer.get("value") for name, answer in (answers or {}).items()}
        self.by_user.setdefault(user, {})[row] = Answer(str(status), plain)


@dataclass(frozen=True, slots=True)
class VectorPart:
    """The vectors of one name."""

    settings: UUID
    vectors: Vectors

    def select(self, dataset: UUID) -> tuple[Select[Any], Any]:
        """Each vector."""
        statement = select(Vector.record_id, Vector.value)
        return statement.where(Vector.vector_settings_id == self.settings), Vector.record_id

    def clear(self, row: int) -> None:
        """Forget a record's vector."""
        self.vectors.put(row, None)

    def put(self, row: int, *values: Any) -> None:
        """Write it."""
        self.vectors.put(row, values[0])


def by_question(kind: QuestionType) -> Column:
    """An empty column for answers to a question; texts, rankings and spans are not searched by."""
    if kind == QuestionType.rating:
        return Numbers()
    if kind in {QuestionType.label_selection, QuestionType.multi_label_selection}:
        return Terms()
    return Nothing()


class Nothing(Terms):
    """A column that stays empty, whatever is written to it."""

    def put(self, row: int, value: Any) -> None:
        """Write nothing."""


def microseconds(time: datetime) -> int:
    """A time of Argilla's as microseconds since 1970; a float holds them exactly for 200 years."""
    return (time - EPOCH) // MICROSECOND


def _by_metadata(kind: MetadataPropertyType) -> Column:
    return Terms() if kind == MetadataPropertyType.terms else Numbers()
