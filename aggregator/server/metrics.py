"""`/metrics` in the Prometheus text exposition format 0.0.4, and `/health` as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from aggregator import __version__
from aggregator.core.site_status import OutputInfo, StatusReport
from aggregator.core.source_state import Health

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics(report: StatusReport, outputs: Sequence[OutputInfo], responses: Mapping[int, int]) -> bytes:
    """All series, each with its help. `responses` counts answers by status since the start."""
    return ("\n".join(_lines(report, outputs, responses)) + "\n").encode()


def _lines(report: StatusReport, outputs: Sequence[OutputInfo], responses: Mapping[int, int]) -> Iterator[str]:
    yield from _head("build_info", "gauge", "The running version.")
    yield f'aggregator_build_info{{version="{__version__}"}} 1'
    yield from _head("up", "gauge", "1 unless the program itself needs a person.")
    yield f"aggregator_up {int(report.ok)}"
    yield from _head("sources", "gauge", "Sources by health.")
    states = Counter(source.health for source in report.sources)
    yield from (f'aggregator_sources{{health="{health.value}"}} {states[health]}' for health in Health)
    yield from _head("sources_due", "gauge", "Sources whose next poll has come.")
    yield f"aggregator_sources_due {report.due}"
    yield from _head("entries", "gauge", "Entries stored.")
    yield f"aggregator_entries {sum(source.entries for source in report.sources)}"
    if report.store_bytes:
        yield from _head("store_bytes", "gauge", "Size of the database on disk.")
        yield f"aggregator_store_bytes {report.store_bytes}"
    yield from _head("outputs", "gauge", "Outputs published.")
    yield f"aggregator_outputs {len(outputs)}"
    for name, value in sorted(report.counters.items()):
        yield from _head(f"{name}_total", "counter", f"{name.replace('_', ' ').capitalize()} since the start.")
        yield f"aggregator_{name}_total {value:g}" if value != int(value) else f"aggregator_{name}_total {int(value)}"
    yield from _head("http_responses_total", "counter", "Answers given, by status.")
    yield from (f'aggregator_http_responses_total{{status="{code}"}} {n}' for code, n in sorted(responses.items()))


def _head(name: str, kind: str, words: str) -> Iterator[str]:
    yield f"# HELP aggregator_{name} {words}"
    yield f"# TYPE aggregator_{name} {kind}"


def health(report: StatusReport, outputs: Sequence[OutputInfo]) -> bytes:
    """`/health` for monitors: `ok`, sources by health, how many are due, outputs, and problems in words."""
    states = Counter(source.health for source in report.sources)
    answer = {
        "ok": report.ok,
        "sources": {"total": len(report.sources)} | {state.value: states[state] for state in Health},
        "due": report.due,
        "outputs": len(outputs),
        "problems": list(report.problems),
        "version": __version__,
    }
    return (json.dumps(answer, ensure_ascii=False, indent=1) + "\n").encode()
