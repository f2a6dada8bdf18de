"""One pass of `aggregator poll --force`, some time ahead of the clock: refresh.py runs it as a process of its own.

It does what the command does and nothing less. Only the clock differs, for a person may ask a source by hand once in
five minutes, and a benchmark does not want to wait that long.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import timedelta
from pathlib import Path


async def _poll(config: Path, store: Path, ahead: timedelta) -> dict[str, int]:
    from aggregator.app import open_app
    from aggregator.engine.clock import wall_clock
    from aggregator.server.pages import render_index

    async with open_app(config, store, index=render_index, clock=lambda: wall_clock() + ahead) as app:
        await app.restore()
        reports, waiting = await app.poll(force=True)
        published = await app.publish()
        return {
            "visits": len(reports),
            "new": sum(getattr(report.outcome, "new", 0) for report in reports),
            "failed": len(waiting) + sum(1 for report in reports if report.error),
            "files": sum(output.changed for output in published),
        }


def main() -> None:
    """Poll once and print as JSON what came of it."""
    from aggregator.cli.command_setup import configure_log

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("--ahead", type=float, default=0.0, help="hours")
    given = parser.parse_args()
    configure_log(quiet=True)
    print(json.dumps(asyncio.run(_poll(given.config, given.store, timedelta(hours=given.ahead)))))


if __name__ == "__main__":
    main()
