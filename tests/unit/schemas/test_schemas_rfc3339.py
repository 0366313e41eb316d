"""Times as RFC 3339 writes them: its examples, its grammar at the edges, and what only looks like it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rfc3339 import read_rfc3339


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1985-04-12T23:20:50.52Z", datetime(1985, 4, 12, 23, 20, 50, 520_000, UTC)),
        ("1996-12-19T16:39:57-08:00", datetime(1996, 12, 20, 0, 39, 57, tzinfo=UTC)),
        ("1937-01-01T12:00:27.87+00:20", datetime(1937, 1, 1, 11, 40, 27, 870_000, UTC)),
        ("1990-12-31T23:59:60Z", datetime(1990, 12, 31, 23, 59, 59, 999_999, UTC)),
        ("1990-12-31T15:59:60-08:00", datetime(1990, 12, 31, 23, 59, 59, 999_999, UTC)),
        ("2016-12-31t23:59:60.5z", datetime(2016, 12, 31, 23, 59, 59, 999_999, UTC)),
        ("2026-11-29t07:00:00z", datetime(2026, 11, 29, 7, tzinfo=UTC)),
        ("2026-11-29T07:00:00-00:00", datetime(2026, 11, 29, 7, tzinfo=UTC)),
        ("2026-11-29T07:00:00.1234567899999Z", datetime(2026, 11, 29, 7, 0, 0, 123_456, UTC)),
        ("2026-11-29T00:00:00+23:59", datetime(2026, 11, 28, 0, 1, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_all_of_rfc_3339_is_read(text: str, moment: datetime) -> None:
    assert read_rfc3339(text).astimezone(UTC) == moment


@pytest.mark.parametrize(
    "text",
    [
        "20261129T070000Z", "2026-W48-7T07:00:00Z", "2026-333T07:00:00Z", "2026-11-29T07:00:00,5Z",
        "2026-11-29T07:00:00+07:00:30", "2026-11-29 07:00:00Z", "2026-11-29_07:00:00Z", "2026-11-29T07:00Z",
        "2026-11-29T07Z", "2026-11-29T07:00:00", "2026-11-29T07:00:00+07", "2026-11-29T07:00:00+0700",
        "2026-11-29T24:00:00Z", "2026-11-29T07:60:00Z", "2026-11-29T07:00:61Z", "2026-11-29T07:00:00+24:00",
        "2026-11-29T07:00:00+07:60", "2026-11-29T07:00:00.Z", "2026-02-29T07:00:00Z", "2026-00-01T07:00:00Z",
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
        "+2026-11-29T07:00:00Z",
        "12026-11-29T07:00:00Z", "2026-11-29T07:00:00Z\n", " 2026-11-29T07:00:00Z", "2026-11-29T07:00:00 Z",
        "2026-11-29T07:00:00\u221207:00", "\u0662026-11-29T07:00:00Z", "2026-11-29T07:00:00UTC",
        "1990-12-31T22:59:60Z", "1990-12-30T23:59:60Z", "1990-12-31T23:59:60+07:00", "1764399600", "", "now",
    ],
)  # fmt: skip
def test_nothing_else_is_a_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|year|second|day|month"):
        read_rfc3339(text)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)), st.integers(-1439, 1439))  # noqa: DTZ001  the zone is drawn
def test_what_python_writes_is_read_with_its_offset(local: datetime, minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    read = read_rfc3339(f"{local.isoformat()}{sign}{hours:02}:{rest:02}")
    assert read.replace(tzinfo=None) == local
    assert read.utcoffset() == timedelta(minutes=minutes)


@given(st.text(alphabet="0123456789-:.,+TtZz W", max_size=40))
def test_any_text_is_a_moment_with_a_zone_or_a_value_error(text: str) -> None:
    try:
        moment = read_rfc3339(text)
    except ValueError:
        return
    assert moment.astimezone(UTC).tzinfo is UTC
