"""[source.page] and [source.json]: where the parts of an entry are on a page, or in the answer of an API.

Rules for editors: a key added here needs a `description`, a row in docs/configuration.md and a new
docs/feeds.schema.json, as in `tables`. They are read by `parse.page.selectors` and `parse.json.api`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from aggregator.core.config.report import UnfitError

LONGEST_SELECTOR = 1_000
"""Characters of a selector or path; a longer one is not compiled."""

_ATTRIBUTE = re.compile(r"(?P<css>.*?)\s*@(?P<attribute>[A-Za-z_:][\w:.-]*)", re.DOTALL)
_SCRAPY = re.compile(r"(?P<css>.*?)\s*::(?:attr\((?P<attribute>[\w:.-]+)\)|text)\s*", re.DOTALL)
_SUBSCRIPT = re.compile(r"""\[(?:(\d+)|'([^']*)'|"([^"]*)")\]""")
_HOLE = re.compile(r"\{([^{}]*)\}")


def split_selector(text: str) -> tuple[str, str | None]:
    """The CSS of a selector, "" if it names the element itself, and the attribute it asks for, None for none."""
    match = _ATTRIBUTE.fullmatch(text.strip())
    return (match["css"].strip(), match["attribute"].lower()) if match else (text.strip(), None)


def template_paths(template: str) -> list[str]:
    """The dotted paths between the braces of a template, in its order; [] if it is no template but a path."""
    return [hole.strip() for hole in _HOLE.findall(template)]


def _element(value: str) -> str:
    css, attribute = split_selector(value)
    if attribute is not None:
        raise UnfitError('a CSS selector of elements such as "article"', f'leave out "@{attribute}"')
    return _compiled(value, css, "article")


def _selector(value: str) -> str:
    css, attribute = split_selector(value)
    return value if attribute and not css else _compiled(value, css, "h2 a")


def _compiled(value: str, css: str, example: str) -> str:
    """`value` itself, once soupsieve has taken `css`."""
    from soupsieve import SelectorSyntaxError
    from soupsieve import compile as compile_selector

    wanted = f'a CSS selector such as "{example}"'
    if not css or len(css) > LONGEST_SELECTOR:
        raise UnfitError(wanted)
    try:
        compile_selector(css)
    except (SelectorSyntaxError, NotImplementedError, ValueError) as error:
        raise UnfitError(wanted, _selector_hint(css) or _first_line(str(error))) from error
    return value


def _first_line(message: str) -> str:
    line = message.partition("\n")[0].strip().rstrip(".:")
    return line[:1].lower() + line[1:]


def _selector_hint(css: str) -> str:
    if css.startswith(("/", "./")):
        return "this looks like XPath"
    match = _SCRAPY.fullmatch(css)
    if match is None:
        return ""
    meant = f"{match['css']}@{match['attribute']}" if match["attribute"] else match["css"]
    return f'did you mean "{meant}"?'


def _path(value: str) -> str:
    wanted = 'names with dots between them, such as "data.items"'
    if len(value) > LONGEST_SELECTOR:
        raise UnfitError(wanted)
    if value != value.strip() or not all(value.split(".")) or "$" in value.split(".") or "[" in value:
        plain = _SUBSCRIPT.sub(lambda m: "." + next(g for g in m.groups() if g is not None), value.strip())
        plain = ".".join(part for part in plain.split(".") if part and part != "$")
        usable = plain and "[" not in plain and plain != value
        raise UnfitError(wanted, f'did you mean "{plain}"?' if usable else "")
    return value


def _path_or_template(value: str) -> str:
    paths = template_paths(value)
    if not paths and not set("{}") & set(value):
        return _path(value)
    if not paths or set("{}") & set(_HOLE.sub("", value)):
        raise UnfitError('an address with paths in braces, such as "https://example.org/p/{id}"')
    for path in paths:
        _path(path)
    return value


def _text(check: Callable[[str], str], *examples: str) -> Any:
    """The pydantic annotations of a text that `check` accepts."""
    return (AfterValidator(check), WithJsonSchema({"type": "string", "minLength": 1, "examples": list(examples)}))


Element = Annotated[str, *_text(_element, "article", "ul.news > li")]
Selector = Annotated[str, *_text(_selector, "h2 a", "time@datetime")]
Path = Annotated[str, *_text(_path, "data.items", "author.name")]
Link = Annotated[str, *_text(_path_or_template, "url", "https://example.org/p/{id}")]


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PageRules(_Rules):
    """CSS selectors: which elements of a page are entries, and where in one its parts stand."""

    entry: Element = Field(description="Each element it matches is an entry.")
    title: Selector | None = Field(default=None, description="Title; without it, the text of the link.")
    link: Selector | None = Field(default=None, description="Link; without it, the first a[href].")
    date: Selector | None = Field(default=None, description="Date; without it, time[datetime].")
    content: Selector | None = Field(default=None, description="Content; all elements it matches, in their order.")
    image: Selector | None = Field(default=None, description="Picture; without it, the first of the content.")
    author: Selector | None = Field(default=None, description="Authors; each element it matches is one.")
    category: Selector | None = Field(default=None, description="Categories; each element it matches is one.")


class JsonRules(_Rules):
    """Dotted paths: where in an API's answer the list of entries stands, and where in one its parts."""

    entries: Path | None = Field(default=None, description="The list of entries; without it, the document itself.")
    id: Path | None = Field(default=None, description="What never changes about an entry; without it, its link.")
    title: Path | None = Field(default=None, description="Title.")
    link: Link | None = Field(default=None, description="Link, or an address with paths in braces.")
    date: Path | None = Field(default=None, description="Date, as text or in seconds or milliseconds since 1970.")
    content: Path | None = Field(default=None, description="Content, HTML or text.")
    summary: Path | None = Field(default=None, description="Summary, HTML or text.")
    image: Path | None = Field(default=None, description="Address of a picture.")
    author: Path | None = Field(default=None, description="Author; a list names several.")
    category: Path | None = Field(default=None, description="Categories; a list names several.")
