"""Documents over HTTP: conditional, limited in bytes and time, and never from an address that the guard refuses
(rules P1 to P25).

Redirects are followed here and not by httpx, since each hop is a decision: whether the guard allows it, whether the
move is permanent, whether credentials and validators may be sent along.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import httpx

from aggregator.core.document import Document, NotModified
from aggregator.core.errors import FetchError, Reason
from aggregator.core.urls.hosts import BadAddress
from aggregator.core.urls.parser import without_userinfo
from aggregator.sources import FetchRequest
from aggregator.sources.address import parse_address
from aggregator.sources.clients import Client, Clients, FetchLimits
from aggregator.sources.guard import Guard
from aggregator.sources.inflate import BadEncoding, TooLarge, accepted, inflate
from aggregator.sources.redirects import Hop, first_hop, next_hop
from aggregator.sources.registry import SourceSettings
from aggregator.sources.responses import (
    BadHeader,
    HttpResponse,
    conditional_headers,
    is_challenge,
    joined_headers,
    read_validators,
    refusal,
)
from aggregator.sources.transport import NETWORK_ERRORS, meaning

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
Transport = httpx.AsyncBaseTransport
"""What sends requests: the network, or a stand-in in tests."""
WORKERS = 32
IN_THREAD = 256 * 1024
"""Bodies from this size on are unpacked and hashed off the event loop."""

_REFUSES_CONDITIONS = frozenset({400, 405, 406, 415})
"""Statuses that some servers give to conditional headers (rule P24)."""

# At DEBUG, hpack writes every header it packs, Authorization included.
logging.getLogger("hpack").setLevel(logging.INFO)


def open_http(settings: SourceSettings, resources: AsyncExitStack) -> HttpSource:
    """See `registry.Opener`."""
    made = HttpSource(
        user_agent=settings.user_agent,
        guard=Guard(settings.allow),
        workers=settings.visits,
        transport=settings.transport,
    )
    resources.push_async_callback(made.aclose)
    return made


class HttpSource:
    """Fetches over HTTP; an async context manager, which closes the connections and the guard at its end.

    One object serves all sources of a process. Up to `workers` fetches run at the same time, each with a client of
    its own; more wait, and their time limit starts when they are sent. Pacing per host is the caller's.

    `user_agent` is whole: `name/version (+URL; n subscribers)`. `tls` None: the usual authorities (and SSL_CERT_FILE).
    `transport` stands in for the network in tests; then names are not resolved.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        guard: Guard | None = None,
        tls: ssl.SSLContext | None = None,
        limits: FetchLimits | None = None,
        workers: int = WORKERS,
        http2: bool = True,
        transport: Transport | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._guard = guard or Guard()
        self._limits = limits or FetchLimits()
        self._clients = Clients(
            count=workers,
            guard=self._guard,
            tls=tls or httpx.create_ssl_context(),
            limits=self._limits,
            http2=http2,
            fixed=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections; no other call may follow."""
        await self._clients.aclose()
        self._guard.close()

    async def fetch(self, request: FetchRequest) -> Document | NotModified:
        """See `Source.fetch`."""
        subject = without_userinfo(request.address)
        try:
            hop = first_hop(parse_address(request.address), request.headers)
        except BadAddress as error:
            raise FetchError(subject, Reason.REFUSED_ADDRESS, f"{error}; mend it in feeds.toml") from None
        async with self._clients.borrow(hop.address.host) as client:
            fetch = _Fetch(
                request,
                subject,
                client=client,
                clients=self._clients,
                guard=self._guard,
                limits=self._limits,
                user_agent=self._user_agent,
            )
            try:
                async with asyncio.timeout(self._limits.total):
                    return await fetch.run(hop)
            except TimeoutError:
                words = f"no complete answer within {self._limits.total:g} s; it will be asked again later"
                raise FetchError(subject, Reason.TIMEOUT, words) from None


class _Fetch:
    """One fetch: a chain of requests, each of which may be repeated once in all (rules P3 and P24)."""

    def __init__(
        self,
        request: FetchRequest,
        subject: str,
        *,
        client: Client,
        clients: Clients,
        guard: Guard,
        limits: FetchLimits,
        user_agent: str,
    ) -> None:
        self._request = request
        self._subject = subject
        self._client = client
        self._clients = clients
        self._guard = guard
        self._limits = limits
        self._max_bytes = request.max_bytes or limits.max_bytes
        self._base = {"User-Agent": user_agent, "Accept": ACCEPT, "Accept-Encoding": accepted()}
        self._repeated = False

    async def run(self, hop: Hop) -> Document | NotModified:
        while True:
            conditions = self._conditions(hop)
            response = await self._ask(hop, conditions)
            if not self._repeated and self._must_repeat(response, conditions):
                self._repeated = True
                # Whoever answers 304 to a request without conditions may be a cache on the way.
                conditions = {}
                response = await self._ask(hop, {"Accept": "*/*", "Cache-Control": "no-cache"})
            target = next_hop(hop, response, subject=self._subject, limit=self._limits.redirects)
            if target is None:
                return await self._result(hop, response, was_conditional=bool(conditions))
            hop = target

    def _conditions(self, hop: Hop) -> dict[str, str]:
        """Validators go to the address that gave them, if the body they stand for is known (rules P1 and P3)."""
        known = self._request.validators
        if self._request.conditional and self._request.body_hash and known.url == hop.address.text:
            return conditional_headers(known)
        return {}

    @staticmethod
    def _must_repeat(response: HttpResponse, conditions: dict[str, str]) -> bool:
        if response.status == 304:
            return not conditions
        return response.status == 406 or (response.status in _REFUSES_CONDITIONS and bool(conditions))

    async def _ask(self, hop: Hop, extra: dict[str, str]) -> HttpResponse:
        try:
            self._guard.check_literal(hop.address.host, hop.address.port)
            headers = _merged(self._base, hop.headers, extra)
            return await self._clients.ask(self._client, hop.address, headers, max_bytes=self._max_bytes)
        except NETWORK_ERRORS as error:
            reason, words = meaning(error)
            raise self._error(hop, reason, words) from error
        except BadHeader as error:
            raise self._error(hop, Reason.PROTOCOL, f"the answer breaks the rules of HTTP: {error}") from error
        except TooLarge as error:
            raise self._error(hop, Reason.TOO_LARGE, f"the document is too large: {error}") from error

    async def _result(self, hop: Hop, response: HttpResponse, *, was_conditional: bool) -> Document | NotModified:
        now, known = self._request.now, self._request.validators
        if response.status == 304 and was_conditional:
            return NotModified(
                url=response.address.text,
                fetched_at=now,
                headers=joined_headers(response),
                validators=read_validators(response, stored=known),
                permanent_url=hop.permanent_url,
            )
        if not 200 <= response.status < 300 or response.status == 206 or is_challenge(response):
            raise refusal(self._subject, response, now=now, dropped_credentials=hop.dropped_secrets)
        body, digest = await self._decode(hop, response)
        if digest == self._request.body_hash:
            return NotModified(
                url=response.address.text,
                fetched_at=now,
                headers=joined_headers(response),
                validators=read_validators(response),
                status=response.status,
                permanent_url=hop.permanent_url,
            )
        return Document(
            url=response.address.text,
            body=body,
            fetched_at=now,
            status=response.status,
            headers=joined_headers(response),
            validators=read_validators(response),
            permanent_url=hop.permanent_url,
            body_hash=digest,
        )

    async def _decode(self, hop: Hop, response: HttpResponse) -> tuple[bytes, str]:
        """The body and its hash."""

        def work() -> tuple[bytes, str]:
            body = inflate(response.raw, coding, max_bytes=self._max_bytes, max_ratio=self._limits.max_ratio)
            return body, hashlib.sha256(body).hexdigest()

        coding = joined_headers(response).get("content-encoding")
        try:
            return work() if len(response.raw) < IN_THREAD else await asyncio.to_thread(work)
        except BadEncoding as error:
            raise self._error(hop, Reason.BAD_ENCODING, f"{error}; it will be asked again later") from error
        except TooLarge as error:
            raise self._error(hop, Reason.TOO_LARGE, f"the document is too large: {error}") from error

    def _error(self, hop: Hop, reason: Reason, words: str) -> FetchError:
        where = hop.address.text
        return FetchError(self._subject, reason, words if where == self._subject else f"{where}: {words}")


def _merged(*layers: dict[str, str]) -> dict[str, str]:
    """Headers of which later layers win, whatever the case of their names."""
    merged: dict[str, tuple[str, str]] = {}
    for layer in layers:
        merged |= {name.lower(): (name, value) for name, value in layer.items()}
    return dict(merged.values())
