"""`aggregator poll`: one pass over what is due."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.command_setup import EXIT_FAILED, configure_log, exit_on_error, file_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.engine.daemon import App
    from aggregator.engine.publish.publisher import PublishedOutput
    from aggregator.engine.visit import VisitReport


@click.command()
@file_options
@click.option("--force", is_flag=True, help="Visit sources that are not due, too.")
@click.option("--source", "sources", multiple=True, metavar="ID", help="Visit only this source; may be repeated.")
@click.option("--accept", is_flag=True, help="With --source: take its feed though it seems to be another's now.")
@click.option("--json", "as_json", is_flag=True, help="Print what happened as JSON.")
@click.option("--verbose", "-v", is_flag=True, help="Print a log line for each step.")
def poll(
    config: Path, store: Path, force: bool, sources: tuple[str, ...], accept: bool, as_json: bool, verbose: bool
) -> None:
    """Poll what is due, publish what changed, and exit.

    Exit status 0 if all went well, 1 if some source failed or some output could not be written, 2 if feeds.toml is
    wrong. A source asked for by hand within five minutes, or whose server asked for patience, is left alone.
    """
    # failed sources are in the result; bugs and write errors are logged too, even with --json
    configure_log(quiet=not verbose, least=logging.ERROR)
    if accept and not sources:
        raise click.UsageError("--accept is for the sources that --source names")
    with exit_on_error():
        result = asyncio.run(_poll(config, store, force=force, sources=sources, accept=accept, progress=not as_json))
    click.echo(json.dumps(result.as_json(), ensure_ascii=False, indent=2) if as_json else result.as_text())
    sys.exit(EXIT_FAILED if result.failed else 0)


async def _poll(
    config: Path, store: Path, *, force: bool, sources: Sequence[str], accept: bool, progress: bool
) -> PollResult:
    from aggregator.app import open_app
    from aggregator.server.pages import render_index

    async with open_app(config, store, index=render_index) as app:
        only = [_checked_id(app, name) for name in sources]
        bar = ProgressLine(shown=progress and sys.stderr.isatty())
        await app.restore()
        try:
            reports, waiting = await app.poll(force=force, only=only, accept=accept, begin=bar.begin, done=bar.done)
        finally:
            bar.end()
        published = await app.publish()
        return PollResult(reports=reports, waiting=waiting, published=published, public=store / "public")


def _checked_id(app: App, name: str) -> Any:
    sources = {str(source.id): source for source in app.runtime.sources.values()}
    if name not in sources:
        raise click.BadParameter(f"there is no source {name!r} in feeds.toml; there are: {', '.join(sources)}")
    if not sources[name].config.enabled:
        raise click.BadParameter(f"the source {name!r} is switched off in feeds.toml; take out its enabled = false")
    return name


class ProgressLine:
    """A counter line on a terminal; nothing elsewhere."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._total = 0
        self._count = 0

    def begin(self, total: int) -> None:
        """Add `total` visits to the total."""
        self._total += total

    def done(self, report: VisitReport) -> None:
        """Count one visit as ended."""
        self._count += 1
        if self._shown:
            click.echo(f"\r\x1b[K{self._count}/{self._total} {report.source}", err=True, nl=False)

    def end(self) -> None:
        """Wipe the line."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)


class PollResult:
    """What a pass did, for people and for scripts."""

    def __init__(
        self,
        *,
        reports: Sequence[VisitReport],
        waiting: Sequence[str],
        published: Sequence[PublishedOutput],
        public: Path,
    ) -> None:
        self._reports = sorted(reports, key=lambda report: report.source)
        self._waiting = waiting
        self._published = published
        self._public = public

    @property
    def failed(self) -> bool:
        """Whether some source failed, or some output could not be written."""
        return any(report.error for report in self._reports) or any(p.error for p in self._published)

    def as_json(self) -> dict[str, Any]:
        """The pass as plain values."""
        return {
            "sources": [_source(report) for report in self._reports],
            "waiting": list(self._waiting),
            "outputs": [
                {"output": p.output, "entries": p.stories, "files_changed": p.changed, "error": p.error}
                for p in self._published
            ],
        }

    def as_text(self) -> str:
        """The pass in a few lines: every failure, every source with new or revised entries, and totals."""
        lines = [_line(report) for report in self._reports if report.error or _has_news(report)]
        lines += [f"{name}: left alone; it was asked a moment ago, or wants patience" for name in self._waiting]
        lines += [f"{p.output}: NOT WRITTEN {p.error}" for p in self._published if p.error]
        new = sum(_count(report, "new") for report in self._reports)
        files = sum(p.changed for p in self._published)
        failed = sum(1 for report in self._reports if report.error)
        total = f"{_many(len(self._reports), 'source')} polled, {_many(new, 'new entry', 'new entries')}"
        total += f", {failed} failed" if failed else ""
        total += f"; {_many(files, 'file')} written to {self._public}" if files else "; no output changed"
        return "\n".join([*lines, total])


def _many(number: int, one: str, more: str | None = None) -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"


def _count(report: VisitReport, name: str) -> int:
    return getattr(report.outcome, name, 0)


def _has_news(report: VisitReport) -> bool:
    return bool(_count(report, "new") or _count(report, "revised") or report.diagnostics)


def _line(report: VisitReport) -> str:
    if report.error:
        return f"{report.source}: FAILED ({report.error.reason}) {report.error.message}"
    notes = f", {len(report.diagnostics)} notes (see aggregator status)" if report.diagnostics else ""
    return f"{report.source}: {_count(report, 'new')} new, {_count(report, 'revised')} revised{notes}"


def _source(report: VisitReport) -> dict[str, Any]:
    from aggregator.core.outcome import OUTCOME_NAMES

    error = report.error
    return {
        "source": report.source,
        "outcome": OUTCOME_NAMES[type(report.outcome)],
        "entries": _count(report, "entries"),
        "new": _count(report, "new"),
        "revised": _count(report, "revised"),
        "reason": error.reason.value if error else None,
        "message": error.message if error else None,
        "seconds": round(report.seconds, 3),
        "diagnostics": [{"name": d.name, "message": d.message, "entry": d.entry} for d in report.diagnostics],
    }
