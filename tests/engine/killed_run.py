"""A run of `poll` that is killed at a chosen call to the store: CONFIG STORE NOW CALL before|after."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from aggregator import app as wiring
from aggregator.server.pages import render_index


class Fatal:
    """A store that works until one call, which is the program's last."""

    def __init__(self, inner: Any, call: str, when: str) -> None:
        self._inner = inner
        self._call = call
        self._when = when

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._call:
            return found

        def fatal(*args: Any, **kwargs: Any) -> None:
            if self._when == "after":
                found(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)

        return fatal


async def main(config: Path, store: Path, now: datetime, call: str, when: str) -> None:
    """As `aggregator poll` does."""
    async with wiring.open_app(
        config,
        store,
        index=render_index,
        clock=lambda: now,
        jitter=lambda: 0.5,
        workers=0,
        storage=lambda path: Fatal(wiring.open_storage(path), call, when),
    ) as app:
        await app.restore()
        await app.poll()
        await app.publish()


if __name__ == "__main__":
    asyncio.run(
        main(Path(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]), sys.argv[4], sys.argv[5])
    )
