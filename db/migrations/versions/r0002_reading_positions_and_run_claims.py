"""Create tables for the training queue and for reading positions.

Before this migration, reading positions were stored as measures.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    """Create the new tables, and convert the existing reading positions."""
    op.create_table(
        "reading_positions",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        *_texts("source_fingerprint"),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_reading_positions")),
        sa.UniqueConstraint("id", name=op.f("uq_reading_positions_id")),
    )
    op.create_index(
        op.f("ix_reading_positions_source_fingerprint"), "reading_positions", ["source_fingerprint"]
    )
    op.create_table(
        "run_claims",
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        *_texts("campaign", "training", "training_fingerprint", "state"),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        *_texts("worker", "token", "heartbeat_at", "reason", "changed_at"),
        sa.ForeignKeyConstraint(["version"], ["versions.id"], name=op.f("fk_run_claims_version")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_run_claims")),
        comment="The training queue: requested runs and the workers that hold them. "
        "Rows may change.",
    )
    op.create_index(op.f("ix_run_claims_state"), "run_claims", ["state"])
    op.create_index(op.f("ix_run_claims_version"), "run_claims", ["version"])
    _move_positions()
    body = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    if op.get_bind().dialect.name == "sqlite":
        body = "BEGIN SELECT RAISE(ABORT, 'reading_positions is appended to, never changed'); END"
    op.execute(
        f"CREATE TRIGGER reading_positions_no_update BEFORE UPDATE ON reading_positions {body}"
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _move_positions() -> None:
    """Move reading positions from the table of measures to their new table.

    The name of an old measure is the byte offset, or −1 if the file was read completely.
    """
    measures = sa.table("measures", *map(sa.column, ("seq", "subject", "name", "source")))
    positions = sa.table(
        "reading_positions", *map(sa.column, ("id", "source_fingerprint", "offset"))
    )
    are_positions = measures.c.source == "intake.v1"
    connection = op.get_bind()
    query = sa.select(measures.c.subject, measures.c.name).where(are_positions)
    rows = [
        _position(subject, int(name))
        for subject, name in connection.execute(query.order_by(measures.c.seq))
    ]
    if rows:
        connection.execute(positions.insert(), rows)
        connection.execute(measures.delete().where(are_positions))


def _position(fingerprint: str, place: int) -> dict[str, str | int | None]:
    offset = None if place == -1 else place
    columns = {"source_fingerprint": fingerprint, "offset": offset}
    identity = {**columns, "record": "ReadingPosition"}
    text = json.dumps(identity, separators=(",", ":"), sort_keys=True)
    return {"id": hashlib.sha256(text.encode()).hexdigest(), **columns}
