"""Validated field types of the wire, and the one mark of personal data."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints
from stdnum.vn import mst


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as personal data: whatever seals, masks or drops personal data reads this mark."""


def _nfc(value: str) -> str:
    if not unicodedata.is_normalized("NFC", value):
        raise ValueError("text must be in Unicode form NFC")
    if "\x00" in value:
        raise ValueError("text must not hold NUL")
    return value


def _tax_code(value: str) -> str:
    digits = value[:10]
    weighted = sum(int(digit) * weight for digit, weight in zip(digits, _TAX_WEIGHTS, strict=False))
    if weighted % 11 == 0 or not mst.is_valid(value):
        raise ValueError("tax code has a wrong check digit")
    return value


def _vnpost_province(value: int) -> int:
    if value not in VNPOST_PROVINCES:
        raise ValueError("no VNPost province code")
    return value


_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)

VNPOST_PROVINCES: frozenset[int] = frozenset(
    {10, *range(16, 19), 20, *range(22, 34), 35, 36, *range(38, 45), 46, 48, *range(51, 54)}
    | {*range(55, 61), *range(62, 68), 70, *range(79, 98)}
)
"""VNPost's own 63 province codes before the merger of 2025; neither GSO nor identity-number codes."""

IDENTITY_SHAPE = re.compile(r"(?<!\d)(?:\d{12}|\d{9})(?!\d)")
"""9 or 12 digits in a row: the shape of an identity number, which no key, subject or reference may hold."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=250), AfterValidator(_nfc)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(_nfc)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
"""A participant's own word for a thing: printable ASCII without spaces."""

PersonName = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_nfc), Personal()]
IdentityNumber = Annotated[str, StringConstraints(pattern=r"^\d{12}$"), Personal()]
"""Personal identification number: 12 digits, no check digit, no structure to rely on (Luật 26/2023)."""
OldIdentityNumber = Annotated[str, StringConstraints(pattern=r"^\d{9}$"), Personal()]
"""CMND: 9 digits."""
TravelDocument = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4,12}$"), Personal()]
BirthDate = Annotated[date, Personal()]
BirthYear = Annotated[int, Field(ge=1900, le=2100), Personal()]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?\d{8,14}$"), Personal()]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"), Personal()]
AddressLine = Annotated[
    str, StringConstraints(min_length=1, max_length=300), AfterValidator(_nfc), Personal()
]
TaxCode = Annotated[str, StringConstraints(pattern=r"^\d{10}(-\d{3})?$"), AfterValidator(_tax_code)]
"""Mã số thuế: 10 digits with a check digit, or 13 with the branch (Thông tư 105/2020)."""

OrganisationCode = Annotated[
    str,
    StringConstraints(
        max_length=40, pattern=r"^(\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(\.\d{2,3}){0,6})$"
    ),
]
"""Unit code by QCVN 102 (`000.12.34.H07`) or in the newer reversed order (`H07.34.12`)."""
DossierCode = Annotated[
    str,
    StringConstraints(
        max_length=60,
        pattern=r"^(\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(\.\d+)*)-\d{6,8}-\d{4,7}$",
    ),
]
"""Mã số hồ sơ (Thông tư 01/2018 Art. 19), read tolerantly: old, reversed and ministry shapes."""
ProcedureCode = Annotated[
    str,
    StringConstraints(max_length=40, pattern=r"^\d\.\d{6}(\.\d{3}\.\d{2}\.\d{2})?(\.H\d{2})?$"),
]
"""National procedure code, with or without the tail of a province."""
ComponentCode = Annotated[str, StringConstraints(max_length=40, pattern=r"^[A-Z0-9][A-Z0-9.\-]+$")]
VnpostProvince = Annotated[int, AfterValidator(_vnpost_province)]
VnpostDistrict = Annotated[int, Field(ge=0, le=9999)]
Amount = Annotated[int, Field(ge=0, le=10_000_000_000)]
"""Vietnamese đồng, whole."""
Instant = AwareDatetime
Channel = Literal["in_person", "post", "online", "email"]
"""How a dossier was lodged (Art. 13)."""
ReturnChannel = Literal["in_person", "post", "online", "email"]
