"""Folders of posts: ours are kept in step, a person's own files are never touched, and a crash loses nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.errors import PublishError
from aggregator.outlets.posts import JOURNAL, NewPost, PostFolder


def opened(root: Path) -> PostFolder:
    folder = PostFolder(root)
    folder.open()
    return folder


def draft(number: int, words: str = "x", **changes: object) -> NewPost:
    body = f'---\ntitle: "{words}"\norigin:\n  id: "urn:{number}"\n---\n<div>{words}</div>\n'.encode()
    name = f"2022-05-16-0000000{number}-{words}.md"
    return NewPost(id=f"urn:{number}", name=name, body=body, **changes)  # type: ignore[arg-type]


def settled(root: Path, *drafts: NewPost) -> None:
    folder = opened(root)
    folder.put(drafts)
    folder.complete("definition", 7)


def files(root: Path) -> dict[str, str]:
    return {path.name: path.read_text().splitlines()[-1] for path in root.iterdir() if path.name != JOURNAL}


def test_posts_are_written_once_and_their_names_stay(tmp_path: Path) -> None:
    """Rule W16: a title that changes later does not move the post."""
    root = tmp_path / "posts"
    settled(root, draft(1, "old"), draft(2))
    folder = opened(root)
    assert (folder.definition, folder.change_seq) == ("definition", 7)
    assert folder.put([draft(1, "new"), draft(2)]) == 1
    assert files(root) == {"2022-05-16-00000001-old.md": "<div>new</div>", "2022-05-16-00000002-x.md": "<div>x</div>"}


def test_unchanged_bytes_are_not_written(tmp_path: Path) -> None:
    """Rule W17: neither the posts nor the journal, so that a blog's watcher builds nothing."""
    settled(tmp_path, draft(1))
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    folder = opened(tmp_path)
    assert folder.put([draft(1)]) == 0
    folder.complete("definition", 7)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_only_our_own_posts_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "hello-world.md").write_text("mine")
    settled(tmp_path, draft(1), draft(2))
    folder = opened(tmp_path)
    assert folder.drop(["urn:1", "urn:9"]) == 1
    assert files(tmp_path) == {"hello-world.md": "mine", "2022-05-16-00000002-x.md": "<div>x</div>"}
    assert "urn:1" not in opened(tmp_path).posts


def test_a_name_that_a_person_took_is_left_to_the_person(tmp_path: Path) -> None:
    """Also where only the case differs, which some disks do not tell."""
    (tmp_path / "2022-05-16-00000001-X.md").write_text("mine")
    settled(tmp_path, draft(1))
    assert files(tmp_path) == {"2022-05-16-00000001-X.md": "mine", "2022-05-16-00000001-x-2.md": "<div>x</div>"}


def test_a_post_that_a_person_edited_is_the_person_s(tmp_path: Path) -> None:
    settled(tmp_path, draft(1))
    (tmp_path / "2022-05-16-00000001-x.md").write_text("better")
    for words in ("a", "b"):
        assert opened(tmp_path).put([draft(1, words)]) == 0
        opened(tmp_path).complete("definition", 8)
    assert opened(tmp_path).drop(["urn:1"]) == 0
    assert files(tmp_path) == {"2022-05-16-00000001-x.md": "better"}


def test_a_post_that_a_person_deleted_stays_deleted(tmp_path: Path) -> None:
    settled(tmp_path, draft(1))
    (tmp_path / "2022-05-16-00000001-x.md").unlink()
    assert opened(tmp_path).put([draft(1, "new")]) == 0
    assert files(tmp_path) == {}


def test_without_the_journal_our_posts_are_known_by_their_ids(tmp_path: Path) -> None:
    """A blog in a repository that leaves hidden files out: nothing comes twice."""
    settled(tmp_path, draft(1, "old"), draft(2))
    (tmp_path / JOURNAL).unlink()
    (tmp_path / "2022-05-16-00000003-mine.md").write_text("mine")
    (tmp_path / "2022-05-16-00000004-odd.md").write_text('---\norigin:\n  id: "\\x"\n---\nmine')
    folder = opened(tmp_path)
    assert folder.definition is None
    assert folder.put([draft(1, "new"), draft(2)]) == 1
    assert sorted(files(tmp_path).values()) == ["<div>new</div>", "<div>x</div>", "mine", "mine"]
    assert opened(tmp_path).posts.keys() == {"urn:1", "urn:2"}


def test_members_lead_back_to_their_post(tmp_path: Path) -> None:
    settled(tmp_path, draft(1, members=(1, 4)))
    folder = opened(tmp_path)
    folder.put([draft(1, members=(1,)), draft(2, members=(4,))])
    assert opened(tmp_path).owners == {1: "urn:1", 4: "urn:2"}


def test_a_folder_that_is_not_there_is_not_made_again(tmp_path: Path) -> None:
    """A blog on a disk that is not mounted: the mistake is told, not covered."""
    folder = PostFolder(tmp_path / "blog/_posts", inside=tmp_path / "blog")
    with pytest.raises(PublishError, match="there is no such folder"):
        folder.open()
    (tmp_path / "blog").mkdir()
    assert not folder.exists()
    folder.open()
    folder.put([draft(1)])
    assert folder.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_reported(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PublishError):
        opened(tmp_path).put([draft(1)])


def test_a_file_in_the_folder_s_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "posts").write_text("")
    with pytest.raises(PublishError, match="cannot be used"):
        opened(tmp_path / "posts")


def test_a_journal_that_cannot_be_written_is_told_before_a_post_is(tmp_path: Path) -> None:
    """Else there would be a file that nobody knows."""
    (tmp_path / JOURNAL).mkdir()
    folder = opened(tmp_path)
    with pytest.raises(PublishError, match="cannot be written: ") as caught:
        folder.put([draft(1)])
    assert caught.value.subject == str(tmp_path / JOURNAL)
    assert (files(tmp_path), folder.posts) == ({}, {})


@pytest.mark.parametrize("line", ['["moved","urn:1","x.md"]', '["complete",7]', "{}", "null", "no JSON", ""])
def test_a_line_of_the_journal_that_says_nothing_known_is_passed_over(tmp_path: Path, line: str) -> None:
    settled(tmp_path, draft(1))
    before = opened(tmp_path)
    with (tmp_path / JOURNAL).open("a") as journal:
        journal.write(line + "\n")
    after = opened(tmp_path)
    assert (after.posts, after.definition, after.change_seq) == (before.posts, "definition", 7)
    assert (after.put([draft(1)]), files(tmp_path)) == (0, {"2022-05-16-00000001-x.md": "<div>x</div>"})


def test_a_journal_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "posts"
    settled(root, draft(1))
    victim = tmp_path / "victim.md"
    victim.write_text("mine")
    with (root / JOURNAL).open("a") as journal:
        journal.write('["post","urn:2","../victim.md","0",[]]\n["complete","d",1]\n')
    with pytest.raises(PublishError):
        opened(root).drop(["urn:2"])
    assert victim.read_text() == "mine"


STEPS = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["a", "b", "c", ""])), min_size=1, max_size=8)


@settings(max_examples=60)
@given(steps=STEPS, cut=st.integers(0, 400), lost=st.booleans())
def test_whatever_a_crash_cut_off_the_next_run_ends_where_it_should(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]], cut: int, lost: bool
) -> None:
    """The journal is a prefix of itself, files are as far as they came: no post is missing, foreign, old or double."""
    root = tmp_path_factory.mktemp("posts")
    folder = opened(root)
    wanted: dict[int, str] = {}
    for number, words in steps:
        if words:
            folder.put([draft(number, words)])
            wanted[number] = words
        else:
            folder.drop([f"urn:{number}"])
            wanted.pop(number, None)
    if cut and lost:  # the last lines did not reach the disk, so what they announce was not done either
        last = sorted(root.glob("2*"))[-1:]
        for path in last:
            path.unlink()
    else:
        journal = (root / JOURNAL).read_bytes() if (root / JOURNAL).exists() else b""
        (root / JOURNAL).write_bytes(journal + b'["post","urn:1","2022-'[:cut])
    folder = opened(root)
    folder.put([draft(number, words) for number, words in wanted.items()])
    folder.drop(folder.posts.keys() - {f"urn:{number}" for number in wanted})
    folder.complete("definition", 9)
    assert sorted(files(root).values()) == sorted(f"<div>{words}</div>" for words in wanted.values())
    assert opened(root).posts.keys() == {f"urn:{number}" for number in wanted}


def test_the_journal_is_shortened_when_it_has_grown(tmp_path: Path) -> None:
    settled(tmp_path, draft(1))
    with (tmp_path / JOURNAL).open("a") as journal:
        journal.writelines(f'["complete","definition",{place}]\n' for place in range(3000))
    before = opened(tmp_path)
    assert len((tmp_path / JOURNAL).read_text().splitlines()) == 2
    after = opened(tmp_path)
    assert (after.posts, after.definition, after.change_seq) == (before.posts, "definition", 2999)
