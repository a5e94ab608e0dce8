"""The database tables, one per record type, ordered so that references point to earlier tables.

Each field of a record has its own column. Tuples and nested values are stored as canonical JSON, so
that SQLite and PostgreSQL store the same bytes. `seq` numbers the rows of a table in insertion
order.
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any, get_args, get_type_hints

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, MetaData, String, Text
from sqlalchemy.schema import Table

from db import records
from db.identity import field_names
from db.records import Record

TABLES: dict[type[Record], Table] = {}

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

_ID = String(64)
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
_TYPES: dict[Any, Any] = {int: BigInteger, int | None: BigInteger, float: Double}


def _add_table(
    kind: type[Record],
    name: str,
    indexes: tuple[str, ...] = (),
    ids: tuple[str, ...] = (),
    links: Mapping[str, Table] | None = None,
) -> Table:
    """Define the table for a record type.

    `indexes` lists the fields to index. `ids` lists the fields that contain the id of a record of
    any type. `links` maps each field that contains the id of a record in a specific table to that
    table. Such a field gets a foreign key and an index.
    """
    hints, links = get_type_hints(kind), links or {}

    def column(field: str) -> Column[Any]:
        column_type = _ID if field in (*ids, *links) else _TYPES.get(hints[field], Text)
        keys = [ForeignKey(links[field].c.id)] if field in links else []
        is_nullable = NoneType in get_args(hints[field])
        is_indexed = field in (*indexes, *links)
        return Column(field, column_type, *keys, nullable=is_nullable, index=is_indexed)

    TABLES[kind] = Table(
        name,
        metadata,
        Column("seq", _SEQUENCE, primary_key=True),
        Column("id", _ID, nullable=False, unique=True),
        *map(column, field_names(kind)),
    )
    return TABLES[kind]


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


articles = _add_table(records.Article, "articles", indexes=("url", "source"))
passages = _add_table(records.Passage, "passages", links={"article": articles})
candidates = _add_table(
    records.Candidate, "candidates", indexes=("campaign",), links={"passage": passages}
)
# This table keeps its old name because SQLite can't rename constraints without copying all rows.
rejections = _add_table(records.Rejection, "refusals", indexes=("scope", "subject"))
reviews = _add_table(
    records.Review, "reviews", indexes=("subject", "reviewer", "dataset"), ids=("subject",)
)
verdicts = _add_table(records.Verdict, "verdicts", indexes=("subject",), ids=("subject",))
examples = _add_table(
    records.Example,
    "examples",
    links={"candidate": candidates, "verdict": verdicts, "article": articles},
)
versions = _add_table(records.Version, "versions", indexes=("name", "campaign"), ids=("root",))
runs = _add_table(records.Run, "runs", links={"version": versions})
outputs = _add_table(
    records.Output, "outputs", indexes=("prompt",), ids=("prompt",), links={"run": runs}
)
comparisons = _add_table(
    records.Comparison,
    "comparisons",
    indexes=("campaign", "prompt", "left", "right"),
    ids=("prompt", "left", "right"),
)
pairs = _add_table(
    records.Pair,
    "pairs",
    indexes=("chosen_from", "rejected_from", "comparison"),
    ids=("chosen_from", "rejected_from", "comparison"),
    links={"article": articles},
)
measures = _add_table(records.Measure, "measures", indexes=("subject",))
reading_positions = _add_table(
    records.ReadingPosition, "reading_positions", indexes=("source_fingerprint",)
)
events = _add_table(records.Event, "events", indexes=("subject",))

members = Table(
    "members",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True),
    Column("version", _ID, ForeignKey(versions.c.id), nullable=False, index=True),
    Column("example", _ID, nullable=False, index=True),
    *_texts("split"),
    comment="Which examples a version holds. An erased example leaves its hash here.",
)
pair_members = Table(
    "pair_members",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True),
    Column("version", _ID, ForeignKey(versions.c.id), nullable=False, index=True),
    Column("pair", _ID, nullable=False, index=True),
    *_texts("split"),
    comment="Which preference pairs a version holds. An erased pair leaves its hash here.",
)
erased = Table(
    "erased",
    metadata,
    Column("id", _ID, primary_key=True),
    *_texts("record", "at"),
    comment="Records that were removed on request: they may not come back.",
)
run_claims = Table(
    "run_claims",
    metadata,
    Column("key", String(16), primary_key=True),
    Column("version", _ID, ForeignKey(versions.c.id), nullable=False, index=True),
    *_texts("campaign", "training", "training_fingerprint"),
    Column("state", Text, nullable=False, index=True),
    Column("attempts", BigInteger, nullable=False),
    *_texts("worker", "token", "heartbeat_at", "reason", "changed_at"),
    comment="The training queue: requested runs and the workers that hold them. Rows may change.",
)
