"""`aggregator serve`: the daemon."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.command_setup import configure_log, exit_on_error, file_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.engine.daemon import App
    from aggregator.server.listener import WebServer


@click.command()
@file_options
@click.option("--listen", metavar="HOST:PORT", help="Answer here instead of where feeds.toml says; port 0 is any.")
@click.option("--access-log", is_flag=True, help="Write a line for each request in the common log format.")
@click.option("--log-json", is_flag=True, help="Write log lines as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Log warnings and errors only.")
def serve(config: Path, store: Path, listen: str | None, access_log: bool, log_json: bool, quiet: bool) -> None:
    """Poll, publish and serve, following edits of feeds.toml, until SIGTERM or Ctrl-C.

    SIGHUP reads feeds.toml again at once. Exit status 0 after a clean stop, 1 if the address or the store cannot be
    used, 2 if feeds.toml is wrong at the start.
    """
    configure_log(quiet=quiet, as_json=log_json)
    with exit_on_error(), asyncio.Runner(loop_factory=_quickest_loop()) as runner:
        runner.run(_serve(config, store, listen=listen, access_log=access_log))


def _quickest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's event loop if it is installed: a sixth less CPU time a response. None: asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop  # type: ignore[no-any-return, unused-ignore]


async def _serve(config: Path, store: Path, *, listen: str | None, access_log: bool) -> None:
    from aggregator.app import open_app
    from aggregator.server.asgi import create_app
    from aggregator.server.catalogue import Catalogue
    from aggregator.server.listener import WebServer
    from aggregator.server.pages import render_index

    catalogue = Catalogue()
    async with open_app(config, store, catalogue=catalogue, index=render_index) as app:
        stop = asyncio.Event()
        _listen_to_signals(app, stop)
        site = create_app(catalogue, site=lambda: app.site, status=lambda: app.status, folder=app.public)
        lines = (lambda line: click.echo(line)) if access_log else None
        server = WebServer(site, listen or app.runtime.config.server.listen, access_log=lines, clock=app.clock)
        # requests wait until this is done, so that none is answered with 404
        await app.restore()
        click.echo(f"serving http://{server.address}/ - press Ctrl-C to stop", err=True)
        await _run(app, server, stop)


async def _run(app: App, server: WebServer, stop: asyncio.Event) -> None:
    """Serve and poll side by side; when one ends, end the other."""
    serving = asyncio.create_task(server.serve())
    polling = asyncio.create_task(app.run(stop))
    try:
        await asyncio.wait((serving, polling), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        server.stop()
        await asyncio.gather(serving, polling)


def _listen_to_signals(app: App, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[bool]] = set()

    def reload() -> None:
        task = loop.create_task(app.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    def end() -> None:
        stop.set()
        app.finish()

    if sys.platform == "win32":
        return  # Ctrl-C ends asyncio.run by itself
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
