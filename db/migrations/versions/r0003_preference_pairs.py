"""Create tables for preference pairs and for the pairs of each version."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"

_ID = sa.String(length=64)


def upgrade() -> None:
    """Create the new tables, and count the pairs of each version, which is 0 for old versions."""
    _create_table(
        "pairs",
        sa.Column("id", _ID, nullable=False),
        *_columns(sa.Text(), "source", "split", "prompt", "chosen", "rejected"),
        *_columns(_ID, "chosen_from", "rejected_from"),
        *_columns(sa.Text(), "reviews", "reviewers", "reviewer_kinds"),
        *_columns(sa.BigInteger(), "support"),
        *_columns(_ID, "comparison", nullable=True),
        *_columns(sa.Text(), "passage", nullable=True),
        *_columns(_ID, "article", nullable=True),
        *_columns(sa.Text(), "persona", nullable=True),
        *_columns(sa.Text(), "traits"),
        sa.ForeignKeyConstraint(["article"], ["articles.id"], name=op.f("fk_pairs_article")),
        sa.UniqueConstraint("id", name=op.f("uq_pairs_id")),
    )
    _create_indexes("pairs", "article", "chosen_from", "comparison", "rejected_from")
    _create_table(
        "pair_members",
        *_columns(_ID, "version", "pair"),
        *_columns(sa.Text(), "split"),
        sa.ForeignKeyConstraint(["version"], ["versions.id"], name=op.f("fk_pair_members_version")),
        comment="Which preference pairs a version holds. An erased pair leaves its hash here.",
    )
    _create_indexes("pair_members", "pair", "version")
    op.add_column(
        "versions", sa.Column("pairs", sa.BigInteger(), nullable=False, server_default="0")
    )
    for change, table in (
        ("UPDATE", "pairs"),
        ("UPDATE", "pair_members"),
        ("DELETE", "pair_members"),
    ):
        _forbid(change, table)


def _columns(kind: Any, *names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names]


def _create_table(name: str, *items: sa.schema.SchemaItem, comment: str | None = None) -> None:
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        name,
        sa.Column("seq", sequence, nullable=False),
        *items,
        sa.PrimaryKeyConstraint("seq", name=op.f(f"pk_{name}")),
        comment=comment,
    )


def _create_indexes(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _forbid(change: str, table: str) -> None:
    body = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    if op.get_bind().dialect.name == "sqlite":
        body = f"BEGIN SELECT RAISE(ABORT, '{table} is appended to, never changed'); END"
    op.execute(f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} {body}")
