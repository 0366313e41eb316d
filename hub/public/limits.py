"""How often may be looked up, by address and by code (pure: the moment is an argument)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.http.buckets import Buckets
from hub.settings.public import PublicSettings

_MOST_CODES = 200_000
Limit = Literal["address", "code"]


@dataclass(frozen=True, slots=True)
class TooOften:
    """It may be tried again after so many seconds; `limit` is the one that was reached."""

    limit: Limit
    seconds: float


class Limits:
    """Of one process. A wrong factor costs the code a try, whether there is such a dossier or not.

    The right check code, which nobody guesses, is never held up by the wrong tries of others; right digits
    are, since ten thousand tries would find them.
    """

    def __init__(self, settings: PublicSettings) -> None:
        self._addresses = Buckets(settings.look_ups_per_minute / 60, settings.look_ups_at_once)
        self._complaints = Buckets(
            settings.complaints_per_day / 86_400, settings.complaints_at_once, _MOST_CODES
        )
        self._tries = Buckets(settings.tries_per_hour / 3600, settings.tries_at_once, _MOST_CODES)

    def look_up(self, address: str, now_s: float) -> TooOften | None:
        """Take one look-up of an address."""
        seconds = self._addresses.take(address, now_s)
        return TooOften("address", seconds) if seconds else None

    def try_code(self, code: str, now_s: float) -> TooOften | None:
        """Take one try of a code, before it is known whether it is right."""
        seconds = self._tries.take(code, now_s)
        return TooOften("code", seconds) if seconds else None

    def complain(self, code: str, now_s: float) -> TooOften | None:
        """Take one complaint about the dossier of a code."""
        seconds = self._complaints.take(code, now_s)
        return TooOften("code", seconds) if seconds else None

    def was_right(self, code: str) -> None:
        """Give the try back."""
        self._tries.owe(code, -1.0)
