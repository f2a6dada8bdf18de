"""A load of equal requests for serve.py: by wrk where it is installed, else by a few connections of our own.

Our own client may be slower than the server it measures; the server's CPU time for a request stays right all the same.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass

CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered: how many requests in how many seconds."""

    requests: int
    seconds: float


def tool() -> str:
    """Who makes the load."""
    return "wrk" if shutil.which("wrk") else "own client"


def drive(host: str, port: int, path: str, headers: Mapping[str, str], *, status: int, seconds: float) -> Load:
    """Ask as fast as answers come, for so many seconds. Raises RuntimeError if an answer is not `status`."""
    if shutil.which("wrk"):
        return _wrk(f"http://{host}:{port}{path}", headers, seconds)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{head}\r\n".encode()
    return asyncio.run(_ask(host, port, request, status, seconds))


def _wrk(address: str, headers: Mapping[str, str], seconds: float) -> Load:
    fields = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    whole = max(1, round(seconds))  # it knows no parts of seconds
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{whole}s", *fields, address]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"(\d+) requests in ([\d.]+)s", said)
    if found is None or "Non-2xx" in said:
        raise RuntimeError(f"wrk had other answers than expected:\n{said}")
    return Load(int(found[1]), float(found[2]))


async def _ask(host: str, port: int, request: bytes, status: int, seconds: float) -> Load:
    start = time.perf_counter()
    asking = (_connection(host, port, request, status, start + seconds) for _ in range(CONNECTIONS))
    counts = await asyncio.gather(*asking)
    return Load(sum(counts), time.perf_counter() - start)


async def _connection(host: str, port: int, request: bytes, status: int, end: float) -> int:
    count = 0
    while time.perf_counter() < end:
        reader, writer = await asyncio.open_connection(host, port, limit=1 << 22)
        try:
            is_open = True
            while is_open and time.perf_counter() < end:
                writer.write(request)
                is_open = await _answer(reader, status)
                count += 1
        finally:
            writer.close()
    return count


async def _answer(reader: asyncio.StreamReader, status: int) -> bool:
    """Read one answer; whether the connection stays open after it."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    version, code = head.split(b" ", 2)[:2]
    if int(code) != status:
        raise RuntimeError(f"expected status {status}, got {head[:200]!r}")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head)
    if status == 200 and length:
        await reader.readexactly(int(length[1]))
    return version == b"http/1.1" and b"\r\nconnection: close" not in head
