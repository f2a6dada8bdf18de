"""`aggregator check`: everything that is wrong with feeds.toml, at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.command_setup import EXIT_CONFIGURATION, exit_on_error, file_options

if TYPE_CHECKING:
    from aggregator.core.errors import Problem


@click.command()
@file_options
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
def check(config: Path, store: Path, as_json: bool) -> None:  # noqa: ARG001 - all commands take --store
    """Read feeds.toml and say everything that is wrong with it.

    Exit status 0 if nothing is, 2 otherwise. Nothing is polled and nothing written.
    """
    from aggregator.app import load_config
    from aggregator.core.errors import ConfigError

    with exit_on_error():
        try:
            found = load_config(config)
        except ConfigError as error:
            if not as_json:
                raise
            click.echo(json.dumps([_problem(error.file, p) for p in error.problems], ensure_ascii=False, indent=2))
            sys.exit(EXIT_CONFIGURATION)
        if as_json:
            click.echo("[]")
        else:
            outputs = _counted(len(found.feeds), "feed") if found.feeds else "an output for each category, and all"
            click.echo(f"{config}: good. {_counted(len(found.sources), 'source')}; {outputs}.")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _problem(file: str, problem: Problem) -> dict[str, object]:
    from dataclasses import asdict

    return {"file": file, **asdict(problem)}
