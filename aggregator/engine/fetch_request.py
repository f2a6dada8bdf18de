"""What the configuration of a source means for fetching and reading it, in a visit and in a preview alike."""

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
"""Part of a hash that is stored with the document's: these names never change."""


def request(source: SourceConfig, state: PollState, *, now: datetime) -> FetchRequest:
    """The request of the next visit.

    Where the body was read by other rules than those in force, its hash is left out, so that an edit takes effect.
    """
    body_hash, _, rules_hash = (state.body_hash or "").partition("/")
    return FetchRequest(
        address=state.address(source.address),
        validators=state.validators,
        body_hash=body_hash or None if rules_hash == _rules_hash(source) else None,
        now=now,
        conditional=not state.wants_full(now),
        headers=headers(source),
    )


def headers(source: SourceConfig) -> dict[str, str]:
    """The headers that are sent to this source alone."""
    values = {"User-Agent": source.user_agent} if source.user_agent else {}
    if source.rules is not None:
        values["Accept"] = _PAGE if isinstance(source.rules, PageRules) else _API
    return values


def with_rules_hash(document: Document, source: SourceConfig) -> Document:
    """The document with a `body_hash` that includes the rules by which it is read."""
    rules_hash = _rules_hash(source)
    return replace(document, body_hash=f"{document.body_hash}/{rules_hash}") if rules_hash else document


def _rules_hash(source: SourceConfig) -> str:
    """Of the rules and the encoding that the configuration gives; "" if it gives neither."""
    if source.rules is None and source.encoding is None:
        return ""
    rules = source.rules.model_dump_json() if source.rules else ""
    return hashlib.sha256(f"{source.encoding} {_MARKS[type(source.rules)]} {rules}".encode()).hexdigest()[:16]


def context(source: SourceConfig, document: Document) -> Context:
    """What `normalise` has to know of the source and the answer."""
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
