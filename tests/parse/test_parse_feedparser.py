"""When feedparser is asked, and what it adds; the names of dialects, which our own walk tells."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.core.document import Document
from aggregator.core.parse.documents import parse_document
from aggregator.core.parse.parsed import ParsedFeed

CORPUS = Path(__file__).parent.parent / "corpus"

READS_ALL_BUT_BROKEN = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from aggregator.core.document import Document
from aggregator.core.errors import ParseError
from aggregator.core.parse.documents import parse_document

read = 0
for path in sorted(Path(sys.argv[1]).glob("*/*.xml")):
    if path.parent.name != "bad":
        document = Document(url="https://example.org/", body=path.read_bytes(), fetched_at=datetime.now(UTC))
        read += len(parse_document(document).entries)
empty = Document(url="https://example.org/", body=b"<rss><channel/></rss>", fetched_at=datetime.now(UTC))
parse_document(empty)
print(read, "feedparser" in sys.modules)
"""


def read(body: str) -> ParsedFeed:
    return parse_document(
        Document(url="https://example.org/", body=body.encode(), fetched_at=datetime(2024, 6, 1, tzinfo=UTC))
    )


def test_a_sound_document_does_not_even_import_feedparser() -> None:
    """An empty feed is sound too."""
    command = [sys.executable, "-c", READS_ALL_BUT_BROKEN, str(CORPUS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, is_imported = done.stdout.split()
    assert int(count) > 60
    assert is_imported == "False"


@pytest.mark.parametrize(
    ("body", "titles", "elements"),
    [
        pytest.param(
            "<rss version='2.0'><channel><item><guid>1</guid><title>A</title></item></channel></rss>"
            "<item><guid>2</guid><title>B</title></item>",
            ["A", "B"],
            ["title", "feedparser:title"],
            id="an-entry-behind-the-feeds-end",
        ),
        pytest.param(
            "<rss version='2.0'><channel></channel></rss><item><title>B</title></item>",
            ["B"],
            ["feedparser:title"],
            id="nothing-but-an-entry-behind-the-feeds-end",
        ),
        pytest.param(
            "<rss version='2.0'><channel><item><guid>1</guid><title>A</title></item></channel></rss>"
            "<item><guid>1</guid><title>B</title></item>",
            ["A"],
            ["title"],
            id="an-entry-that-the-walk-found-already",
        ),
        pytest.param(
            "<rss version='2.0'><channel><item><title>A</title></item><item><title>B",
            ["A"],
            ["title"],
            id="an-entry-that-was-cut-off",
        ),
        pytest.param(
            "<rss</b> version='2.0'><channel><item><title>A</title></item></channel></rss>",
            ["A"],
            ["feedparser:title"],
            id="a-root-that-is-no-tag",
        ),
    ],
)
def test_feedparser_adds_entries_that_the_walk_did_not_find(body: str, titles: list[str], elements: list[str]) -> None:
    """It never replaces one that the walk found, nor completes what was cut off (rule P2)."""
    first = [entry.titles[0] for entry in read(body).entries]
    assert [title.value for title in first] == titles
    assert [title.element for title in first] == elements


@pytest.mark.parametrize(
    ("root", "dialect"),
    [
        ("<rss version='2.0'><channel/></rss>", "rss-2.0"),
        ("<rss version='2'><channel/></rss>", "rss-2.0"),
        ("<rss version='2.01'><channel/></rss>", "rss-2.0"),
        ("<rss version='2.0' xmlns='http://purl.org/rss/1.0/'><channel/></rss>", "rss-2.0"),
        ("<rss version='2.0' xmlns:a='http://www.w3.org/2005/Atom'><channel/></rss>", "rss-2.0"),
        ("<rss rss:version=2.0><channel/></rss>", "rss-2.0"),
        ("<rss version='0.91'><channel/></rss>", "rss-0.91"),
        ("<rss version='0.92'><channel/></rss>", "rss-0.92"),
        ("<rss version='0.93'><channel/></rss>", "rss-0.93"),
        ("<rss version='0.94'><channel/></rss>", "rss-0.94"),
        ("<rss version='3'><channel/></rss>", "rss"),
        ("<rss><channel/></rss>", "rss"),
        ("<channel/>", "rss"),
        ("<Channel xmlns='http://purl.org/net/rss1.1#'/>", "rss-1.1"),
        ("<r:RDF xmlns:r='urn:r' xmlns='http://purl.org/rss/1.0/'><channel/></r:RDF>", "rss-1.0"),
        ("<r:RDF xmlns:r='urn:r' xmlns='http://my.netscape.com/rdf/simple/0.9/'><channel/></r:RDF>", "rss-0.90"),
        ("<r:RDF xmlns:r='urn:r' xmlns='http://channel.netscape.com/rdf/simple/0.9/'/>", "rss-0.90"),
        ("<rdf:RDF/>", "rss-1.0"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'/>", "atom-1.0"),
        ("<a:feed xmlns:a='http://www.w3.org/2005/Atom'/>", "atom-1.0"),
        ("<entry xmlns='http://www.w3.org/2005/Atom'/>", "atom-1.0"),
        ("<feed version='0.3' xmlns='http://purl.org/atom/ns#'/>", "atom-0.3"),
        ("<feed version='0.2' xmlns='http://purl.org/atom/ns#'/>", "atom-0.2"),
        ("<feed version='0.1'/>", "atom-0.1"),
        ("<feed/>", "atom"),
        ("<feed xmlns:a='http://www.w3.org/2005/Atom'/>", "atom"),
    ],
)
def test_the_dialect_is_told_by_the_root(root: str, dialect: str) -> None:
    """By its name, its version and the namespace of its own elements; declared prefixes mean nothing."""
    assert read(root).dialect == dialect


def test_rss_items_in_an_atom_feed_are_read_where_there_is_no_entry() -> None:
    atom = "<feed xmlns='http://www.w3.org/2005/Atom'>{}</feed>"
    item, entry = "<item><title>I</title></item>", "<entry><title>E</title></entry>"
    assert [e.titles[0].value for e in read(atom.format(item)).entries] == ["I"]
    assert [e.titles[0].value for e in read(atom.format(item + entry)).entries] == ["E"]


def test_the_address_of_an_atom_enclosure_may_be_its_text() -> None:
    link = "<link rel='enclosure' type='audio/mpeg'> https://example.org/a.mp3 </link>"
    entry = read(f"<feed xmlns='http://www.w3.org/2005/Atom'><entry>{link}</entry></feed>").entries[0]
    assert [(file.url, file.type) for file in entry.enclosures] == [("https://example.org/a.mp3", "audio/mpeg")]
