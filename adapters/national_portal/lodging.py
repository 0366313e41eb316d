"""A dossier lodged on the portal, into the hub's request. ASSUMED as a whole: no public source has this call.

The envelope is that of `nhanhsdvcqg`, the names are those of DongBoHoSoMC (contract 5); pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.delivery.adapter import Report
from schemas.dossier import Component, SubmitDossier
from schemas.party import Party
from schemas.types import IDENTITY_SHAPE

SERVICE: Final = "NopHoSo"
_KINDS: Final = {"1": "citizen", "2": "enterprise", "3": "state_body", "4": "organisation"}
_RETURNS: Final = {"0": "in_person", "1": "post", "2": "online"}
_IDENTITIES: Final = {"1": "identity_number", "2": "old_identity_number"}


class LodgingError(ValueError):
    """The body is no dossier that can be passed on; `field` is the first field at fault, never its value."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Identity(_Body):
    LoaiDinhDanh: str
    SoDinhDanh: str


class _Paper(_Body):
    MaThanhPhanHoSo: str


class _Dossier(_Body):
    MaHoSo: str = Field(pattern=r"^[\x21-\x7e]{1,50}$")
    MaTTHC: str
    DonViTiepNhan: str = ""
    DonViXuLy: str
    LoaiDoiTuong: str = "1"
    ChuHoSo: str
    DinhDanhCHS: tuple[_Identity, ...] = ()
    MaSoThue: str = ""
    Email: str = ""
    SoDienThoai: str = ""
    DiaChi: str = ""
    HinhThucTra: str = "2"
    TrichYeuHoSo: str = ""
    TaiLieuNop: tuple[_Paper, ...] = ()


@dataclass(frozen=True, slots=True)
class Lodging:
    """The request, the portal's code, and the digest that tells a repeat from another dossier."""

    report: Report
    code: str
    digest: bytes


def read_lodging(data: object, one_stop: str | None, procedures: Mapping[str, str], now: datetime) -> Lodging:
    """Read the `data` of NopHoSo; raises LodgingError.

    `one_stop` takes dossiers that name none; `procedures` are the hub's codes by MaTTHC where they differ.
    """
    try:
        read = _Dossier.model_validate(data)
        if IDENTITY_SHAPE.search(read.MaHoSo):
            raise LodgingError("MaHoSo")
        request = _request(read, one_stop, procedures)
    except ValidationError as error:
        place = error.errors(include_input=False, include_url=False)[0]["loc"]
        raise LodgingError("/".join(str(part) for part in place)) from None
    body = request.model_dump_json(exclude_none=True).encode()
    digest = hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).digest()
    report = Report(
        request_id(read.MaHoSo), SubmitDossier.type, f"ref:{read.MaHoSo}", now.astimezone(UTC), body
    )
    return Lodging(report, read.MaHoSo, digest)


def request_id(code: str) -> str:
    """The id of the request of a lodged dossier: one per code of the portal."""
    letters = (
        hashlib.sha256(code.encode()).hexdigest()[:40].translate(str.maketrans("0123456789", "ghijklmnop"))
    )
    return f"dvcqg-hs-{letters}"


def _request(read: _Dossier, one_stop: str | None, procedures: Mapping[str, str]) -> SubmitDossier:
    codes = dict.fromkeys(paper.MaThanhPhanHoSo for paper in read.TaiLieuNop)
    return SubmitDossier.model_validate(
        {
            "procedure": procedures.get(read.MaTTHC, read.MaTTHC),
            "organisation": read.DonViTiepNhan or one_stop,
            "agency": read.DonViXuLy,
            "channel": "online",
            "return_channel": _RETURNS.get(read.HinhThucTra),
            "applicant": _applicant(read),
            "components": tuple(Component(code=code, originals=1, electronic=True) for code in codes),
            "summary": read.TrichYeuHoSo or None,
        }
    )


def _applicant(read: _Dossier) -> Party:
    numbers: dict[str, Any] = {
        _IDENTITIES[item.LoaiDinhDanh]: item.SoDinhDanh
        for item in read.DinhDanhCHS
        if item.LoaiDinhDanh in _IDENTITIES
    }
    return Party.model_validate(
        {
            "kind": _KINDS.get(read.LoaiDoiTuong),
            "name": read.ChuHoSo,
            **numbers,
            "tax_code": read.MaSoThue or None,
            "phone": read.SoDienThoai or None,
            "email": read.Email or None,
            "address": read.DiaChi or None,
        }
    )
