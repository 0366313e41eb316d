"""How much a participant may ask for: a token bucket each (pure: the moment is an argument)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Buckets:
    """One bucket per key, filled at `rate_per_s` up to `burst`; the longest unused are forgotten."""

    def __init__(self, rate_per_s: float, burst: int, max_keys: int = 10_000) -> None:
        self._rate = rate_per_s
        self._burst = float(burst)
        self._max_keys = max_keys
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str, now_s: float, cost: float = 1.0) -> float:
        """Take tokens; returns 0, or the seconds after which it may be tried again (nothing was taken).

        A cost above the burst is taken from a full bucket, which then owes the rest.
        """
        bucket = self._buckets.pop(key, None) or _Bucket(self._burst, now_s)
        if len(self._buckets) >= self._max_keys:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[key] = bucket
        bucket.tokens = min(self._burst, bucket.tokens + (now_s - bucket.filled_at) * self._rate)
        bucket.filled_at = now_s
        needed = min(cost, self._burst)
        if bucket.tokens < needed:
            return (needed - bucket.tokens) / self._rate
        bucket.tokens -= cost
        return 0.0

    def owe(self, key: str, cost: float) -> None:
        """Take what became known after a `take`; the bucket owes what it does not hold."""
        if key in self._buckets:
            self._buckets[key].tokens -= cost
