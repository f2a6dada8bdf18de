"""What all commands share: where the files are, how trouble is told, and what exit status it has."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from aggregator.core.errors import AggregatorError, ConfigError

SOURCE_FAILED = 1
CONFIGURATION = 2

Command = TypeVar("Command", bound=Callable[..., Any])


def places(command: Command) -> Command:
    """Add `--config` and `--store`, as `config: Path` and `store: Path`."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("feeds.toml"),
        envvar="AGGREGATOR_CONFIG",
        show_default=True,
        help="The file that names sources and outputs.",
    )
    store = click.option(
        "--store",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("store"),
        envvar="AGGREGATOR_STORE",
        show_default=True,
        help="The folder for all that the program writes.",
    )
    return config(store(command))


@contextmanager
def trouble() -> Iterator[None]:
    """End the program with words and an exit status for people, never with a traceback, on expected trouble."""
    try:
        yield
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(CONFIGURATION)
    except AggregatorError as error:
        click.echo(f"aggregator: {error}", err=True)
        sys.exit(SOURCE_FAILED)
    except BrokenPipeError:
        # the reader of our output has left: nobody is there to be told
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(SOURCE_FAILED)


def set_up_log(*, quiet: bool, as_json: bool = False, least: int = logging.WARNING) -> None:
    """Send log lines to standard error: from level `least` on if `quiet`; one JSON object a line if `as_json`."""
    import structlog

    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        # plain: the default draws all local variables, in seconds of work and with the passwords among them
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if as_json else _as_is,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _as_is(_logger: Any, _name: str, event: Any) -> Any:
    return event
