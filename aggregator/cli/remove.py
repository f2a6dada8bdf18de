"""`aggregator remove`: deletes an entry from all outputs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.command_setup import EXIT_FAILED, configure_log, exit_on_error, file_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.core.model import StoredEntry


@click.command()
@file_options
@click.argument("entry")
@click.option("--why", metavar="TEXT", help="A note of the reason, kept in the store.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def remove(config: Path, store: Path, entry: str, why: str | None, yes: bool) -> None:
    """Delete an entry from all outputs, their archives included.

    ENTRY is its link, its id or a part of its title. Several entries go at once only if they have the same link or id.
    Exit status 0 if it is deleted and published, 1 if not, 2 if feeds.toml is wrong.
    """
    configure_log(quiet=True)
    with exit_on_error():
        sys.exit(asyncio.run(_remove(config, store, entry, why=why, yes=yes)))


async def _remove(config: Path, store: Path, text: str, *, why: str | None, yes: bool) -> int:
    from aggregator.app import open_app
    from aggregator.server.pages import render_index

    async with open_app(config, store, index=render_index) as app:
        found = await app.find(text)
        for one in found:
            click.echo(f"{one.source}: {one.entry.title or '(no title)'} <{one.entry.link or one.public_id}>", err=True)
        if not found:
            click.echo(f"no entry has the link, id or title {text!r}", err=True)
            return EXIT_FAILED
        if not _are_one(found):
            click.echo("these are several; name one by its link or id", err=True)
            return EXIT_FAILED
        if not yes and not click.confirm("Delete it?", err=True):
            return EXIT_FAILED
        await app.remove(found, why=why)
        errors = [made.error for made in await app.publish() if made.error]
    for error in errors:
        click.echo(error, err=True)
    click.echo(f"deleted: {len(found)}")
    return EXIT_FAILED if errors else 0


def _are_one(found: Sequence[StoredEntry]) -> bool:
    """Whether these are one story in several sources: one link or one id."""
    links = {one.entry.link for one in found}
    return len(found) == 1 or (len(links) == 1 and None not in links) or len({one.entry.id for one in found}) == 1
