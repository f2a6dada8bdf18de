"""Sources: which are active, when each is due, who holds a lease, and how visits ended."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, or_, select, update

from aggregator.core.document import Validators
from aggregator.core.model import SourceId, SourceNumber
from aggregator.core.records import Attempt, Due, Lease, SourceRecord
from aggregator.core.source_state import FeedIdentity, PollState
from aggregator.storage.codec import ATTEMPT, FEED, STATE
from aggregator.storage.database import Database, chunks
from aggregator.storage.tables import attempt, entry, hold, source

_UNNUMBERED = SourceNumber(0)
CLOCK_TOLERANCE = timedelta(minutes=10)
"""How far the clocks of two processes, or of one before and after a correction, may be apart."""
LONGEST_PAUSE = timedelta(days=1)
"""Leases and holds that end later than this were made while the clock was ahead, where it is known to have been."""


class SqlSources:
    """`SourceStore` over SQL; what it counts is in `counts`."""

    _database: Database

    def set_sources(self, sources: Sequence[tuple[SourceId, str]], *, now: datetime) -> dict[SourceId, SourceNumber]:
        """See `SourceStore`.

        A changed address also drops the redirect noted for the old one. A lease on a source that left or whose address
        changed is lost, so that a running visit is not recorded.
        """
        wanted = dict(sources)
        with self._database.write() as connection:
            rows = connection.execute(select(source).order_by(source.c.number)).mappings().all()
            renamed = _renamed(rows, wanted)
            kept = {renamed.get(row["number"], row["id"]): row for row in rows}
            _deactivate(connection, [row["number"] for id_, row in kept.items() if row["active"] and id_ not in wanted])
            for id_, address in wanted.items():
                if id_ in kept:
                    _keep(connection, kept[id_], id_, address, now)
            fresh = [(id_, address) for id_, address in wanted.items() if id_ not in kept]
            _add(connection, fresh, now)
            found = connection.execute(select(source.c.id, source.c.number).where(source.c.active))
            numbers = {row.id: row.number for row in found}
        return {id_: SourceNumber(numbers[id_]) for id_ in wanted}

    def due(self, *, now: datetime) -> list[Due]:
        """See `SourceStore`."""
        if self._was_clock_ahead(now):
            self._forget_future(now)
        query = (
            select(source.c.number, source.c.id, source.c.address, source.c.next_poll)
            .where(source.c.active, source.c.next_poll <= now, _free(now))
            .order_by(source.c.next_poll, source.c.number)
        )
        with self._database.read() as connection:
            return [
                Due(number=number, source=id_, address=address, next_poll=next_poll)
                for number, id_, address, next_poll in connection.execute(query)
            ]

    def claim(
        self,
        numbers: Collection[SourceNumber],
        *,
        now: datetime,
        until: datetime,
        token: str,
        only_due: bool = False,
    ) -> list[Lease]:
        """See `SourceStore`."""
        claimed: list[SourceNumber] = []
        due = (source.c.next_poll <= now,) if only_due else ()
        with self._database.write() as connection:
            for chunk in chunks(sorted(set(numbers))):
                free = select(source.c.number).where(source.c.number.in_(chunk), source.c.active, _free(now), *due)
                claimed += connection.scalars(free.order_by(source.c.number))
            for chunk in chunks(claimed):
                taken = update(source).where(source.c.number.in_(chunk))
                connection.execute(taken.values(lease_token=token, lease_until=until))
        return [Lease(number=number, token=token, until=until) for number in claimed]

    def _was_clock_ahead(self, now: datetime) -> bool:
        """Whether the latest visit was made at an instant that is still to come: the clock has been set back since."""
        with self._database.read() as connection:
            latest = connection.scalar(select(attempt.c.data).order_by(attempt.c.id.desc()).limit(1))
        return latest is not None and datetime.fromisoformat(json.loads(latest)["at"]) > now + CLOCK_TOLERANCE

    def _forget_future(self, now: datetime) -> None:
        """Make due what was visited while the clock was ahead, and end what was to last until long after now."""
        ahead, late = now + CLOCK_TOLERANCE, now + LONGEST_PAUSE
        with self._database.write() as connection:
            rows = connection.execute(select(source).where(source.c.active, source.c.next_poll > now)).mappings().all()
            visited = [row["number"] for row in rows if (last := _state(row).last_poll) is not None and last > ahead]
            for chunk in chunks(visited):
                connection.execute(update(source).where(source.c.number.in_(chunk)).values(next_poll=now))
            ended = update(source).where(source.c.lease_until > late)
            connection.execute(ended.values(lease_token=None, lease_until=None))
            connection.execute(delete(hold).where(hold.c.until > late))

    def release(self, leases: Collection[Lease]) -> None:
        """See `SourceStore`."""
        if not leases:
            return
        held = update(source).where(source.c.number == bindparam("held"), source.c.lease_token == bindparam("token"))
        with self._database.write() as connection:
            connection.execute(
                held.values(lease_token=None, lease_until=None),
                [{"held": lease.number, "token": lease.token} for lease in leases],
            )

    def poll_state(self, number: SourceNumber) -> PollState:
        """See `VisitStore`; LookupError if there never was such a source."""
        with self._database.read() as connection:
            row = connection.execute(select(source).where(source.c.number == number)).mappings().one_or_none()
            if row is None:
                raise LookupError(f"no source has the number {number}")
            return _state(row)

    def sources(self) -> list[SourceRecord]:
        """See `SourceStore`."""
        with self._database.read() as connection:
            rows = connection.execute(_ACTIVE).mappings().all()
            counts = {number: (count, newest) for number, count, newest in connection.execute(_COUNTS)}
            return [_record(row, *counts.get(row["number"], (0, None))) for row in rows]

    def attempts(self, number: SourceNumber, *, count: int) -> list[Attempt]:
        """See `SourceStore`."""
        query = select(attempt.c.data).where(attempt.c.number == number).order_by(attempt.c.id.desc()).limit(count)
        with self._database.read() as connection:
            return [ATTEMPT.load(data) for data in connection.scalars(query)]


_last = select(func.max(attempt.c.id)).where(attempt.c.number == source.c.number).correlate(source).scalar_subquery()
_ACTIVE = (
    select(source, attempt.c.data.label("attempt"))
    .outerjoin(attempt, attempt.c.id == _last)
    .where(source.c.active)
    .order_by(source.c.number)
)
_live = (
    select(entry.c.number, func.count().label("count"), func.max(entry.c.seq).label("newest"))
    .where(entry.c.deleted_at.is_(None))
    .group_by(entry.c.number)
    .subquery()
)
_COUNTS = select(_live.c.number, _live.c.count, entry.c.first_seen).join(entry, entry.c.seq == _live.c.newest)


def _free(now: datetime) -> Any:
    return or_(source.c.lease_until.is_(None), source.c.lease_until <= now)


def _state(row: RowMapping) -> PollState:
    return replace(STATE.load(row["state"]), number=row["number"], source=row["id"], next_poll=row["next_poll"])


def _record(row: RowMapping, entries: int, newest: datetime | None) -> SourceRecord:
    return SourceRecord(
        state=_state(row),
        address=row["address"],
        feed=None if row["feed"] is None else FEED.load(row["feed"]),
        entries=entries,
        newest=newest,
        attempt=None if row["attempt"] is None else ATTEMPT.load(row["attempt"]),
    )


def _renamed(rows: Sequence[RowMapping], wanted: dict[SourceId, str]) -> dict[int, SourceId]:
    """Number -> new id, of sources named no longer whose address a new id has; an active one goes first."""
    orphans: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: (row["active"], row["number"])):
        if row["id"] not in wanted:
            orphans[row["address"]] = row["number"]
    stored = {row["id"] for row in rows}
    taken: dict[int, SourceId] = {}
    for id_, address in wanted.items():
        if id_ not in stored and address in orphans:
            taken[orphans.pop(address)] = id_
    return taken


def _deactivate(connection: Connection, numbers: Sequence[int]) -> None:
    for chunk in chunks(numbers):
        gone = update(source).where(source.c.number.in_(chunk))
        connection.execute(gone.values(active=False, lease_token=None, lease_until=None))


def _keep(connection: Connection, row: RowMapping, id_: SourceId, address: str, now: datetime) -> None:
    changes: dict[str, Any] = {}
    if row["id"] != id_:
        changes["id"] = id_
    if not row["active"]:
        changes |= {"active": True, "next_poll": now}
    if row["address"] != address:
        state = replace(
            _state(row),
            validators=Validators(),
            feed_identity=FeedIdentity(),
            body_hash=None,
            moved_to=None,
            moved_seen=0,
            moved_since=None,
            notes=(),
        )
        changes |= {"address": address, "state": STATE.dump(state), "next_poll": now}
        changes |= {"lease_token": None, "lease_until": None}
    if changes:
        connection.execute(update(source).where(source.c.number == row["number"]).values(changes))


def _add(connection: Connection, fresh: Iterable[tuple[SourceId, str]], now: datetime) -> None:
    rows = [
        {
            "id": id_,
            "address": address,
            "active": True,
            "next_poll": now,
            "state": STATE.dump(PollState(number=_UNNUMBERED, source=id_)),
        }
        for id_, address in fresh
    ]
    if rows:
        connection.execute(insert(source), rows)
