"""`aggregator export`: the list that feed readers import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.command_setup import configure_log, exit_on_error, file_options

if TYPE_CHECKING:
    from aggregator.core.records import SourceRecord


@click.command()
@file_options
@click.option(
    "--sources", "what", flag_value="sources", default="sources", help="What is read: the sources (the default)."
)
@click.option("--outputs", "what", flag_value="outputs", help="What is published: the outputs, as last published.")
def export(config: Path, store: Path, what: str) -> None:
    """Write OPML 2.0 to standard output.

    Sources bring their categories as folders; titles and sites of sources that were read before come from the store.
    Passwords are left out. Files, pages and APIs are no feeds that another reader could take; they are left out, too.
    """
    configure_log(quiet=True)
    with exit_on_error():
        written = _sources(config, store) if what == "sources" else _outputs(config, store)
        click.echo(written, nl=False)


def _outputs(config: Path, store: Path) -> bytes:
    from aggregator.app import PUBLIC, load_config
    from aggregator.core.errors import PublishError
    from aggregator.engine.publish.site_files import OUTPUTS

    load_config(config)
    published = store / PUBLIC / OUTPUTS
    try:
        return published.read_bytes()
    except FileNotFoundError:
        raise PublishError(str(published), "nothing is published yet; run `aggregator poll` first") from None
    except OSError as error:
        raise PublishError(str(published), f"it cannot be read: {error.strerror}") from error


def _sources(config: Path, store: Path) -> bytes:
    from aggregator.app import load_config
    from aggregator.engine.status import source_subscriptions
    from aggregator.formats.opml import render_opml

    settings = load_config(config)
    subscriptions, others = source_subscriptions(settings, _records(store))
    for source in others:
        kind = source.kind.reads if not source.kind.is_subscribable else "a page" if source.page else "an API"
        click.echo(f'source "{source.id}" reads {kind}, so it is left out', err=True)
    return render_opml(subscriptions, title=settings.site.title, exact=True)


def _records(store: Path) -> list[SourceRecord]:
    """The sources in the store; [] if there is no store yet."""
    from aggregator.app import DATABASE
    from aggregator.storage.opening import open_storage

    if not (store / DATABASE).exists():
        return []
    storage = open_storage(store / DATABASE)
    try:
        return list(storage.sources())
    finally:
        storage.close()
