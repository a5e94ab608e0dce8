"""Create the tables for all record types, with triggers that prevent changes to their rows."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None

_ID = sa.String(length=64)
_TYPES: dict[str, Any] = {
    **dict.fromkeys(("train", "validation", "test", "position", "seed"), sa.BigInteger()),
    **dict.fromkeys(("input_tokens", "output_tokens"), sa.BigInteger()),
    **dict.fromkeys(("value", "seconds"), sa.Double()),
    **dict.fromkeys(("id", "root", "example", "prompt", "left", "right"), _ID),
}
"""The types of all columns that aren't text, keyed by name."""


def upgrade() -> None:
    """Create the tables, and add triggers that block updates and, in three tables, deletions."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is appended to, never changed', TG_TABLE_NAME; END $$"
        )
    _create_table(
        "articles",
        "id url revision digest title source licence language page",
        indexes="source url",
    )
    _create_table(
        "comparisons", "id campaign prompt left right", indexes="campaign left prompt right"
    )
    op.create_table(
        "erased",
        sa.Column("id", _ID, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erased")),
        comment="Records that were removed on request: they may not come back.",
    )
    _create_table("events", "id subject kind at detail", indexes="subject")
    _create_table("measures", "id subject name source value", indexes="subject")
    _create_table("refusals", "id scope stage subject reason detail text", indexes="scope subject")
    _create_table(
        "reviews",
        "id subject reviewer reviewer_kind status answers edited dataset submitted_at",
        ids="subject",
        nullable="edited",
        indexes="dataset reviewer subject",
    )
    _create_table(
        "verdicts",
        "id subject decision rule reviews text",
        ids="subject",
        nullable="text",
        indexes="subject",
    )
    _create_table(
        "versions",
        "id root name campaign salt train validation test reviewer_kinds gates override",
        indexes="campaign name",
    )
    _create_table(
        "members",
        "version example split",
        links={"version": "versions"},
        indexes="example",
        comment="Which examples a version holds. An erased example leaves its hash here.",
    )
    _create_table("passages", "id article section position text", links={"article": "articles"})
    _create_table(
        "runs", "id version base base_fingerprint config seed folder", links={"version": "versions"}
    )
    _create_table(
        "candidates",
        "id campaign kind provenance messages text question reference passage persona traits "
        "input_tokens output_tokens",
        links={"passage": "passages"},
        nullable="passage persona",
        indexes="campaign",
    )
    _create_table(
        "outputs",
        "id prompt arm run messages text generation seed output_tokens seconds",
        links={"run": "runs"},
        nullable="run",
        indexes="prompt",
    )
    _create_table(
        "examples",
        "id candidate verdict kind split messages text question reference passage article persona "
        "traits",
        links={"article": "articles", "candidate": "candidates", "verdict": "verdicts"},
        nullable="passage article persona",
    )
    for name in ("versions", "members", "events"):
        _forbid("DELETE", name)


def _create_table(
    name: str,
    columns: str,
    *,
    indexes: str = "",
    ids: str = "",
    links: dict[str, str] | None = None,
    nullable: str = "",
    comment: str | None = None,
) -> None:
    """Create a table whose rows are numbered and can't be updated.

    Arguments that name several columns separate the names by spaces. A column contains text unless
    `_TYPES` lists another type for its name. `ids` lists the columns that contain record ids.
    `links` maps the columns that refer to another table to the name of that table, and these
    columns get a foreign key and an index.
    """
    links = links or {}
    fields = columns.split()
    column_types = _TYPES | dict.fromkeys((*ids.split(), *links), _ID)
    constraints: list[sa.Constraint] = [
        sa.ForeignKeyConstraint([field], [f"{table}.id"], name=op.f(f"fk_{name}_{field}"))
        for field, table in links.items()
    ]
    constraints.append(sa.PrimaryKeyConstraint("seq", name=op.f(f"pk_{name}")))
    if "id" in fields:
        constraints.append(sa.UniqueConstraint("id", name=op.f(f"uq_{name}_id")))
    op.create_table(
        name,
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(
            sa.Column(field, column_types.get(field, sa.Text()), nullable=field in nullable.split())
            for field in fields
        ),
        *constraints,
        comment=comment,
    )
    for field in sorted((*indexes.split(), *links)):
        op.create_index(op.f(f"ix_{name}_{field}"), name, [field])
    _forbid("UPDATE", name)


def _forbid(change: str, table: str) -> None:
    body = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    if op.get_bind().dialect.name == "sqlite":
        body = f"BEGIN SELECT RAISE(ABORT, '{table} is appended to, never changed'); END"
    op.execute(f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} {body}")
