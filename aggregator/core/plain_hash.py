"""A hash of plain values, for what is stored and compared at a later visit or by a later version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

Plain: TypeAlias = str | int | Sequence["Plain"] | None
"""What a hash is made of: texts, numbers, and lists or tuples of them. Never a record, whose form has Python names."""


def plain_hash(value: Plain, *, digits: int) -> str:
    """The first `digits` hex digits of a hash of `value`. It never changes: the form is Python's literal, in UTF-8."""
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:digits]
