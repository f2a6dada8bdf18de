"""Run by alembic: applies the scripts of `versions` over the connection, and in the transaction, of `opening`."""

from __future__ import annotations

from alembic import context

from aggregator.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # The caller's transaction holds all scripts together: half an upgrade is never kept.
    transactional_ddl=False,
)
context.run_migrations()
