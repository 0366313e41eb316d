"""The sum of cash on delivery in a note of the operator, written by hand or by many programs (pure).

A note names a sum only when all of it is known: fields `COD:<sum>` and `BBGN:<number>`, words of a closed
list, and the signs between them. Whatever else stands there may change the sum, or be another one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PLAIN: Final = r"0|[1-9][0-9]{0,9}"
_GROUPED: Final = r"[1-9][0-9]{0,2}(?P<by>[.,'])[0-9]{3}(?:(?P=by)[0-9]{3})*"
# Four groups may be two sums beside each other; what stands behind a blank may belong to the sum or not.
_BLANKS: Final = r"[1-9][0-9]{0,2}(?P<blank>[ \u00a0\u202f])[0-9]{3}(?:(?P=blank)[0-9]{3})?"
_CURRENCY: Final = r"\s?(?:đồng|dong|VNĐ|VND|đ|d)(?!\w)"
_SUM: Final = rf"(?P<blanks>{_BLANKS})(?={_CURRENCY}|\s*(?:[;)\]]|\Z))|(?P<sum>{_GROUPED}|{_PLAIN})(?![0-9])"
_ITEM: Final = re.compile(
    rf"COD\s*:\s*(?:{_SUM})(?:{_CURRENCY})?"
    r"|BBGN\s*:\s*[\w./-]{1,60}(?![\w./-])"
    r"|(?:đã thu|đã nộp|đã giao|giao xong|thu hộ)(?!\w)",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"[\s.,;()\[\]]*")
_MAX_SUM: Final = 10_000_000_000


def cash_in(notes: str) -> int | None:
    """The sum in whole đồng behind `COD:`; None for no sum, for several, and for a note with two readings.

    Thousands may be parted by dots, commas, blanks or apostrophes, all the same (`1.250.000`), and the
    currency may follow.
    """
    text = unicodedata.normalize("NFC", notes)
    sums: set[int] = set()
    place = _end_of_signs(text, 0)
    while place < len(text):
        item = _ITEM.match(text, place)
        if item is None:
            return None
        if (written := item["blanks"] or item["sum"]) is not None:
            sums.add(int(re.sub(r"[^0-9]", "", written)))
        place = _end_of_signs(text, item.end())
        if place == item.end() and place < len(text):
            return None
    return sums.pop() if len(sums) == 1 and max(sums) <= _MAX_SUM else None


def _end_of_signs(text: str, place: int) -> int:
    signs = _BETWEEN.match(text, place)
    assert signs is not None
    return signs.end()
