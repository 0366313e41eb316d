"""Codes of dossiers, procedures and units: issued strictly by the profile, read tolerantly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hub.regulation.errors import CodeError
from hub.regulation.sections import DossierCodeFormat

DossierCodeShape = Literal["old", "new", "foreign"]

_OLD_UNIT = r"\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}"
_NEW_UNIT = r"[A-Z]\d{2}(?:\.\d{2,3}){0,6}"
# Shapes seen in use: Thông tư 01/2018 order, QĐ 20/2020 order, ministry portals (long date or serial).
_DOSSIER_SHAPES: tuple[tuple[DossierCodeShape, re.Pattern[str]], ...] = (
    ("old", re.compile(rf"({_OLD_UNIT})-(\d{{6}})-(\d{{4,5}})", re.ASCII)),
    ("new", re.compile(rf"({_NEW_UNIT})-(\d{{6}})-(\d{{4,5}})", re.ASCII)),
    ("foreign", re.compile(r"([A-Z]\d{2}(?:\.\d+)*)-(\d{6,8})-(\d{4,7})", re.ASCII)),
)
_PROCEDURE = re.compile(r"(\d\.\d{6})(?:\.((?:\d{3}\.\d{2}\.\d{2}\.)?[A-Z]\d{2}))?", re.ASCII)
_UNIT = re.compile(rf"(?P<old>{_OLD_UNIT})|(?P<new>{_NEW_UNIT})", re.ASCII)
_LONGEST_CODE = 60


@dataclass(frozen=True, slots=True)
class DossierCode:
    """Mã số hồ sơ as read; `accepted_on` is None when its date part is no calendar date."""

    text: str
    unit: str
    accepted_on: date | None
    serial: int
    shape: DossierCodeShape


@dataclass(frozen=True, slots=True)
class ProcedureCode:
    """Mã thủ tục hành chính: the national number and, in a province's publication, its tail."""

    national: str
    tail: str | None


@dataclass(frozen=True, slots=True)
class UnitCode:
    """Code of an agency or unit (QCVN 102, QĐ 20/2020/QĐ-TTg) with the code of its province or ministry."""

    text: str
    authority: str
    order: Literal["old", "new"]


def make_dossier_code(code_format: DossierCodeFormat, unit: str, accepted_on: date, serial: int) -> str:
    """Issue the code of a dossier accepted on this day of Viet Nam; `serial` counts the unit's day from 1.

    Raises CodeError for a unit outside the profile's pattern and for a serial outside its space
    (Thông tư 01/2018 Điều 19).
    """
    if not re.fullmatch(code_format.unit_pattern, unit, re.ASCII):
        raise CodeError("the unit code does not belong to this profile")
    if not 1 <= serial <= code_format.max_serial:
        raise CodeError(f"serial {serial} is outside 1..{code_format.max_serial}")
    return f"{unit}-{accepted_on:%y%m%d}-{serial:04d}"


def parse_dossier_code(text: str) -> DossierCode | None:
    """Read a dossier code of any known shape; None when it has none of them."""
    if len(text) > _LONGEST_CODE:
        return None
    for shape, pattern in _DOSSIER_SHAPES:
        if match := pattern.fullmatch(text):
            unit, day, serial = match.groups()
            return DossierCode(text, unit, _day(day), int(serial), shape)
    return None


def parse_procedure_code(text: str) -> ProcedureCode | None:
    """Read `2.001474`, `1.012783.H19` or `2.000815.000.00.00.H55`; None when it is none of them."""
    match = _PROCEDURE.fullmatch(text) if len(text) <= _LONGEST_CODE else None
    return ProcedureCode(match[1], match[2]) if match else None


def parse_unit_code(text: str) -> UnitCode | None:
    """Read `000.12.34.H07` or `H07.34.12`; None when it is neither."""
    match = _UNIT.fullmatch(text) if len(text) <= _LONGEST_CODE else None
    if match is None:
        return None
    return UnitCode(text, text[-3:], "old") if match["old"] else UnitCode(text, text[:3], "new")


def _day(digits: str) -> date | None:
    text = {6: f"20{digits}", 8: digits}.get(len(digits), "")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
