"""Which base an address of a document is relative to (rule H10)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aggregator.core.parse.parsed import ParsedHead
from aggregator.core.urls.urls import absolute

_HEADER_LINK = re.compile(r"<([^<>]{0,2000})>([^<]*)")
_RELATION = re.compile(r"""(?:^|;)\s*rel\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseUrls:
    """The bases of one feed document."""

    document: str
    """Where links start from when no xml:base says otherwise."""
    declared: str | None = None
    """The base the feed itself gives for all of it: Content-Location, or an absolute channel link; None if none."""

    def resolve(self, address: str, base: str | None = None) -> str | None:
        """The absolute address; `base` is the xml:base chain of its element. None if it cannot be used."""
        return absolute(address, self.of(base))

    def of(self, base: str | None) -> str:
        """The absolute base for an element whose xml:base chain is `base`; None: it has none."""
        outer = self.declared or self.document
        return (absolute(base, outer) or outer) if base else outer

    def for_content(self, base: str | None, *, entry_base: str | None, link: str | None) -> str:
        """As `of`, but where the feed gives no base at all the entry's own page is one."""
        if base or entry_base:
            return self.of(base or entry_base)
        return self.declared or link or self.document


def bases_for(head: ParsedHead, *, dialect: str, url: str, headers: Mapping[str, str]) -> BaseUrls:
    """RSS: the channel link if absolute. Then, as for Atom, Content-Location, and last the address that answered."""
    location = headers.get("content-location", "").strip()
    if dialect.startswith("rss"):
        links = (link.href.strip() for link in head.links if link.element == "link")
        location = next((link for link in links if link.lower().startswith(("http://", "https://"))), location)
    return BaseUrls(document=url, declared=absolute(location, url) if location else None)


def header_links(headers: Mapping[str, str], relation: str) -> Iterator[str]:
    """The addresses of the HTTP Link header that have this relation (RFC 8288), as written."""
    for match in _HEADER_LINK.finditer(headers.get("link", "")[:10_000]):
        found = _RELATION.search(match[2])
        words = next((group for group in found.groups() if group), "").lower().split() if found else []
        if relation in words:
            yield match[1].strip()
