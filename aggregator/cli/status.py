"""`aggregator status`: how sources and outputs are doing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.command_setup import EXIT_CONFIGURATION, configure_log, exit_on_error, file_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.core.errors import ConfigError
    from aggregator.core.model import Diagnostic
    from aggregator.core.records import OutputRecord, SourceRecord


@click.command()
@file_options
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def status(config: Path, store: Path, as_json: bool) -> None:
    """Show sources (health, last and next poll, error) and outputs (size, newest).

    It only reads. If feeds.toml is wrong, that is said first, and the exit status is 2.
    """
    from aggregator.app import DATABASE, load_config
    from aggregator.core.errors import ConfigError, StorageError
    from aggregator.engine.clock import wall_clock
    from aggregator.storage.opening import open_storage

    configure_log(quiet=True)
    problem: ConfigError | None = None
    with exit_on_error():
        try:
            load_config(config)
        except ConfigError as error:
            problem = error
        if not (store / DATABASE).exists():
            if problem:
                raise problem
            raise StorageError(str(store), "there is no store yet; run `aggregator poll` first")
        storage = open_storage(store / DATABASE)
        try:
            shown = Status(problem, storage.sources(), storage.outputs(), wall_clock())
        finally:
            storage.close()
    click.echo(json.dumps(shown.as_json(), ensure_ascii=False, indent=2) if as_json else shown.as_text())
    sys.exit(EXIT_CONFIGURATION if problem else 0)


class Status:
    """The report on sources and outputs, for people and for scripts."""

    def __init__(
        self,
        problem: ConfigError | None,
        sources: list[SourceRecord],
        outputs: list[OutputRecord],
        now: datetime,
    ) -> None:
        from aggregator.engine.status import same_feeds

        self._problem = problem
        self._sources = sources
        self._outputs = outputs
        self._now = now
        twins = same_feeds(sources)
        self._notes = {
            r.state.source: [*r.state.notes, *([twins[r.state.source]] if r.state.source in twins else [])]
            for r in sources
        }

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values; instants in RFC 3339."""
        return {
            "configuration": str(self._problem) if self._problem else None,
            "sources": [_source(record, self._notes[record.state.source]) for record in self._sources],
            "outputs": [
                {"output": o.output, "id": o.public_id, "entries": o.size, "newest": _iso(o.newest), "dirty": o.dirty}
                for o in self._outputs
            ],
        }

    def as_text(self) -> str:
        """Tables of sources and outputs, and a line for each error and each diagnostic."""
        lines = (
            [f"feeds.toml is wrong; the last good state stays in force:\n{self._problem}\n"] if self._problem else []
        )
        rows = [("SOURCE", "HEALTH", "ENTRIES", "LAST POLL", "NEXT POLL")]
        rows += [
            (
                r.state.source,
                r.state.health.value,
                str(r.entries),
                _ago(r.state.last_poll, self._now),
                _ahead(r.state.next_poll, self._now),
            )
            for r in self._sources
        ]
        lines += _columns(rows)
        lines += [f"  {r.state.source}: {w}" for r in self._sources for w in _words(r, self._notes[r.state.source])]
        outputs = [("OUTPUT", "ENTRIES", "NEWEST")]
        outputs += [(o.output, str(o.size), _ago(o.newest, self._now)) for o in self._outputs]
        return "\n".join([*lines, "", *_columns(outputs)])


def _words(record: SourceRecord, notes: Sequence[Diagnostic]) -> list[str]:
    """What a person should know of a source beyond the columns."""
    state, attempt = record.state, record.attempt
    words = []
    if state.error_reason:
        times = f", {state.errors} times in a row" if state.errors > 1 else ""
        words.append(f"{state.error_reason}{times}: {state.error_message}")
    if attempt and attempt.entries and not attempt.known and record.entries > attempt.entries:
        words.append("all entries of the last document were new; some were probably missed in between")
    return [*words, *_diagnostic_lines(notes)]


def _diagnostic_lines(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """A line for each name: what was found first, and in how many more places."""
    by_name: dict[str, list[Diagnostic]] = {}
    for one in diagnostics:
        by_name.setdefault(one.name, []).append(one)
    lines = []
    for name, (first, *more) in by_name.items():
        where = f" ({first.entry})" if first.entry else ""
        lines.append(f"{name}: {first.message}{where}" + (f", and {len(more)} more" if more else ""))
    return lines


def _source(record: SourceRecord, notes: Sequence[Diagnostic]) -> dict[str, Any]:
    state, feed = record.state, record.feed
    return {
        "source": state.source,
        "title": feed.title if feed else None,
        "health": state.health.value,
        "entries": record.entries,
        "newest": _iso(record.newest),
        "last_poll": _iso(state.last_poll),
        "last_success": _iso(state.last_success),
        "next_poll": _iso(state.next_poll),
        "errors": state.errors,
        "reason": state.error_reason,
        "message": state.error_message,
        "diagnostics": [{"name": d.name, "message": d.message, "entry": d.entry} for d in notes],
    }


def _iso(moment: datetime | None) -> str | None:
    from aggregator.core.dates.dates import rfc3339

    return rfc3339(moment) if moment else None


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{_span((now - moment).total_seconds())} ago" if moment else "never"


def _ahead(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "by hand only"
    seconds = (moment - now).total_seconds()
    return f"in {_span(seconds)}" if seconds > 0 else "now"


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(t + " " * (w - _width(t)) for t, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _width(text: str) -> int:
    """Cells on a terminal: East Asian wide characters take two."""
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
