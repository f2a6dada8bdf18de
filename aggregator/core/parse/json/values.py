"""Single values of JSON documents as text."""

from __future__ import annotations

from typing import Any


def scalar_text(value: Any) -> str:
    """A string; a number in digits (an id or a size that should have been quoted); "" for everything else."""
    match value:
        case str():
            # Escaped lone surrogates are legal JSON and illegal everywhere else.
            return value.encode("utf-8", "ignore").decode("utf-8")
        case bool():
            return ""
        case int():
            return str(value) if abs(value) < 10**40 else ""
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    return ""
