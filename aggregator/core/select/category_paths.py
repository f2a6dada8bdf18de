"""Category paths: how two of them compare (rule K3), and which an entry has of its own (rule K1)."""

from __future__ import annotations

from aggregator.core.html.plain import label_key
from aggregator.core.model import CategoryKind, CategoryPath, Entry


def own_paths(entry: Entry) -> tuple[CategoryPath, ...]:
    """Category paths that the entry itself carries, as a post on disk does (rule K1)."""
    return tuple(c.path for c in entry.categories if c.kind is CategoryKind.ASSIGNED)


def is_below(path: CategoryPath, node: CategoryPath) -> bool:
    """Whether `path` is `node` or one of its descendants, names compared as rule K3 says."""
    return node_key(path[: len(node)]) == node_key(node)


def node_key(path: CategoryPath) -> CategoryPath:
    """The form in which paths are compared: width, case and blanks next to CJK do not count (rule K3)."""
    return tuple(label_key(name) for name in path)
