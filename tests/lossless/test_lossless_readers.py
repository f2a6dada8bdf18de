"""Nothing is lost on the way out: whoever follows the links has exactly what is stored (rules W8, W9, W11 and W12)."""

from __future__ import annotations

import asyncio
import random

import pytest
from lossless_rig import Opened, Reader, Site

pytestmark = pytest.mark.long


def stored(site: Site) -> dict[str, str]:
    """Title by id of everything selected: what the blogs have, both being read whole."""
    return {post.name: post.title for blog in site.blogs.values() for post in blog.posts.values()}


def ever(site: Site) -> set[str]:
    return {name for blog in site.blogs.values() for name in blog.deleted}


async def happen(site: Site, rng: random.Random) -> None:
    """Something, and then some time passes."""
    blog = rng.choice(list(site.blogs.values()))
    match rng.choice(["add", "add", "revise", "delete", "remove", "nothing"]):
        case "add":
            blog.add(rng.choice([1, 1, 3, 8, 20]))
        case "revise" if blog.posts:
            for name in rng.sample(sorted(blog.posts), min(3, len(blog.posts))):
                blog.revise(name)
        case "delete" if blog.posts:
            blog.delete(rng.choice(sorted(blog.posts)))
        case "remove" if blog.posts:
            name = rng.choice(sorted(blog.posts))
            assert await site.app.remove(await site.app.find(name)) == 1
            del blog.posts[name]
            blog.deleted[name] = site.clock.now
    site.clock.pass_(**rng.choice([{"minutes": 5}, {"hours": 7}, {"days": 2}]))
    await site.round()


def readers(site: Site) -> list[Reader]:
    kinds = [(f"/c/{name}.{kind}", deltas) for name in ("all", "few") for kind in ("atom", "rss") for deltas in (0, 1)]
    return [Reader(site, path, wants_deltas=bool(deltas)) for path, deltas in kinds]


def verdict(reader: Reader, site: Site, *, is_new: bool) -> None:
    """It has all there is as it is now, and beside it nothing but deletions it could not be told of."""
    selection = stored(site)
    assert {name: title for name, title in reader.titles.items() if name in selection} == selection
    surplus = reader.titles.keys() - selection.keys()
    assert surplus <= ever(site)
    assert not (is_new and surplus)


@pytest.mark.parametrize(
    ("seed", "steps"),
    [*(pytest.param(n, 15, id=f"seed-{n}") for n in range(3))]
    + [pytest.param(n, 60, id=f"long-{n}", marks=pytest.mark.slow) for n in range(100, 104)],
)
def test_a_reader_ends_with_what_is_stored(opened: Opened, seed: int, steps: int) -> None:
    """However rarely it comes, whatever sources do, across restarts; by deltas or whole (rules W8, W9, W11 and W12)."""

    async def live() -> list[Reader]:
        rng = random.Random(seed)
        async with opened() as site:
            site.blogs["a"].add(130)
            await site.round()
        patient: list[Reader] = []
        for _ in range(3):
            async with opened() as site:
                patient = patient or readers(site)
                for reader in patient:
                    reader.site = site
                for _ in range(steps // 3):
                    await happen(site, rng)
                    for reader in patient:
                        if rng.random() < 0.3:
                            await reader.come()
        async with opened() as site:
            for reader in [*patient, *(new := readers(site))]:
                reader.site = site
                await reader.come()
                verdict(reader, site, is_new=reader in new)
        return patient

    came = asyncio.run(live())
    statuses = {status for reader in came for status in reader.statuses}
    assert {200, 226} <= statuses
