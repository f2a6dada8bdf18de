"""Every expected error, and who has to act on it.

    AggregatorError
    |- ConfigError        the person who edits feeds.toml; carries all problems at once
    |- SourceError        one source misbehaves; other sources are not harmed
    |  |- FetchError      it could not be fetched; `reason` says why
    |  `- ParseError      it was fetched and cannot be parsed
    |- StorageError       the store cannot be opened or written
    `- PublishError       an output could not be written

Anything else that is raised is a bug: it is logged with a traceback and never swallowed.
Each error keeps its subject as an attribute, and its message says what, where and what to do.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


class AggregatorError(Exception):
    """Root of all expected errors. Pickling keeps its attributes: documents are read in worker processes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[AggregatorError], args: tuple[Any, ...], attributes: dict[str, Any]) -> AggregatorError:
    """The error again, without calling `__init__`, whose parameters are not what `args` holds."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with feeds.toml. `line` and `column` count from 1; 0 means the whole file."""

    message: str
    line: int = 0
    column: int = 0
    where: str = ""
    """The table and key in words: `feed "tencent": where`."""

    def text(self, file: str) -> str:
        """One line for a person: `file`, line and column if known, the key, the message."""
        place = f"{file}:{self.line}:{self.column}" if self.line else file
        return f"{place} {self.where}: {self.message}" if self.where else f"{place}: {self.message}"


class ConfigError(AggregatorError):
    """feeds.toml is not valid; the configuration in force stays."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column)))
        super().__init__("\n".join(problem.text(file) for problem in self.problems))


class SourceError(AggregatorError):
    """An expected error of one source. `subject` is its address or path."""

    reason: Reason

    def __init__(self, subject: str, message: str) -> None:
        self.subject = subject
        self.message = message
        super().__init__(f"{subject}: {message}")


class Reason(enum.StrEnum):
    """Why a visit failed; the names shown by `status` and stored with an attempt."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    REFUSED_ADDRESS = "refused-address"
    TOO_MANY_REDIRECTS = "too-many-redirects"
    TOO_LARGE = "too-large"
    BAD_ENCODING = "bad-encoding"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    BOT_WALL = "bot-wall"
    NOT_FOUND = "not-found"
    GONE = "gone"
    RATE_LIMITED = "rate-limited"
    CLIENT_ERROR = "client-error"
    SERVER_ERROR = "server-error"
    FILE_MISSING = "file-missing"
    FILE_UNREADABLE = "file-unreadable"
    NOT_A_FEED = "not-a-feed"
    HTML_PAGE = "html-page"
    EMPTY = "empty"
    BROKEN = "broken"
    UNSUPPORTED = "unsupported"
    FORBIDDEN_XML = "forbidden-xml"
    OWN_OUTPUT = "own-output"
    OWNER_CHANGED = "owner-changed"
    INTERNAL = "internal"
    """A bug of this program; the log has the traceback."""


class FetchError(SourceError):
    """The document could not be fetched.

    `status` is the HTTP status if there was an answer. `retry_after` is the wait that the answer asked
    for: at most 7 days, None if it named no usable one (rule P24).
    """

    def __init__(
        self,
        subject: str,
        reason: Reason,
        message: str,
        *,
        status: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(subject, message)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after


class ParseError(SourceError):
    """The document cannot be read as a feed. `feeds` are addresses of feeds that an HTML page names."""

    def __init__(self, subject: str, reason: Reason, message: str, *, feeds: Sequence[str] = ()) -> None:
        super().__init__(subject, message)
        self.reason = reason
        self.feeds = tuple(feeds)


class StorageError(AggregatorError):
    """The store cannot be opened, is newer than this program, or cannot be written."""

    def __init__(self, subject: str, message: str) -> None:
        self.subject = subject
        super().__init__(f"{subject}: {message}")


class PublishError(AggregatorError):
    """A published file could not be written; the old one is still in place. `subject` is its path."""

    def __init__(self, subject: str, message: str) -> None:
        self.subject = subject
        super().__init__(f"{subject}: {message}")
