"""The real `aggregator serve` in a process of its own, and how to talk with it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx

PATIENCE = 20.0
"""Seconds that a busy machine may need for what usually takes a moment."""


def wait_until(condition: Callable[[], object], *, what: str = "", seconds: float = PATIENCE) -> float:
    """Look again and again; returns how many seconds it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"it did not come to this: {what}"
        time.sleep(0.02)
    return time.monotonic() - start


class Daemon:
    """A running server. Its standard error is read all the time, into `log`."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "aggregator", "serve", "--listen", "127.0.0.1:0", *options]
        self.log = ""
        self._process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(lambda: self._address() or self._process.poll() is not None, what="it serves")
        address = self._address()
        assert address, self.log
        # the environment's proxies are not meant for this machine
        self.web = httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=PATIENCE)

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log += line.decode()

    def _address(self) -> str | None:
        found = re.search(r"serving http://(127\.0\.0\.1:\d+)/", self.log)
        return found[1] if found else None

    def get(self, path: str, **headers: str) -> httpx.Response:
        """A GET; underscores in header names stand for hyphens."""
        return self.web.get(quote(path, safe="/?=&"), headers={n.replace("_", "-"): v for n, v in headers.items()})

    def titles(self, output: str = "all") -> list[str]:
        """The items of an output's JSON feed; [] as long as it is not there."""
        answer = self.get(f"/c/{output}.json")
        return [one["title"] for one in answer.json()["items"]] if answer.status_code == 200 else []

    def wait_for(self, *titles: str, output: str = "all", seconds: float = PATIENCE) -> float:
        """Until the output has just these."""
        return wait_until(
            lambda: sorted(self.titles(output)) == sorted(titles), what=f"{titles} in {output}", seconds=seconds
        )

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Its exit status, and the seconds it took to end."""
        start = time.monotonic()
        self.send(number)
        status = self._process.wait(PATIENCE)
        took = time.monotonic() - start
        self._reader.join()
        self.web.close()
        return status, took

    def clear_away(self) -> None:
        """End it if it runs; whatever happened, it logged no traceback."""
        if self._process.poll() is None:
            assert self.stop()[0] == 0, self.log
        self.web.close()
        if self._process.stderr:
            self._reader.join()
            self._process.stderr.close()
        assert "Traceback" not in self.log, self.log
        assert "Task exception" not in self.log, self.log
