"""How long a recording lasts, as podcasts write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.dates.durations import parse_duration


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("3600", 3600), ("01:02:03", 3723), ("1:02:03", 3723), ("62:03", 3723), ("02:03", 123), ("0", 0), (" 90 ", 90),
        ("90.7", 90), ("1:02:03.5", 3723), ("PT1H2M3S", 3723), ("PT3723S", 3723), ("P1DT1S", 86401), ("pt5m", 300),
        ("1h 2m 3s", 3723), ("45 min", 2700), ("1小时2分钟", 3720), ("2 minutes, 3 seconds", 123),
        ("", None), ("abc", None), ("-5", None), ("1:75", None), ("1:60:00", None), ("PT", None), ("P", None),
        ("1:2:3:4", None), ("٣٠", None), ("99999999", None), ("9" * 200, None), ("::", None),
    ],
)  # fmt: skip
def test_durations_are_seconds(raw: str, seconds: int | None) -> None:
    assert parse_duration(raw) == seconds


@given(st.one_of(st.text(max_size=40), st.text("0123456789:.PTHMSD hms", max_size=20)))
def test_no_duration_raises(raw: str) -> None:
    seconds = parse_duration(raw)
    assert seconds is None or seconds >= 0
