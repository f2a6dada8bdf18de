"""feeds.toml as a value: the models are its description, `read_config` its only reader.

Rules for editors: a key added here needs a `description`, a row in docs/configuration.md and a new
docs/feeds.schema.json (tests tell). What one value may be is in `config_values`; what holds between several tables is
checked here, and only over what is valid by itself, so that one slip is reported once. A model has no side effects
and reads no file; what zone names exist is looked up in the zone database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from aggregator.core import config_values as values
from aggregator.core.config_posts import check_posts
from aggregator.core.config_report import Report, UnfitError, shown
from aggregator.core.config_rules import JsonRules, PageRules
from aggregator.core.config_text import read_toml
from aggregator.core.errors import ConfigError
from aggregator.core.model import CategoryPath, OutputId, SourceId
from aggregator.core.toml_places import KeyPath

LARGEST_LIMIT = 500
"""Entries in one output (protocols W8): more make documents that readers refuse."""

Format = Literal["rss", "atom", "json", "html", "hexo", "jekyll", "hugo"]
Model = TypeVar("Model", bound=BaseModel)


def _text(check: Callable[[str], str], **schema: object) -> Any:
    """The pydantic annotations of a text that `check` accepts."""
    return (AfterValidator(check), WithJsonSchema({"type": "string", **schema}))


Line = Annotated[str, *_text(values.one_line, minLength=1)]
Address = Annotated[str, *_text(values.address, pattern="^https?://[^\\s]+$")]
Glob = Annotated[str, *_text(values.glob, minLength=1)]
Zone = Annotated[str, *_text(values.timezone, examples=["Asia/Shanghai", "UTC"])]
Language = Annotated[str, *_text(values.language, pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", examples=["zh-Hans"])]
Encoding = Annotated[str, *_text(values.encoding, examples=["gb18030", "big5", "shift_jis", "euc-kr"])]
HeaderText = Annotated[str, *_text(values.header_text, pattern="^[ -~]+$")]
Word = Annotated[str, *_text(values.word, minLength=1)]
HostPort = Annotated[str, *_text(values.allowed_address, pattern=":[0-9]{1,5}$")]
Category = Annotated[
    CategoryPath,
    PlainValidator(values.category_path),
    WithJsonSchema({"type": "string", "minLength": 1, "examples": ["新媒体/IT 之家/分类资讯"]}),
]
Interval = Annotated[
    timedelta | None,
    PlainValidator(values.interval),
    WithJsonSchema(
        {"type": "string", "pattern": "^(auto|[0-9]+[mhd])$", "default": "auto", "examples": ["30m", "6h", "1d"]}
    ),
]


def _not_empty(value: object) -> object:
    """An empty list is a slip: leaving the key out says what it might mean."""
    if value == []:
        raise UnfitError("at least one item", "leave the key out for all of them")
    return value


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _once_each(items: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))


def _source_ids(items: tuple[SourceId, ...]) -> tuple[SourceId, ...]:
    return tuple(dict.fromkeys(SourceId(values.normal(item)) for item in items))


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Site(_Table):
    """What the outputs have in common."""

    title: Line = Field(default="My feeds", description="Title of the index page and of the whole.")
    url: Annotated[str, *_text(values.site_address, pattern="^https?://[^\\s?#]+$")] = Field(
        default="http://127.0.0.1:8000",
        description="Public address of the outputs. Their ids are minted from it once.",
    )
    language: Language | None = Field(default=None, description="Language of the outputs, a BCP 47 tag.")
    timezone: Zone = Field(default="UTC", description="Zone in which pages show times, by its IANA name.")
    entry_pages: StrictBool = Field(
        default=True, description="Each entry of an output with a page has a page of its own, for permanent links."
    )


class Network(_Table):
    """How sources are visited."""

    allow: tuple[HostPort, ...] = Field(
        default=(), description="Private addresses (host:port) that may be polled; all others are refused."
    )
    user_agent: HeaderText | None = Field(default=None, description="Sent instead of our own User-Agent.")
    contact: HeaderText | None = Field(
        default=None, description="Address given in the User-Agent, a page's or a mail's; without it, the site's url."
    )


class Server(_Table):
    """Where `aggregator serve` answers."""

    listen: Annotated[str, *_text(values.listen_address, pattern=":[0-9]{1,5}$")] = Field(
        default="127.0.0.1:8000", description="Host and port to listen on; port 0 is any free one."
    )

    @property
    def host(self) -> str:
        """The host without brackets."""
        return values.split_host_port(self.listen)[0]

    @property
    def port(self) -> int:
        """The port; 0 means any free one."""
        return values.split_host_port(self.listen)[1]


class SourceDefaults(_Table):
    """Keys that [defaults] may set for all sources, and each source for itself."""

    title: Line | None = Field(default=None, description="Shown instead of the title that the source gives itself.")
    category: Category | None = Field(
        default=None, description='Path in the tree of categories, with "/" between names.'
    )
    interval: Interval = Field(
        default=None,
        description='How often to visit: "30m", "6h", "1d" (5 minutes to 30 days), or "auto" to learn the rhythm.',
    )
    language: Language | None = Field(default=None, description="Language of a source that does not tell its own.")
    timezone: Zone | None = Field(default=None, description="Zone of dates that name none; without it, UTC.")
    encoding: Encoding | None = Field(default=None, description="Character encoding, against all the source says.")
    user_agent: HeaderText | None = Field(default=None, description="Sent to this source as User-Agent.")
    enabled: StrictBool = Field(default=True, description="false: not visited; what is stored stays published.")


class SourceConfig(SourceDefaults):
    """One [[source]]: an address that is polled, or files on disk."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["url"]}, {"required": ["path"]}],
            "not": {"required": ["page", "json"]},
        },
    )

    id: Annotated[SourceId, *_text(values.identifier, pattern="^[^\\s/]+$", maxLength=values.ID_LENGTH)] = Field(
        description="Name of the source: letters of any script, digits, - _ and ."
    )
    url: Address | None = Field(default=None, description="Address of the feed.")
    path: Glob | None = Field(
        default=None, description="Files on disk, relative to the folder of this file: a feed, or a pattern of posts."
    )

    page: PageRules | None = Field(
        default=None, description="[source.page]: the source is a page, read with CSS selectors."
    )
    api: JsonRules | None = Field(
        default=None, alias="json", description="[source.json]: the source is a JSON API, read with dotted paths."
    )

    @model_validator(mode="after")
    def _one_origin(self) -> SourceConfig:
        wrong = _origin_problem(has_url=self.url is not None, has_path=self.path is not None)
        wrong = wrong or _rules_problem(has_page=self.page is not None, has_json=self.api is not None)
        if wrong:
            raise ValueError(wrong)
        return self

    @property
    def address(self) -> str:
        """The url or the path, whichever it has."""
        return self.url or self.path or ""

    @property
    def rules(self) -> PageRules | JsonRules | None:
        """How to read a source that is no feed; None for a feed or posts."""
        return self.page or self.api


class FeedConfig(_Table):
    """One [[feed]]: an output. What it does not restrict it takes in."""

    id: Annotated[OutputId, *_text(values.output_identifier, pattern="^[^\\s/]+$", maxLength=values.ID_LENGTH)] = Field(
        description="Name in the output's address: letters of any script, digits, - _ and ."
    )
    title: Line = Field(default_factory=lambda data: data.get("id", ""), description="Title; without it, the id.")
    description: Line | None = Field(default=None, description="One sentence about the output.")
    category: Category | None = Field(default=None, description="Only entries in this category or below it.")
    source: Annotated[
        tuple[SourceId, ...],
        BeforeValidator(_one_or_more),
        BeforeValidator(_not_empty),
        AfterValidator(_source_ids),
        WithJsonSchema(
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
        ),
    ] = Field(default=(), description="Only entries of this source, or of these sources.")
    keep: tuple[Word, ...] = Field(default=(), description="Only entries that have one of these words.")
    drop: tuple[Word, ...] = Field(default=(), description="No entries that have one of these words.")
    limit: Annotated[StrictInt, Field(ge=1, le=LARGEST_LIMIT)] | None = Field(
        default=None, description="Most entries in the feed; without it, the last 72 hours, and at least 50 entries."
    )
    formats: Annotated[tuple[Format, ...], BeforeValidator(_not_empty), AfterValidator(_once_each)] = Field(
        default=("rss", "atom", "json", "html"),
        description="Formats the output is published in: documents, and posts of one kind of static blog.",
        json_schema_extra={"minItems": 1},
    )
    posts: Annotated[str, *_text(values.folder, minLength=1)] | None = Field(
        default=None,
        description="Folder of the posts, relative to the folder of this file; without it, one below the store.",
    )
    language: Language | None = Field(default=None, description="Language of the output; without it, the site's.")
    token: Annotated[str, *_text(values.token, pattern="^[A-Za-z0-9_-]{16,100}$")] | None = Field(
        default=None,
        description="Secret part of the output's address; it is then listed nowhere. Another token moves the output.",
    )
    dedupe: Literal["link", "off"] = Field(
        default="link", description="link: entries of several sources with the same link appear once."
    )


class Config(_Table):
    """All of feeds.toml, valid as a whole. With no `feeds` there is an output per category and one of all."""

    site: Site = Site()
    network: Network = Network()
    server: Server = Server()
    sources: tuple[SourceConfig, ...] = ()
    feeds: tuple[FeedConfig, ...] = ()

    @property
    def contact(self) -> str:
        """The address a User-Agent names."""
        return self.network.contact or self.site.url


_TABLES: Mapping[str, type[BaseModel]] = {
    "site": Site,
    "network": Network,
    "server": Server,
    "defaults": SourceDefaults,
    "source": SourceConfig,
    "feed": FeedConfig,
}
_LISTS = frozenset({"source", "feed"})
_SUBTABLES: Mapping[str, type[BaseModel]] = {"page": PageRules, "json": JsonRules}
"""Tables that a [[source]] may hold."""


def _keys(model: type[BaseModel]) -> list[str]:
    """Its keys as they are written in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _header(name: str) -> str:
    return f"[[{name}]]" if name in _LISTS else f"[{name}]"


_ALL_HEADERS = ", ".join(_header(name) for name in _TABLES)
_HOMES = {
    "entry": "[source.page]",
    "entries": "[source.json]",
    **{
        key: _header(name)
        for name in ("feed", "source", "server", "network", "site")  # the last one wins
        for key in _keys(_TABLES[name])
    },
}
"""For a key that strayed: where it probably belongs."""


def read_config(text: bytes, *, file: str) -> Config:
    """The configuration that the bytes of a feeds.toml hold; `file` is its name in messages.

    Raises ConfigError with all problems at once, each at its line and column. A syntax error hides what is behind it.
    """
    content, table, problems = read_toml(text)
    if table is None:
        raise ConfigError(file, problems)
    reader = _Reader(content, table)
    config = reader.read()
    problems += reader.report.problems
    if problems:
        raise ConfigError(file, problems)
    return config


class _Reader:
    """Turns one table of tomllib's into a Config. Faulty parts are reported and left out."""

    def __init__(self, text: str, table: Mapping[str, Any]) -> None:
        self.report = Report(text, table)
        self._table = table

    def read(self) -> Config:
        """A Config of all that is valid: only to be used if the report is empty."""
        for name in self._table:
            if name not in _TABLES:
                self._stray(name)
        site = self._single("site", Site) or Site()
        network = self._single("network", Network) or Network()
        server = self._single("server", Server) or Server()
        sources = self._sources()
        feeds = self._feeds()
        if not self._table.get("source", []):
            self.report.add((), "the file names no source; add at least a [[source]] with an id and a url")
        self._check_selections(sources)
        return Config(
            site=site,
            network=network,
            server=server,
            sources=tuple(source for source in sources.values() if source),
            feeds=tuple(feed for feed in feeds.values() if feed),
        )

    def _stray(self, name: str) -> None:
        """A name at the top of the file that is no table of ours."""
        if isinstance(self._table[name], (dict, list)):
            meant = self.report.close_match(name, _TABLES)
            hint = f"did you mean {_header(meant)}?" if meant else f"expected one of {_ALL_HEADERS}"
            message = f"unknown table {shown(name)}; {hint}"
        elif name in _HOMES:
            message = f'the key "{name}" stands outside of all tables; it belongs below {_HOMES[name]}'
        else:
            meant = self.report.close_match(name, _HOMES)
            hint = f'; did you mean "{meant}" below {_HOMES[meant]}?' if meant else ""
            message = f"the unknown key {shown(name)} stands outside of all tables{hint}"
        self.report.add((name,), message, at_key=True, where=())

    def _single(self, name: str, model: type[Model]) -> Model | None:
        table = self._table.get(name, {})
        if isinstance(table, dict):
            return self._valid(model, table, (name,))
        self.report.add((name,), f"expected a single table, found {shown(table)}; it begins with [{name}]")
        return None

    def _tables(self, name: str) -> dict[int, dict[str, Any]]:
        """The tables of a [[name]] by their place in the file."""
        tables = self._table.get(name, [])
        items = enumerate(tables if isinstance(tables, list) else ())
        return {index: table for index, table in items if isinstance(table, dict)}

    def _check_list(self, name: str) -> None:
        tables = self._table.get(name, [])
        if not isinstance(tables, list):
            message = f"expected a list of tables, found {shown(tables)}; each begins with [[{name}]]"
            self.report.add((name,), message)
            return
        for index, table in enumerate(tables):
            if not isinstance(table, dict):
                self.report.add((name, index), f"expected a table, found {shown(table)}")

    def _valid(self, model: type[Model], table: Mapping[str, Any], path: KeyPath) -> Model | None:
        try:
            return model.model_validate(table)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                # What concerns the table as a whole is reported by its reader, whether or not the keys are valid; and
                # a default that waits for a faulty key is no news.
                if item["loc"] and item["type"] != "default_factory_not_called":
                    inner = _SUBTABLES.get(str(item["loc"][0])) if len(item["loc"]) > 1 else None
                    at = (*path, item["loc"][0]) if inner else path
                    rest = item["loc"][1:] if inner else item["loc"]
                    self.report.invalid(at, {**item, "loc": rest}, _keys(inner or model), _HOMES)
        return None

    def _sources(self) -> dict[int, SourceConfig | None]:
        defaults = self._defaults()
        sources = {}
        for index, table in self._tables("source").items():
            path = ("source", index)
            wrong = _origin_problem(has_url="url" in table, has_path="path" in table)
            if wrong:
                self.report.add(path, wrong)
            wrong = _rules_problem(has_page="page" in table, has_json="json" in table)
            if wrong:
                self.report.add((*path, "json"), wrong, where=path)
            sources[index] = self._valid(SourceConfig, {**defaults, **table}, path)
        self._check_list("source")
        self._check_ids("source", sources)
        return sources

    def _defaults(self) -> dict[str, Any]:
        """The valid keys of [defaults]: a faulty one is reported there and not again at every source."""
        table = self._table.get("defaults", {})
        before = len(self.report.problems)
        self._single("defaults", SourceDefaults)
        if len(self.report.problems) == before:
            return dict(table)
        if not isinstance(table, dict):
            return {}
        return {key: value for key, value in table.items() if _is_valid_default(key, value)}

    def _feeds(self) -> dict[int, FeedConfig | None]:
        feeds = {
            index: self._valid(FeedConfig, table, ("feed", index)) for index, table in self._tables("feed").items()
        }
        self._check_list("feed")
        self._check_ids("feed", feeds)
        check_posts(self.report, feeds)
        return feeds

    def _check_ids(self, name: str, tables: Iterable[int]) -> None:
        """Ids differ in more than case: they name files, and some file systems do not tell case apart."""
        first: dict[str, int] = {}
        for index in tables:
            wanted = self._table[name][index].get("id")
            if not isinstance(wanted, str) or not wanted.strip():
                continue
            before = first.setdefault(values.folded_name(wanted), index)
            if before != index:
                line = self.report.places.value((name, before, "id")).line
                self.report.add((name, index, "id"), f"the id {shown(wanted)} is taken by the {name} at line {line}")

    def _check_selections(self, sources: Mapping[int, SourceConfig | None]) -> None:
        """What a feed selects must exist; looked up as written, so that a slip elsewhere in the feed hides nothing."""
        written = (self._table["source"][index].get("id") for index in sources)
        ids = dict.fromkeys(values.normal(name) for name in written if isinstance(name, str))
        paths = _known_categories(sources.values())
        for index, table in self._tables("feed").items():
            named = _one_or_more(table.get("source", ()))
            for number, source in enumerate(named if isinstance(named, list | tuple) else ()):
                if isinstance(source, str) and values.normal(source) not in ids:
                    hint = self.report.did_you_mean(source, ids)
                    self.report.add(("feed", index, "source", number), f"there is no source {shown(source)}{hint}")
            category = _path_or_none(table.get("category"))
            if category and paths is not None and values.folded_path(category) not in paths:
                hint = self.report.did_you_mean("/".join(category), paths.values())
                message = f"no source has the category {shown('/'.join(category))}{hint}"
                self.report.add(("feed", index, "category"), message)


def _path_or_none(value: object) -> CategoryPath | None:
    try:
        return values.category_path(value)
    except UnfitError:
        return None


def _origin_problem(*, has_url: bool, has_path: bool) -> str | None:
    if has_url and has_path:
        return "both url and path are given; a source has one of them"
    if not has_url and not has_path:
        return "neither url nor path is given; a source needs one of them"
    return None


def _rules_problem(*, has_page: bool, has_json: bool) -> str | None:
    return "both page and json are given; a source is read in one of these ways" if has_page and has_json else None


def _is_valid_default(key: str, value: object) -> bool:
    try:
        SourceDefaults.model_validate({key: value})
    except ValidationError:
        return False
    return True


def _known_categories(sources: Iterable[SourceConfig | None]) -> dict[CategoryPath, str] | None:
    """Every node of the tree of categories, folded, and how it is written. None: that cannot be known.

    Posts on disk may bring categories of their own, which come before their source's; a faulty source might have any.
    """
    nodes: dict[CategoryPath, str] = {}
    for source in sources:
        if source is None or source.path is not None:
            return None
        path = source.category or ()
        for length in range(1, len(path) + 1):
            nodes.setdefault(values.folded_path(path[:length]), "/".join(path[:length]))
    return nodes
