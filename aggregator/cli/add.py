"""`aggregator add`: a feed, or one that a page names, into feeds.toml."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.command_setup import configure_log, exit_on_error, file_options
from aggregator.cli.fetch_once import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.cli.config_file import ConfigFile
    from aggregator.cli.find_feed import FoundFeed
    from aggregator.core.parse.page.discovery import NamedFeed


@click.command()
@file_options
@click.argument("url")
@click.option("--id", "name", metavar="ID", help="Name of the source; without it, one is made from the title.")
@click.option("--title", help="Shown instead of the title that the source gives itself.")
@click.option("--category", metavar="PATH", help='Where its entries stand, such as "News/Local".')
@click.option("--yes", "-y", is_flag=True, help="Take the first feed that a page names, and do not ask.")
@click.option("--probe", is_flag=True, help="If a page names no feed, ask for it at the usual places as well.")
def add(
    config: Path,
    store: Path,  # noqa: ARG001 - all commands take --store
    url: str,
    name: str | None,
    title: str | None,
    category: str | None,
    yes: bool,
    probe: bool,
) -> None:
    """Add the feed at URL to feeds.toml, or a feed that the page at URL names.

    Of several feeds you choose. Comments and layout of feeds.toml stay as they are. Exit status 1 if there is no feed
    or it is there already, 2 if feeds.toml is wrong.
    """
    configure_log(quiet=True)
    with exit_on_error():
        from aggregator.cli.config_file import open_config
        from aggregator.cli.find_feed import find

        wanted = AddRequest(url, name=name, title=title, category=category)
        file = open_config(config)
        wanted.refuse_taken(file)
        choose = _first if yes or not _is_terminal() else _ask
        found = asyncio.run(find(file, wanted.url, choose=choose, probe=probe))
        click.echo(wanted.write(file, found))


class AddRequest:
    """The options of the command, checked before any prompt. Raises AggregatorError for unusable ones."""

    def __init__(self, url: str, *, name: str | None, title: str | None, category: str | None) -> None:
        from aggregator.cli.fetch_once import address_of
        from aggregator.core.config import values
        from aggregator.core.config.report import UnfitError
        from aggregator.core.errors import AggregatorError
        from aggregator.core.model import SourceId

        address = address_of(url)
        if address is None:
            raise AggregatorError(f"{url}: this is no address of the web; files on disk are named with `path` by hand")
        self.url = address
        option = ""
        try:
            option = "--id"
            self.id = SourceId(values.identifier(name)) if name is not None else None
            option = "--title"
            self.title = values.one_line(title) if title is not None else None
            option = "--category"
            self.category = values.category_path(category) if category is not None else None
        except UnfitError as error:
            raise AggregatorError(f"{option}: {error}") from error

    def refuse_taken(self, file: ConfigFile) -> None:
        """Raise AggregatorError if feeds.toml has the id or the address already."""
        from aggregator.core.config import values
        from aggregator.core.errors import AggregatorError

        for source in file.config.sources:
            if self.id and values.folded_name(source.id) == values.folded_name(self.id):
                raise AggregatorError(f'--id: {file.path} has a source "{source.id}" already')
        refuse_known_address(file, self.url)

    def write(self, file: ConfigFile, found: FoundFeed) -> str:
        """Add the source; returns the message about it. Raises ConfigError."""
        from aggregator.core.config.edit import Ids, NewSource, host_name
        from aggregator.core.urls.parser import without_userinfo

        refuse_known_address(file, found.url)
        taken = Ids(source.id for source in file.config.sources)
        proposed = self.id or taken.propose(*found.names, host_name(found.url))
        source = NewSource(id=proposed, url=found.url, title=self.title, category=self.category)
        file.write(file.with_sources([source]))
        own = printable(next((name for name in found.names if name), ""))
        lines = [f'{file.path}: added source "{source.id}"' + (f": {own}" if own else "")]
        shown = source.table() | {"url": without_userinfo(source.url)}
        lines += [f"  {key:<8} = {value}" for key, value in shown.items() if key != "id"]
        return "\n".join([*lines, found.note] if found.note else lines)


def refuse_known_address(file: ConfigFile, url: str) -> None:
    """Raise AggregatorError if a source of feeds.toml has this address."""
    from aggregator.core.errors import AggregatorError
    from aggregator.core.urls.parser import without_userinfo

    known = file.source_with(url)
    if known is not None:
        raise AggregatorError(f'{without_userinfo(url)}: {file.path} has it already, as source "{known}"')


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _first(feeds: Sequence[NamedFeed], known: str) -> NamedFeed:
    if known:
        # the page's other feeds are the same in another format, or comments: they are added only by their own address
        from aggregator.core.errors import AggregatorError

        raise AggregatorError(_listed(f"{known}; to have another of its feeds as well, add it by its address:", feeds))
    if len(feeds) > 1:
        click.echo(_listed("the page names these feeds; the first is taken:", feeds), err=True)
    return feeds[0]


def _ask(feeds: Sequence[NamedFeed], known: str) -> NamedFeed:
    if len(feeds) == 1 and not known:
        return feeds[0]
    click.echo(_listed(f"{known}. It also names:" if known else "The page names these feeds:", feeds))
    number: int = click.prompt("Which", type=click.IntRange(1, len(feeds)), default=1)
    return feeds[number - 1]


def _listed(head: str, feeds: Sequence[NamedFeed]) -> str:
    width = len(str(len(feeds)))
    lines = [
        f"  {number:>{width}}. {feed.url}" + (f"  {printable(feed.title)}" if feed.title else "")
        for number, feed in enumerate(feeds, 1)
    ]
    return "\n".join([head, *lines])
