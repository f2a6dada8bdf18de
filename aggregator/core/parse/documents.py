"""parse: a Document to a ParsedFeed. The type is decided by the bytes, never by the name or header (rule P18)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from aggregator.core.charset.decode import Decoded, decode, strip_illegal
from aggregator.core.charset.decode import Kind as CharsetKind
from aggregator.core.config.rules import JsonRules, PageRules
from aggregator.core.document import Document
from aggregator.core.errors import ParseError, Reason
from aggregator.core.model import Diagnostic
from aggregator.core.parse.json.api import read_json_api
from aggregator.core.parse.json.jsonfeed import read_json_feed
from aggregator.core.parse.page.discovery import discover_feeds
from aggregator.core.parse.parsed import MergedFrom, ParsedEntry, ParsedFeed, ParsedHead, too_many_entries
from aggregator.core.parse.post.front_matter_block import starts_with_front_matter
from aggregator.core.parse.post.frontmatter import read_post
from aggregator.core.parse.xml.prolog import Kind, Prolog, read_prolog
from aggregator.core.parse.xml.syndication import read_syndication

MAX_PARTS_ENTRIES = 20_000
_POST_ENDINGS = (".md", ".markdown", ".mkd", ".mdown", ".html", ".htm", ".txt")


def parse_document(
    document: Document,
    *,
    encoding: str | None = None,
    rules: PageRules | JsonRules | None = None,
    decoded: Decoded | None = None,
) -> ParsedFeed:
    """Reads a document of any supported kind, or the files of a glob as one feed.

    `encoding` is the one that feeds.toml names and overrides the document's; with `rules` the document is a page or an
    API's answer and is read by them, whatever it looks like. `decoded` is its text, if that is known already.
    Raises ParseError and nothing else: EMPTY, HTML_PAGE (with the feeds the page names), NOT_A_FEED, BROKEN,
    UNSUPPORTED, FORBIDDEN_XML. Of several files, broken ones are left out with a diagnostic; if none can be
    read, the error of the first is raised.
    """
    if document.parts:
        return _read_parts(document, encoding, rules)
    decoded = decoded or decode_document(document, encoding=encoding, rules=rules)
    if not decoded.text.strip():
        raise ParseError(document.url, Reason.EMPTY, "the answer is blank")
    feed = _read_by(rules, decoded.text, document) if rules else _read_text(decoded.text, document)
    return replace(feed, diagnostics=(*decoded.diagnostics, *feed.diagnostics), encoding=decoded.encoding)


def decode_document(
    document: Document, *, encoding: str | None = None, rules: PageRules | JsonRules | None = None
) -> Decoded:
    """The text of one document. Raises ParseError (EMPTY) where there is none."""
    if not document.body.strip(b" \t\r\n\f\v\0"):
        raise ParseError(document.url, Reason.EMPTY, "the answer is empty")
    return decode(
        document.body, content_type=document.content_type, override=encoding, kind=_kind(document.body, rules)
    )


def _kind(body: bytes, rules: PageRules | JsonRules | None) -> CharsetKind:
    """How the character set would be declared, judged by the first sign."""
    if rules:
        return "html" if isinstance(rules, PageRules) else "json"
    start = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n\0")
    return "xml" if start.startswith(b"<") else "json" if start.startswith((b"{", b"[")) else "text"


def _read_by(rules: PageRules | JsonRules, text: str, document: Document) -> ParsedFeed:
    if isinstance(rules, PageRules):
        # BeautifulSoup costs every start a tenth of a second, and few have pages among their sources
        from aggregator.core.parse.page.selectors import read_page

        return read_page(strip_illegal(text), rules, url=document.url)
    return read_json_api(text, rules, url=document.url)


def _read_text(text: str, document: Document) -> ParsedFeed:
    start = text.lstrip(" \t\r\n\ufeff\0")
    is_post = document.url.lower().partition("?")[0].endswith(_POST_ENDINGS)
    if start.startswith("{") and not (is_post and _has_body_after_json(start)):
        return read_json_feed(start, url=document.url)
    if start.startswith("{") or starts_with_front_matter(text, is_post=is_post):
        return read_post(text, url=document.url)
    clean = strip_illegal(text)
    prolog = read_prolog(clean)
    _refuse(prolog, clean, document)
    return read_syndication(prolog, url=document.url, cleaned=len(clean) != len(text))


def _has_body_after_json(text: str) -> bool:
    """JSON front matter is followed by a post, which may end in a brace too, a JSON Feed by nothing."""
    if "jsonfeed.org/version/" in text[:1000]:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return True
    return False


def _refuse(prolog: Prolog, text: str, document: Document) -> None:
    url = document.url
    if prolog.forbidden:
        raise ParseError(url, Reason.FORBIDDEN_XML, f"{prolog.forbidden}; such XML is refused and never expanded")
    match prolog.kind:
        case Kind.CDF:
            raise ParseError(url, Reason.UNSUPPORTED, "it is a CDF channel, a format that is not supported")
        case Kind.HTML:
            feeds = discover_feeds(text, url=url)
            names = f"; it names these feeds: {', '.join(feeds[:5])}" if feeds else ""
            raise ParseError(url, Reason.HTML_PAGE, f"it is an HTML page, not a feed{names}", feeds=feeds)
        case Kind.OTHER_XML:
            raise ParseError(url, Reason.NOT_A_FEED, f"it is XML with the root <{prolog.root[:50]}>, not a feed")
        case Kind.NOT_XML:
            raise ParseError(url, Reason.NOT_A_FEED, "it is neither XML nor JSON Feed nor a post with front matter")


def _read_parts(document: Document, encoding: str | None, rules: PageRules | JsonRules | None) -> ParsedFeed:
    entries: list[ParsedEntry] = []
    diagnostics: list[Diagnostic] = []
    errors: list[ParseError] = []
    complete, bozo, encodings, faulty = True, False, list[str](), set[str]()
    for part in document.parts:
        try:
            feed = parse_document(part, encoding=encoding, rules=rules)
        except ParseError as error:
            errors.append(error)
            faulty.add(part.url)
            diagnostics.append(Diagnostic(name="file-unreadable", message=error.message, entry=name_of(part)))
            continue
        entries.extend(_detached(feed, part))
        diagnostics.extend(replace(d, entry=d.entry or name_of(part)) for d in feed.diagnostics)
        faulty |= {part.url} if feed.bozo or not feed.complete else set()
        complete, bozo = complete and feed.complete, bozo or feed.bozo
        encodings.append(feed.encoding)
    if errors and len(errors) == len(document.parts):
        raise ParseError(errors[0].subject, errors[0].reason, f"no file could be read; the first: {errors[0].message}")
    if len(entries) > MAX_PARTS_ENTRIES:
        diagnostics.append(too_many_entries(len(entries), MAX_PARTS_ENTRIES))
    return ParsedFeed(
        dialect="files",
        head=ParsedHead(),
        entries=tuple(entries[:MAX_PARTS_ENTRIES]),
        diagnostics=tuple(diagnostics),
        complete=complete,
        bozo=bozo,
        encoding=encodings[0] if encodings else "utf-8",
        faulty=frozenset(faulty),
    )


def name_of(part: Document) -> str:
    """What diagnostics call one of several files."""
    return unquote(part.url.rstrip("/").rpartition("/")[2]) or part.url


def _detached(feed: ParsedFeed, part: Document) -> Iterator[ParsedEntry]:
    """The entries with what they would inherit from their own document (rule M3)."""
    merged_from = MergedFrom(head=feed.head, url=part.url, dialect=feed.dialect)
    for entry in feed.entries:
        yield entry if entry.merged_from else replace(entry, merged_from=merged_from)
