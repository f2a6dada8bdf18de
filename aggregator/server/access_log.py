"""An access log: one line for each request in the Common Log Format."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class AccessLog:
    """An application that answers as `app` does and hands each request's line to `write`.

    `clock` gives aware instants. What a client sent is escaped: a line is always one line.
    """

    def __init__(self, app: ASGIApp, write: Callable[[str], None], clock: Callable[[], datetime]) -> None:
        self._app = app
        self._write = write
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        code, sent = 0, 0

        async def watched(message: Message) -> None:
            nonlocal code, sent
            if message["type"] == "http.response.start":
                code = message["status"]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            client = scope["client"][0] if scope.get("client") else "-"
            target = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
            if scope.get("query_string"):
                target += b"?" + scope["query_string"]
            request = f"{scope['method']} {_escaped(target)} HTTP/{scope['http_version']}"
            self._write(_line(client, request, self._clock(), code or 500, sent))

    def note(self, client: str, method: bytes, target: bytes, code: int, sent: int) -> None:
        """Write the line of a response that the application was not called for."""
        request = f"{method.decode('latin-1')} {_escaped(target)} HTTP/1.1"
        self._write(_line(client, request, self._clock(), code, sent))


def _line(client: str, request: str, at: datetime, code: int, sent: int) -> str:
    """`host - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 2326`, months in English whatever the locale."""
    stamp = f"{at:%d}/{_MONTHS[at.month - 1]}/{at:%Y:%H:%M:%S %z}"
    return f'{client} - - [{stamp}] "{request}" {code} {sent or "-"}'


def _escaped(raw: bytes) -> str:
    return "".join(chr(c) if 0x21 <= c < 0x7F and c not in b'"\\' else f"\\x{c:02x}" for c in raw[:4096])
