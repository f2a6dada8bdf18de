"""`aggregator preview`: what a visit would read, and nothing stored of it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.command_setup import configure_log, exit_on_error, file_options
from aggregator.cli.fetch_once import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aggregator.cli.fetch_once import FetchedFeed
    from aggregator.core.config.tables import Config, SourceConfig
    from aggregator.core.errors import ParseError
    from aggregator.core.model import Diagnostic, Entry, Feed, Person
    from aggregator.core.select.filters.filter import Verdict

TEXT_SHOWN = 200
"""Characters of an entry's text."""


@click.command()
@file_options
@click.argument("what", metavar="SOURCE-OR-URL")
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Entries shown; 0 for all.")
@click.option("--verbose", "-v", is_flag=True, help="Say also which element filled each field.")
@click.option("--feed", "output", metavar="ID", help="Say also whether this output takes each entry, and what decides.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was read as JSON.")
def preview(
    config: Path,
    store: Path,  # noqa: ARG001
    what: str,
    limit: int,
    verbose: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Show what would be read from a source of feeds.toml (by its id), an address, or a file.

    One request is made, and nothing is stored. Exit status 1 if it cannot be fetched or read, 2 if feeds.toml is wrong.
    """
    configure_log(quiet=True)
    if output and as_json:
        raise click.UsageError("--feed and --json do not go together")
    with exit_on_error():
        from aggregator.core.errors import ParseError

        try:
            settings = _config(config)
            source = _source(settings, what)
            feed = asyncio.run(_fetched(settings, source, config.parent))
            judge = _judge(settings, source, feed, output) if output else None
        except ParseError as error:
            click.echo(f"aggregator: {error}", err=True)
            click.echo(_advice(error), err=True, nl=False)
            sys.exit(1)
        click.echo(_as_json(feed) if as_json else "\n".join(_as_text(feed, limit=limit, verbose=verbose, judge=judge)))


def _advice(error: ParseError) -> str:
    """The feeds a page names, one a line."""
    return "".join(f"  aggregator preview {url}\n" for url in error.feeds)


async def _fetched(config: Config, source: SourceConfig, base: Path) -> FetchedFeed:
    from aggregator.cli.fetch_once import FetchedFeed, fetch, read

    document = await fetch(config, source, base)
    return FetchedFeed(document=document, reading=read(source, document))


def _config(path: Path) -> Config:
    """feeds.toml; the defaults if there is no such file."""
    from aggregator.cli.config_file import open_config

    return open_config(path).config


def _source(config: Config, what: str) -> SourceConfig:
    """The source of that id, else one made for the address or file."""
    from aggregator.cli.fetch_once import address_of
    from aggregator.core.config.report import close_match
    from aggregator.core.config.tables import SourceConfig
    from aggregator.core.config.values import normal
    from aggregator.core.errors import AggregatorError

    by_id: dict[str, SourceConfig] = {source.id: source for source in config.sources}
    named = by_id.get(normal(what))
    if named is not None:
        return named
    file = Path(what)
    if file.exists() and not file.is_dir():
        return SourceConfig.model_validate({"id": "preview", "path": str(file.absolute())})
    address = address_of(what)
    if address is None:
        meant = close_match(what, by_id)
        hint = f'; did you mean "{meant}"?' if meant else ""
        raise AggregatorError(f'"{what}" is no source of feeds.toml, no file and no address{hint}')
    same = next((source for source in config.sources if source.address == address), None)
    return same or SourceConfig.model_validate({"id": "preview", "url": address})


def _judge(config: Config, source: SourceConfig, feed: FetchedFeed, output: str) -> Callable[[Entry], Verdict]:
    """The function that gives the output's verdict on an entry. Raises AggregatorError if there is no such output."""
    from aggregator.core.config.report import close_match
    from aggregator.core.config.values import normal
    from aggregator.core.errors import AggregatorError
    from aggregator.core.select.category_paths import own_paths
    from aggregator.core.select.filters.filter import FilterInput
    from aggregator.core.select.plan import plan_outputs

    paths = [path for entry in feed.reading.entries for path in own_paths(entry)]
    plans = {plan.name: plan for plan in plan_outputs(config, paths, lambda _kind, _name, wanted: wanted)}
    plan = plans.get(normal(output))
    if plan is None:
        meant = close_match(output, plans)
        hint = f'; did you mean "{meant}"?' if meant else ""
        raise AggregatorError(f'"{output}" is no output of feeds.toml{hint}')
    return lambda entry: plan.verdict(FilterInput(entry, source.id))


def _as_json(feed: FetchedFeed) -> str:
    from pydantic import TypeAdapter

    from aggregator.core.normalise import NormalisedFeed

    return TypeAdapter(NormalisedFeed).dump_json(feed.reading, indent=2).decode()


def _as_text(
    feed: FetchedFeed, *, limit: int, verbose: bool, judge: Callable[[Entry], Verdict] | None
) -> Iterator[str]:
    reading = feed.reading
    yield from _head(reading.feed, feed.document.url)
    shown = reading.entries[:limit] if limit else reading.entries
    yield f"Entries   {len(reading.entries)}" + (
        f", of which the first {limit}" if len(shown) < len(reading.entries) else ""
    )
    if verbose:
        yield from _provenance(reading.feed.provenance)
    for number, entry in enumerate(shown, start=1):
        yield ""
        yield from _entry(number, entry, verbose=verbose)
        if judge:
            yield f"   feed   {_decision(judge(entry))}"
    if reading.diagnostics:
        yield ""
        yield "Diagnostics"
        yield from map(_diagnostic, reading.diagnostics)


def _head(feed: Feed, url: str) -> Iterator[str]:
    from aggregator.core.urls.parser import without_userinfo

    for name, value in (
        ("Title", feed.title),
        ("Address", without_userinfo(url)),
        ("Site", feed.site_url),
        ("About", feed.description),
        ("Language", feed.language),
        ("Authors", _people(feed.authors)),
        ("Generator", feed.generator),
    ):
        if value:
            yield f"{name:<9} {printable(value)[:TEXT_SHOWN]}"


def _entry(number: int, entry: Entry, *, verbose: bool) -> Iterator[str]:
    from aggregator.core.html.clean import visible_text

    yield f"{number}. {printable(entry.title)}" + (" (title made from the text)" if entry.title_is_generated else "")
    date = entry.published.isoformat(sep=" ") if entry.published else None
    short = entry.summary or ""
    text = visible_text(entry.content) or (visible_text(short) if entry.summary_is_html else short)
    plain = printable(text)
    for name, value in (
        ("link", entry.link),
        ("date", date or (f"cannot be read: {printable(entry.published_raw)}" if entry.published_raw else None)),
        ("by", _people(tuple(person for person in entry.authors if not person.is_source))),
        ("in", ", ".join("/".join(category.path) for category in entry.categories)),
        ("image", entry.image.url if entry.image else None),
        ("files", ", ".join(enclosure.url for enclosure in entry.enclosures)),
        ("text", plain[:TEXT_SHOWN] + ("…" if len(plain) > TEXT_SHOWN else "")),
    ):
        if value:
            yield f"   {name:<6} {printable(value)}"
    if verbose:
        yield f"   id     {printable(entry.id or 'none')}"
        yield from _provenance(entry.provenance)


def _decision(verdict: Verdict) -> str:
    """`yes (keep: 腾讯)`: whether an output takes an entry, and the key and the value that decided."""
    why = verdict.rule + (f": {printable(verdict.text)}" if verdict.text else "")
    return f"{'yes' if verdict.passes else 'no'} ({why})"


def _provenance(provenance: dict[str, str]) -> Iterator[str]:
    if provenance:
        yield "   from   " + ", ".join(
            f"{field}: {printable(element)}" for field, element in sorted(provenance.items())
        )


def _diagnostic(diagnostic: Diagnostic) -> str:
    where = f" ({printable(diagnostic.entry)[:100]})" if diagnostic.entry else ""
    return f"  {diagnostic.name}: {printable(diagnostic.message)}{where}"


def _people(people: tuple[Person, ...]) -> str:
    return ", ".join(person.name for person in people)
