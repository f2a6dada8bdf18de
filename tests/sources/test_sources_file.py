"""Documents on disk, one or many."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from raw_server import NOW, failure

from aggregator.core.document import Document, NotModified
from aggregator.core.errors import Reason
from aggregator.sources import FetchRequest
from aggregator.sources.file import FileSource

LONG_AGO = 1_600_000_000


def write(path: Path, body: str = "x", *, mtime: float = LONG_AGO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, encoding="utf-8")
    os.utime(path, (mtime, mtime))
    return path


def asked(address: str, answer: Document | NotModified | None = None, **changes: object) -> FetchRequest:
    """A first request, or the one after `answer`."""
    request = FetchRequest(address=address, now=NOW)
    if answer is not None:
        digest = answer.body_hash if isinstance(answer, Document) else "unchanged"
        request = replace(request, validators=answer.validators, body_hash=digest)
    return replace(request, **changes)  # type: ignore[arg-type]


def read(root: Path, request: FetchRequest | str, **caps: int) -> Document | NotModified:
    source = FileSource(root, **caps)
    return asyncio.run(source.fetch(request if isinstance(request, FetchRequest) else asked(request)))


def names(document: Document | NotModified) -> list[str]:
    assert isinstance(document, Document)
    return [part.url.rpartition("/")[2] for part in document.parts]


def test_one_file_is_a_document(tmp_path: Path) -> None:
    write(tmp_path / "feeds" / "a b.xml", "<rss/>")
    document = read(tmp_path, "feeds/a b.xml")
    assert isinstance(document, Document)
    assert (document.body, document.parts, document.fetched_at) == (b"<rss/>", (), NOW)
    assert document.url == (tmp_path / "feeds" / "a b.xml").as_uri()
    assert document.validators.url == document.url
    assert document.validators.etag
    assert len(document.body_hash) == 64


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml")
    assert isinstance(read(Path("/nowhere"), str(path)), Document)
    assert names(read(Path("/nowhere"), str(tmp_path / "*.xml"))) == ["a.xml"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("*.md", ["a.md", "b.md", "中.md"], id="star"),
        pytest.param("?.md", ["a.md", "b.md", "中.md"], id="question-mark"),
        pytest.param("[ab].md", ["a.md", "b.md"], id="set"),
        pytest.param("**/*.md", ["a.md", "b.md", "c.md", "d.md", "中.md"], id="recursive"),
        pytest.param("sub/**", ["c.md", "d.md"], id="recursive-without-a-name"),
        pytest.param("*/c.md", ["c.md"], id="folder"),
        pytest.param("./sub/../*.md", ["a.md", "b.md", "中.md"], id="dots"),
        pytest.param(".*.md", [".hidden.md"], id="hidden-by-name"),
        pytest.param(".git/*", ["config.md"], id="hidden-folder-by-name"),
    ],
)
def test_a_glob_is_a_document_of_parts_sorted_by_name(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    for name in ("b.md", "a.md", "中.md", ".hidden.md", "a.txt", ".git/config.md", "sub/c.md", "sub/deep/d.md"):
        write(tmp_path / name, name)
    (tmp_path / "folder.md").mkdir()
    document = read(tmp_path, pattern)
    assert isinstance(document, Document)
    assert [Path(name).name for name in names(document)] == [
        name if name.isascii() else "%E4%B8%AD.md" for name in expected
    ]
    assert document.body == b""
    assert document.url.startswith("file:///")


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    write(tmp_path / "[draft].md", "text")
    document = read(tmp_path, "[draft].md")
    assert isinstance(document, Document)
    assert document.body == b"text"


@pytest.mark.parametrize("pattern", ["a.md", "*.md"])
def test_what_has_not_changed_is_not_read(tmp_path: Path, pattern: str) -> None:
    path = write(tmp_path / "a.md")
    first = read(tmp_path, pattern)
    path.chmod(0)  # reading it again would fail, unless root does it
    second = read(tmp_path, asked(pattern, first))
    assert isinstance(second, NotModified)
    assert second.status == 304
    assert second.validators == first.validators


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: write(root / "a.md", "longer"), id="size"),
        pytest.param(lambda root: write(root / "a.md", "y", mtime=LONG_AGO + 1), id="time"),
        pytest.param(lambda root: write(root / "b.md"), id="new-file"),
        pytest.param(lambda root: write(root / "b.md") and (root / "a.md").unlink(), id="renamed"),
    ],
)
def test_any_change_brings_a_new_document(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "a.md")
    first = read(tmp_path, "*.md")
    change(tmp_path)
    second = read(tmp_path, asked("*.md", first))
    assert isinstance(second, Document)
    assert second.validators != first.validators


@pytest.mark.parametrize("pattern", ["a.md", "*.md"])
def test_a_touched_file_with_known_bytes_is_not_modified(tmp_path: Path, pattern: str) -> None:
    """Rule P4"""
    write(tmp_path / "a.md")
    first = read(tmp_path, pattern)
    write(tmp_path / "a.md", mtime=LONG_AGO + 60)
    second = read(tmp_path, asked(pattern, first))
    assert isinstance(second, NotModified)
    assert second.status == 200
    assert second.validators.etag != first.validators.etag


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"body_hash": None}, id="body-unknown"),
        pytest.param({"conditional": False, "body_hash": "0"}, id="whole-wanted"),
    ],
)
def test_it_is_read_again_where_that_is_wanted(tmp_path: Path, changes: dict[str, object]) -> None:
    """Rules P3 and P5"""
    write(tmp_path / "a.md")
    first = read(tmp_path, "a.md")
    assert isinstance(read(tmp_path, asked("a.md", first, **changes)), Document)


def test_the_validators_of_another_path_do_not_count(tmp_path: Path) -> None:
    write(tmp_path / "a.md")
    first = read(tmp_path, "a.md")
    assert isinstance(read(tmp_path, asked("*.md", first, body_hash="0")), Document)


def test_a_file_changed_this_very_moment_gets_no_validator(tmp_path: Path) -> None:
    """It may change again within one tick of the file system's clock, with the same size."""
    write(tmp_path / "a.md", mtime=NOW.timestamp() - 1)
    first = read(tmp_path, "a.md")
    assert not first.validators
    assert isinstance(read(tmp_path, asked("a.md", first)), NotModified)


@pytest.mark.parametrize(
    ("address", "reason", "words"),
    [
        pytest.param("none.md", Reason.FILE_MISSING, "no such file", id="no-file"),
        pytest.param("none/*.md", Reason.FILE_MISSING, "no file matches", id="no-match"),
        pytest.param("folder", Reason.FILE_UNREADABLE, "folder", id="folder"),
        pytest.param("", Reason.FILE_UNREADABLE, "folder", id="empty"),
        pytest.param("a.md/x", Reason.FILE_UNREADABLE, "not a directory", id="file-as-folder"),
        pytest.param("pipe", Reason.FILE_UNREADABLE, "ordinary", id="pipe"),
        pytest.param("nowhere", Reason.FILE_MISSING, "no such file", id="broken-link"),
        pytest.param("round", Reason.FILE_UNREADABLE, "", id="link-to-itself"),
        pytest.param("a\0b", Reason.FILE_UNREADABLE, "null", id="nul"),
        pytest.param("a\0*", Reason.FILE_MISSING, "", id="nul-in-pattern"),
        pytest.param("x" * 5000, Reason.FILE_UNREADABLE, "too long", id="name-too-long"),
    ],
)
def test_what_cannot_be_read_is_an_error_in_words(tmp_path: Path, address: str, reason: Reason, words: str) -> None:
    write(tmp_path / "a.md")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "round").symlink_to("round")
    error = failure(lambda: read(tmp_path, address))
    assert error.reason is reason
    assert words in error.message
    assert error.subject == address


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    write(tmp_path / "a.md").chmod(0)
    assert failure(lambda: read(tmp_path, "a.md")).reason is Reason.FILE_UNREADABLE


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="only Linux has files that say they are empty")
@pytest.mark.parametrize(
    ("address", "reason", "words"),
    [
        pytest.param("/proc/self/mem", Reason.FILE_UNREADABLE, "look at its permissions", id="fails-while-it-is-read"),
        pytest.param("/proc/self/status", Reason.TOO_LARGE, "larger than 10 bytes", id="longer-than-it-says"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_an_error(tmp_path: Path, address: str, reason: Reason, words: str) -> None:
    """Rule P17"""
    error = failure(lambda: read(tmp_path, address, max_bytes=10))
    assert error.reason is reason
    assert words in error.message


@pytest.mark.parametrize("pattern", ["**/*.md", "*/*.md", "**"])
def test_circles_of_links_end(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "sub" / "a.md")
    for name in ("up", "again", "more"):
        (tmp_path / "sub" / name).symlink_to("..")
    (tmp_path / "self").symlink_to(".")
    document = read(tmp_path, pattern)
    assert names(document) == ["a.md"]


def test_a_linked_file_is_followed_and_a_broken_link_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "a.md", "far")
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "b.md").symlink_to(tmp_path / "elsewhere" / "a.md")
    (tmp_path / "posts" / "c.md").symlink_to("gone")
    os.mkfifo(tmp_path / "posts" / "d.md")
    document = read(tmp_path, "posts/*.md")
    assert names(document) == ["b.md"]
    assert isinstance(document, Document)
    assert document.parts[0].body == b"far"


def test_one_file_of_a_glob_that_cannot_be_taken_costs_only_itself(tmp_path: Path) -> None:
    """Rule R1: shown for each source, and looked at again at the next visit."""
    write(tmp_path / "a.md", "short")
    write(tmp_path / "b.md", "x" * 101)
    document = read(tmp_path, "*.md", max_bytes=100)
    assert names(document) == ["a.md"]
    assert [(note.name, note.entry, note.message) for note in document.diagnostics] == [
        ("file-unreadable", "b.md", "larger than 100 bytes")
    ]
    assert not document.validators
    again = read(tmp_path, asked("*.md", document), max_bytes=100)
    assert isinstance(again, NotModified)
    assert again.diagnostics == document.diagnostics


def test_a_glob_of_which_nothing_can_be_taken_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "x" * 101)
    assert failure(lambda: read(tmp_path, "*.md", max_bytes=100)).reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("address", "caps"),
    [
        pytest.param("a.md", {"max_bytes": 9}, id="file"),
        pytest.param("*.md", {"max_files": 2}, id="number"),
        pytest.param("*.md", {"max_total": 29}, id="together"),
    ],
)
def test_what_is_too_much_is_refused(tmp_path: Path, address: str, caps: dict[str, int]) -> None:
    """Rule P17"""
    for name in ("a.md", "b.md", "c.md"):
        write(tmp_path / name, "x" * 10)
    error = failure(lambda: read(tmp_path, address, **caps))
    assert error.reason is Reason.TOO_LARGE
    assert error.subject == address
    allowed = {name: cap + 1 for name, cap in caps.items()}
    assert isinstance(read(tmp_path, address, **allowed), Document)


def test_the_limit_of_the_request_wins(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "x" * 10)
    assert failure(lambda: read(tmp_path, asked("a.md", max_bytes=9))).reason is Reason.TOO_LARGE


@pytest.mark.parametrize("pattern", ["a**b", "**x/*.md", "[", "[!]", "*" * 300, "*/" * 300, "~/*", "///*/x"])
def test_any_pattern_is_read_or_refused(tmp_path: Path, pattern: str) -> None:
    assert failure(lambda: read(tmp_path, pattern)).reason in (Reason.FILE_MISSING, Reason.FILE_UNREADABLE)


def test_a_name_that_is_no_utf_8_is_read(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md"))).write_text("x")
    document = read(tmp_path, "*.md")
    assert names(document) == ["%FF.md"]
