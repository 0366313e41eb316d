"""The names of a person's data on both sides, and looked-up values as the hub takes them (pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from adapters.population_db.settings import LookupField
from schemas.person_data import PersonField, Relation

WIRE_FIELDS: Final[Mapping[PersonField, LookupField]] = {
    "sex": "GioiTinh",
    "ethnicity": "DanToc",
    "religion": "TonGiao",
    "marital_status": "TinhTrangHonNhan",
    "blood_group": "NhomMau",
    "nationality": "QuocTich",
    "residence_province": "ThuongTru.MaTinhThanh",
    "residence_ward": "ThuongTru.MaPhuongXa",
    "residence_detail": "ThuongTru.ChiTiet",
    "current_province": "NoiOHienTai.MaTinhThanh",
    "current_ward": "NoiOHienTai.MaPhuongXa",
    "current_detail": "NoiOHienTai.ChiTiet",
    "head_of_household": "ChuHo",
    "father": "Cha",
    "mother": "Me",
    "spouse": "VoChong",
    "representative": "NguoiDaiDien",
}
RELATIONS: Final[Mapping[LookupField, Relation]] = {
    WIRE_FIELDS[relation]: relation for relation in get_args(Relation)
}
"""The fields that are persons."""

_PLAIN: Final[Mapping[LookupField, PersonField]] = {
    wire: name for name, wire in WIRE_FIELDS.items() if wire not in RELATIONS
}
_MAX_VALUE: Final = 300
_MAX_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Kin:
    """A member of the family or household as the answer names it; lives in memory only."""

    field: LookupField
    name: str
    identity_number: str
    old_identity_number: str
    to_head: str


def data_of(fields: Mapping[LookupField, str]) -> list[dict[str, str]]:
    """The values as `PersonDatum`, in a stable order."""
    found = ((_PLAIN[wire], _clean(value)[:_MAX_VALUE]) for wire, value in sorted(fields.items()))
    return [{"field": name, "value": value} for name, value in found if value]


def relatives_of(kin: Iterable[Kin]) -> list[dict[str, Any]]:
    """The persons as `Relative`; without a name nobody is told, a number of another form is left out."""
    told = []
    for person in kin:
        name = _clean(person.name)[:_MAX_NAME]
        numbers = {
            "identity_number": _digits(person.identity_number, 12),
            "old_identity_number": _digits(person.old_identity_number, 9),
            "to_head": _clean(person.to_head)[:20] or None,
        }
        known = {key: value for key, value in numbers.items() if value is not None}
        if name:
            told.append({"relation": RELATIONS[person.field], "name": name, **known})
    return told


def _clean(text: str) -> str:
    return "".join(filter(str.isprintable, unicodedata.normalize("NFC", text))).strip()


def _digits(text: str, length: int) -> str | None:
    return text if re.fullmatch(rf"[0-9]{{{length}}}", text) else None
