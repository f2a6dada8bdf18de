"""The result of a visit, ready to be recorded: second half of the decision about a document. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.core.document import Document, NotModified, Validators
from aggregator.core.errors import Reason, SourceError
from aggregator.core.ingest import changeset, deletions
from aggregator.core.ingest.changeset import ChangeSet
from aggregator.core.ingest.decide import Plan, VisitContext
from aggregator.core.ingest.entry_cache import Unmodified, dump_cache
from aggregator.core.model import CategoryPath, Diagnostic, Entry, Feed
from aggregator.core.outcome import Failed, Gone, Outcome, Unchanged, Updated
from aggregator.core.records import LoadedContents, NewEntry, Removal, Revision
from aggregator.core.select.category_paths import own_paths
from aggregator.core.source_state import IdentityMode, PollState


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitResult:
    """The result of a visit, before it is recorded."""

    outcome: Outcome
    feed: Feed | None = None
    """None: the stored one stays."""
    new: tuple[NewEntry, ...] = ()
    revised: tuple[Revision, ...] = ()
    removed: tuple[Removal, ...] = ()
    rekeyed: tuple[tuple[int, str], ...] = ()
    """New keys of stored entries, by `seq`."""
    state: PollState | None = None
    """The source's state, updated with what the document shows of its guids and dates; None: there was no document."""
    paths: tuple[CategoryPath, ...] = ()
    """Own category paths of all that is new, revised or removed, those of the stored versions included."""
    diagnostics: tuple[Diagnostic, ...] = ()
    cache: bytes | None = None
    """The entry cache from now on; empty: none. None: the stored one stays."""

    @property
    def changes_entries(self) -> bool:
        """Whether entries were added, revised or deleted."""
        return bool(self.new or self.revised or self.removed)


def failed(error: SourceError) -> VisitResult:
    """The result of a visit without a document; what is stored stays as it is."""
    return VisitResult(outcome=Gone(error=error) if error.reason is Reason.GONE else Failed(error=error))


def not_modified(answer: NotModified) -> VisitResult:
    """The result of a visit whose document was not sent or read again: a 304 or the known bytes."""
    length = answer.headers.get("content-length", "")
    sent = int(length) if length.isascii() and length.isdigit() else 1
    outcome = Unchanged(
        validators=answer.validators,
        headers=dict(answer.headers),
        permanent_url=answer.permanent_url,
        size=0 if answer.status == 304 else max(sent, 1),
    )
    return VisitResult(outcome=outcome, diagnostics=answer.diagnostics)


def unmodified(document: Document, reading: Unmodified, state: PollState) -> VisitResult:
    """The result of a visit whose document has the same slices as the one before."""
    return VisitResult(outcome=reading.outcome(document, state), diagnostics=reading.notes)


def complete(document: Document, plan: Plan, loaded: LoadedContents, context: VisitContext) -> VisitResult:
    """Make the records of a plan, given the stored contents that `Plan.wanted` names."""
    found, before = plan.change_set, loaded.entries
    outcome = _updated(document, plan, context)
    revised = tuple(
        changeset.revision(change, known, before[known.seq].entry, now=context.now)
        for change in found.changes.revised
        if (known := plan.known[change.old_key]).seq in before
    )
    restored = deletions.restored(plan.deleted_here, loaded.removals, plan.known, now=context.now)
    return VisitResult(
        outcome=outcome,
        feed=plan.reading.normalised.feed,
        new=_new_entries(plan, context),
        revised=(*revised, *restored),
        removed=plan.removed,
        rekeyed=tuple(plan.rekeyed.items()),
        state=found.state,
        paths=_changed_paths(found, (stored.entry for stored in before.values()), restored),
        diagnostics=(*document.diagnostics, *found.diagnostics),
        cache=_cache(plan, outcome),
    )


def _new_entries(plan: Plan, context: VisitContext) -> tuple[NewEntry, ...]:
    return changeset.new_entries(
        plan.change_set.changes.new,
        source=context.source,
        authority=context.authority,
        year=context.year,
        taken=(known.public_id for known in plan.known.values()),
        now=context.now,
    )


def _updated(document: Document, plan: Plan, context: VisitContext) -> Updated:
    """The outcome of a document. One that was cut off has no validators (rule P2)."""
    normalised, found = plan.reading.normalised, plan.change_set
    dates = [e.published for e in normalised.entries if e.published and e.published <= context.now]
    return Updated(
        url=document.url,
        validators=document.validators if normalised.complete else Validators(),
        body_hash=document.body_hash if normalised.complete else None,
        headers=dict(document.headers),
        hints=normalised.feed.hints,
        permanent_url=document.permanent_url,
        entries=found.entries,
        known=found.known,
        new=len(found.changes.new),
        revised=len(found.changes.revised),
        arrivals=tuple(addition.keyed.entry.published or context.now for addition in found.changes.new),
        size=len(document.body),
        span=(max(dates) - min(dates)).total_seconds() if dates else 0.0,
    )


def _changed_paths(found: ChangeSet, before: Iterable[Entry], restored: Iterable[Revision]) -> tuple[CategoryPath, ...]:
    """`before` is what the revised and the removed entries were."""
    new = [addition.keyed.entry for addition in found.changes.new]
    revised = [change.keyed.entry for change in found.changes.revised]
    paths = [path for entry in (*new, *revised, *before) for path in own_paths(entry)]
    return tuple(dict.fromkeys((*paths, *(path for one in restored for path in one.paths))))


def _cache(plan: Plan, outcome: Updated) -> bytes:
    """The entry cache; empty if nothing may be kept of the document."""
    if plan.reading.cache_update is None:
        return b""
    state = plan.change_set.state
    signs = (state.identity, state.alias_streak, state.moving_dates, state.unstable_dates)
    is_stable = signs == (IdentityMode.ID, 0, 0, False)
    return dump_cache(
        plan.reading.cache_update,
        entries=outcome.entries,
        span=outcome.span,
        settled=is_stable and not plan.change_set.changes.moved,
    )
