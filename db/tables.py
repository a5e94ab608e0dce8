"""The tables: one a record type, in the order in which records may refer to one another.

A column has the name of the field it holds. What is queried by is typed and indexed; tuples and
nested values stand as canonical JSON, so that both databases hold the same bytes. `seq` numbers
the rows of a table as they came.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from db import records
from db.records import Record

REVISION = "r0002"
"""The migration that makes these tables; a test holds it to the newest one."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")


def _text(name: str, *, index: bool = False) -> Column[str]:
    return Column(name, Text, nullable=False, index=index)


def _maybe(name: str) -> Column[str]:
    return Column(name, Text)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _number(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _id(name: str, *, index: bool = True) -> Column[str]:
    return Column(name, String(64), nullable=False, index=index)


def _link(name: str, table: str, *, nullable: bool = False) -> Column[str]:
    key = ForeignKey(f"{table}.id")
    return Column(name, String(64), key, nullable=nullable, index=True)


def _records(name: str, *columns: Column[str] | Column[int] | Column[float]) -> Table:
    sequence = Column("seq", _SEQUENCE, primary_key=True)
    return Table(
        name, metadata, sequence, Column("id", String(64), nullable=False, unique=True), *columns
    )


articles = _records(
    "articles",
    _text("url", index=True),
    _text("revision"),
    _text("digest"),
    _text("title"),
    _text("source", index=True),
    _text("licence"),
    _text("language"),
    _text("page"),
)
passages = _records(
    "passages", _link("article", "articles"), _text("section"), _count("position"), _text("text")
)
candidates = _records(
    "candidates",
    _text("campaign", index=True),
    _text("kind"),
    _text("provenance"),
    _text("messages"),
    _text("text"),
    _text("question"),
    _text("reference"),
    _link("passage", "passages", nullable=True),
    _maybe("persona"),
    _text("traits"),
    _count("input_tokens"),
    _count("output_tokens"),
)
rejections = _records(
    "refusals",  # its first name: SQLite renames constraints only by copying the table
    _text("scope", index=True),
    _text("stage"),
    _text("subject", index=True),
    _text("reason"),
    _text("detail"),
    _text("text"),
)
reviews = _records(
    "reviews",
    _id("subject"),
    _text("reviewer", index=True),
    _text("reviewer_kind"),
    _text("status"),
    _text("answers"),
    _maybe("edited"),
    _text("dataset", index=True),
    _text("submitted_at"),
)
verdicts = _records(
    "verdicts",
    _id("subject"),
    _text("decision"),
    _text("rule"),
    _text("reviews"),
    _maybe("text"),
)
examples = _records(
    "examples",
    _link("candidate", "candidates"),
    _link("verdict", "verdicts"),
    _text("kind"),
    _text("split"),
    _text("messages"),
    _text("text"),
    _text("question"),
    _text("reference"),
    _maybe("passage"),
    _link("article", "articles", nullable=True),
    _maybe("persona"),
    _text("traits"),
)
versions = _records(
    "versions",
    _id("root", index=False),
    _text("name", index=True),
    _text("campaign", index=True),
    _text("salt"),
    _count("train"),
    _count("validation"),
    _count("test"),
    _text("reviewer_kinds"),
    _text("gates"),
    _text("override"),
)
runs = _records(
    "runs",
    _link("version", "versions"),
    _text("base"),
    _text("base_fingerprint"),
    _text("config"),
    _count("seed"),
    _text("folder"),
)
outputs = _records(
    "outputs",
    _id("prompt"),
    _text("arm"),
    _link("run", "runs", nullable=True),
    _text("messages"),
    _text("text"),
    _text("generation"),
    _count("seed"),
    _count("output_tokens"),
    _number("seconds"),
)
comparisons = _records(
    "comparisons",
    _text("campaign", index=True),
    _id("prompt"),
    _id("left"),
    _id("right"),
)
measures = _records(
    "measures",
    _text("subject", index=True),
    _text("name"),
    _text("source"),
    _number("value"),
)
reading_positions = _records(
    "reading_positions",
    _text("source_fingerprint", index=True),
    Column("offset", BigInteger),
)
events = _records(
    "events",
    _text("subject", index=True),
    _text("kind"),
    _text("at"),
    _text("detail"),
)

members = Table(
    "members",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True),
    _link("version", "versions"),
    _id("example"),
    _text("split"),
    comment="Which examples a version holds. An erased example leaves its hash here.",
)
erased = Table(
    "erased",
    metadata,
    Column("id", String(64), primary_key=True),
    _text("record"),
    _text("at"),
    comment="Records that were removed on request: they may not come back.",
)
run_claims = Table(
    "run_claims",
    metadata,
    Column("key", String(16), primary_key=True),
    _link("version", "versions"),
    _text("campaign"),
    _text("training"),
    _text("training_fingerprint"),
    _text("state", index=True),
    _count("attempts"),
    _text("worker"),
    _text("token"),
    _text("heartbeat_at"),
    _text("reason"),
    _text("changed_at"),
    comment="The training queue: requested runs and the workers that hold them. Rows may change.",
)

TABLES: dict[type[Record], Table] = {
    records.Article: articles,
    records.Passage: passages,
    records.Candidate: candidates,
    records.Rejection: rejections,
    records.Review: reviews,
    records.Verdict: verdicts,
    records.Example: examples,
    records.Version: versions,
    records.Run: runs,
    records.Output: outputs,
    records.Comparison: comparisons,
    records.Measure: measures,
    records.ReadingPosition: reading_positions,
    records.Event: events,
}
