"""The application: renditions straight from the catalogue, the few other pages through Starlette.

Renditions and the status report are in memory; archive documents and story pages are read from disk in a thread. Pages
are rendered in a thread, so that feeds are served meanwhile.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.core.edition import etag_of
from aggregator.core.site_status import SiteInfo, StatusReport
from aggregator.outlets.encodings import encode
from aggregator.server.catalogue import Catalogue, Headers, PublishedPath, Resource, Variant, make_resource
from aggregator.server.conditional import IDENTITY, is_not_modified
from aggregator.server.deltas import Deltas
from aggregator.server.entry_pages import EntryPages
from aggregator.server.metrics import METRICS_TYPE, health, metrics
from aggregator.server.pages import ICON, render_error, render_index, render_status
from aggregator.server.prepared import PreparedResponse

_PIECE = 256 * 1024
"""Bytes handed to the connection at once, so that slow readers of a large feed do not each hold a copy of it."""
_ALLOWED = "GET, HEAD, OPTIONS"
_ROBOTS = b"User-agent: *\nDisallow: /status\nDisallow: /metrics\nDisallow: /health\n"
_PREFLIGHT = {
    "allow": _ALLOWED,
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
}


def create_app(
    catalogue: Catalogue,
    *,
    site: Callable[[], SiteInfo],
    status: Callable[[], StatusReport],
    folder: Path | None = None,
) -> Application:
    """The whole site as an ASGI application; `folder` is where the pages of single stories are published.

    `site` and `status` are called at each request that needs them; they must not block or raise. If the site's
    public address has a path, requests are answered with and without it.
    """
    return Application(catalogue, site, status, EntryPages(folder))


class Application:
    """See `create_app`. `responses` counts answers by status."""

    def __init__(
        self,
        catalogue: Catalogue,
        site: Callable[[], SiteInfo],
        status: Callable[[], StatusReport],
        entries: EntryPages,
    ) -> None:
        self.responses: dict[int, int] = {}
        self._entries = entries
        self._paths = catalogue.paths
        self._archives = catalogue.archives
        self._site = site
        self._pages = _Pages(catalogue, site, status, self.responses).application()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        published = self._paths.get(scope.get("path", ""))
        if published is None or scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._serve_other(scope, receive, send)
            return
        await self._serve(published, scope, send)

    def prepared_response(self, target: bytes, fields: Mapping[bytes, bytes]) -> PreparedResponse | None:
        """The response to a GET or HEAD of a rendition, if it needs nothing but a look-up; else None."""
        path = target.decode("latin-1")
        published = self._paths.get(unquote(path) if "%" in path else path)
        if published is None:
            return None
        resource = published.choose(fields)
        variant = resource.variant(fields.get(b"accept-encoding"))
        if _is_known(resource, variant, fields):
            answer = PreparedResponse(304, variant.not_modified_head, b"")
        elif (published.deltas is not None and b"if-none-match" in fields) or len(variant.body) > _PIECE:
            return None
        else:
            answer = PreparedResponse(200, variant.ok_head, variant.body)
        self.responses[answer.code] = self.responses.get(answer.code, 0) + 1
        return answer

    async def _serve(self, published: PublishedPath, scope: Scope, send: Send) -> None:
        headers = _fields(scope)
        resource = published.choose(headers)
        code, fields, body = _decide(resource, headers)
        if (
            code == 200
            and b"if-none-match" in headers
            and published.deltas is not None
            and resource is published.resource
        ):
            code, fields, body = _since(published.deltas, resource, headers, len(body)) or (code, fields, body)
        self.responses[code] = self.responses.get(code, 0) + 1
        await send({"type": "http.response.start", "status": code, "headers": fields})
        if scope["method"] == "HEAD":
            body = b""
        if len(body) <= _PIECE:
            await send({"type": "http.response.body", "body": body})
        else:
            await _send(body, send)

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything but a GET of a rendition at exactly the path that the catalogue has."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        path = self._normal_path(scope["path"])
        published = self._paths.get(path)
        if published is not None and scope["method"] in ("GET", "HEAD"):
            await self._serve(published, scope, send)
            return
        resource = await self._from_disk(path) if published is None else None
        if resource is not None and scope["method"] in ("GET", "HEAD"):
            await self._serve(PublishedPath(resource), scope, send)
            return
        inner = dict(scope, path=path, root_path="", known=published is not None or resource is not None)
        await self._pages(inner, receive, self._counting(send))

    async def _from_disk(self, path: str) -> Resource | None:
        """An archive document or the page of a story: there may be too many to keep in memory."""
        if self._entries.holds(path):
            return await asyncio.to_thread(self._entries.find, path)
        kept = self._archives.get(path)
        return None if kept is None else await asyncio.to_thread(kept.resource)

    def _normal_path(self, path: str) -> str:
        """A request path as the catalogue spells it: NFC, without the path a proxy adds; "" for one that is no name."""
        normal = unicodedata.normalize("NFC", path) if len(path) < 4096 else ""
        if normal.startswith(("http://", "https://")):
            # a whole address as the target (RFC 9112, 3.2.2), which one of uvicorn's two parsers passes on as it is
            normal = "/" + normal.split("://", 1)[1].partition("/")[2]
        if set(normal) & {"\0", "\\"} or any(part in ("", ".", "..") for part in normal[1:].split("/")[:-1]):
            return ""
        prefix = mounted_at(self._site())
        return normal[len(prefix) :] if prefix and normal.startswith(prefix + "/") else normal

    def _counting(self, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                code = message["status"]
                self.responses[code] = self.responses.get(code, 0) + 1
            await send(message)

        return counted


def _decide(resource: Resource, headers: Mapping[bytes, bytes]) -> tuple[int, Headers, bytes]:
    """Status, headers and body of the response to a GET: 200 with the resource, or 304."""
    variant = resource.variant(headers.get(b"accept-encoding"))
    if _is_known(resource, variant, headers):
        return 304, variant.not_modified, b""
    return 200, variant.ok, variant.body


def _is_known(resource: Resource, variant: Variant, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the client has this already, by its conditional headers."""
    none_match, since = headers.get(b"if-none-match"), headers.get(b"if-modified-since")
    return (none_match is not None or since is not None) and is_not_modified(
        none_match, since, etag=variant.etag, modified=resource.modified
    )


def _since(
    deltas: Deltas, resource: Resource, headers: Mapping[bytes, bytes], full_size: int
) -> tuple[int, Headers, bytes] | None:
    """The delta for a reader that has an earlier version and asks for one, else None (rule W11)."""
    none_match, wanted = headers[b"if-none-match"], headers.get(b"a-im")
    deltas.note(none_match)
    if wanted is None:
        return None
    not_modified = resource.variants[IDENTITY].not_modified
    agent = headers.get(b"user-agent", b"")
    return deltas.answer(wanted, none_match, agent, full_size=full_size, not_modified=not_modified)


async def _send(body: bytes, send: Send) -> None:
    """Send a body in pieces: `send` waits while the client has not taken the last."""
    for start in range(0, len(body), _PIECE):
        piece = body[start : start + _PIECE]
        await send({"type": "http.response.body", "body": piece, "more_body": start + _PIECE < len(body)})


def _fields(scope: Scope) -> dict[bytes, bytes]:
    """Header fields by name in small letters; those sent several times are joined (RFC 9110, 5.3)."""
    pairs = scope["headers"]
    fields = dict(pairs)
    if len(fields) != len(pairs):
        fields = {}
        for name, value in pairs:
            fields[name] = fields[name] + b", " + value if name in fields else value
    return fields


class _Pages:
    """Index, status and the small files that belong to a site."""

    def __init__(
        self,
        catalogue: Catalogue,
        site: Callable[[], SiteInfo],
        status: Callable[[], StatusReport],
        responses: Mapping[int, int],
    ) -> None:
        self._catalogue = catalogue
        self._site = site
        self._status = status
        self._responses = responses
        self._index: tuple[tuple[object, ...], Resource] | None = None

    def application(self) -> ASGIApp:
        get = ["GET"]
        application = Starlette(
            routes=[
                Route("/", self.index, methods=get),
                Route("/status", self.status, methods=get),
                Route("/health", self.health, methods=get),
                Route("/metrics", self.metrics, methods=get),
                Route("/robots.txt", self.robots, methods=get),
                Route("/favicon.ico", self.icon, methods=get),
            ],
            exception_handlers={404: self.missing, 405: self.missing, 500: self.broken},
        )
        application.router.redirect_slashes = False  # it would send people to whatever host the request names
        return application

    async def index(self, request: Request) -> Response:
        return _respond(await asyncio.to_thread(self._index_resource), request)

    def _index_resource(self) -> Resource:
        """The index; rendered and compressed only when what it shows has changed."""
        shown = (self._site(), self._catalogue.outputs, "/outputs.opml" in self._catalogue.paths)
        made = self._index
        if made is None or made[0] != shown:
            body = render_index(shown[0], shown[1], opml="outputs.opml" if shown[2] else None, status=True)
            made = self._index = (shown, _page(body, b"public, max-age=60", encode(body), copy=False))
        return made[1]

    async def status(self, request: Request) -> Response:
        query = request.query_params
        number = query.get("page", "1")
        body = await asyncio.to_thread(
            render_status,
            self._site(),
            self._status(),
            self._catalogue.outputs,
            q=query.get("q", "")[:200],
            page=int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1,
        )
        return _respond(_page(body, b"no-cache"), request)

    async def health(self, _: Request) -> Response:
        report = self._status()
        headers = {"cache-control": "no-store", "access-control-allow-origin": "*"}
        body = health(report, self._catalogue.outputs)
        return Response(body, 200 if report.ok else 503, headers, "application/json")

    async def metrics(self, _: Request) -> Response:
        body = metrics(self._status(), self._catalogue.outputs, self._responses)
        return Response(body, headers={"cache-control": "no-store", "content-type": METRICS_TYPE})

    async def robots(self, _: Request) -> Response:
        return Response(_ROBOTS, media_type="text/plain", headers={"cache-control": "public, max-age=86400"})

    async def icon(self, _: Request) -> Response:
        return Response(ICON, media_type="image/svg+xml", headers={"cache-control": "public, max-age=86400"})

    async def missing(self, request: Request, error: Exception) -> Response:
        """The response for unknown addresses and methods; with an unread request body the connection ends."""
        known = request.scope.get("known") or (isinstance(error, HTTPException) and error.status_code == 405)
        if known and request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        if known:
            headers = {"allow": _ALLOWED, "connection": "close"}
            return Response(b"405 Method Not Allowed\n", 405, headers, "text/plain")
        site = self._site()
        body = render_error(site, root=quote(mounted_at(site), safe="/") + "/")
        headers = {"cache-control": "public, max-age=60", "x-content-type-options": "nosniff"}
        if request.method not in ("GET", "HEAD"):
            headers["connection"] = "close"
        return Response(body, 404, headers, "text/html")

    async def broken(self, _: Request, __: Exception) -> Response:
        return Response(b"500 Internal Server Error\n", 500, {"connection": "close"}, "text/plain")


def _respond(resource: Resource, request: Request) -> Response:
    code, headers, body = _decide(resource, _fields(request.scope))
    response = Response(body, code)
    response.raw_headers = list(headers)
    return response


def _page(body: bytes, control: bytes, encoded: Mapping[str, bytes] | None = None, *, copy: bool = True) -> Resource:
    return make_resource(
        body, encoded or {}, media_type="text/html; charset=utf-8", etag=etag_of(body), control=control, copy=copy
    )


def mounted_at(site: SiteInfo) -> str:
    """The path of the site's public address, unescaped: "" or "/feeds"."""
    try:
        path = unquote(urlsplit(site.url).path)
    except ValueError:
        return ""
    return unicodedata.normalize("NFC", path).rstrip("/")
