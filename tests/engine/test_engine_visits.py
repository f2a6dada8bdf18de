"""Who visits what when: leases, hosts, and what is left of a visit that was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from route_bench import Clock, items
from sqlalchemy import delete, insert

from aggregator.core.config.read import read_config
from aggregator.core.document import Document, NotModified, Validators
from aggregator.core.errors import FetchError, Reason, StorageError
from aggregator.engine.poll import LEASE, Poller, PollLimits
from aggregator.engine.publish.publisher import Publisher
from aggregator.engine.runtime import Runtime, build_runtime
from aggregator.engine.threads import DatabaseThread, WorkerPool
from aggregator.engine.visit import Visitor, VisitReport
from aggregator.outlets.disk import DiskOutlet
from aggregator.sources import FetchRequest
from aggregator.storage import Storage
from aggregator.storage.opening import open_storage
from aggregator.storage.tables import hold


class Web:
    """A source kind under the tests' thumb. `during` runs inside of each fetch."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.under_way: list[str] = []
        self.most: dict[str, int] = {}
        self.during: Callable[[FetchRequest], Awaitable[None]] | None = None
        self.error: Callable[[str], FetchError | None] = lambda _: None

    async def fetch(self, request: FetchRequest) -> Document | NotModified:
        host = request.address.split("/")[2]
        self.fetched.append(request.address)
        self.under_way.append(host)
        self.most[host] = max(self.most.get(host, 0), self.under_way.count(host))
        self.most["*"] = max(self.most.get("*", 0), len(self.under_way))
        try:
            await asyncio.sleep(0.03)  # long enough for others to begin
            if self.during:
                await self.during(request)
        finally:
            self.under_way.remove(host)
        error = self.error(request.address)
        if error:
            raise error
        validators = Validators(url=request.address, etag='"1"')
        body = items(1, 2).encode()
        return Document(url=request.address, body=body, fetched_at=request.now, validators=validators, body_hash="h")


class Run:
    """What one process has: a storage of its own, and a poller."""

    def __init__(self, storage: Storage, poller: Poller, runtime: Runtime, waits: list[float]) -> None:
        self.storage = storage
        self.poller = poller
        self.runtime = runtime
        self.waits = waits

    async def visit(self) -> list[VisitReport]:
        return await self.poller.visit(self.runtime, list(self.runtime.sources.values()))


def sources(*addresses: str) -> str:
    return "".join(f'[[source]]\nid = "s{n}"\nurl = "{address}"\n' for n, address in enumerate(addresses))


@asynccontextmanager
async def run(
    folder: Path, text: str, web: Web, clock: Clock, token: str = "mine", **limits: int
) -> AsyncIterator[Run]:
    storage = open_storage(folder / "store.sqlite3")
    store, worker_pool = DatabaseThread(), WorkerPool(workers=0)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    try:
        runtime = build_runtime(read_config(text.encode(), file="feeds.toml"), storage, lambda _: web, now=clock())
        publisher = Publisher(storage, store, DiskOutlet(folder / "public"), None, None, clock=clock)
        visitor = Visitor(storage, store, worker_pool, clock=clock, jitter=lambda: 0.5)
        poller = Poller(
            storage, store, visitor, publisher, clock=clock, token=token, limits=PollLimits(**limits), sleep=sleep
        )
        yield Run(storage, poller, runtime, waits)
    finally:
        store.close()
        storage.close()


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def clock() -> Clock:
    return Clock()


FIVE = sources(*(f"https://h{n}.example/feed" for n in range(5)))


class TestLeases:
    def test_two_runs_at_once_never_visit_one_source_twice(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        async def go() -> tuple[list[VisitReport], list[VisitReport]]:
            async with run(tmp_path, FIVE, web, clock, "a") as one, run(tmp_path, FIVE, web, clock, "b") as other:
                return await asyncio.gather(one.visit(), other.visit())  # type: ignore[return-value]

        first, second = asyncio.run(go())
        assert len(web.fetched) == len(set(web.fetched)) == 5
        assert {r.source for r in first} | {r.source for r in second} == {f"s{n}" for n in range(5)}

    def test_a_visit_whose_lease_was_lost_records_nothing(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        """The other run's visit is the one that counts"""

        async def go() -> tuple[list[VisitReport], int, int]:
            text = sources("https://h.example/feed")
            async with run(tmp_path, text, web, clock, "a") as one, run(tmp_path, text, web, clock, "b") as other:

                async def steal(_: FetchRequest) -> None:
                    web.during = None
                    clock.pass_(seconds=LEASE.total_seconds() + 1)
                    numbers = list(other.runtime.sources)
                    assert other.storage.claim(numbers, now=clock(), until=clock() + LEASE, token="b")

                web.during = steal
                reports = await one.visit()
                [record] = one.storage.sources()
                return reports, record.entries, len(one.storage.attempts(record.state.number, count=9))

        [report], entries, attempts = asyncio.run(go())
        assert (report.recorded, entries, attempts) == (False, 0, 0)

    def test_what_is_leased_is_not_due(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        async def go() -> list[int]:
            async with run(tmp_path, FIVE, web, clock, "a") as one, run(tmp_path, FIVE, web, clock, "b") as other:
                counts = [len(await other.poller.due(other.runtime))]
                one.storage.claim(list(one.runtime.sources)[:2], now=clock(), until=clock() + LEASE, token="a")
                counts.append(len(await other.poller.due(other.runtime)))
                clock.pass_(seconds=LEASE.total_seconds())
                return [*counts, len(await other.poller.due(other.runtime))]

        assert asyncio.run(go()) == [5, 3, 5]

    def test_a_visit_that_is_given_up_returns_its_lease(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        """SIGTERM in the middle: the next start need not wait ten minutes"""

        async def go() -> int:
            async with run(tmp_path, FIVE, web, clock) as one:
                reached = asyncio.Event()

                async def hang(_: FetchRequest) -> None:
                    reached.set()
                    await asyncio.sleep(60)

                web.during = hang
                task = asyncio.create_task(one.visit())
                await reached.wait()
                assert len(await one.poller.due(one.runtime)) == 0
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                return len(await one.poller.due(one.runtime))

        assert asyncio.run(go()) == 5


class TestHosts:
    def test_one_host_is_asked_one_at_a_time_and_a_second_apart(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        """Rule P12"""
        text = sources(*(f"https://h.example/{n}" for n in range(4)), "https://other.example/")

        async def go() -> list[float]:
            async with run(tmp_path, text, web, clock) as one:
                await one.visit()
                return one.waits

        assert asyncio.run(go()) == [1.0, 1.0, 1.0]
        assert web.most["h.example"] == 1
        assert web.most["*"] > 1

    def test_hosts_of_ones_own_are_asked_side_by_side(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        """Rule P12: what [network] allow names is the operator's, no spacing"""
        text = '[network]\nallow = ["127.0.0.1:1200"]\n' + sources(*(f"http://127.0.0.1:1200/{n}" for n in range(4)))

        async def go() -> list[float]:
            async with run(tmp_path, text, web, clock) as one:
                await one.visit()
                return one.waits

        assert asyncio.run(go()) == []
        assert web.most["127.0.0.1:1200"] > 1

    def test_no_more_than_so_many_at_once(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        text = sources(*(f"https://h{n}.example/" for n in range(9)))

        async def go() -> None:
            async with run(tmp_path, text, web, clock, visits=3) as one:
                await one.visit()

        asyncio.run(go())
        assert web.most["*"] == 3

    def test_a_rate_limit_spares_the_whole_domain(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        """Rule P12: for host and registrable domain, and for what stands in line behind it"""
        text = sources(
            "https://a.tumblr.example/1",
            "https://a.tumblr.example/2",
            "https://b.tumblr.example/",
            "https://x.example/",
        )
        limited = FetchError("x", Reason.RATE_LIMITED, "asked too often", status=429, retry_after=timedelta(hours=2))
        web.error = lambda address: limited if address.endswith("/1") else None

        async def go() -> list[list[str]]:
            async with run(tmp_path, text, web, clock) as one:
                found = []
                first = [t for t in one.runtime.sources.values() if "a.tumblr" in t.address]
                reports = await one.poller.visit(one.runtime, first)
                found.append([r.source for r in reports])
                found.append([t.id for t in await one.poller.due(one.runtime)])
                allowed, waiting = await one.poller.manual(one.runtime.sources.values())
                found += [[t.id for t in allowed], [t.id for t in waiting]]
                clock.pass_(hours=2)
                found.append(sorted(t.id for t in await one.poller.due(one.runtime)))
                return found

        assert asyncio.run(go()) == [["s0"], ["s3"], ["s3"], ["s0", "s1", "s2"], ["s0", "s1", "s2", "s3"]]

    def test_a_rate_limit_spares_one_customer_of_a_platform(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        """Rule P12: of a bucket at amazonaws.com, only its own sources wait; the limit is not one of Amazon"""
        text = sources(
            "https://news.s3.amazonaws.com/1",
            "https://cdn.news.s3.amazonaws.com/2",
            "https://other.s3.amazonaws.com/",
            "https://s3.amazonaws.com/third/feed.xml",
            "https://www.amazonaws.com/",
        )
        limited = FetchError("x", Reason.RATE_LIMITED, "asked too often", status=429, retry_after=timedelta(hours=2))
        web.error = lambda address: limited if address.endswith("/1") else None

        async def go() -> list[list[str]]:
            async with run(tmp_path, text, web, clock) as one:
                await one.poller.visit(one.runtime, [t for t in one.runtime.sources.values() if t.id == "s0"])
                held = sorted(one.storage.holds(now=clock.now))
                return [held, sorted(t.id for t in await one.poller.due(one.runtime))]

        assert asyncio.run(go()) == [["news.s3.amazonaws.com"], ["s2", "s3", "s4"]]

    def test_a_hold_of_an_earlier_release_spares_who_set_it(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        """Rule P12: all of amazonaws.com was one name. It holds nobody's bucket now; the one that answered 429 still
        rests for as long as it asked, and domains of registries are held as before."""
        text = sources("https://a.s3.amazonaws.com/1", "https://b.s3.amazonaws.com/", "https://x.a.co.jp/")
        limited = FetchError("x", Reason.RATE_LIMITED, "asked too often", status=429, retry_after=timedelta(hours=2))
        web.error = lambda address: limited if address.endswith("/1") else None

        async def go() -> list[list[str]]:
            async with run(tmp_path, text, web, clock) as one:
                await one.poller.visit(one.runtime, [t for t in one.runtime.sources.values() if t.id == "s0"])
                with one.storage._database.write() as connection:  # type: ignore[attr-defined]
                    connection.execute(delete(hold))
                    until = clock.now + timedelta(hours=2)
                    names = ("amazonaws.com", "a.co.jp")
                    connection.execute(insert(hold), [{"domain": name, "until": until} for name in names])
                early = sorted(t.id for t in await one.poller.due(one.runtime))
                clock.pass_(hours=2)
                return [early, sorted(t.id for t in await one.poller.due(one.runtime))]

        assert asyncio.run(go()) == [["s1"], ["s0", "s1", "s2"]]

    @pytest.mark.parametrize(("seconds", "allowed"), [(0, False), (299, False), (300, True), (-60, True)])
    def test_by_hand_a_public_source_rests_five_minutes(
        self, tmp_path: Path, web: Web, clock: Clock, seconds: int, allowed: bool
    ) -> None:
        """Rule P13; a clock that was set back does not lock anybody out"""

        async def go() -> bool:
            async with run(tmp_path, sources("https://h.example/"), web, clock) as one:
                await one.visit()
                clock.pass_(seconds=seconds)
                return bool((await one.poller.manual(one.runtime.sources.values()))[0])

        assert asyncio.run(go()) is allowed


class TestTrouble:
    def test_a_bug_of_ours_is_a_failure_of_that_source_alone(
        self, tmp_path: Path, web: Web, clock: Clock, capsys: Any
    ) -> None:
        """Logged with its traceback, and backed off from"""

        async def fall(request: FetchRequest) -> None:
            if "h2." in request.address:
                raise RuntimeError("a bug")

        web.during = fall

        async def go() -> dict[str, str | None]:
            async with run(tmp_path, FIVE, web, clock) as one:
                await one.visit()
                return {r.state.source: r.state.error_reason for r in one.storage.sources()}

        reasons = asyncio.run(go())
        assert [name for name, reason in reasons.items() if reason] == ["s2"]
        assert reasons["s2"] == "internal"
        assert "RuntimeError" in capsys.readouterr().out

    def test_a_store_that_cannot_be_written_is_reported(self, tmp_path: Path, web: Web, clock: Clock) -> None:
        """StorageError, not a group of exceptions with a traceback"""

        async def go() -> None:
            async with run(tmp_path, FIVE, web, clock) as one:
                raw = one.storage._database._engine.raw_connection()  # type: ignore[attr-defined]
                raw.cursor().execute("PRAGMA query_only = 1")
                raw.close()
                await one.visit()

        with pytest.raises(StorageError, match="cannot be written"):
            asyncio.run(go())
