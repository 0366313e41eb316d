"""Validated field types of the wire, and the one mark of personal data."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from stdnum.vn import mst

from schemas.formats import NFC, TAX_CODE, Shows
from schemas.rfc3339 import read_rfc3339


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as personal data: whatever seals, masks or drops personal data reads this mark."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Show the mark in the published JSON Schema."""
        return {**handler(core_schema), "x-personal": True}


def _clean(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value
    if not unicodedata.is_normalized("NFC", value):
        raise PydanticCustomError("characters", "text must be in Unicode form NFC")
    if not value.isprintable() and _FORBIDDEN.search(value):
        raise PydanticCustomError("characters", "text must not hold NUL or other control characters")
    return value


def _day_as_text(value: object) -> object:
    if isinstance(value, str):
        if not _DAY.fullmatch(value):
            raise PydanticCustomError("date", "a date must be written as in RFC 3339")
    elif not isinstance(value, date):
        raise PydanticCustomError("type", "a date is text")
    return value


def _instant_as_text(value: object) -> object:
    if isinstance(value, str):
        try:
            return read_rfc3339(value)
        except ValueError:
            raise PydanticCustomError("date", "a time must be written as in RFC 3339") from None
    if not isinstance(value, datetime):
        raise PydanticCustomError("type", "a time is text")
    return value


def _tax_code(value: str) -> str:
    if len(value) == _PERSONAL_DIGITS:
        return value
    if not mst.is_valid(value):
        raise PydanticCustomError("check_digit", "tax code has a wrong check digit")
    return value if "-" in value or len(value) == _ENTERPRISE_DIGITS else f"{value[:10]}-{value[10:]}"


_CLEAN_TEXT = Shows(
    (("format", NFC), ("pattern", r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]*$"))
)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""What neither PostgreSQL nor XML 1.0 can hold."""

_BLANK = r"\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space by name: what `\\s` means differs between JavaScript, Python and Rust."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST_DAY = date(1900, 1, 1)
_FIRST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
_LAST_INSTANT = datetime(2200, 1, 1, tzinfo=UTC)


def in_words(*codes: str) -> Shows:
    """Publishes that blanks are no answer; the rule of one of these codes looks at it, not the type."""
    return Shows((("pattern", f"[^{_BLANK}]"), ("$comment", ", ".join(codes))))


IDENTITY_SHAPE = re.compile(r"(?<!\d)(?:\d{12}|\d{9})(?!\d)")
"""9 or 12 digits in a row: the shape of an identity number, which no key, subject or reference may hold."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=250), AfterValidator(_clean), _CLEAN_TEXT]
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=4000), AfterValidator(_clean), _CLEAN_TEXT, Personal()
]
"""Free text: whoever writes it may name persons, so all of it counts as personal."""
FormNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
"""Of a form, in the set of the dossier's profile."""
Account = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(_clean), _CLEAN_TEXT, Personal()
]
"""An officer's account; some systems use the personal number for it."""
Reference = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
"""A participant's own word for a thing: printable ASCII without spaces."""

PersonName = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(_clean), _CLEAN_TEXT, Personal()
]
IdentityNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$"), Personal()]
"""Personal identification number: 12 digits, no check digit, no structure to rely on (Luật 26/2023)."""
OldIdentityNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$"), Personal()]
"""CMND: 9 digits."""
PaperNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9.-]{4,40}$"), Personal()]
"""The number of a person or the code of an organisation as an identity paper shows it."""
TravelDocument = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4,12}$"), Personal()]
# strict=False: pydantic reads text in strict mode only where no function stands before it.
Day = Annotated[date, Field(strict=False), BeforeValidator(_day_as_text)]
BirthDate = Annotated[
    date,
    Field(ge=_FIRST_DAY, strict=False),
    BeforeValidator(_day_as_text),
    Shows((("formatMinimum", _FIRST_DAY.isoformat()),)),
    Personal(),
]
BirthYear = Annotated[int, Field(ge=1900, le=2100), Personal()]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{8,14}$"), Personal()]
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=rf"^[^@{_BLANK}]+@[^@{_BLANK}]+\.[^@{_BLANK}]+$"),
    AfterValidator(_clean),
    _CLEAN_TEXT,
    Personal(),
]
Mailbox = Annotated[
    str,
    StringConstraints(max_length=254, pattern=rf"^[^@{_BLANK}]+@[^@{_BLANK}]+\.[^@{_BLANK}]+$"),
    AfterValidator(_clean),
    _CLEAN_TEXT,
]
"""Hộp thư công vụ: the published mailbox of an office, and so nobody's own (Art. 13.4)."""
AddressLine = Annotated[
    str, StringConstraints(min_length=1, max_length=300), AfterValidator(_clean), _CLEAN_TEXT, Personal()
]
_ENTERPRISE_DIGITS, _PERSONAL_DIGITS = 10, 12
TaxCode = Annotated[
    str,
    StringConstraints(pattern=r"^([0-9]{10}(-?[0-9]{3})?|[0-9]{12})$"),
    AfterValidator(_tax_code),
    Shows((("format", TAX_CODE),)),
    Personal(),
]
"""Mã số thuế (Thông tư 86/2024): 10 digits with a check digit; 13 with the branch, with a dash or without; or
the personal number of a household that trades, 12 digits, since 1 July 2025: so it counts as personal."""

OrganisationCode = Annotated[
    str,
    StringConstraints(
        max_length=40,
        pattern=r"^([0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}|[A-Z][0-9]{2}(\.[0-9]{2,3}){0,6})$",
    ),
]
"""Unit code by QCVN 102 (`000.12.34.H07`) or in the newer reversed order (`H07.34.12`)."""
Holder = Annotated[
    str,
    StringConstraints(
        max_length=40,
        pattern=r"^(post|applicant|[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}|[A-Z][0-9]{2}(\.[0-9]{2,3}){0,6})$",
    ),
]
"""Who holds a paper, without a name: an organisation's code, `post` or `applicant`."""
DossierCode = Annotated[
    str,
    StringConstraints(
        max_length=60,
        pattern=r"^([0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}|[A-Z][0-9]{2}(\.[0-9]+)*)-[0-9]{6,8}-[0-9]{4,7}$",
    ),
]
"""Mã số hồ sơ (Thông tư 01/2018 Art. 19), read tolerantly: old, reversed and ministry shapes."""
ProcedureCode = Annotated[
    str,
    StringConstraints(
        max_length=40, pattern=r"^[0-9]\.[0-9]{6}(\.[0-9]{3}\.[0-9]{2}\.[0-9]{2})?(\.H[0-9]{2})?$"
    ),
]
"""National procedure code, with or without the tail of a province."""
ComponentCode = Annotated[
    str, StringConstraints(min_length=1, max_length=60), AfterValidator(_clean), _CLEAN_TEXT
]
"""Mã thành phần hồ sơ as published: `000.00.00.G15-KQ003204`, but also `Mẫu số 01_73/2026/QĐ-UBND`."""
VnpostProvince = Annotated[int, Field(ge=1, le=99)]
"""VNPost's own province code; neither GSO's nor that of identity numbers. The postal adapter has the list."""
VnpostDistrict = Annotated[int, Field(ge=0, le=9999)]
MOST_DONG: Final = 10_000_000_000
Amount = Annotated[int, Field(ge=0, le=MOST_DONG)]
"""Vietnamese đồng, whole."""
Instant = Annotated[
    AwareDatetime,
    Field(ge=_FIRST_INSTANT, lt=_LAST_INSTANT, strict=False),
    BeforeValidator(_instant_as_text),
    Shows((("formatMinimum", "2000-01-01T00:00:00Z"), ("formatExclusiveMaximum", "2200-01-01T00:00:00Z"))),
]
"""A point in time with its zone; bounded, so that no zone can carry it out of the calendar."""
Channel = Literal["in_person", "post", "online", "email"]
"""How a dossier was lodged (Art. 13)."""
ReturnChannel = Literal["in_person", "post", "online", "email"]
NoticeChannel = Literal["email", "sms", "call", "social"]
"""How an applicant is told (Art. 15.2.a, 17.9, 18.4)."""
