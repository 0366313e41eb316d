"""Legal time: the broker's append time, moved in environment `test` by recorded steps (pure)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LegalClock:
    """The recorded steps; without any, legal time is the time of receipt."""

    def __init__(self, steps: Iterable[tuple[datetime, timedelta]] = ()) -> None:
        ordered = sorted(steps)
        self._from = [start for start, _ in ordered]
        self._shift = [shift for _, shift in ordered]
        self._at = lru_cache(maxsize=1024)(lambda ms: self.of(_EPOCH + timedelta(milliseconds=ms)))

    @property
    def most_ahead(self) -> timedelta:
        """By how much legal time is ahead of the machine's at most."""
        return max(self._shift, default=timedelta())

    def at(self, timestamp_ms: int) -> datetime:
        """Legal time (aware, UTC) of a record that was appended `timestamp_ms` after 1970."""
        return self._at(timestamp_ms)

    def of(self, moment: datetime) -> datetime:
        """Legal time of a moment of the machine's clock."""
        position = bisect_right(self._from, moment)
        return moment + self._shift[position - 1] if position else moment
