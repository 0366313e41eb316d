"""Sums of money on paper: with points, and in Vietnamese words (pure)."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_GROUPS: Final = ("", "nghìn", "triệu", "tỷ")
_THOUSAND: Final = 1000


def with_points(amount: int) -> str:
    """`1.250.000`."""
    return f"{amount:,}".replace(",", ".")


def in_words(amount: int) -> str:
    """`Một triệu hai trăm năm mươi nghìn đồng`; up to a thousand thousand million."""
    groups, rest = [], amount
    while rest:
        groups.append(rest % _THOUSAND)
        rest //= _THOUSAND
    words: list[str] = []
    for place in range(len(groups) - 1, -1, -1):
        if groups[place]:
            words += [*_hundreds(groups[place], is_first=place == len(groups) - 1), _GROUPS[place]]
    text = " ".join(word for word in words if word) or _DIGITS[0]
    return f"{text[0].upper()}{text[1:]} đồng"


def _hundreds(number: int, *, is_first: bool) -> list[str]:
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    words = [] if is_first and not hundreds else [_DIGITS[hundreds], "trăm"]
    if not tens:
        return [*words, *(["linh"] if ones and words else []), *([_DIGITS[ones]] if ones else [])]
    words += ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if ones == 1 and tens > 1:
        return [*words, "mốt"]
    return [*words, *(["lăm"] if ones == 5 else [_DIGITS[ones]] if ones else [])]
