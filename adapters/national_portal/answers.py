"""The portal's answers, read without trust: codes as number or text, results that may be missing (pure)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from hub.delivery import foreign_text
from hub.delivery.errors import ForeignTextError

_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
_EXISTS_CODES: Final = frozenset({"0", "3", "-3"})
_EXISTS_WORDS: Final = "đã tồn tại"
_SESSION_WORDS: Final = ("phiên", "session")
_EXPIRY_WORDS: Final = ("hết hạn", "không hợp lệ", "expired", "invalid")


@dataclass(frozen=True, slots=True)
class Answer:
    """`error_code` as text (`""` when it is missing), `message`, and `result` (None when it is missing)."""

    code: str
    message: str
    result: Any

    @property
    def is_ok(self) -> bool:
        """Done, unless the message says that it was there already."""
        return self.code == "0" and not self.says_exists

    @property
    def says_exists(self) -> bool:
        """«đã tồn tại» under 3, -3 or 0: the dossier is known to the portal (contract 1.6)."""
        return self.code in _EXISTS_CODES and _EXISTS_WORDS in self.message.lower()

    def says_session_is_dead(self, codes: frozenset[str]) -> bool:
        """A code that stands for it, or words that say so; assumed, the portal's table is not public."""
        text = self.message.lower()
        worded = any(word in text for word in _SESSION_WORDS) and any(word in text for word in _EXPIRY_WORDS)
        return self.code in codes or (self.code != "0" and worded)


def read_answer(document: dict[str, Any]) -> Answer:
    """Read an envelope; a missing or odd error_code becomes `""`."""
    message = document.get("message")
    return Answer(
        code_text(document.get("error_code")),
        unicodedata.normalize("NFC", message) if isinstance(message, str) else "",
        document.get("result"),
    )


def code_text(code: object) -> str:
    """The error code as text: the portal sends 0, "0" and "00" for the same."""
    try:
        text = foreign_text.code(code)
    except ForeignTextError:
        return ""
    return str(int(text)) if _NUMBER.fullmatch(text) else text
