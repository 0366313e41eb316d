"""How codes and times are written on paper (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.forms.errors import FormError
from hub.regulation.clock import VIETNAM

_TWO = tuple(f"{number:02}" for number in range(60))
"""Days, months, hours and minutes as they are written."""


def word(words: Mapping[str, str], code: str) -> str:
    """The word of a code; `FormError` when the form set has none."""
    try:
        return words[code]
    except KeyError:
        raise FormError(f"the form set has no word for {code}") from None


def local(moment: str) -> datetime:
    """RFC 3339 as time of Viet Nam."""
    return datetime.fromisoformat(moment).astimezone(VIETNAM)


def moment_in_words(moment: str) -> str:
    """`08 giờ 20 phút, ngày 05 tháng 01 năm 2026`."""
    at = local(moment)
    return f"{at:%H} giờ {at:%M} phút, {day_in_words(at)}"


def day_in_words(day: datetime) -> str:
    """Days and the months 1 and 2 have two digits (Decree 30/2020/NĐ-CP, Annex I)."""
    month = f"{day.month:02}" if day.month <= 2 else str(day.month)
    return f"ngày {day:%d} tháng {month} năm {day.year}"


def short_moment(moment: str) -> str:
    """`05/01/2026 08:20`."""
    at = local(moment)
    day, month, hour, minute = _TWO[at.day], _TWO[at.month], _TWO[at.hour], _TWO[at.minute]
    return f"{day}/{month}/{at.year:04} {hour}:{minute}"
