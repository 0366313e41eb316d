"""Why no answer came that can be trusted, from the HTTP side of an exchange (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from hub.delivery.errors import CallError, NoEffectError
from hub.delivery.http import retry_after_s

MAX_TOLERATED_SKEW_S: Final = 120.0

Failure = Literal["timeout", "unreachable", "http_error", "busy", "credentials", "clock"]


@dataclass(frozen=True, slots=True)
class NotAsked:
    """No answer that can be trusted came; a verification reads only, so asking again has no effect."""

    failure: Failure
    retry_after_s: float | None = None


class NoTokenError(NoEffectError):
    """The LGSP answered the request for a token with something else."""

    def __init__(self, failure: NotAsked, delay_s: float) -> None:
        super().__init__(f"token: {failure.failure}", delay_s)
        self.failure = failure


def not_asked(error: CallError) -> NotAsked:
    """What a call that failed says: no answer in time, none at all, or no token to ask with."""
    if isinstance(error, NoTokenError):
        return error.failure
    return NotAsked(error.cause if error.cause in {"timeout", "unreachable"} else "http_error")


def failure_of(status: int, headers: Mapping[str, str], now: datetime) -> NotAsked:
    """What a status other than 200 says; a refusal under a Date far from ours is a matter of clocks."""
    if status in {401, 403}:
        return NotAsked("clock" if _skew_s(headers, now) > MAX_TOLERATED_SKEW_S else "credentials")
    if status in {429, 503}:
        return NotAsked("busy", retry_after_s(headers))
    return NotAsked("http_error")


def _skew_s(headers: Mapping[str, str], now: datetime) -> float:
    try:
        return abs((parsedate_to_datetime(headers.get("Date", "")) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0
