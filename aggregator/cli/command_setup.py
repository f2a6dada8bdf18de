"""What all commands share: the options for the files, the log, and the exit status after an error."""

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

EXIT_FAILED = 1
"""A source failed, or the command could not do what it was asked for."""
EXIT_CONFIGURATION = 2
"""feeds.toml is wrong."""

Command = TypeVar("Command", bound=Callable[..., Any])


def file_options(command: Command) -> Command:
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
def exit_on_error() -> Iterator[None]:
    """End the program after an expected error: a message on standard error, no traceback.

    Exit status 2 for ConfigError, 1 for any other AggregatorError and for a closed standard output.
    """
    try:
        yield
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_CONFIGURATION)
    except AggregatorError as error:
        click.echo(f"aggregator: {error}", err=True)
        sys.exit(EXIT_FAILED)
    except BrokenPipeError:
        # Standard output was closed by the program that read it; writing to it once more would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)


def configure_log(*, quiet: bool, as_json: bool = False, least: int = logging.WARNING) -> None:
    """Send log lines to standard error: from level `least` on if `quiet`; one JSON object a line if `as_json`."""
    import structlog

    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        # plain: the default prints all local variables, which is slow and may show passwords
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
