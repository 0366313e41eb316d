"""What Form 01 says of the page on which its dossier is looked up (15.3; pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from hub.facts.look_up_key import LookUpKey

PATH: Final = "/tra-cuu"
CODE, FACTOR = "ma", "kt"
"""Names of the fields, short for the sake of the QR code."""


@dataclass(frozen=True, slots=True)
class LookUpPage:
    """The address of the page as everybody reaches it, and the key of its check codes."""

    url: str
    key: LookUpKey

    def shown(self, code: str) -> dict[str, str]:
        """Address (its first page leads on), check code, and the link that the QR code leads to."""
        check = self.key.check_code(code)
        return {
            "address": self.url.partition("://")[2],
            "check": check,
            "link": f"{self.url}{PATH}?{urlencode({CODE: code, FACTOR: check})}",
        }
