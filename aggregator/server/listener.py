"""uvicorn in the program's own event loop, without signal handlers and with time limits for slow clients.

Rules for editors: uvicorn has no time limit for a client that connects and says nothing, sends its request a byte at a
time, or never reads its answer. These limits are set here.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from aggregator.core.config.values import split_host_port
from aggregator.core.errors import PublishError
from aggregator.server.access_log import AccessLog
from aggregator.server.prepared import HasPreparedResponses, ResponseLog, ResponseLookup

_GRACE_SECONDS = 3.0
"""Seconds that running responses may take when the server stops; the whole stop takes at most 5."""
_IDLE_SECONDS = 60.0
"""Seconds after which a connection is cut on which nothing moves."""
_KEEP_ALIVE = 30
_CONNECTIONS = 1000


class WebServer:
    """One listening socket and the application behind it.

    `listen` is `host:port`; port 0 takes a free one. An `app` with a method `prepared_response` has it called first.
    `access_log` receives a line for each request, dated by `clock`; if one of the two is None there are no lines.
    Raises PublishError if the address cannot be listened on.
    """

    def __init__(
        self,
        app: ASGIApp,
        listen: str,
        *,
        access_log: Callable[[str], None] | None = None,
        clock: Callable[[], datetime] | None = None,
        grace_seconds: float = _GRACE_SECONDS,
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        self._socket = _bind(listen)
        host, port = self._socket.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        """Where it really listens, as `host:port`."""
        log = None if access_log is None or clock is None else AccessLog(app, access_log, clock)
        config = uvicorn.Config(
            log or app,
            http=_protocol(
                app.prepared_response if isinstance(app, HasPreparedResponses) else None, log.note if log else None
            ),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=access_log is not None,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=int(grace_seconds) + 2,
        )
        self._server = _UvicornServer(config, grace_seconds, idle_seconds)

    async def serve(self) -> None:
        """Serve until `stop` is called, then finish running responses; after `grace_seconds` the rest is cut off."""
        try:
            await self._server.serve([self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """End `serve` soon. May be called from a signal handler of the loop, more than once, and before `serve`."""
        self._server.should_exit = True


class _UvicornServer(uvicorn.Server):
    """uvicorn's server with our time limits and without its signal handlers."""

    def __init__(self, config: uvicorn.Config, grace_seconds: float, idle_seconds: float) -> None:
        super().__init__(config)
        self._grace_seconds = grace_seconds
        self._idle_seconds = idle_seconds
        self._seen: dict[Any, tuple[object, float]] = {}

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program."""
        yield

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            self._drop_stalled(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def _drop_stalled(self, now: float) -> None:
        """Cut connections on which nothing has moved: no new request, no byte of an answer taken."""
        seen: dict[Any, tuple[object, float]] = {}
        for connection in list(self.server_state.connections):
            transport: asyncio.Transport | None = connection.transport
            if transport is None:
                continue
            cycle = getattr(connection, "cycle", None)
            done = (getattr(cycle, "response_complete", None), getattr(connection, "answered", 0))
            state = (id(cycle), done, transport.get_write_buffer_size())
            before = self._seen.get(connection)
            since = before[1] if before is not None and before[0] == state else now
            if now - since > self._idle_seconds:
                transport.abort()
            else:
                seen[connection] = (state, since)
        self._seen = seen

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        cutting = asyncio.create_task(self._cut_off())
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    async def _cut_off(self) -> None:
        await asyncio.sleep(self._grace_seconds)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def _bind(listen: str) -> socket.socket:
    try:
        host, port = split_host_port(listen)
    except ValueError as error:
        raise PublishError(
            listen, 'is no place to listen at; write a host and a port such as "127.0.0.1:8000"'
        ) from error
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise PublishError(listen, f"cannot listen there: {error.strerror or error}") from error
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(2048)
        found.setblocking(False)
    except OSError as error:
        found.close()
        raise PublishError(
            listen, _BIND_WORDS.get(error.errno or 0, f"cannot listen there: {error.strerror}")
        ) from error
    return found


_BIND_WORDS = {
    errno.EADDRINUSE: "another program listens there already; stop it or choose another port",
    errno.EACCES: "no permission to listen there; choose a port above 1023",
    errno.EADDRNOTAVAIL: "this machine does not have that address; use 0.0.0.0 or one of its own",
}


def _protocol(prepared_response: ResponseLookup | None, log_response: ResponseLog | None) -> Any:
    """Ours where httptools is installed; else h11's, which has a limit for a request's head of its own."""
    try:
        from aggregator.server.protocol import PreparedHttpProtocol
    except ImportError:
        return "h11"
    return functools.partial(PreparedHttpProtocol, prepared_response=prepared_response, log_response=log_response)
