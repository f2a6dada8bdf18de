"""feeds.toml from its bytes: `read_config` is its only reader.

Rules for editors: what holds between several tables is checked here, and only over what is valid by itself, so that one
slip is reported once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from aggregator.core.config import values
from aggregator.core.config.field_types import one_or_more
from aggregator.core.config.positions import KeyPath
from aggregator.core.config.posts import check_posts
from aggregator.core.config.report import ProblemReport, UnfitError, shown
from aggregator.core.config.rules import JsonRules, PageRules
from aggregator.core.config.source_kinds import place_problem
from aggregator.core.config.tables import (
    Config,
    FeedConfig,
    Network,
    Server,
    Site,
    SourceConfig,
    SourceDefaults,
    rules_problem,
)
from aggregator.core.config.text import read_toml
from aggregator.core.errors import ConfigError
from aggregator.core.model import CategoryPath

Model = TypeVar("Model", bound=BaseModel)

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
_TABLE_OF_KEY = {
    "entry": "[source.page]",
    "entries": "[source.json]",
    **{
        key: _header(name)
        for name in ("feed", "source", "server", "network", "site")  # the last one wins
        for key in _keys(_TABLES[name])
    },
}
"""For a key in the wrong table: where it probably belongs."""


def read_config(text: bytes, *, file: str) -> Config:
    """The configuration that the bytes of a feeds.toml hold; `file` is its name in messages.

    Raises ConfigError with all problems at once, each at its line and column. A syntax error hides what is behind it.
    """
    content, table, problems = read_toml(text)
    if table is None:
        raise ConfigError(file, problems)
    reader = _ConfigReader(content, table)
    config = reader.read()
    problems += reader.report.problems
    if problems:
        raise ConfigError(file, problems)
    return config


class _ConfigReader:
    """Turns one table of tomllib's into a Config. Faulty parts are reported and left out."""

    def __init__(self, text: str, table: Mapping[str, Any]) -> None:
        self.report = ProblemReport(text, table)
        self._table = table

    def read(self) -> Config:
        """A Config of all that is valid: only to be used if the report is empty."""
        for name in self._table:
            if name not in _TABLES:
                self._unknown_at_top(name)
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

    def _unknown_at_top(self, name: str) -> None:
        """A name at the top of the file that is no table of ours."""
        if isinstance(self._table[name], (dict, list)):
            meant = self.report.close_match(name, _TABLES)
            hint = f"did you mean {_header(meant)}?" if meant else f"expected one of {_ALL_HEADERS}"
            message = f"unknown table {shown(name)}; {hint}"
        elif name in _TABLE_OF_KEY:
            message = f'the key "{name}" stands outside of all tables; it belongs below {_TABLE_OF_KEY[name]}'
        else:
            meant = self.report.close_match(name, _TABLE_OF_KEY)
            hint = f'; did you mean "{meant}" below {_TABLE_OF_KEY[meant]}?' if meant else ""
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
                    self.report.invalid(at, {**item, "loc": rest}, _keys(inner or model), _TABLE_OF_KEY)
        return None

    def _sources(self) -> dict[int, SourceConfig | None]:
        defaults = self._defaults()
        sources = {}
        for index, table in self._tables("source").items():
            path = ("source", index)
            wrong = place_problem(table)
            if wrong:
                self.report.add(path, wrong)
            wrong = rules_problem(has_page="page" in table, has_json="json" in table)
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
        """Ids differ in more than case: they name files, and some file systems ignore case."""
        first: dict[str, int] = {}
        for index in tables:
            wanted = self._table[name][index].get("id")
            if not isinstance(wanted, str) or not wanted.strip():
                continue
            before = first.setdefault(values.folded_name(wanted), index)
            if before != index:
                line = self.report.positions.value((name, before, "id")).line
                self.report.add((name, index, "id"), f"the id {shown(wanted)} is taken by the {name} at line {line}")

    def _check_selections(self, sources: Mapping[int, SourceConfig | None]) -> None:
        """What a feed selects must exist; looked up as written, so that a slip elsewhere in the feed hides nothing."""
        written = (self._table["source"][index].get("id") for index in sources)
        ids = dict.fromkeys(values.normal(name) for name in written if isinstance(name, str))
        paths = _known_categories(sources.values())
        for index, table in self._tables("feed").items():
            named = one_or_more(table.get("source", ()))
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
        if source is None or source.kind.has_categories:
            return None
        path = source.category or ()
        for length in range(1, len(path) + 1):
            nodes.setdefault(values.folded_path(path[:length]), "/".join(path[:length]))
    return nodes
