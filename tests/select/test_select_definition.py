"""What of an output is hashed: options by their stored keys, where they differ from their defaults."""

from __future__ import annotations

import pytest
from select_samples import config, plans, source

from aggregator.core.config.tables import Config
from aggregator.core.select.definition import (
    KEYS,
    StoredKey,
    carried_over,
    definition,
    former_definition,
    former_rule,
    rule,
)
from aggregator.core.select.plan import OutputPlan

TWO = source("s1", "生活") + source("s2")
FEED = TWO + '[[feed]]\nid = "x"\n'


def planned(text: str, name: str = "x") -> tuple[OutputPlan, Config]:
    return plans(text)[name], config(text)


@pytest.mark.parametrize(
    ("edit", "is_in_rule"),
    [
        ('title = "另"', False),
        ('description = "一句话"', False),
        ('language = "ja"', False),
        ('formats = ["rss", "atom", "json", "html", "hexo"]', False),
        ('category = "生活"', True),
        ('authors = ["a"]', True),
        ('keep = ["a"]', True),
        ('drop = ["a"]', True),
        ("limit = 3", True),
        ('formats = ["rss"]', True),
        ('dedupe = "off"', True),
        ('token = "0123456789abcdef"', True),
    ],
)
def test_every_key_of_a_feed_changes_it(edit: str, is_in_rule: bool) -> None:
    """An edit of any key makes the output anew; one of what decides which stories it has begins another archive"""
    [(_, before)], [(_, after)] = plans(FEED).items(), plans(FEED + edit).items()
    both = config(FEED)
    assert definition(before, both).split("/")[0] != definition(after, both).split("/")[0]
    assert (rule(before, both.site) != rule(after, both.site)) is is_in_rule


@pytest.mark.parametrize("edit", ['posts = "here"', "footer = false"])
def test_the_keys_of_posts_change_it(edit: str) -> None:
    """They are told to the posts alone, and decide nothing about archives"""
    text = FEED + 'formats = ["rss", "hexo"]\n'
    (before, both), (after, _) = planned(text), planned(text + edit)
    assert definition(before, both) != definition(after, both)
    assert rule(before, both.site) == rule(after, both.site)


@pytest.mark.parametrize(
    ("edit", "is_in_rule"),
    [('url = "https://x.example"', True), ('timezone = "Asia/Tokyo"', False), ("entry_pages = false", False)],
)
def test_the_site_changes_it(edit: str, is_in_rule: bool) -> None:
    """What of [site] stands in every output"""
    before, after = planned(FEED), planned(f"[site]\n{edit}\n{FEED}")
    assert definition(*before) != definition(*after)
    assert (rule(before[0], before[1].site) != rule(after[0], after[1].site)) is is_in_rule


@pytest.mark.parametrize(
    ("text", "output"),
    [(TWO, "生活"), (source("s1", "生活", title='"题"') + source("s3"), "生活"), (TWO + source("s3", "远方"), "生活")],
)
def test_another_source_is_no_change_of_the_output_itself(text: str, output: str) -> None:
    """Rule W3: `updated` moves with what an output is told to be, not with what there is to choose from"""
    before = definition(*planned(source("s1", "生活"), output)).split("/")
    after = definition(*planned(text, output)).split("/")
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_it_does_not_change_by_itself() -> None:
    """Sets have no order, hashes must"""
    text = "".join(source(f"s{n}", f"甲/{n}") for n in range(40))
    made = {name: definition(plan, config(text)) for name, plan in plans(text).items()}
    assert made == {name: definition(plan, config(text)) for name, plan in plans(text).items()}


@pytest.mark.parametrize("edit", ["", 'keep = ["a"]\nlimit = 3\nformats = ["rss", "hugo"]\nfooter = false'])
def test_a_new_option_at_its_default_changes_nothing(edit: str) -> None:
    """A release with more options than this one rewrites no output and begins no archive anew"""
    plan, both = planned(FEED + edit)
    more = (*KEYS, StoredKey(key="dedupe_words", value=lambda _: ["none"], default=["none"], in_rule=True))
    assert definition(plan, both, more) == definition(plan, both)
    assert rule(plan, both.site, more) == rule(plan, both.site)


@pytest.mark.parametrize(
    "option",
    [
        pytest.param(StoredKey(key="new", value=lambda _: 7, default=3, in_rule=True), id="another-value"),
        pytest.param(StoredKey(key="new", value=lambda _: 3, default=3, in_rule=True, version=2), id="another-meaning"),
    ],
)
def test_a_new_option_that_says_something_is_hashed(option: StoredKey[OutputPlan]) -> None:
    """So is one whose default means something else than before"""
    plan, both = planned(FEED)
    assert definition(plan, both, (*KEYS, option)) != definition(plan, both)
    assert rule(plan, both.site, (*KEYS, option)) != rule(plan, both.site)


def test_two_options_never_share_a_stored_key() -> None:
    """One would hide the other"""
    plan, _ = planned(FEED + 'category = "生活"\nauthors = ["a"]\nkeep = ["a"]\ndrop = ["a"]')
    keys = [key.key for key in KEYS] + [key for one in plan.filters for key in one.stored]
    assert len(set(keys)) == len(keys)


def test_an_output_that_2106d7b_did_not_know_was_not_defined_by_it() -> None:
    """Its hash without the new option would be that of another output"""
    plan, both = planned(FEED + 'authors = ["a"]')
    assert former_definition(plan, both) is None
    assert former_rule(plan, both.site) is None
    assert carried_over("some/thing", plan, both) == "some/thing"


def test_each_half_is_carried_over_by_itself() -> None:
    """A source that was added together with the upgrade is no change of the output itself"""
    plan, both = planned(FEED)
    former, current = former_definition(plan, both), definition(plan, both)
    assert former is not None
    (told, chosen), (now_told, now_chosen) = former.split("/"), current.split("/")
    assert carried_over(former, plan, both) == current
    assert carried_over(f"{told}/other", plan, both) == f"{now_told}/other"
    assert carried_over(f"other/{chosen}", plan, both) == f"other/{now_chosen}"
    assert carried_over(current, plan, both) == current
    assert carried_over("other", plan, both) == "other"
