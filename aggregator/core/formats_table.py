"""The formats that outputs are published in: the only place that names them all.

To add a format of documents, write its module in `aggregator/formats` and register its `FormatInfo` here, or from the
program that uses this one as a library (`register_format`). It is then accepted in `formats = [...]`, published,
archived, listed and negotiated as its record says. To add a kind of posts for a static blog, add a `PostsInfo` to
`POSTS`; what it writes is up to `formats.post_front_matter`.

Rules for editors: names, suffixes and media types are stored and published; they stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatInfo:
    """What the program has to know of a format of documents without importing its writer."""

    name: str
    """The word of `formats = [...]` in feeds.toml."""
    label: str
    """What pages call it, the same in every language."""
    suffix: str
    """What the address of a rendition ends in: ".rss"."""
    media_type: str
    """Without parameters, as `alternate` links name it."""
    writer: str
    """Module and name of the class that writes it, a `formats.Format`: `aggregator.formats.rss:Rss`."""
    accept: tuple[str, ...] = ()
    """Media ranges of an Accept that name this format; without any, its media type (rule W6)."""
    accept_also: tuple[str, ...] = ()
    """Media ranges that cover it among others."""
    order: int
    """Its place in lists of the formats of an output; equal ones are in the order of registration."""
    is_feed: bool
    """Feed readers can subscribe to it."""
    has_archive: bool = False
    """Documents of the archive are written in it (rule W9)."""
    is_followed: bool = False
    """Earlier versions are remembered, so that the window is longer for late readers (rule W11)."""
    has_deltas: bool = False
    """Its head, some of its stories and its tail are a valid document: readers are sent
    what is new to them (rule W11)."""
    is_shown_as_page: bool = False
    """A person whose browser opens it is shown the page of the output instead (rule W7)."""

    @property
    def content_type(self) -> str:
        """The media type with its charset (rule W5)."""
        return f"{self.media_type}; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostsInfo:
    """A kind of static blog whose posts are written into a folder (rule M8)."""

    name: str
    """The word of `formats = [...]` in feeds.toml."""
    suffix: str
    """What the names of posts end in. HTML where a blog takes posts in HTML: then nothing in it can be taken for
    Markdown (rule H15)."""


_documents: dict[str, FormatInfo] = {}
DOCUMENTS: Mapping[str, FormatInfo] = MappingProxyType(_documents)
"""Every format of documents by its name, in the order of registration."""

POSTS: Mapping[str, PostsInfo] = MappingProxyType(
    {
        "hexo": PostsInfo(name="hexo", suffix=".md"),
        "jekyll": PostsInfo(name="jekyll", suffix=".html"),
        "hugo": PostsInfo(name="hugo", suffix=".html"),
    }
)
"""Every kind of posts by its name."""

DEFAULT_FORMATS = ("rss", "atom", "json", "html")
"""Those of an output that names none."""


def register_format(info: FormatInfo) -> None:
    """Make a format known. To be called before feeds.toml is read.

    Raises ValueError if its name or its suffix is taken.
    """
    taken = next((one for one in _documents.values() if info.name == one.name or info.suffix == one.suffix), None)
    if taken is not None or info.name in POSTS:
        raise ValueError(f"the format {info.name} ({info.suffix}) is there already")
    _documents[info.name] = info


def unregister_format(name: str) -> None:
    """Forget a format that `register_format` made known. Raises KeyError if there is none of that name."""
    del _documents[name]


def names() -> tuple[str, ...]:
    """All words of `formats = [...]`: documents, then posts."""
    return (*_documents, *POSTS)


def page_first(formats: Iterable[str]) -> Iterator[FormatInfo]:
    """Those of `formats` that are known: the page, then the others in the order of registration."""
    wanted = set(formats)
    yield from sorted((info for info in _documents.values() if info.name in wanted), key=lambda info: info != HTML)


def feeds(formats: Iterable[str]) -> Iterator[FormatInfo]:
    """Those of `formats` that feed readers can subscribe to, in the order of registration."""
    wanted = set(formats)
    yield from (info for info in _documents.values() if info.is_feed and info.name in wanted)


RSS = FormatInfo(
    name="rss",
    label="RSS",
    suffix=".rss",
    media_type="application/rss+xml",
    writer="aggregator.formats.rss:Rss",
    accept_also=("application/xml", "text/xml", "application/*"),
    order=2,
    is_feed=True,
    has_archive=True,
    is_followed=True,
    has_deltas=True,
    is_shown_as_page=True,
)
ATOM = FormatInfo(
    name="atom",
    label="Atom",
    suffix=".atom",
    media_type="application/atom+xml",
    writer="aggregator.formats.atom:Atom",
    accept_also=("application/xml", "text/xml", "application/*"),
    order=1,
    is_feed=True,
    has_archive=True,
    is_followed=True,
    has_deltas=True,
    is_shown_as_page=True,
)
JSON = FormatInfo(
    name="json",
    label="JSON Feed",
    suffix=".json",
    media_type="application/feed+json",
    writer="aggregator.formats.jsonfeed:JsonFeed",
    accept_also=("application/json", "application/*"),
    order=3,
    is_feed=True,
    has_archive=True,
    is_followed=True,
)
HTML = FormatInfo(
    name="html",
    label="HTML",
    suffix=".html",
    media_type="text/html",
    writer="aggregator.formats.html:Html",
    accept=("text/html", "application/xhtml+xml"),
    accept_also=("text/*",),
    order=0,
    is_feed=False,
)
"""The page of an output, which its other formats link to and whose stories entry pages show."""

for _info in (RSS, ATOM, JSON, HTML):
    register_format(_info)
