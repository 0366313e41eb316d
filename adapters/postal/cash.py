"""The sum of cash on delivery in a note of the operator, written by hand or by many programs (pure)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_MARK: Final = re.compile(r"\bCOD\s*:\s*", re.IGNORECASE)
_GROUPED: Final = re.compile(r"([0-9]{1,3})(?:([., \u00a0\u202f'])[0-9]{3})(?:\2[0-9]{3})*")
_PLAIN: Final = re.compile(r"[0-9]{1,10}")
_CURRENCY: Final = re.compile(r"\s?(?:đồng|dong|VNĐ|VND|đ|d)(?![^\W_])", re.IGNORECASE)
_END: Final = re.compile(r"\s*(?:$|[;)\]|\n]|[,.](?:\s|$)|\s[^\W\d_])")
_MULTIPLE: Final = re.compile(r"\s*(?:k|ngh[iì]n|ng[aà]n|tr|tri[eệ]u|t[yỷ])(?![^\W_])", re.IGNORECASE)
_GROUP: Final = 3
_MAX_SUM: Final = 10_000_000_000


def cash_in(notes: str) -> int | None:
    """The sum in whole đồng behind `COD:`; None for no sum, for several, and for one with two readings.

    Thousands may be parted by dots, commas, blanks or apostrophes, all the same (`1.250.000`), and the
    currency may follow. A fraction, a word for thousands, a group of other than three digits: nobody guesses
    what was meant.
    """
    marks = list(_MARK.finditer(unicodedata.normalize("NFC", notes)))
    sums = {_sum_at(unicodedata.normalize("NFC", notes)[mark.end() :]) for mark in marks}
    return sums.pop() if len(sums) == 1 else None


def _sum_at(rest: str) -> int | None:
    for pattern in (_GROUPED, _PLAIN):
        found = pattern.match(rest)
        if found is None:
            continue
        behind = rest[found.end() :]
        currency = _CURRENCY.match(behind)
        if currency is not None:
            behind = behind[currency.end() :]
        is_parted_by_blanks = pattern is _GROUPED and not {" ", "\u00a0", "\u202f"}.isdisjoint(found[0])
        is_long = pattern is _PLAIN and len(found[0]) > _GROUP and behind[:1].isspace()
        is_whole = is_long or _END.match(behind) is not None
        is_clear = currency is not None or not is_parted_by_blanks or not behind.strip()
        if is_whole and is_clear and not _MULTIPLE.match(behind):
            value = int(re.sub(r"[^0-9]", "", found[0]))
            return value if value <= _MAX_SUM else None
    return None
