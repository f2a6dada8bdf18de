"""HTTP/1.1 on one connection: uvicorn's protocol, with a limit on a request's head, and with prepared responses.

A prepared response needs no task and no waiting: it is looked up while the request is still being read, and handed to
the socket. Every other request is passed on to uvicorn. To be imported only where httptools is installed.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aggregator.server.prepared import PreparedResponse, ResponseLog, ResponseLookup

_LONGEST_HEAD = 64 * 1024
"""Bytes of request line and headers together."""
_METHODS = frozenset({b"GET", b"HEAD"})
_UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
"""Fields with which a request has a body, or wants more than an answer."""
_PROXIED = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})


class PreparedHttpProtocol(HttpToolsProtocol):
    """Sends and logs the response that `prepared_response` finds; leaves all other requests to uvicorn."""

    def __init__(
        self, *, prepared_response: ResponseLookup | None, log_response: ResponseLog | None, **given: Any
    ) -> None:
        super().__init__(**given)
        self.prepared_response = prepared_response
        self.log_response = log_response
        self.head = -1
        """Bytes received of a head that is not yet complete; -1 outside of one."""
        self.answered = 0
        """How many requests got a prepared response: shows that the connection is in use."""
        self.is_answered = False
        """Whether the request that is being read has its answer."""

    def data_received(self, data: bytes) -> None:
        """asyncio: parse the bytes. The connection is cut if a head exceeds `_LONGEST_HEAD` bytes."""
        super().data_received(data)
        if self.head >= 0:
            self.head += len(data)
            if self.head > _LONGEST_HEAD:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """The rest of what uvicorn does here is done in `_pass_on`."""
        self.head = 0
        self.is_answered = False
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """httptools: answer with a prepared response, or leave the request to uvicorn."""
        self.head = -1
        if self.parser.get_http_version() == "1.1" and sum(name == b"host" for name, _ in self.headers) != 1:
            self.is_answered = True
            self.send_400_response("A request names one host.")  # RFC 9112, 3.2
            return
        answer = self._answer()
        if answer is None:
            self._pass_on()
            return
        self.is_answered = True
        self.answered += 1
        method = self.parser.get_method()
        body = b"" if method == b"HEAD" else answer.body
        stamps = [b"%s: %s\r\n" % field for field in self.server_state.default_headers]
        self.transport.write(b"".join((answer.head, *stamps, b"\r\n", body)))
        if self.log_response is not None:
            self.log_response(self.client[0] if self.client else "-", method, self.url, answer.code, len(body))
        self.on_response_complete()

    def on_message_complete(self) -> None:
        """httptools: the request's body has ended. Nothing to do after a prepared response."""
        if not self.is_answered:
            super().on_message_complete()

    def _answer(self) -> PreparedResponse | None:
        """The prepared response, if the connection is free and the request asks for nothing else."""
        parser = self.parser
        if self.prepared_response is None or not self._is_free() or parser.get_http_version() != "1.1":
            return None
        if parser.get_method() not in _METHODS or not parser.should_keep_alive():
            return None
        fields = dict(self.headers)
        if len(fields) != len(self.headers) or not fields.keys().isdisjoint(_UNUSUAL):
            return None
        if self.log_response is not None and not fields.keys().isdisjoint(_PROXIED):
            return None  # uvicorn's middleware has to find out the client's address
        return self.prepared_response(self.url, fields)

    def _is_free(self) -> bool:
        """Whether nothing is under way here, and there are not too many connections."""
        is_idle = (self.cycle is None or self.cycle.response_complete) and not self.pipeline
        is_crowded = self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency
        return is_idle and not self.flow.write_paused and not is_crowded

    def _pass_on(self) -> None:
        """Leave the request to uvicorn."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()
