"""`python -m aggregator` and the `aggregator` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; exits with the command's status."""
    from aggregator.cli.main import aggregator

    aggregator(prog_name="aggregator")


if __name__ == "__main__":
    main()
