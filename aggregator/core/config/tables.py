"""The tables of feeds.toml as pydantic models. `read` reads them from the file.

Rules for editors: a key added here needs a `description`, a row in docs/configuration.md and a new
docs/feeds.schema.json (tests check both). What one value may be is in `values`, with what the schema says of it in
`field_types`; what holds between several tables is in `read`. A model has no side effects and reads no file; what zone
names exist is looked up in the zone database.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, model_validator

from aggregator.core.config import values
from aggregator.core.config.field_types import (
    Category,
    ConfigTable,
    Encoding,
    FormatName,
    HeaderText,
    HostPort,
    Interval,
    Language,
    Line,
    Zone,
    not_empty,
    once_each,
    text,
)
from aggregator.core.config.rules import JsonRules, PageRules
from aggregator.core.config.source_kinds import PLACES, PlaceOptions, place_problem
from aggregator.core.config.source_kinds.kind import SourceKind
from aggregator.core.formats_table import DEFAULT_FORMATS
from aggregator.core.model import OutputId, SourceId
from aggregator.core.select.filters import SelectionOptions

LARGEST_LIMIT = 500
"""Entries in one output (rule W8): more make documents that readers refuse."""


class Site(ConfigTable):
    """What the outputs have in common."""

    title: Line = Field(default="My feeds", description="Title of the index page and of the whole.")
    url: Annotated[str, *text(values.site_address, pattern="^https?://[^\\s?#]+$")] = Field(
        default="http://127.0.0.1:8000",
        description="Public address of the outputs. Their ids are minted from it once.",
    )
    language: Language | None = Field(default=None, description="Language of the outputs, a BCP 47 tag.")
    timezone: Zone = Field(default="UTC", description="Zone in which pages show times, by its IANA name.")
    entry_pages: StrictBool = Field(
        default=True, description="Each entry of an output with a page has a page of its own, for permanent links."
    )
    sources_opml: StrictBool = Field(
        default=False, description="The list of sources is published, too, as sources.opml: a blogroll."
    )


class Network(ConfigTable):
    """How sources are visited."""

    allow: tuple[HostPort, ...] = Field(
        default=(), description="Private addresses (host:port) that may be polled; all others are refused."
    )
    user_agent: HeaderText | None = Field(default=None, description="Sent instead of our own User-Agent.")
    contact: HeaderText | None = Field(
        default=None, description="Address given in the User-Agent, a page's or a mail's; without it, the site's url."
    )


class Server(ConfigTable):
    """Where `aggregator serve` answers."""

    listen: Annotated[str, *text(values.listen_address, pattern=":[0-9]{1,5}$")] = Field(
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


class SourceDefaults(ConfigTable):
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


class SourceHead(ConfigTable):
    """What a [[source]] is called."""

    id: Annotated[SourceId, *text(values.identifier, pattern="^[^\\s/]+$", maxLength=values.ID_LENGTH)] = Field(
        description="Name of the source: letters of any script, digits, - _ and ."
    )


class SourceConfig(PlaceOptions, SourceHead, SourceDefaults):
    """One [[source]]: an address that is polled, or files on disk."""

    # in documents and messages: the keys of [defaults] first, then its id, those of the kinds of sources, then these
    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [key]} for key in PLACES],
            "not": {"required": ["page", "json"]},
        },
    )

    page: PageRules | None = Field(
        default=None, description="[source.page]: the source is a page, read with CSS selectors."
    )
    api: JsonRules | None = Field(
        default=None, alias="json", description="[source.json]: the source is a JSON API, read with dotted paths."
    )

    @model_validator(mode="after")
    def _one_origin(self) -> SourceConfig:
        wrong = place_problem(key for key in PLACES if getattr(self, key) is not None)
        wrong = wrong or rules_problem(has_page=self.page is not None, has_json=self.api is not None)
        if wrong:
            raise ValueError(wrong)
        return self

    @property
    def kind(self) -> SourceKind:
        """The kind of place that it names."""
        return self.origins()[0][0]

    @property
    def address(self) -> str:
        """The address there, as it is written."""
        return self.origins()[0][1]

    @property
    def rules(self) -> PageRules | JsonRules | None:
        """How to read a source that is no feed; None for a feed or posts."""
        return self.page or self.api


class FeedHead(ConfigTable):
    """What a [[feed]] is called."""

    id: Annotated[OutputId, *text(values.output_identifier, pattern="^[^\\s/]+$", maxLength=values.ID_LENGTH)] = Field(
        description="Name in the output's address: letters of any script, digits, - _ and ."
    )
    title: Line = Field(default_factory=lambda data: data.get("id", ""), description="Title; without it, the id.")
    description: Line | None = Field(default=None, description="One sentence about the output.")


class FeedConfig(SelectionOptions, FeedHead):
    """One [[feed]]: an output. What it does not restrict it takes in."""

    # in documents and messages: the keys of its head first, then those of the filters, then these

    limit: Annotated[StrictInt, Field(ge=1, le=LARGEST_LIMIT)] | None = Field(
        default=None, description="Most entries in the feed; without it, the last 72 hours, and at least 50 entries."
    )
    formats: Annotated[tuple[FormatName, ...], BeforeValidator(not_empty), AfterValidator(once_each)] = Field(
        default=DEFAULT_FORMATS,
        description="Formats the output is published in: documents, and posts of one kind of static blog.",
        json_schema_extra={"minItems": 1},
    )
    posts: Annotated[str, *text(values.folder, minLength=1)] | None = Field(
        default=None,
        description="Folder of the posts, relative to the folder of this file; without it, one below the store.",
    )
    footer: StrictBool = Field(default=True, description="Each post ends with a visible link to the original.")
    language: Language | None = Field(default=None, description="Language of the output; without it, the site's.")
    token: Annotated[str, *text(values.token, pattern="^[A-Za-z0-9_-]{16,100}$")] | None = Field(
        default=None,
        description="Secret part of the output's address; it is then listed nowhere. Another token moves the output.",
    )
    dedupe: Literal["link", "off"] = Field(
        default="link", description="link: entries of several sources with the same link appear once."
    )


class Config(ConfigTable):
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


def rules_problem(*, has_page: bool, has_json: bool) -> str | None:
    """What is wrong with how a source is to be read."""
    return "both page and json are given; a source is read in one of these ways" if has_page and has_json else None
