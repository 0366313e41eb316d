"""Download links that the portal can open: limited in time, not to be guessed, of one content (pure)."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Final

PATH: Final = "/downloadfile"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_TOKEN: Final = re.compile(r"([0-9a-f]{1,12})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and checks links; `key` signs, `base` is how the portal reaches the door."""

    key: bytes
    base: str
    life_s: int

    def make(self, sha256: str, now: datetime) -> str:
        """The address of a content for `life_s` from now, rounded up to whole days.

        The rounding keeps the link of a file the same in the syncs of one day.
        """
        if not _DIGEST.fullmatch(sha256):
            raise ValueError("no SHA-256 in hex")
        ends = int(now.timestamp()) + self.life_s
        expiry = f"{ends + -ends % 86400:x}"
        content = urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()
        return f"{self.base.rstrip('/')}{PATH}/{expiry}.{content}.{self._mac(expiry, content)}"

    def check(self, token: str, now: datetime) -> str | None:
        """The SHA-256 that a token stands for; None when it is forged, cut, or has run out."""
        match = _TOKEN.fullmatch(token)
        expiry, content, mac = match.groups() if match else ("0", "", "")
        is_signed = hmac.compare_digest(self._mac(expiry, content), mac)
        if not is_signed or int(expiry, 16) <= now.timestamp():
            return None
        return urlsafe_b64decode(content + "=").hex()

    def _mac(self, expiry: str, content: str) -> str:
        text = f"onestop.portal.download.v1|{expiry}|{content}".encode()
        return urlsafe_b64encode(hmac.digest(self.key, text, hashlib.sha256)).rstrip(b"=").decode()
