"""The JSON Schema of feeds.toml, made from its models: what editors complete and check while one types."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from aggregator.core.config.tables import FeedConfig, Network, Server, Site, SourceConfig, SourceDefaults


class _FeedsToml(BaseModel):
    """What a feed aggregator reads, and what it publishes from it."""

    model_config = ConfigDict(extra="forbid", title="feeds.toml")

    site: Site = Field(default=Site(), description="What the outputs have in common.")
    network: Network = Field(default=Network(), description="How sources are visited.")
    server: Server = Field(default=Server(), description="Where `aggregator serve` answers.")
    defaults: SourceDefaults = Field(default=SourceDefaults(), description="Keys for all sources.")
    source: tuple[SourceConfig, ...] = Field(min_length=1, description="What is read.")
    feed: tuple[FeedConfig, ...] = Field(
        default=(), description="What is published; with none, an output for each category and one of all."
    )


class _TomlSchema(GenerateJsonSchema):
    """TOML has no null: a key is there or it is not."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        default = schema.get("default")
        if default is None or default == () or isinstance(default, BaseModel):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the key says it already
        return False


def schema_text() -> str:
    """The text of docs/feeds.schema.json: indented, keys in the order of the models, a line feed at the end."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= _FeedsToml.model_json_schema(mode="validation", schema_generator=_TomlSchema)
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
