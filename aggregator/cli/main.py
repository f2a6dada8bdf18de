"""The command line. Each command is a module of its own, imported only when it is run."""

from __future__ import annotations

import importlib
import keyword
from typing import Any

import click

from aggregator import __version__

COMMANDS = {
    "add": "Add a feed, or the feed of a page, to feeds.toml.",
    "check": "Read feeds.toml and say everything that is wrong with it.",
    "export": "Write sources or outputs as OPML, the list that feed readers import.",
    "import": "Add the feeds of an OPML file to feeds.toml.",
    "poll": "Poll what is due, publish what changed, and exit: the form for cron.",
    "preview": "Show what would be read from a source, address or file, without storing it.",
    "remove": "Delete an entry from all outputs and say so in them.",
    "serve": "Poll, publish and serve, following edits of feeds.toml: the daemon.",
    "status": "Show how sources and outputs are doing.",
}


class _Lazy(click.Group):
    """Finds commands by name, so that `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        module: Any = importlib.import_module(f"aggregator.cli.{name}")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="feed-aggregator")
def aggregator() -> None:
    """Read feeds, keep every entry, and republish filtered feeds by category.

    Sources and outputs are in feeds.toml. Exit status: 0, 1 (some source failed), 2 (configuration).
    """
