"""`aggregator import`: the subscriptions of another reader into feeds.toml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.command_setup import configure_log, exit_on_error, file_options
from aggregator.cli.fetch_once import printable

if TYPE_CHECKING:
    from aggregator.cli.config_file import ConfigFile
    from aggregator.core.config.edit import NewSource
    from aggregator.core.model import CategoryPath
    from aggregator.core.parse.opml import LeftOut, SubscriptionList

MOST_SHOWN = 100
"""Lines of each part of the report for people; --json has all."""


@click.command("import")
@file_options
@click.argument("opml", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--category", metavar="PATH", help='Put everything below this category, such as "News".')
@click.option("--dry-run", is_flag=True, help="Say what would be added, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def import_(
    config: Path,
    store: Path,  # noqa: ARG001 - all commands take --store
    opml: Path,
    category: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add the feeds of an OPML file to feeds.toml; "-" reads it from standard input.

    Folders become categories. Feeds that feeds.toml has already stay as they are, repeats are merged, and what was left
    out is said with its reason. No feed is fetched now. Exit status 1 if the file cannot be read.
    """
    configure_log(quiet=True)
    with exit_on_error():
        from aggregator.cli.config_file import open_config

        below = _below(category)
        file = open_config(config)
        report = ImportReport(file, _read(opml), below)
        if report.added and not dry_run:
            file.write(file.with_sources(report.added))
        click.echo(report.as_json() if as_json else report.as_text(dry_run=dry_run))


def _below(category: str | None) -> CategoryPath:
    from aggregator.core.config import values
    from aggregator.core.config.report import UnfitError
    from aggregator.core.errors import AggregatorError

    try:
        return values.category_path(category) if category is not None else ()
    except UnfitError as error:
        raise AggregatorError(f"--category: {error}") from error


def _read(path: Path) -> SubscriptionList:
    from aggregator.core.errors import AggregatorError
    from aggregator.core.parse.opml import MAX_BYTES, read_opml

    try:
        with click.open_file(str(path), "rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise AggregatorError(f"{path}: it cannot be read: {error.strerror}") from error
    return read_opml(body, name=str(path))


class ImportReport:
    """What an import adds and what it leaves out."""

    def __init__(self, file: ConfigFile, found: SubscriptionList, below: CategoryPath) -> None:
        from aggregator.core.config.edit import Ids, NewSource, host_name
        from aggregator.core.parse.opml import LeftOut

        self._path = file.path
        self._found = found
        self.added: list[NewSource] = []
        self.known: list[LeftOut] = []
        ids = Ids(source.id for source in file.config.sources)
        source_ids = file.sources_by_key()
        for one in found.subscriptions:
            known = source_ids.get(file.key(one.url))
            if known is not None:
                self.known.append(LeftOut(name=one.title, reason=f'it is source "{known}"', line=one.line))
                continue
            name = ids.propose(one.title, host_name(one.url))
            self.added.append(NewSource(id=name, url=one.url, title=one.title, category=(*below, *one.path) or None))

    def as_text(self, *, dry_run: bool) -> str:
        """Totals, and a line for each feed that was not added."""
        from aggregator.core.urls.parser import without_userinfo

        found = self._found
        verb = "would be added to" if dry_run else "added to"
        lines = [f"{len(self.added)} of {self._total()} feeds {verb} {self._path}"]
        if dry_run:
            lines += _some([f"  {new.id}: {without_userinfo(new.url)}" for new in self.added])
        lines += _part("in it already", self.known)
        lines += _part("repeated in the file", found.repeated)
        lines += _part("left out", found.left_out)
        if found.problems:
            lines += ["the XML is broken; feeds may be missing:", *(f"  {words}" for words in found.problems)]
        return "\n".join(lines)

    def as_json(self) -> str:
        """The same for scripts, whole."""
        from aggregator.core.urls.parser import without_userinfo

        report: dict[str, Any] = {
            "added": [new.table() | {"url": without_userinfo(new.url)} for new in self.added],
            "known": [_plain(one) for one in self.known],
            "repeated": [_plain(one) for one in self._found.repeated],
            "left_out": [_plain(one) for one in self._found.left_out],
            "problems": list(self._found.problems),
        }
        return json.dumps(report, ensure_ascii=False, indent=2)

    def _total(self) -> int:
        return len(self._found.subscriptions) + len(self._found.repeated) + len(self._found.left_out)


def _part(head: str, left: list[LeftOut] | tuple[LeftOut, ...]) -> list[str]:
    return [f"{len(left)} {head}:", *_some([f"  {printable(one.text())}" for one in left])] if left else []


def _some(lines: list[str]) -> list[str]:
    rest = len(lines) - MOST_SHOWN
    return [*lines[:MOST_SHOWN], f"  and {rest} more (--json has all)"] if rest > 0 else lines


def _plain(one: LeftOut) -> dict[str, object]:
    return {"name": one.name, "reason": one.reason, "line": one.line}
