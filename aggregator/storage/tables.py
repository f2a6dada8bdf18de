"""The tables.

Rules for editors: every change needs a script in `migrations/versions` and a new `opening.HEAD`; a test compares the
two. Records are stored whole as JSON (`codec`), with columns only for what queries look for. The names of tables and
columns are stored data: each part of the store maps them to fields by hand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from aggregator.core.dates.microseconds import from_microseconds, to_microseconds


class InstantColumn(TypeDecorator[datetime]):
    """An aware datetime, exact to the microsecond; it comes back in UTC. A naive one is a TypeError."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """SQLAlchemy: the value to store, whole microseconds since 1970. TypeError for a naive datetime."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """SQLAlchemy: the aware datetime, in UTC, of a stored number."""
        return None if value is None else from_microseconds(value)


# Only a column declared INTEGER is SQLite's own row number; PostgreSQL needs the wide type.
RowNumber = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# Numbers given out inside the transaction that uses them. Unlike a sequence's they appear in the order of commits: who
# has read up to one number has read everything below it. None is given twice (rule W8).
counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# `next_poll`, `number` and `id` are in force; their copies inside the JSON of `state` are not read. `feed` is JSON too.
source = Table(
    "source",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("next_poll", InstantColumn),
    Column("lease_token", Text),
    Column("lease_until", InstantColumn),
    Column("state", Text, nullable=False),
    Column("feed", Text),
    Index(None, "active", "next_poll"),
    sqlite_autoincrement=True,
)

# Domains whose servers asked for no request before an instant (a 429's Retry-After).
hold = Table(
    "hold",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("until", InstantColumn, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("number", RowNumber, ForeignKey("source.number"), nullable=False),
    Column("data", Text, nullable=False),
    Index(None, "number", "id"),
)

# Small rows, so that `known` and `find` read no contents: those are JSON in `body`.
entry = Table(
    "entry",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=False),
    Column("number", RowNumber, ForeignKey("source.number"), nullable=False),
    Column("key", Text, nullable=False),
    Column("public_id", Text, nullable=False),
    Column("native_id", Text),
    Column("link", Text),
    Column("link_key", Text),
    Column("title", Text, nullable=False),
    Column("title_folded", Text, nullable=False),
    Column("first_seen", InstantColumn, nullable=False),
    Column("changed_at", InstantColumn, nullable=False),
    Column("published", InstantColumn),
    Column("updated", InstantColumn, nullable=False),
    Column("sort_date", InstantColumn, nullable=False),
    Column("deleted_at", InstantColumn),
    Column("fingerprint", Text, nullable=False),
    # The change number, from the same series as `seq`: that of the latest addition, revision or deletion (rule W8).
    Column("place", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("number", "key"),
    # With `deleted_at` it answers counts and walks without reading the rows.
    Index(None, "number", "place", "deleted_at"),
    Index(None, "place"),
    Index(None, "public_id"),
    Index(None, "link_key"),
)

# Aliases: keys that entries had before (rules I3 and I4).
alias = Table(
    "alias",
    metadata,
    Column("number", RowNumber, ForeignKey("source.number"), primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("seq", RowNumber, ForeignKey("entry.seq"), nullable=False),
    sqlite_with_rowid=False,
)

# The entry cache: what is kept of a source's last document, so that the next is read only where it differs.
entry_cache = Table(
    "trace",
    metadata,
    Column("number", RowNumber, ForeignKey("source.number"), primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

body = Table(
    "body",
    metadata,
    Column("seq", RowNumber, ForeignKey("entry.seq"), primary_key=True, autoincrement=False),
    Column("data", Text, nullable=False),
)

# Category paths that entries themselves have: JSON arrays of names.
node = Table(
    "node",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("path", Text, nullable=False, unique=True),
)

entry_node = Table(
    "entry_node",
    metadata,
    Column("node", RowNumber, ForeignKey("node.id"), primary_key=True, autoincrement=False),
    Column("seq", RowNumber, ForeignKey("entry.seq"), primary_key=True, autoincrement=False),
    Column("number", RowNumber, nullable=False),
    Column("place", BigInteger, nullable=False, server_default=text("0")),
    Index(None, "seq"),
    Index(None, "node", "place"),
    sqlite_with_rowid=False,
)

# Entries that were deleted; `told`: outputs still have a tombstone of it (rule W12).
removal = Table(
    "removal",
    metadata,
    Column("seq", RowNumber, ForeignKey("entry.seq"), primary_key=True, autoincrement=False),
    Column("at", InstantColumn, nullable=False),
    Column("origin", Text, nullable=False),
    Column("why", Text),
    Column("told", Boolean, nullable=False),
    Index(None, "told", "at"),
)

slug = Table(
    "slug",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("folded", Text, nullable=False),
    UniqueConstraint("kind", "folded"),
)

output = Table(
    "output",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public_id", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("configured_at", InstantColumn, nullable=False),
    Column("dirty", Boolean, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("newest", InstantColumn),
    Column("retired", Boolean, nullable=False),
)

rendition = Table(
    "rendition",
    metadata,
    Column("path", Text, primary_key=True),
    Column("output", Text, ForeignKey("output.id"), nullable=False),
    Column("format", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("modified", InstantColumn, nullable=False),
    Column("size", BigInteger, nullable=False),
    Index(None, "output"),
)

# The archive of an output. Everything with a change number up to `settled` is in a document or is no story of the
# output; changes up to `looked` have been looked at for stories of finished documents (rule W9).
chain = Table(
    "chain",
    metadata,
    Column("output", Text, ForeignKey("output.id"), primary_key=True),
    Column("generation", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("settled", BigInteger, nullable=False),
    Column("looked", BigInteger, nullable=False),
)

# One finished document of an archive: the seqs of its stories as JSON, in order of addition.
archive = Table(
    "archive",
    metadata,
    Column("output", Text, ForeignKey("chain.output"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("repeated", BigInteger, nullable=False),
    Column("members", Text, nullable=False),
    Column("stale", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

# The files of archive documents. The row of a chain that has ended stays until its file is removed.
archive_file = Table(
    "archive_file",
    metadata,
    Column("path", Text, primary_key=True),
    Column("output", Text, nullable=False),
    Column("generation", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("format", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("modified", InstantColumn, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("final", Boolean, nullable=False),
    Index(None, "output", "number"),
    sqlite_with_rowid=False,
)

# Versions of published files (rule W11): readers name them by ETag. `place` is a change number.
file_version = Table(
    "state",
    metadata,
    Column("path", Text, primary_key=True),
    Column("etag", Text, primary_key=True),
    Column("stamp", BigInteger, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("since", InstantColumn, nullable=False),
    Column("until", InstantColumn),
    Column("parts", Text),
    Index(None, "until"),
    sqlite_with_rowid=False,
)

# How many seconds of an output's changes its slowest returning reader had missed.
reader_lag = Table(
    "reader",
    metadata,
    Column("output", Text, primary_key=True),
    Column("seconds", BigInteger, nullable=False),
    Column("seen", InstantColumn, nullable=False),
    sqlite_with_rowid=False,
)
