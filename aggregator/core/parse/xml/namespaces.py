"""Namespaces by address, never by prefix, with the misspellings found in the wild (rule M5)."""

from __future__ import annotations

RSS = ""
"""The prefix we give the elements of every RSS version, with a namespace or without."""

NAMESPACES: dict[str, str] = {
    "atom": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "admin": "http://webns.net/mvcb/",
    "annotate": "http://purl.org/rss/1.0/modules/annotate/",
    "cc": "http://creativecommons.org/ns#",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "creativecommons": "http://backend.userland.com/creativeCommonsRssModule",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "fh": "http://purl.org/syndication/history/1.0",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "georss": "http://www.georss.org/georss",
    "gml": "http://www.opengis.net/gml",
    "googleplay": "http://www.google.com/schemas/play-podcasts/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "psc": "http://podlove.org/simple-chapters",
    "rawvoice": "http://www.rawvoice.com/rawvoiceRssModule/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "xhtml": "http://www.w3.org/1999/xhtml",
    "xml": "http://www.w3.org/XML/1998/namespace",
    "yt": "http://www.youtube.com/xml/schemas/2015",
}

_OTHER_SPELLINGS: dict[str, tuple[str, ...]] = {
    "": (
        "http://purl.org/rss/1.0",
        "http://purl.org/rss/1.0/modules/rss091",
        "http://purl.org/net/rss1.1",
        "http://my.netscape.com/rdf/simple/0.9",
        "http://channel.netscape.com/rdf/simple/0.9",
        "http://my.netscape.com/publish/formats/rss-0.91.dtd",
        "http://backend.userland.com/rss",
        "http://backend.userland.com/rss2",
        "http://backend.userland.com/rss091",
        "http://backend.userland.com/rss092",
        "http://backend.userland.com/rss20",
        "http://blogs.law.harvard.edu/tech/rss",
        "http://cyber.law.harvard.edu/rss/rss.html",
        "http://www.rssboard.org/rss-specification",
    ),
    "atom": (
        "http://purl.org/atom/ns",
        "http://purl.org/echo",
        "http://purl.org/pie",
        "http://example.com/necho",
        "http://example.com/newformat",
        "uri/of/echo/namespace",
        "http://www.w3.org/2005/atom/",
        "http://www.w3.org/2005/atom/ns",
    ),
    "cc": ("http://web.resource.org/cc",),
    "creativecommons": (
        "http://cyber.law.harvard.edu/rss/creativecommonsrssmodule.html",
        "http://cyber.law.harvard.edu/rss/creativeCommonsRssModule",
    ),
    "dc": ("http://purl.org/dc/elements/1.0", "http://purl.org/dc/elements"),
    "itunes": (
        "http://www.itunes.com/dtds/podcast-1.0",
        "http://www.itunes.com/podcast-1.0.dtd",
        "http://example.com/dtds/podcast-1.0.dtd",
    ),
    "media": (
        "http://search.yahoo.com/mrss",
        "http://search.yahoo.com/rss",
        "http://video.search.yahoo.com/mrss",
        "http://tools.search.yahoo.com/mrss",
        "http://www.rssboard.org/media-rss",
    ),
    "podcast": ("https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",),
    "thr": ("http://purl.org/syndication/thread",),
    "wfw": ("http://wellformedweb.org/commentapi",),
    "xhtml": ("http://www.w3.org/1999/xhtml/",),
    "yt": ("http://gdata.youtube.com/schemas/2007",),
}


def _folded(uri: str) -> str:
    """The address without what people vary: case, scheme's s, blanks, a final `/` or `#`."""
    bare = uri.strip().lower().rstrip("/#")
    return bare[8:] if bare.startswith("https://") else bare.removeprefix("http://")


_PREFIX_OF: dict[str, str] = {_folded(uri): prefix for prefix, uri in NAMESPACES.items()} | {
    _folded(uri): prefix for prefix, uris in _OTHER_SPELLINGS.items() for uri in uris
}

_PREFIX_BY_NAME: dict[str, str] = {prefix.lower(): prefix for prefix in NAMESPACES} | {
    "atom10": "atom",
    "a10": "atom",
    "rss": RSS,
}

KNOWN_FOREIGN = frozenset({"media", "itunes", "podcast", "dc", "dcterms", "georss", "gml", "geo", "thr", "slash"}) | {
    "wfw",
    "cc",
    "creativecommons",
    "yt",
    "psc",
    "googleplay",
}
"""Prefixes whose elements are kept and written back (rule M4)."""


def prefix_for_uri(uri: str) -> str | None:
    """Our prefix for a namespace address; "" for RSS's own; None if it is not known."""
    return _PREFIX_OF.get(_folded(uri))


def is_misspelt(uri: str, prefix: str) -> bool:
    """Whether the address is another spelling of a namespace that has one proper address (RSS and Atom have many)."""
    return prefix not in (RSS, "atom") and _folded(uri) != _folded(NAMESPACES[prefix])


def prefix_for_name(name: str) -> str | None:
    """Our prefix for one that was used without being declared (rule R4)."""
    return _PREFIX_BY_NAME.get(name.lower())


def uri_for_undeclared(name: str) -> str:
    """A namespace address for a prefix that was used without being declared: the usual one, else a made-up one."""
    prefix = prefix_for_name(name)
    if prefix == RSS:
        return _OTHER_SPELLINGS[RSS][0]
    return NAMESPACES[prefix] if prefix is not None else f"urn:undeclared:{name}"
