"""What the values of keys in feeds.toml may be, as pydantic annotations; the tables of the file are made of them.

What one value may be is checked by the functions of `values`; an annotation adds what the JSON Schema says of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

from aggregator.core import formats_table
from aggregator.core.config import values
from aggregator.core.config.report import UnfitError
from aggregator.core.model import CategoryPath


def text(check: Callable[[str], str], **schema: object) -> Any:
    """The pydantic annotations of a text that `check` accepts."""
    return (AfterValidator(check), WithJsonSchema({"type": "string", **schema}))


Line = Annotated[str, *text(values.one_line, minLength=1)]
Address = Annotated[str, *text(values.address, pattern="^https?://[^\\s]+$")]
Glob = Annotated[str, *text(values.glob, minLength=1)]
Zone = Annotated[str, *text(values.timezone, examples=["Asia/Shanghai", "UTC"])]
Language = Annotated[str, *text(values.language, pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", examples=["zh-Hans"])]
Encoding = Annotated[str, *text(values.encoding, examples=["gb18030", "big5", "shift_jis", "euc-kr"])]
HeaderText = Annotated[str, *text(values.header_text, pattern="^[ -~]+$")]
Word = Annotated[str, *text(values.word, minLength=1)]
HostPort = Annotated[str, *text(values.allowed_address, pattern=":[0-9]{1,5}$")]
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


def _format_name(name: str) -> str:
    """`name` if it is that of a registered format. Raises PydanticKnownError otherwise."""
    known = formats_table.names()
    if name not in known:
        *first, last = map(repr, known)
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(first)} or {last}"})
    return name


FormatName = Annotated[
    str, AfterValidator(_format_name), WithJsonSchema({"enum": list(formats_table.names()), "type": "string"})
]


def not_empty(value: object) -> object:
    """`value` as it is. Raises `UnfitError` for an empty list, which could mean all or nothing."""
    if value == []:
        raise UnfitError("at least one item", "leave the key out for all of them")
    return value


def one_or_more(value: object) -> object:
    """A single text as a list of one; any other value as it is."""
    return (value,) if isinstance(value, str) else value


def once_each(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """`items` in order, each once."""
    return tuple(dict.fromkeys(items))


class ConfigTable(BaseModel):
    """A table of feeds.toml: frozen, and an error if it has an unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid")
