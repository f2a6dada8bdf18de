"""Visits: what is known of a source's entries before one, and the one transaction that records it (rule P2)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from aggregator.core.model import CategoryPath, Entry, OutputId, SourceNumber
from aggregator.core.records import KnownEntry, Lease, NewEntry, Removal, Revision, VisitRecord
from aggregator.storage.codec import ATTEMPT, ENTRY, FEED, STATE
from aggregator.storage.database import Database, chunks
from aggregator.storage.tables import (
    alias,
    attempt,
    body,
    counter,
    entry,
    entry_cache,
    entry_node,
    hold,
    node,
    output,
    removal,
    source,
)

Values = dict[str, Any]


def folded(text: str) -> str:
    """`text` as titles are searched: without case and width."""
    return unicodedata.normalize("NFKC", text).casefold()


class SqlVisits:
    """`VisitStore` over SQL."""

    _database: Database

    def known(self, number: SourceNumber) -> dict[str, KnownEntry]:
        """See `VisitStore`."""
        with self._database.read() as connection:
            rows = connection.execute(_KNOWN, {"source": number}).all()
            former = connection.execute(_ALIASES, {"source": number}).all()
        known = {row[1]: _known_entry(row) for row in rows}
        by_seq = {one.seq: one for one in known.values()}
        # A present key wins over the same key that another entry had before.

        return {key: by_seq[seq] for key, seq in former} | known

    def holds(self, *, now: datetime) -> dict[str, datetime]:
        """See `SourceStore`."""
        query = select(hold.c.domain, hold.c.until).where(hold.c.until > now).order_by(hold.c.domain)
        with self._database.read() as connection:
            return {row.domain: row.until for row in connection.execute(query)}

    def entry_cache(self, number: SourceNumber) -> bytes | None:
        """See `VisitStore`."""
        with self._database.read() as connection:
            data = connection.scalar(_ENTRY_CACHE, {"source": number})
        return None if data is None else bytes(data)

    def record(self, visit: VisitRecord) -> bool:
        """See `VisitStore`. A revision of a deleted entry restores it (rule I10)."""
        number = visit.lease.number
        # JSON is made before the write lock is taken, since it takes most of the time.
        added = [_added(number, new) for new in visit.new]
        bodies = [ENTRY.dump(new.entry) for new in visit.new]
        revised = [(_revised(number, revision), ENTRY.dump(revision.entry)) for revision in visit.revised]
        end = _end_of_visit(visit)
        log = ATTEMPT.dump(visit.attempt)
        with self._database.write() as connection:
            if not _is_held(connection, visit.lease):
                return False
            connection.execute(_END_VISIT, end)
            connection.execute(_ADD_ATTEMPT, {"number": number, "data": log})
            _rekey(connection, number, [*visit.rekeyed, *((revision.seq, revision.key) for revision in visit.revised)])
            if revised:
                _revise(connection, visit.revised, revised)
            if visit.removed:
                remove(connection, visit.removed)
            if added:
                _add(connection, visit.new, added, bodies)
            if visit.hold:
                _hold(connection, *visit.hold, now=visit.attempt.at)
            if visit.entry_cache is not None:
                _put_entry_cache(connection, number, visit.entry_cache)
            mark(connection, visit.dirty)
        return True


def _known_entry(row: Any) -> KnownEntry:
    # By position: this runs for every stored entry at every visit.
    seq, key, title, fingerprint, public_id, first_seen, published, updated, link_key, deleted_at = row
    return KnownEntry(
        seq=seq,
        key=key,
        title=title,
        fingerprint=fingerprint,
        public_id=public_id,
        first_seen=first_seen,
        published=published,
        updated=updated,
        link_key=link_key,
        deleted_at=deleted_at,
    )


_KNOWN = (
    select(
        entry.c.seq,
        entry.c.key,
        entry.c.title,
        entry.c.fingerprint,
        entry.c.public_id,
        entry.c.first_seen,
        entry.c.published,
        entry.c.updated,
        entry.c.link_key,
        entry.c.deleted_at,
    )
    .where(entry.c.number == bindparam("source"))
    .order_by(entry.c.seq)
)
_ALIASES = select(alias.c.key, alias.c.seq).where(alias.c.number == bindparam("source")).order_by(alias.c.key)
_ENTRY_CACHE = select(entry_cache.c.data).where(entry_cache.c.number == bindparam("source"))
_DROP_ENTRY_CACHE = delete(entry_cache).where(entry_cache.c.number == bindparam("source"))
_PUT_ENTRY_CACHE = insert(entry_cache)
_TOKEN = select(source.c.lease_token).where(source.c.number == bindparam("source"))
_ADD_ATTEMPT = insert(attempt)
_END_VISIT = update(source).where(source.c.number == bindparam("visited"))
_REVISE = update(entry).where(entry.c.seq == bindparam("at"), entry.c.number == bindparam("of"))
_RESTORE = delete(removal).where(removal.c.seq == bindparam("at"))
_DELETE = update(entry).where(entry.c.seq == bindparam("at")).values(deleted_at=bindparam("moment"))
_MOVE = update(entry).where(entry.c.seq == bindparam("at")).values(place=bindparam("to"))
_MOVE_IN_NODES = update(entry_node).where(entry_node.c.seq == bindparam("at")).values(place=bindparam("to"))
_DROP_ALIAS = delete(alias).where(alias.c.number == bindparam("of"), alias.c.key == bindparam("was"))
_REKEY = _REVISE.values(key=bindparam("becomes"))


def mark(connection: Connection, outputs: Iterable[OutputId]) -> None:
    """Mark outputs as dirty: they have to be made again. Unknown ones are passed over."""
    for chunk in chunks(sorted(set(outputs))):
        connection.execute(update(output).where(output.c.id.in_(chunk)).values(dirty=True, stamp=output.c.stamp + 1))


def _is_held(connection: Connection, lease: Lease) -> bool:
    return bool(connection.scalar(_TOKEN, {"source": lease.number}) == lease.token)


def _put_entry_cache(connection: Connection, number: SourceNumber, entry_cache: bytes) -> None:
    connection.execute(_DROP_ENTRY_CACHE, {"source": number})
    if entry_cache:
        connection.execute(_PUT_ENTRY_CACHE, {"number": number, "data": entry_cache})


def _hold(connection: Connection, domain: str, until: datetime, *, now: datetime) -> None:
    """Of two holds of one domain the later counts; those that are over are deleted."""
    connection.execute(delete(hold).where(hold.c.until <= now))
    stored = connection.scalar(select(hold.c.until).where(hold.c.domain == domain))
    if stored is None:
        connection.execute(insert(hold), {"domain": domain, "until": until})
    elif stored < until:
        connection.execute(update(hold).where(hold.c.domain == domain).values(until=until))


def _end_of_visit(visit: VisitRecord) -> Values:
    values: Values = {
        "visited": visit.lease.number,
        "state": STATE.dump(visit.state),
        "next_poll": visit.state.next_poll,
        "lease_token": None,
        "lease_until": None,
    }
    if visit.feed is not None:
        values["feed"] = FEED.dump(visit.feed)
    return values


def _content(record: Entry) -> Values:
    return {"native_id": record.id, "link": record.link, "title": record.title, "title_folded": folded(record.title)}


def _added(number: SourceNumber, new: NewEntry) -> Values:
    return {
        "number": number,
        "key": new.key,
        "public_id": new.public_id,
        "link_key": new.link_key,
        "first_seen": new.first_seen,
        "changed_at": new.first_seen,
        "published": new.published,
        "updated": new.updated,
        "sort_date": new.sort_date,
        "fingerprint": new.fingerprint,
        **_content(new.entry),
    }


def _revised(number: SourceNumber, revision: Revision) -> Values:
    return {
        "at": revision.seq,
        "of": number,
        "link_key": revision.link_key,
        "changed_at": revision.changed_at,
        "published": revision.published,
        "updated": revision.updated,
        "fingerprint": revision.fingerprint,
        "deleted_at": None,
        **_content(revision.entry),
    }


def _rekey(connection: Connection, number: SourceNumber, keys: Sequence[tuple[int, str]]) -> None:
    """Give entries (seq, key) their keys; the old ones become aliases. All lose theirs first: one may get another's."""
    wanted = dict(keys)
    before: dict[int, str] = {}
    for chunk in chunks(sorted(wanted)):
        stored = select(entry.c.seq, entry.c.key).where(entry.c.seq.in_(chunk), entry.c.number == number)
        before |= {row.seq: row.key for row in connection.execute(stored) if row.key != wanted[row.seq]}
    if before:
        rows = [{"at": seq, "of": number, "becomes": wanted[seq]} for seq in before]
        connection.execute(_REKEY, [row | {"becomes": f"\x1f{row['at']}"} for row in rows])
        connection.execute(_REKEY, rows)
        past = [{"number": number, "key": key, "seq": seq} for seq, key in before.items()]
        connection.execute(_DROP_ALIAS, [{"of": row["number"], "was": row["key"]} for row in past])
        connection.execute(insert(alias), past)


def _revise(connection: Connection, revisions: Sequence[Revision], rows: Sequence[tuple[Values, str]]) -> None:
    first = next_numbers(connection, "seq", len(rows))
    rows = [({**row, "place": change}, data) for change, (row, data) in enumerate(rows, first)]
    connection.execute(_REVISE, [row for row, _ in rows])
    connection.execute(_RESTORE, [{"at": row["at"]} for row, _ in rows])
    connection.execute(
        update(body).where(body.c.seq == bindparam("at")), [{"at": row["at"], "data": data} for row, data in rows]
    )
    connection.execute(
        delete(entry_node).where(entry_node.c.seq == bindparam("at")), [{"at": row["at"]} for row, _ in rows]
    )
    filed = [(row["at"], row["place"], revision.paths) for (row, _), revision in zip(rows, revisions, strict=True)]
    _file_under_paths(connection, rows[0][0]["of"], filed)


def _add(
    connection: Connection, new_entries: Sequence[NewEntry], rows: Sequence[Values], bodies: Sequence[str]
) -> None:
    first = next_numbers(connection, "seq", len(rows))
    connection.execute(insert(entry), [{"seq": seq, "place": seq, **row} for seq, row in enumerate(rows, first)])
    connection.execute(insert(body), [{"seq": seq, "data": data} for seq, data in enumerate(bodies, first)])
    _file_under_paths(
        connection, rows[0]["number"], [(seq, seq, new.paths) for seq, new in enumerate(new_entries, first)]
    )


def next_numbers(connection: Connection, name: str, count: int) -> int:
    """The first of `count` numbers in a row that were never given out before (rule W8)."""
    last = connection.scalar(select(counter.c.value).where(counter.c.name == name).with_for_update())
    if last is None:
        connection.execute(insert(counter), {"name": name, "value": count})
        return 1
    connection.execute(update(counter).where(counter.c.name == name).values(value=last + count))
    return int(last) + 1


def _file_under_paths(
    connection: Connection, number: int, filed: Sequence[tuple[int, int, tuple[CategoryPath, ...]]]
) -> None:
    """Enter entries of one source, as (seq, change number, paths), under their category paths."""
    rows = {(seq, change, json.dumps(path, ensure_ascii=False)) for seq, change, paths in filed for path in paths}
    if not rows:
        return
    nodes = _nodes(connection, sorted({path for *_, path in rows}))
    connection.execute(
        insert(entry_node),
        [{"node": nodes[path], "seq": seq, "number": number, "place": change} for seq, change, path in sorted(rows)],
    )


def remove(connection: Connection, removals: Sequence[Removal]) -> list[int]:
    """Mark entries as deleted; those that are unknown or deleted already are passed over. Returns the others' seqs."""
    wanted = {one.seq: one for one in removals}
    live: list[int] = []
    for chunk in chunks(sorted(wanted)):
        live += connection.scalars(select(entry.c.seq).where(entry.c.seq.in_(chunk), entry.c.deleted_at.is_(None)))
    if live:
        connection.execute(_DELETE, [{"at": seq, "moment": wanted[seq].at} for seq in live])
        connection.execute(
            insert(removal),
            [
                {"seq": s, "at": wanted[s].at, "origin": wanted[s].origin, "why": wanted[s].why, "told": True}
                for s in live
            ],
        )
        move(connection, live)
    return live


def move(connection: Connection, seqs: Sequence[int]) -> None:
    """Give each entry a new change number, in the order of `seqs`."""
    first = next_numbers(connection, "seq", len(seqs))
    rows = [{"at": seq, "to": change} for change, seq in enumerate(seqs, first)]
    connection.execute(_MOVE, rows)
    connection.execute(_MOVE_IN_NODES, rows)


def _nodes(connection: Connection, paths: Sequence[str]) -> dict[str, int]:
    found = _stored_nodes(connection, paths)
    missing = [{"path": path} for path in paths if path not in found]
    if missing:
        connection.execute(insert(node), missing)
        found = _stored_nodes(connection, paths)
    return found


def _stored_nodes(connection: Connection, paths: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in chunks(paths):
        query = select(node.c.path, node.c.id).where(node.c.path.in_(chunk))
        found |= {row.path: row.id for row in connection.execute(query)}
    return found
