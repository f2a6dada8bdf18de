"""Hashes of what an output is meant to be: whether it has to be made again, and whether its archive continues.

Hashed are stored keys and JSON values, and of them only what differs from its default. So a release with another
option changes no hash, and neither does a renamed field. Rules for editors: a stored key, its JSON and its default stay
as they are for good; what a default means changes only together with `version`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from aggregator.core.config.tables import Config, Site
from aggregator.core.select import definition_2106d7b
from aggregator.core.select.filters.filter import Json
from aggregator.core.select.plan import BlogPlan, OutputPlan

Of = TypeVar("Of")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey(Generic[Of]):
    """One option as it is hashed."""

    key: str
    value: Callable[[Of], Json]
    default: Json = None
    """What is hashed by being left out. It is written out here, so that another default of the option is seen."""
    in_rule: bool = False
    """It decides which stories an output has, or where: a new archive is begun when it changes."""
    version: int = 1
    """Raised where the same value comes to mean something else; from 2 on it is hashed, whatever the value is."""

    def of(self, subject: Of) -> dict[str, Json]:
        """What is hashed of this option: nothing, or its key and value."""
        value = self.value(subject)
        if self.version > 1:
            return {f"{self.key}.{self.version}": value}
        return {} if value == self.default else {self.key: value}


def _posts(blog: BlogPlan | None) -> Json:
    if blog is None:
        return None
    folder: dict[str, Json] = {} if blog.folder is None else {"folder": blog.folder}
    footer: dict[str, Json] = {} if blog.footer else {"footer": False}
    return {"dialect": blog.dialect} | folder | footer


KEYS: tuple[StoredKey[OutputPlan], ...] = (
    StoredKey(key="output", value=lambda plan: plan.output, in_rule=True),
    StoredKey(key="title", value=lambda plan: plan.title),
    StoredKey(key="description", value=lambda plan: plan.description),
    StoredKey(key="described", value=lambda plan: plan.is_described, default=False),
    StoredKey(key="language", value=lambda plan: plan.language),
    StoredKey(
        key="formats",
        value=lambda plan: list(plan.formats),
        default=["rss", "atom", "json", "html"],
        in_rule=True,
    ),
    StoredKey(key="posts", value=lambda plan: _posts(plan.blog)),
    StoredKey(key="limit", value=lambda plan: plan.limit, in_rule=True),
    StoredKey(key="dedupe", value=lambda plan: plan.dedupe, default="link", in_rule=True),
    StoredKey(key="secret", value=lambda plan: plan.is_secret, default=False, in_rule=True),
)
"""Of an output itself. Its filters add their own keys (`Filter.stored`), which are all in the rule."""

SITE_KEYS: tuple[StoredKey[Site], ...] = (
    StoredKey(key="site.url", value=lambda site: site.url, in_rule=True),
    StoredKey(key="site.timezone", value=lambda site: site.timezone, default="UTC"),
    StoredKey(key="site.entry_pages", value=lambda site: site.entry_pages, default=True),
)
"""Of the [site], where it shows in every output."""


Keys = Iterable[StoredKey[OutputPlan]]


def definition(plan: OutputPlan, config: Config, keys: Keys = KEYS) -> str:
    """Two hashes with "/" between: of the options of the output, and of the sources that it can choose from.

    Only a change of the first is a change of this output, which moves its `updated` (rule W3); a source more or less
    may concern it or not.
    """
    return f"{_digest(_own_values(plan, config.site, keys))}/{_digest(_source_values(plan, config))}"


def rule(plan: OutputPlan, site: Site, keys: Keys = KEYS) -> str:
    """A hash of what decides which stories of its sources an output has, and where; words at its head do not count."""
    return _digest(_rule_values(plan, site, keys))


def former_definition(plan: OutputPlan, config: Config) -> str | None:
    """The definition that 2106d7b gave this output; None if 2106d7b knew no such outputs."""
    every = [source.id for source in config.sources]
    return definition_2106d7b.definition(_own_values(plan, config.site, KEYS), _source_values(plan, config), every)


def former_rule(plan: OutputPlan, site: Site) -> str | None:
    """The rule that 2106d7b gave this output; None if 2106d7b knew no such outputs."""
    return definition_2106d7b.rule(_rule_values(plan, site, KEYS))


def carried_over(stored: str, plan: OutputPlan, config: Config) -> str:
    """A definition out of the store as it is to be compared with that of today.

    Each half that 2106d7b wrote for options or sources that are still the same is replaced by today's half.
    """
    former = former_definition(plan, config)
    if former is None:
        return stored
    halves = zip(stored.split("/"), former.split("/"), definition(plan, config).split("/"), strict=False)
    return "/".join(now if was == then else was for was, then, now in halves)


def _own_values(plan: OutputPlan, site: Site, keys: Keys) -> dict[str, Json]:
    values = [key.of(plan) for key in keys] + [key.of(site) for key in SITE_KEYS]
    return _merged([*values, *(one.stored for one in plan.filters)])


def _rule_values(plan: OutputPlan, site: Site, keys: Keys) -> dict[str, Json]:
    values = [key.of(plan) for key in keys if key.in_rule] + [key.of(site) for key in SITE_KEYS if key.in_rule]
    return _merged([*values, *(one.stored for one in plan.filters)])


def _merged(parts: Iterable[Mapping[str, Json]]) -> dict[str, Json]:
    return {key: value for part in parts for key, value in part.items()}


def _source_values(plan: OutputPlan, config: Config) -> dict[str, Json]:
    """The sources of the output, those of its category, and what feeds.toml says of all that there are."""
    assigned: dict[str, Json] = {} if plan.assigned == plan.sources else {"assigned": [*sorted(plan.assigned)]}
    return {
        "sources": [*sorted(plan.sources)],
        **assigned,
        "categories": {source.id: list(source.category) for source in config.sources if source.category},
        "titles": {source.id: source.title for source in config.sources if source.title},
    }


def _digest(values: Mapping[str, Json]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
