"""Words of a counterpart without the persons they speak of: reasons are stored and shown unsealed (pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_ELLIPSIS: Final = "…"
_LONG_NUMBER: Final = re.compile(r"\+?[0-9](?:[\s.\-()/]{0,3}[0-9]){7,}")
"""Numbers of persons and telephones, whatever stands between their digits."""
_D: Final = str.maketrans({"đ": "d", "ð": "d", "ɖ": "d"})
_BETWEEN: Final = r"[\W_]*"


def masked(message: str, personal: Iterable[str | None]) -> str:
    """The message with `…` for each of these texts and for long numbers; never empty.

    A text is found without its accents, in other case, and with other blanks and signs between its words;
    the digits of a number with any signs between them, and with +84 in place of the leading zero.
    """
    return _hidden(message, (*_patterns(personal), _LONG_NUMBER)).strip() or _ELLIPSIS


def without(message: str, personal: Iterable[str | None]) -> str:
    """The message in one line with `…` for each of these texts, found as above; other numbers stay."""
    return _hidden(message, _patterns(personal))


def _hidden(message: str, patterns: Iterable[re.Pattern[str]]) -> str:
    line = "".join(" " if sign.isspace() else sign for sign in message if _is_seen(sign))
    shown = unicodedata.normalize("NFC", line)
    folded = _folded(shown)
    found = [match.span() for pattern in patterns for match in pattern.finditer(folded)]
    for start, end in reversed(_joined(found)):
        shown = shown[:start] + _ELLIPSIS + shown[end:]
    return shown


def _is_seen(sign: str) -> bool:
    return sign.isprintable() or sign.isspace() or unicodedata.combining(sign) > 0


def _folded(text: str) -> str:
    """Base letters in lower case, sign for sign, so that places stay the same."""
    return "".join(unicodedata.normalize("NFD", sign)[0].lower()[:1].translate(_D) for sign in text)


def _patterns(personal: Iterable[str | None]) -> list[re.Pattern[str]]:
    patterns = []
    for text in personal:
        words = re.findall(r"[^\W_]+", _folded(unicodedata.normalize("NFC", text or "")))
        joined = "".join(words)
        if joined.isdecimal() and len(joined) > 1:
            head = r"(?:\+?84|0)" if joined[0] == "0" else re.escape(joined[0])
            patterns.append(re.compile(head + "".join(rf"{_BETWEEN}{digit}" for digit in joined[1:])))
        elif words:
            patterns.append(re.compile(rf"(?<![^\W_]){_BETWEEN.join(map(re.escape, words))}(?![^\W_])"))
    return patterns


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without overlaps, in order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
