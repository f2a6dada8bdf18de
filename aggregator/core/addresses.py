"""Addresses of what is published: paths below the public root, and their URLs (rules W6 and W16)."""

from __future__ import annotations

from urllib.parse import quote

from aggregator.core.edition import Edition
from aggregator.core.model import OutputId

PRODUCT = "feed-aggregator"
"""What outputs name as their generator: without a version, so that an upgrade alone changes no bytes."""


def public_path(output: OutputId, suffix: str) -> str:
    """Where a rendition is below the public root, unescaped, no leading slash: `c/新媒体/IT-之家.atom`."""
    return f"c/{output}{suffix}"


def public_url(site_url: str, output: OutputId, suffix: str) -> str:
    """The canonical address of a rendition (rule W6): percent-encoded UTF-8 with upper-case hex digits (rule W16)."""
    return path_url(site_url, public_path(output, suffix))


def archive_path(output: OutputId, generation: str, number: int) -> str:
    """Where a document of an archive is, without suffix: `a/新媒体/3f9ac04d/12`.

    Never below `c/`, so that no category's name leads there; a changed selection gets another generation (rule W9).
    """
    return f"a/{output}/{generation}/{number}"


def own_url(edition: Edition, suffix: str) -> str:
    """The address of this very edition in one format: the output's, or that of a document of its archive."""
    if edition.archive is None:
        return public_url(edition.site_url, edition.output, suffix)
    return path_url(edition.site_url, edition.archive + suffix)


OUTPUT_FOLDERS = ("c/", "a/")
"""Where outputs and their archives are below the public root."""


def path_url(site_url: str, path: str) -> str:
    """The address of a path below the public root, percent-encoded."""
    return f"{site_url.rstrip('/')}/{quote(path.encode('utf-8', 'replace'), safe='/')}"
