"""A page as a feed: CSS selectors say what an entry is and where its parts are ([source.page]).

Rules for editors: everything is bounded before a selector sees it (tags, depth, entries), since matching walks up
and down the tree. Values are passed on as the page has them; `normalise` cleans them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import soupsieve
from bs4 import BeautifulSoup, Tag

from aggregator.core.config.rules import PageRules, split_selector
from aggregator.core.errors import ParseError, Reason
from aggregator.core.html.clean import visible_text
from aggregator.core.html.images import is_lazy, largest, lazy_source
from aggregator.core.html.links import LinkContext
from aggregator.core.model import Diagnostic
from aggregator.core.parse.parsed import (
    MAX_ENTRIES,
    Candidate,
    Candidates,
    Markup,
    ParsedCategory,
    ParsedEntry,
    ParsedFeed,
    ParsedHead,
    ParsedLink,
    ParsedMedia,
    ParsedPerson,
)
from aggregator.core.urls.urls import absolute

MAX_TAGS = 200_000
"""Tags of a page, opening and closing ones; BeautifulSoup takes some 10 µs and 1 KiB for each."""
MAX_DEPTH = 128
"""Elements below one another; what lies deeper counts as text. Combinators look at every ancestor."""
_MAX_VALUES = 50
_MAX_DATES = 3
_LONGEST_VALUE = 10_000

_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*>", re.IGNORECASE)
_STYLE_URL = re.compile(r"""url\(\s*["']?([^"')]{1,4000})["']?\s*\)""", re.IGNORECASE)
_PICTURES = ("img", "source", "video", "meta", "amp-img")
_NOWHERE = ("#", "javascript:")
_DEFAULT_DATE = "time[datetime]"


def read_page(text: str, rules: PageRules, *, url: str) -> ParsedFeed:
    """The entries of a page by `rules`. Raises ParseError (NOT_A_FEED) where the page gives none, and nothing else."""
    diagnostics: list[Diagnostic] = []
    text = _within_bounds(_XML_DECLARATION.sub("", text, count=1), diagnostics)
    if "<" not in text:
        raise ParseError(url, Reason.NOT_A_FEED, "it is no page: there is not one tag in it")
    page = _PageReader(BeautifulSoup(text, "lxml"), rules, url=url)
    entries = page.entries()
    if not entries:
        raise ParseError(url, Reason.NOT_A_FEED, page.why_empty())
    return ParsedFeed(
        dialect="page", head=page.head(), entries=tuple(entries), diagnostics=(*diagnostics, *page.diagnostics())
    )


def _within_bounds(text: str, diagnostics: list[Diagnostic]) -> str:
    if text.count("<") <= MAX_TAGS:
        return text
    position = -1
    for _ in range(MAX_TAGS):
        position = text.find("<", position + 1)
    diagnostics.append(Diagnostic(name="page-cut", message=f"only the first {MAX_TAGS} tags of the page were read"))
    return text[:position]


def _flatten(root: Tag) -> None:
    """Turn what lies deeper than MAX_DEPTH into text, in one pass."""
    depths = {id(root): 0}
    element = root.contents[0] if root.contents else None  # the root's own next_element is None, whatever it holds
    while element is not None:
        following = element.next_element
        if isinstance(element, Tag):
            depth = depths[id(element)] = depths[id(element.parent)] + 1
            if depth >= MAX_DEPTH and element.find(True) is not None:
                element.string = element.get_text(" ")
                following = element.contents[0].next_element
        element = following


class _Selector:
    """One selector of the rules. No CSS in it means the entry's own element."""

    def __init__(self, text: str) -> None:
        css, self.attribute = split_selector(text)
        self._css = soupsieve.compile(css) if css else None

    def tags(self, entry: Tag, limit: int) -> list[Tag]:
        """What it matches below the entry; if that is nothing, the entry itself where it matches."""
        if self._css is None:
            return [entry]
        found = self._css.select(entry, limit=limit)
        return found or ([entry] if self._css.match(entry) else [])


class _PageReader:
    def __init__(self, soup: BeautifulSoup, rules: PageRules, *, url: str) -> None:
        _flatten(soup)
        self._soup = soup
        self._rules = rules
        self._url = url
        base = soup.find("base", href=True)
        self._base = (absolute(_attribute(base, "href"), url) if isinstance(base, Tag) else None) or url
        self._place = LinkContext(base=self._base)
        given = {key: getattr(rules, key) for key in type(rules).model_fields if key != "entry"}
        self._selectors = {key: _Selector(text) for key, text in given.items() if text}
        self._matched: set[str] = set()
        self._found = 0
        self._empty = 0
        self._repeated = 0
        self._nested = 0
        self._default_date = soupsieve.compile(_DEFAULT_DATE)

    # -- the whole -----------------------------------------------------------------------------------------------
    def entries(self) -> list[ParsedEntry]:
        read: list[ParsedEntry] = []
        known: set[tuple[str, str]] = set()
        for tag in self._outermost(soupsieve.select(self._rules.entry, self._soup, limit=MAX_ENTRIES + 1)):
            entry = self._entry(tag)
            if entry is None:
                self._empty += 1
            elif (mark := _mark(entry)) in known:
                self._repeated += 1
            else:
                known.add(mark)
                known.discard(("", ""))
                read.append(entry)
        return read[:MAX_ENTRIES]

    def _outermost(self, tags: list[Tag]) -> Iterator[Tag]:
        """The tags that lie in no other of them: what matches inside an entry is a part of it."""
        self._found = len(tags)
        chosen = {id(tag) for tag in tags}
        for tag in tags:
            if any(id(parent) in chosen for parent in tag.parents):
                self._nested += 1
            else:
                yield tag

    def why_empty(self) -> str:
        if not self._found:
            words = f'the selector entry = "{self._rules.entry}" matches nothing on this page'
            return f"{words}; it may have changed, or be built by scripts in the browser"
        return f'the selector entry = "{self._rules.entry}" matches, but no match has a title, a link or a text'

    def head(self) -> ParsedHead:
        soup = self._soup
        title = soup.find("title")
        language = soup.find("html")
        description = soup.find("meta", attrs={"name": re.compile("^description$", re.IGNORECASE)})
        icon = next((tag for tag in soup.find_all("link", href=True, limit=200) if "icon" in _words(tag, "rel")), None)
        return ParsedHead(
            titles=_html(title, "page:title") if isinstance(title, Tag) else (),
            descriptions=_plain(_attribute(description, "content"), "page:description"),
            languages=_plain(_attribute(language, "lang"), "page:lang"),
            links=(ParsedLink(href=self._url, element="page", type="text/html"),),
            icons=(ParsedLink(href=_attribute(icon, "href"), element="page:icon", base=self._base),) if icon else (),
        )

    def diagnostics(self) -> Iterator[Diagnostic]:
        for key in self._selectors:
            if key not in self._matched:
                words = f'the selector {key} = "{getattr(self._rules, key)}" matches nothing in any entry'
                yield Diagnostic(name="page-selector-empty", message=words[:300])
        if self._found > MAX_ENTRIES:
            yield Diagnostic(name="too-many-entries", message=f"only the first {MAX_ENTRIES} entries were read")
        for count, name, words in (
            (self._nested, "page-entries-nested", "matches of entry lie inside others and count as parts of them"),
            (self._empty, "page-entry-empty", "matches of entry have neither title, link nor text and were left out"),
            (self._repeated, "page-entry-repeated", "entries with a title and link met before were left out"),
        ):
            if count:
                yield Diagnostic(name=name, message=f"{count} {words}")

    # -- one entry -----------------------------------------------------------------------------------------------
    def _entry(self, tag: Tag) -> ParsedEntry | None:
        link_tag, links = self._links(tag)
        titles = self._titles(tag, link_tag)
        contents = self._contents(tag)
        if not titles and not contents and "content" not in self._selectors:
            contents = _html(tag, "page:entry") if visible_text(tag.decode_contents()) else ()
        if not titles and not contents and not links:
            return None
        return ParsedEntry(
            links=links,
            titles=titles,
            contents=contents,
            published=tuple(self._dates(tag)),
            authors=self._authors(tag),
            categories=tuple(
                ParsedCategory(path=(value,), element="page:category") for value in self._values(tag, "category")
            ),
            images=tuple(self._images(tag)),
            base=self._base,
        )

    def _tags(self, entry: Tag, key: str, limit: int = _MAX_VALUES) -> tuple[list[Tag], str | None]:
        selector = self._selectors.get(key)
        if selector is None:
            return [], None
        found = selector.tags(entry, limit)
        if selector.attribute:
            found = [tag for tag in found if tag.has_attr(selector.attribute)]
        if found:
            self._matched.add(key)
        return found, selector.attribute

    def _values(self, entry: Tag, key: str) -> Iterator[str]:
        """The texts that a selector finds, one for each element."""
        tags, attribute = self._tags(entry, key)
        for tag in tags:
            value = _attribute(tag, attribute) if attribute else _shown(tag)
            if value.strip():
                yield value.strip()[:_LONGEST_VALUE]

    def _links(self, entry: Tag) -> tuple[Tag | None, tuple[ParsedLink, ...]]:
        """The element that is the link, and its addresses."""
        tags, attribute = self._tags(entry, "link")
        if "link" not in self._selectors:
            tags = [tag for tag in [_anchor(entry)] if tag is not None]
        found = [(tag, _attribute(tag, attribute)) for tag in tags] if attribute else list(_hrefs(tags))
        links = tuple(ParsedLink(href=href, element="page:link") for _, href in found if href.strip())
        return (found[0][0] if found else None), links[:1]

    def _titles(self, entry: Tag, link: Tag | None) -> Candidates:
        if "title" in self._selectors:
            tags, attribute = self._tags(entry, "title", limit=3)
            if attribute:
                return tuple(c for tag in tags for c in _plain(_attribute(tag, attribute), "page:title"))
            return tuple(candidate for tag in tags for candidate in _html(tag, "page:title"))
        if link is not None and link is not entry and (found := _html(link, "page:link")):
            return found
        heading = entry.find(re.compile("^h[1-6]$"))
        if isinstance(heading, Tag) and (found := _html(heading, "page:heading")):
            return found
        return _html(link, "page:link") if link is not None else ()

    def _contents(self, entry: Tag) -> Candidates:
        """One element's inside, or several elements one after the other; a match inside a match is in it already."""
        tags, attribute = self._tags(entry, "content")
        if attribute:
            whole = "".join(_attribute(tag, attribute) for tag in tags)
        else:
            chosen = {id(tag) for tag in tags}
            outer = [tag for tag in tags if not any(id(parent) in chosen for parent in tag.parents)]
            whole = outer[0].decode_contents() if len(outer) == 1 else "".join(tag.decode() for tag in outer)
        return (Candidate(value=whole, element="page:content", markup=Markup.HTML),) if whole.strip() else ()

    def _dates(self, entry: Tag) -> Iterator[Candidate]:
        """What may be the date, the machine's words before the reader's; normalise takes the first it can read."""
        tags, attribute = self._tags(entry, "date", limit=_MAX_DATES)
        if "date" not in self._selectors:
            tags = self._default_date.select(entry, limit=_MAX_DATES)
        for tag in tags:
            names = (attribute,) if attribute else ("datetime", "content", "title")
            words = [_attribute(tag, name) for name in names] + ([] if attribute else [_shown(tag)])
            for value in words:
                if value.strip():
                    yield Candidate(value=value.strip()[:_LONGEST_VALUE], element="page:date")

    def _authors(self, entry: Tag) -> tuple[tuple[ParsedPerson, ...], ...]:
        people = tuple(ParsedPerson(element="page:author", line=value) for value in self._values(entry, "author"))
        return (people,) if people else ()

    def _images(self, entry: Tag) -> Iterator[ParsedMedia]:
        tags, attribute = self._tags(entry, "image", limit=5)
        for tag in tags:
            value = _attribute(tag, attribute) if attribute else self._picture(tag)
            style = _STYLE_URL.search(value[:_LONGEST_VALUE]) if attribute == "style" else None
            if attribute and attribute.endswith("srcset"):
                value = largest(value, self._place) or ""
            value = style[1] if style else value
            if value.strip():
                yield ParsedMedia(url=value.strip(), element="page:image", base=self._base)

    def _picture(self, tag: Tag) -> str:
        """The address of the picture that the element is or holds; of a lazy one, what it would load (rule H2)."""
        inner = tag if tag.name in _PICTURES else tag.find(_PICTURES)
        if not isinstance(inner, Tag):
            style = _STYLE_URL.search(_attribute(tag, "style")[:_LONGEST_VALUE])
            return style[1] if style else _attribute(tag, "href")
        attributes = {name: _attribute(inner, name) for name in inner.attrs}
        if is_lazy(attributes, self._place):
            other = attributes.get("poster") or attributes.get("content") or ""
            return lazy_source(attributes, self._place) or other
        return attributes["src"]


def _mark(entry: ParsedEntry) -> tuple[str, str]:
    """What makes two entries of a page the same; ("", "") for one that cannot be told from others."""
    if not entry.links or not entry.titles:
        return "", ""
    return entry.links[0].href, visible_text(entry.titles[0].value)


def _anchor(entry: Tag) -> Tag | None:
    """The entry if it is a link itself, else the first link in it that leads somewhere."""
    anchors: Iterable[Tag] = [entry] if entry.name == "a" else entry.find_all("a", href=True, limit=_MAX_VALUES)
    return next((tag for tag in anchors if _leads_somewhere(_attribute(tag, "href"))), None)


def _hrefs(tags: Iterable[Tag]) -> Iterator[tuple[Tag, str]]:
    """The address of each element: its own, that of a link in it, or of the link it is in."""
    for tag in tags:
        near = tag if tag.has_attr("href") else tag.find("a", href=True) or tag.find_parent("a", href=True)
        if isinstance(near, Tag):
            yield near, _attribute(near, "href")


def _leads_somewhere(href: str) -> bool:
    return bool(href.strip()) and not href.strip().lower().startswith(_NOWHERE)


def _attribute(tag: object, name: str | None) -> str:
    """The value as written; "" if there is no such tag or attribute."""
    value = tag.get(name) if isinstance(tag, Tag) and name else None
    return value if isinstance(value, str) else " ".join(value) if isinstance(value, list) else ""


def _words(tag: Tag, name: str) -> list[str]:
    return _attribute(tag, name).lower().split()


def _shown(tag: Tag) -> str:
    return visible_text(tag.decode_contents())


def _plain(value: str, element: str) -> Candidates:
    return (Candidate(value=value[:_LONGEST_VALUE], element=element),) if value.strip() else ()


def _html(tag: Tag, element: str) -> Candidates:
    """What the tag holds, if a reader sees any of it."""
    inside = tag.decode_contents()
    if not visible_text(inside).strip():
        return ()
    return (Candidate(value=inside, element=element, markup=Markup.HTML),)
