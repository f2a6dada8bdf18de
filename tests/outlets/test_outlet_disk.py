"""Published files: whole or not at all, unchanged files untouched, nothing outside the folder (rules W16 and W17)."""

from __future__ import annotations

import gzip
import threading
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.core.errors import PublishError
from aggregator.outlets.disk import DiskOutlet
from aggregator.outlets.encodings import SUFFIXES, encode

MODIFIED = datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC)
BODY = "一段可以压缩的文字。".encode() * 100


@pytest.fixture
def outlet(tmp_path: Path) -> DiskOutlet:
    return DiskOutlet(tmp_path / "public")


def names(outlet: DiskOutlet) -> list[str]:
    return sorted(str(path.relative_to(outlet.root)) for path in outlet.root.rglob("*"))


def test_a_written_file_is_read_back_with_its_encodings_beside_it(outlet: DiskOutlet) -> None:
    """Rule W17: nginx and Caddy find precompressed neighbours."""
    assert outlet.write("c/新媒体/it-之家.atom", BODY, encode(BODY), modified=MODIFIED)
    assert outlet.read("c/新媒体/it-之家.atom") == BODY
    packed = outlet.read("c/新媒体/it-之家.atom.gz")
    assert packed is not None
    assert gzip.decompress(packed) == BODY
    assert (outlet.root / "c/新媒体/it-之家.atom").stat().st_mtime == MODIFIED.timestamp()
    assert (outlet.root / "c/新媒体/it-之家.atom.br").stat().st_mtime == MODIFIED.timestamp()


def test_unchanged_bytes_are_not_written_again(outlet: DiskOutlet) -> None:
    """Rule W17: the modification time of a file that did not change stays."""
    outlet.write("a.rss", BODY, encode(BODY))
    before = {path: path.stat().st_ino for path in outlet.root.iterdir()}
    assert outlet.write("a.rss", BODY, encode(BODY), modified=MODIFIED) is False
    assert {path: path.stat().st_ino for path in outlet.root.iterdir()} == before


def test_changed_bytes_of_the_same_length_are_written(outlet: DiskOutlet) -> None:
    outlet.write("a.rss", b"one", {})
    assert outlet.write("a.rss", b"two", {}) is True
    assert outlet.read("a.rss") == b"two"


def test_stale_encodings_are_removed(outlet: DiskOutlet) -> None:
    """A server must never send the old text compressed beside the new one plain."""
    outlet.write("a.rss", BODY, dict.fromkeys(SUFFIXES, b"packed"))
    assert names(outlet) == ["a.rss", "a.rss.br", "a.rss.gz", "a.rss.zst"]
    assert outlet.write("a.rss", b"short", {"gzip": b"packed anew"}) is True
    assert names(outlet) == ["a.rss", "a.rss.gz"]
    assert outlet.read("a.rss.gz") == b"packed anew"


def test_a_lost_encoding_is_made_good(outlet: DiskOutlet) -> None:
    outlet.write("a.rss", BODY, encode(BODY))
    (outlet.root / "a.rss.gz").unlink()
    assert outlet.write("a.rss", BODY, encode(BODY)) is True
    assert (outlet.root / "a.rss.gz").exists()


def test_removing_takes_the_encodings_and_the_folders_it_empties(outlet: DiskOutlet) -> None:
    outlet.write("c/a/b/x.rss", BODY, encode(BODY))
    outlet.write("c/y.rss", BODY, {})
    outlet.remove("c/a/b/x.rss")
    assert names(outlet) == ["c", "c/y.rss"]
    outlet.remove("c/y.rss")
    assert names(outlet) == []
    assert outlet.root.is_dir()


@pytest.mark.parametrize("path", ["c/none.rss", "nowhere/at/all.rss"])
def test_what_is_not_there_reads_as_none_and_is_removed_without_ado(outlet: DiskOutlet, path: str) -> None:
    outlet.write("c/y.rss", b"y", {})
    assert outlet.read(path) is None
    outlet.remove(path)
    assert names(outlet) == ["c", "c/y.rss"]


def test_a_decomposed_path_is_the_composed_one(outlet: DiskOutlet) -> None:
    """Rule W16: names are NFC."""
    outlet.write(unicodedata.normalize("NFD", "c/기술.rss"), b"x", {})
    assert names(outlet) == ["c", "c/기술.rss"]
    assert outlet.read("c/기술.rss") == b"x"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("../out.rss", id="parent"),
        pytest.param("c/../../out.rss", id="parent further in"),
        pytest.param("/etc/out.rss", id="absolute"),
        pytest.param("", id="empty"),
        pytest.param("c//x.rss", id="empty segment"),
        pytest.param("c/./x.rss", id="dot"),
        pytest.param("c/x\0.rss", id="nul"),
        pytest.param("c\\x.rss", id="backslash"),
        pytest.param("c/x\ud800.rss", id="lone surrogate"),
        pytest.param("c/" + "中" * 84 + ".rss", id="longer than a file name may be"),
        pytest.param("中" * 86 + "/x.rss", id="folder longer than a name may be"),
    ],
)
def test_a_path_that_is_not_plainly_below_the_folder_is_refused(outlet: DiskOutlet, path: str) -> None:
    for act in (lambda: outlet.write(path, b"x", {}), lambda: outlet.read(path), lambda: outlet.remove(path)):
        with pytest.raises(PublishError):
            act()
    assert not outlet.root.exists()
    assert list(outlet.root.parent.iterdir()) == []


def test_the_longest_name_that_allows_a_suffix_is_written(outlet: DiskOutlet) -> None:
    """Rule W16: 255 bytes a segment, 85 CJK characters, less what `.zst` needs."""
    path = "c/" + "中" * 82 + ".rss"
    outlet.write(path, BODY, encode(BODY))
    assert outlet.read(path) == BODY


def test_a_symbolic_link_that_leads_out_is_refused(outlet: DiskOutlet, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.rss").write_bytes(b"theirs")
    outlet.root.mkdir()
    (outlet.root / "c").symlink_to(outside)
    for act in (
        lambda: outlet.write("c/x.rss", b"x", {}),
        lambda: outlet.read("c/x.rss"),
        lambda: outlet.remove("c/x.rss"),
    ):
        with pytest.raises(PublishError, match="symbolic link"):
            act()
    assert (outside / "x.rss").read_bytes() == b"theirs"


def test_a_symbolic_link_in_place_of_the_file_is_replaced_not_followed(outlet: DiskOutlet, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"x")
    outlet.root.mkdir()
    (outlet.root / "x.rss").symlink_to(theirs)
    outlet.write("x.rss", b"ours", {})
    assert (theirs.read_bytes(), (outlet.root / "x.rss").is_symlink()) == (b"x", False)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda outlet: outlet.write("c/x.rss", b"x", {}), id="write"),
        pytest.param(lambda outlet: outlet.read("c/x.rss"), id="read"),
        pytest.param(lambda outlet: outlet.size("c/x.rss"), id="size"),
        pytest.param(lambda outlet: outlet.modified("c/x.rss"), id="modified"),
        pytest.param(lambda outlet: outlet.names("c"), id="names"),
        pytest.param(lambda outlet: outlet.remove("c/x.rss"), id="remove"),
    ],
)
def test_what_the_disk_refuses_is_an_error_that_names_the_place(
    outlet: DiskOutlet, act: Callable[[DiskOutlet], object]
) -> None:
    """A link that leads in a circle stands for it: it is neither a missing file nor a bug of this program."""
    outlet.root.mkdir()
    (outlet.root / "c").symlink_to("c")
    with pytest.raises(PublishError, match="cannot be written: ") as caught:
        act(outlet)
    assert caught.value.subject.startswith(str(outlet.root / "c"))
    assert names(outlet) == ["c"]


def test_size_and_time_are_those_of_the_file(outlet: DiskOutlet) -> None:
    outlet.write("c/x.rss", b"four", {}, modified=MODIFIED)
    assert {path: (outlet.size(path), outlet.modified(path)) for path in ("c/x.rss", "c", "c/y.rss", "c/x.rss/y")} == {
        "c/x.rss": (4, MODIFIED),
        "c": (None, None),
        "c/y.rss": (None, None),
        "c/x.rss/y": (None, None),
    }


def test_a_folder_in_place_of_the_file_is_reported_in_words(outlet: DiskOutlet) -> None:
    (outlet.root / "x.rss" / "inside").mkdir(parents=True)
    with pytest.raises(PublishError, match="a folder stands where the file belongs") as caught:
        outlet.write("x.rss", b"x", {})
    assert caught.value.subject.endswith("x.rss")
    assert names(outlet) == ["x.rss", "x.rss/inside"], "no temporary file stays"


def test_a_file_in_place_of_a_folder_is_reported_in_words(outlet: DiskOutlet) -> None:
    outlet.write("c", b"a file", {})
    with pytest.raises(PublishError, match=r"remove it|cannot be written"):
        outlet.write("c/x.rss", b"x", {})
    assert outlet.read("c") == b"a file"


def test_a_full_disk_leaves_the_old_file_whole(outlet: DiskOutlet) -> None:
    """A limit on the size of files stands for the full disk: the write fails half way."""
    import resource
    import signal

    outlet.write("x.rss", b"old", {})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(PublishError):
            outlet.write("x.rss", b"n" * 100_000, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert (outlet.read("x.rss"), names(outlet)) == (b"old", ["x.rss"])


def test_a_sweep_removes_what_a_crash_left_and_nothing_else(outlet: DiskOutlet) -> None:
    outlet.write("c/x.rss", BODY, encode(BODY))
    kept = names(outlet)
    (outlet.root / "c/.publishing-0123456789abcdef").write_bytes(b"half")
    assert outlet.sweep() == 0, "it may belong to another process that is writing now"
    assert outlet.sweep(older_than=0) == 1
    assert names(outlet) == kept
    assert DiskOutlet(outlet.root / "nowhere").sweep(older_than=0) == 0


def test_a_reader_never_sees_a_part(outlet: DiskOutlet) -> None:
    """Rule W17: rename, so that whoever reads while we write gets one text or the other."""
    texts = [bytes([letter]) * 300_000 for letter in b"ab"]
    outlet.write("x.rss", texts[0], {})
    done = threading.Event()

    def rewrite() -> None:
        for turn in range(40):
            outlet.write("x.rss", texts[turn % 2], {})
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add((outlet.root / "x.rss").read_bytes())
    writer.join()
    assert seen <= set(texts)
