"""Why no answer came that can be trusted, from the HTTP side of an exchange (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

import httpx

MAX_TOLERATED_SKEW_S: Final = 120.0
MAX_RETRY_AFTER_S: Final = 3600.0

Failure = Literal["timeout", "unreachable", "http_error", "busy", "credentials", "clock"]


@dataclass(frozen=True, slots=True)
class NotAsked:
    """No answer that can be trusted came; a verification reads only, so asking again has no effect."""

    failure: Failure
    retry_after_s: float | None = None


def failure_of(status: int, headers: httpx.Headers, now: datetime) -> NotAsked:
    """What a status other than 200 says; a refusal under a Date far from ours is a matter of clocks."""
    if status in {401, 403}:
        return NotAsked("clock" if _skew_s(headers, now) > MAX_TOLERATED_SKEW_S else "credentials")
    if status in {429, 503}:
        return NotAsked("busy", _retry_after_s(headers))
    return NotAsked("http_error")


def _skew_s(headers: httpx.Headers, now: datetime) -> float:
    try:
        return abs((parsedate_to_datetime(headers.get("date", "")) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _retry_after_s(headers: httpx.Headers) -> float | None:
    value = headers.get("retry-after", "")
    return min(float(value), MAX_RETRY_AFTER_S) if value.isascii() and value.isdigit() else None
