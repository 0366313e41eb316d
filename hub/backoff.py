"""The one back-off: delays that double up to a cap, with jitter where many would come at once (pure)."""

from __future__ import annotations


def doubled_s(base_s: float, cap_s: float, attempts: int) -> float:
    """The delay after so many attempts: the base after the first, then twice the one before, capped."""
    return min(cap_s, base_s * 2.0 ** min(max(attempts - 1, 0), 30))


def backoff_s(base_s: float, cap_s: float, attempts: int, draw: float) -> float:
    """With full jitter: `draw` in [0, 1) times the doubled delay, a tenth of it at least."""
    return doubled_s(base_s, cap_s, attempts) * max(draw, 0.1)
