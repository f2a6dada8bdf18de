"""Archives, deletions and readers; entries get a place that moves with every change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.BigInteger


def upgrade() -> None:
    _places()
    _removals()
    _archives()
    _readers()


def _places() -> None:
    """Entries so far keep the place of their addition: revisions made before were never counted."""
    for table in ("entry", "entry_node"):
        place = sa.Column("place", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        op.add_column(table, place)
        op.execute(f"UPDATE {table} SET place = seq")
    op.drop_index("ix_entry_number_seq_deleted_at", "entry")
    op.create_index("ix_entry_number_place_deleted_at", "entry", ["number", "place", "deleted_at"])
    op.create_index("ix_entry_place", "entry", ["place"])
    op.create_index("ix_entry_node_node_place", "entry_node", ["node", "place"])


def _removals() -> None:
    op.create_table(
        "removal",
        sa.Column("seq", RowNumber, autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["entry.seq"], name="fk_removal_seq"),
        sa.PrimaryKeyConstraint("seq", name="pk_removal"),
    )
    op.create_index("ix_removal_told_at", "removal", ["told", "at"])


def _archives() -> None:
    op.create_table(
        "chain",
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("generation", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("looked", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["output"], ["output.id"], name="fk_chain_output"),
        sa.PrimaryKeyConstraint("output", name="pk_chain"),
    )
    op.create_table(
        "archive",
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("repeated", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["output"], ["chain.output"], name="fk_archive_output"),
        sa.PrimaryKeyConstraint("output", "number", name="pk_archive"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archive_file",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("generation", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("modified", Instant(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_archive_file"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_archive_file_output_number", "archive_file", ["output", "number"])


def _readers() -> None:
    op.create_table(
        "state",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("parts", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("path", "etag", name="pk_state"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_state_until", "state", ["until"])
    op.create_table(
        "reader",
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("seen", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("output", name="pk_reader"),
        sqlite_with_rowid=False,
    )
