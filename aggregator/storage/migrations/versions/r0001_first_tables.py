"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out and not imported from `tables`: what a script makes may never change again.
RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.BigInteger


def upgrade() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.create_table(
        "hold",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_hold"),
    )
    op.create_table(
        "node",
        sa.Column("id", RowNumber, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_node"),
        sa.UniqueConstraint("path", name="uq_node_path"),
    )
    op.create_table(
        "output",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("configured_at", Instant(), nullable=False),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("newest", Instant(), nullable=True),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_output"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    op.create_table(
        "slug",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_slug"),
        sa.UniqueConstraint("kind", "folded", name="uq_slug_kind_folded"),
    )
    op.create_table(
        "source",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("next_poll", Instant(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_source"),
        sa.UniqueConstraint("id", name="uq_source_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_source_active_next_poll", "source", ["active", "next_poll"])
    op.create_table(
        "attempt",
        sa.Column("id", RowNumber, nullable=False),
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["source.number"], name="fk_attempt_number"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    op.create_index("ix_attempt_number_id", "attempt", ["number", "id"])
    op.create_table(
        "entry",
        sa.Column("seq", RowNumber, autoincrement=False, nullable=False),
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("link_key", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_folded", sa.Text(), nullable=False),
        sa.Column("first_seen", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("published", Instant(), nullable=True),
        sa.Column("updated", Instant(), nullable=False),
        sa.Column("sort_date", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["source.number"], name="fk_entry_number"),
        sa.PrimaryKeyConstraint("seq", name="pk_entry"),
        sa.UniqueConstraint("number", "key", name="uq_entry_number_key"),
    )
    op.create_index("ix_entry_link_key", "entry", ["link_key"])
    op.create_index("ix_entry_number_seq_deleted_at", "entry", ["number", "seq", "deleted_at"])
    op.create_index("ix_entry_public_id", "entry", ["public_id"])
    op.create_table(
        "rendition",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("modified", Instant(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["output"], ["output.id"], name="fk_rendition_output"),
        sa.PrimaryKeyConstraint("path", name="pk_rendition"),
    )
    op.create_index("ix_rendition_output", "rendition", ["output"])
    op.create_table(
        "alias",
        sa.Column("number", RowNumber, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("seq", RowNumber, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["source.number"], name="fk_alias_number"),
        sa.ForeignKeyConstraint(["seq"], ["entry.seq"], name="fk_alias_seq"),
        sa.PrimaryKeyConstraint("number", "key", name="pk_alias"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "body",
        sa.Column("seq", RowNumber, autoincrement=False, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["entry.seq"], name="fk_body_seq"),
        sa.PrimaryKeyConstraint("seq", name="pk_body"),
    )
    op.create_table(
        "entry_node",
        sa.Column("node", RowNumber, autoincrement=False, nullable=False),
        sa.Column("seq", RowNumber, autoincrement=False, nullable=False),
        sa.Column("number", RowNumber, nullable=False),
        sa.ForeignKeyConstraint(["node"], ["node.id"], name="fk_entry_node_node"),
        sa.ForeignKeyConstraint(["seq"], ["entry.seq"], name="fk_entry_node_seq"),
        sa.PrimaryKeyConstraint("node", "seq", name="pk_entry_node"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_entry_node_seq", "entry_node", ["seq"])
