"""200 and 304 answers a second, one worker each: `aggregator serve` beside a plain file server on the same files.

Baseline: nginx with gzip_static where it is installed, else `python -m http.server`. The load comes from wrk where it
is installed, else from a small client of our own. Where there are two cores, servers get one and the load the other.
A feed is asked for with Accept-Encoding: gzip, as readers do; for a 304 with the validator that the 200 gave.

"CPU us" is the server's own CPU time for a request. Where the load cannot keep a server busy ("core busy" well below
100 %), or something else uses the machine, that is the figure to compare: "of baseline by CPU".
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus import write_rounds
from load import drive, tool
from measuring import Table, median, times, turns

HOST = "127.0.0.1"
FEED = "/c/all.rss"
PATIENCE = 30.0
FEEDS = 10
READS_GZIP = {"Accept-Encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Server:
    """Someone who serves the folder, listening; `process` is its only process."""

    name: str
    process: subprocess.Popen[bytes]
    port: int

    def cpu(self) -> float | None:
        """CPU seconds used so far; None where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def publish(work: Path, *, size: int) -> Path:
    """A store with one published feed of about `size` bytes; its folder of public files."""
    write_rounds(work / "feeds", feeds=FEEDS, entries=max(1, round(size / FEEDS / 10_500)))
    (work / "feeds.toml").write_text(
        '[[source]]\nid = "local"\npath = "feeds/0/*.xml"\n[[feed]]\nid = "all"\n', encoding="utf-8"
    )
    done = subprocess.run([*_aggregator(), "poll", *_places(work)], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"the feed to be served could not be published: {done.stdout}")
    return work / "store" / "public"


def _aggregator() -> list[str]:
    return [sys.executable, "-m", "aggregator"]


def _places(work: Path) -> list[str]:
    return ["--config", str(work / "feeds.toml"), "--store", str(work / "store")]


def ours(work: Path) -> tuple[list[str], int]:
    """The command of our daemon, and the port it will listen on."""
    port = _free_port()
    return [*_aggregator(), "serve", "--quiet", f"--listen={HOST}:{port}", *_places(work)], port


def nginx(work: Path) -> tuple[list[str], int]:
    """nginx as one process, over the published files and their compressed neighbours."""
    port, run = _free_port(), work / "nginx"
    run.mkdir(exist_ok=True)
    folders = "".join(
        f"{kind}_temp_path {run}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (run / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {run}/pid; error_log {run}/error.log;\n"
        "events { worker_connections 1024; }\nhttp {\n"
        f"{folders}access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; etag on;\n"
        "open_file_cache max=1000; open_file_cache_valid 60s; gzip_static on;\n"
        "types { application/rss+xml rss; application/atom+xml atom; }\n"
        f"server {{ listen {HOST}:{port}; root {work}/store/public; }}\n}}\n"
    )
    return ["nginx", "-p", str(run), "-c", str(run / "nginx.conf"), "-e", str(run / "error.log")], port


def http_server(work: Path) -> tuple[list[str], int]:
    """Python's own server of files, which compresses nothing and closes after each answer."""
    port = _free_port()
    public = str(work / "store" / "public")
    # it writes a line for each request; they go where nobody reads them
    return [sys.executable, "-m", "http.server", "--bind", HOST, "--directory", public, str(port)], port


def candidates() -> dict[str, Callable[[Path], tuple[list[str], int]]]:
    """Who can be measured here, the baseline first."""
    found: dict[str, Callable[[Path], tuple[list[str], int]]] = {}
    if shutil.which("nginx"):
        found["nginx"] = nginx
    else:
        found["http.server"] = http_server
    found["aggregator serve"] = ours
    return found


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(name: str, command: list[str], port: int) -> Iterator[Server]:
    """The server, once it answers with the feed; ended with the block."""
    with pinned(0):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = Server(name, process, port)
        _wait_for(server)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(server: Server) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.process.poll() is None:
        try:
            if ask(server, {})[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"{server.name} did not serve {FEED}")


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """What starts within runs on this core alone, where there are at least two and the system can do that."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def ask(server: Server, headers: Mapping[str, str]) -> tuple[int, dict[str, str], int]:
    """One request for the feed: status, headers, size of the body."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=PATIENCE)
    try:
        connection.request("GET", FEED, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, len(answer.read())
    finally:
        connection.close()


def conditions(server: Server) -> dict[str, str]:
    """The headers that a 304 answers."""
    headers = ask(server, READS_GZIP)[1]
    if "etag" in headers:
        return {**READS_GZIP, "If-None-Match": headers["etag"]}
    return {**READS_GZIP, "If-Modified-Since": headers["last-modified"]}


def measure(work: Path, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """Load every server in turn; the rows of the table."""
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    prices: dict[tuple[str, int], list[float]] = defaultdict(list)
    sizes: dict[str, int] = {}
    with ExitStack() as stack:
        servers = [stack.enter_context(running(name, *make(work))) for name, make in candidates().items()]
        asked = {(s.name, 200): READS_GZIP for s in servers} | {(s.name, 304): conditions(s) for s in servers}
        for server in servers:
            sizes[server.name] = ask(server, READS_GZIP)[2]
            assert ask(server, asked[server.name, 304])[0] == 304, server.name
        for server in turns(servers, rounds):
            for status in (200, 304):
                before = server.cpu()
                with pinned(1):
                    load = drive(HOST, server.port, FEED, asked[server.name, status], status=status, seconds=seconds)
                after = server.cpu()
                rates[server.name, status].append(load.requests / load.seconds)
                if before is not None and after is not None:
                    prices[server.name, status].append((after - before) / load.requests * 1e6)
    return _rows([server.name for server in servers], sizes, rates, prices)


def _rows(
    names: list[str],
    sizes: Mapping[str, int],
    rates: Mapping[tuple[str, int], list[float]],
    prices: Mapping[tuple[str, int], list[float]],
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for status in (200, 304):
        base_rate, base_price = median(rates[names[0], status]), median(prices.get((names[0], status), []))
        for name in names:
            rate, price = median(rates[name, status]), median(prices.get((name, status), []))
            rows.append(
                {
                    "answer": str(status),
                    "server": name,
                    "a second": round(rate),
                    "CPU us": round(price, 1) or None,
                    "core busy": f"{rate * price / 1e4:.0f}%" if price else None,
                    "of baseline": round(rate / base_rate, 2),
                    "of baseline by CPU": times(base_price, price),
                    "bytes": sizes[name] if status == 200 else 0,
                }
            )
    return rows


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=int, default=100_000, help="of the feed, uncompressed")
    parser.add_argument("--seconds", type=float, default=1.0, help="of load for each measurement")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="5 rounds of 4 seconds")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rounds, seconds = (5, 4.0) if given.full else (given.rounds, given.seconds)
    with tempfile.TemporaryDirectory(prefix="serve-") as folder:
        work = Path(folder)
        public = publish(work, size=given.bytes)
        feed = public / FEED[1:]
        rows = measure(work, rounds, seconds)
        size = {"bytes of feed": feed.stat().st_size, "rounds": rounds, "seconds each": seconds, "load by": tool()}
    names = list(candidates())
    columns = ["answer", "server", "a second", "of baseline", "CPU us", "of baseline by CPU", "core busy", "bytes"]
    notes = [f"baseline: {names[0]}; 1 is as fast as it; 32 connections, one process a server, {os.cpu_count()} cores"]
    for name, words in (("httptools", "requests are read by a slower parser"), ("uvloop", "the loop is a slower one")):
        if importlib.util.find_spec(name) is None:
            notes.append(f"{name} is not installed: {words}")
    Table("serve", size, columns, rows, notes).show(as_json=given.json)


if __name__ == "__main__":
    main()
