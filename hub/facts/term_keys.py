"""Keys that end with a day: each is made of the one before, so yesterday's is gone once its seed is (pure).

Licensed data are sealed twice, inside with the dossier's key, outside with that of the day on which their use
ends. The store keeps one seed; moving it on by a day destroys the keys of all days before.
"""

from __future__ import annotations

import hmac
from datetime import date, timedelta
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

FARTHEST = timedelta(days=400)
"""Whatever is reported, nothing is kept longer; no licence runs longer (`use_hours`, at most 366 days)."""


class TermKeys(Struct, frozen=True, gc=False):
    """The keys of `day` and of all days after it."""

    day: date
    seed: bytes

    def cipher(self, last: date) -> AESGCM | None:
        """For what ends on that day; None when its key is destroyed."""
        return _cipher(self.on(last).seed) if last >= self.day else None

    def on(self, day: date) -> TermKeys:
        """The keys from a later day on: there is no way back."""
        if day <= self.day:
            return self
        return TermKeys(day, _moved(self.seed, (day - self.day).days))


@lru_cache(maxsize=1024)
def _moved(seed: bytes, days: int) -> bytes:
    for _ in range(days):
        seed = hmac.digest(seed, b"next day", "sha256")
    return seed


@lru_cache(maxsize=1024)
def _cipher(seed: bytes) -> AESGCM:
    return AESGCM(hmac.digest(seed, b"key of the day", "sha256"))
