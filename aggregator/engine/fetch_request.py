"""What a [[source]] means for fetching and reading it, the same in a visit and in a preview."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aggregator.core.config.rules import JsonRules, PageRules
from aggregator.core.config.tables import SourceConfig
from aggregator.core.document import Document
from aggregator.core.normalise import Context
from aggregator.core.source_state import PollState
from aggregator.sources import FetchRequest

_PAGE = "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.5"
_API = "application/json, */*;q=0.5"
_MARKS: Mapping[type, str] = {PageRules: "PageRules", JsonRules: "JsonRules", type(None): "NoneType"}
"""Part of a hash that is stored with the document's: these words never change."""


def request(source: SourceConfig, state: PollState, *, now: datetime) -> FetchRequest:
    """The next visit. A body that was read by other rules counts as unknown, so that an edit of them takes effect."""
    body_hash, _, rules = (state.body_hash or "").partition("/")
    return FetchRequest(
        address=state.address(source.address),
        validators=state.validators,
        body_hash=body_hash or None if rules == _mark(source) else None,
        now=now,
        conditional=not state.wants_full(now),
        headers=headers(source),
    )


def headers(source: SourceConfig) -> dict[str, str]:
    """What is sent to this source alone."""
    made = {"User-Agent": source.user_agent} if source.user_agent else {}
    if source.rules is not None:
        made["Accept"] = _PAGE if isinstance(source.rules, PageRules) else _API
    return made


def marked(document: Document, source: SourceConfig) -> Document:
    """The document with a hash that also tells by what rules it is read."""
    mark = _mark(source)
    return replace(document, body_hash=f"{document.body_hash}/{mark}") if mark else document


def _mark(source: SourceConfig) -> str:
    """ "" for a source that is read without any word of a person's."""
    if source.rules is None and source.encoding is None:
        return ""
    rules = source.rules.model_dump_json() if source.rules else ""
    return hashlib.sha256(f"{source.encoding} {_MARKS[type(source.rules)]} {rules}".encode()).hexdigest()[:16]


def context(source: SourceConfig, document: Document) -> Context:
    """What normalise is told."""
    return Context(
        source=source.id,
        poll_url=source.address,
        document_url=document.url,
        fetched_at=document.fetched_at,
        headers=dict(document.headers),
        language=source.language,
        timezone=ZoneInfo(source.timezone) if source.timezone else None,
        title=source.title,
    )
