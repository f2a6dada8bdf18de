"""Which outputs there are, and which entries belong to them."""

from __future__ import annotations

import pytest
from select_samples import Slugs, assigned, plans, source, stored

from aggregator.core.model import Category, CategoryPath, SourceId, StoredEntry
from aggregator.core.select.filters.drop import DropFilter
from aggregator.core.select.filters.filter import FilterInput, FoldedWords
from aggregator.core.select.filters.keep import KeepFilter
from aggregator.core.select.plan import OutputPlan, segment, touched

THREE = source("s1", "新媒体/IT 之家/分类资讯") + source("s2", "新媒体") + source("s3")


class TestWithoutFeeds:
    def test_there_is_one_for_each_node_and_all(self) -> None:
        """Rule K6: every node of the tree, the implied ones too, and all first"""
        found = plans(THREE)
        assert list(found) == ["all", "新媒体", "新媒体/IT-之家", "新媒体/IT-之家/分类资讯"]
        assert [plan.node for plan in found.values()] == [
            None,
            ("新媒体",),
            ("新媒体", "IT 之家"),
            ("新媒体", "IT 之家", "分类资讯"),
        ]

    def test_a_parent_holds_its_descendants(self) -> None:
        """Rule K6"""
        found = plans(THREE)
        assert found["新媒体"].assigned == {"s1", "s2"}
        assert found["新媒体/IT-之家"].assigned == {"s1"}
        assert found["all"].sources == {"s1", "s2", "s3"}

    def test_categories_of_stored_posts_have_outputs_too(self) -> None:
        assert list(plans(source("s1"), ("生活", "远方"))) == ["all", "生活", "生活/远方"]

    @pytest.mark.parametrize(
        ("name", "others"),
        [
            pytest.param("TCP/IP", ("TCP", "IP"), id="slash"),
            pytest.param("新闻／资讯", ("新闻", "资讯"), id="full-width-slash"),
            pytest.param("长" * 150, ("长" * 100,), id="longer-than-in-feeds-toml"),
        ],
    )
    def test_a_name_in_a_stored_post_may_be_one_that_feeds_toml_would_refuse(
        self, name: str, others: CategoryPath
    ) -> None:
        """A slash there is a part of the name."""
        every, node = plans(source("s1"), (name,)).values()
        assert (every.node, node.node, node.title) == (None, (name,), name)
        assert passes(node, stored(1, categories=assigned((name, "x"))))
        assert not passes(node, stored(1, categories=assigned(others)))

    def test_a_tree_without_any_category_is_all_alone(self) -> None:
        assert list(plans(source("s1"))) == ["all"]

    def test_formats_are_all_four_and_title_is_the_path(self) -> None:
        plan = plans(THREE)["新媒体/IT-之家"]
        assert plan.formats == ("rss", "atom", "json", "html")
        assert plan.title == "新媒体 / IT 之家"

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param("IT 之家", "IT之家", id="blank-beside-cjk"),
            pytest.param("IT之家", "ＩＴ之家", id="width"),
            pytest.param("Tech", "TECH", id="case"),
            pytest.param("a  b", "a b", id="blanks"),
        ],
    )
    def test_two_spellings_are_one_node_under_the_first(self, one: str, other: str) -> None:
        """Rule K3"""
        found = plans(source("s1", one) + source("s2", other))
        assert len(found) == 2
        [node] = [plan for name, plan in found.items() if name != "all"]
        assert node.assigned == {"s1", "s2"}
        assert node.title == " ".join(one.split())

    def test_a_category_named_all_does_not_take_the_place_of_all(self) -> None:
        """Rule K7: collisions get -2"""
        assert list(plans(source("s1", "all/x"))) == ["all", "all-2", "all-2/x"]


class TestWithFeeds:
    TEXT = (
        THREE
        + """
[[feed]]
id = "tencent"
title = "腾讯与社会价值"
category = "新媒体"
source = ["s2", "s1"]
keep = ["报告"]
drop = ["促销"]
limit = 7
formats = ["atom"]
dedupe = "off"
[[feed]]
id = "plain"
"""
    )

    def test_there_are_those_that_are_written_and_no_others(self) -> None:
        assert list(plans(self.TEXT, ("生活",))) == ["tencent", "plain"]

    def test_every_key_arrives(self) -> None:
        plan = plans(self.TEXT)["tencent"]
        assert (plan.title, plan.node, plan.sources) == ("腾讯与社会价值", ("新媒体",), {"s1", "s2"})
        assert plan.filters[2:] == (
            KeepFilter(FoldedWords.of(["报告"])),
            DropFilter(FoldedWords.of(["促销"])),
        )
        assert plan.limit == 7
        assert (plan.formats, plan.dedupe) == (("atom",), "off")

    def test_what_is_not_restricted_is_taken_in(self) -> None:
        plan = plans(self.TEXT)["plain"]
        assert (plan.node, plan.sources, plan.limit) == (None, {"s1", "s2", "s3"}, None)
        assert plan.title == "plain"

    def test_a_secret_output_is_named_without_its_token(self) -> None:
        """Its id is minted from the name, so another token makes no other feed."""
        found = plans(f'{THREE}[[feed]]\nid = "mine"\ntoken = "0123456789abcdef"\n[[feed]]\nid = "open"\n')
        assert [(plan.output, plan.name, plan.is_secret) for plan in found.values()] == [
            ("0123456789abcdef/mine", "mine", True),
            ("open", "open", False),
        ]

    def test_a_source_that_rests_stays_published(self) -> None:
        """enabled = false: not visited, what is stored stays"""
        found = plans(source("s1", "甲", enabled="false") + source("s2"))
        assert found["all"].sources == {"s1", "s2"}
        assert found["甲"].assigned == {"s1"}


def passes(plan: OutputPlan, entry: StoredEntry) -> bool:
    return plan.verdict(FilterInput.of(entry)).passes


class TestBelonging:
    @pytest.mark.parametrize(
        ("number", "own", "inside"),
        [
            pytest.param(1, (), True, id="by-its-source"),
            pytest.param(2, (), True, id="by-its-source-above"),
            pytest.param(3, (), False, id="source-without-category"),
            pytest.param(3, (("新媒体", "报纸"),), True, id="by-its-own-path"),
            pytest.param(3, (("Ａ",), ("新 媒体",)), True, id="by-another-spelling"),
            pytest.param(1, (("生活",),), False, id="own-path-goes-before-the-sources"),
            pytest.param(4, (("新媒体",),), False, id="not-a-source-of-the-output"),
        ],
    )
    def test_own_paths_count_before_the_sources(self, number: int, own: tuple[CategoryPath, ...], inside: bool) -> None:
        """Rule K1"""
        assert passes(plans(THREE)["新媒体"], stored(1, number, categories=assigned(*own))) is inside

    def test_the_sources_own_words_are_no_path(self) -> None:
        """Rule K4: an unmatched category of a source becomes a tag and builds no hierarchy"""
        entry = stored(1, 3, categories=(Category(path=("新媒体",)),))
        assert not passes(plans(THREE)["新媒体"], entry)

    @pytest.mark.parametrize(
        ("number", "paths", "expected"),
        [
            pytest.param(1, [], ["all", "新媒体", "新媒体/IT-之家", "新媒体/IT-之家/分类资讯"], id="assigned"),
            pytest.param(3, [], ["all"], id="without-category"),
            pytest.param(3, [("新媒体", "报纸")], ["all", "新媒体"], id="own-path"),
            pytest.param(3, None, ["all", "新媒体", "新媒体/IT-之家", "新媒体/IT-之家/分类资讯"], id="everything"),
            pytest.param(9, None, [], id="unknown-source"),
        ],
    )
    def test_a_change_touches_the_outputs_it_may_show_in(
        self, number: int, paths: list[CategoryPath] | None, expected: list[str]
    ) -> None:
        """Only these are made again"""
        assert list(touched(plans(THREE).values(), SourceId(f"s{number}"), paths)) == expected


class TestSlugs:
    @pytest.mark.parametrize(
        ("name", "slug"),
        [
            pytest.param("IT 之家", "IT-之家", id="blank"),
            pytest.param("C++ / C#", "C++-C", id="signs"),
            pytest.param("a.b", "a-b", id="dot"),
            pytest.param("..", "c-", id="dots-alone"),
            pytest.param("🚀", "c-", id="emoji-alone"),
            pytest.param("con", "c-", id="device"),
            pytest.param("COM1", "c-", id="device-in-capitals"),
            pytest.param('<b>&"x"', "b-x", id="markup"),
            pytest.param("新媒体", "新媒体", id="cjk"),
        ],
    )
    def test_a_name_becomes_one_safe_segment(self, name: str, slug: str) -> None:
        """Rules K7 and W16"""
        made = segment(name)
        assert made.startswith(slug)
        assert len(made) == (len(slug) if slug != "c-" else 10)

    def test_a_segment_is_short_enough_for_a_file_with_suffixes(self) -> None:
        """Rule W16: 255 bytes, and never half a character"""
        made = segment("中" * 100)
        assert len(made.encode()) <= 80
        assert set(made) == {"中"}

    def test_names_that_come_to_the_same_slug_get_numbers(self) -> None:
        """Rule K7"""
        found = plans(source("s1", "C++") + source("s2", "C+/x") + source("s3", "c.x") + source("s4", "c x"))
        assert len({name.casefold() for name in found}) == len(found)
        assert len([name for name in found if "/" not in name]) == 5

    def test_a_slug_is_kept_whatever_comes_later(self) -> None:
        """Rule K7: assigned once, stored"""
        slugs = Slugs()
        before = plans(source("s1", "c x"), slugs=slugs)
        after = plans(source("s2", "c.x") + source("s1", "c x"), slugs=slugs)
        assert next(p.output for p in before.values() if p.node) == next(
            p.output for p in after.values() if p.node == ("c x",)
        )

    def test_siblings_of_different_parents_do_not_disturb_each_other(self) -> None:
        found = plans(source("s1", "甲/新闻") + source("s2", "乙/新闻"))
        assert {"甲/新闻", "乙/新闻"} <= set(found)
