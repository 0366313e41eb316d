"""A dossier lodged on the portal, into the hub's request. ASSUMED as a whole: no public source has this call.

The envelope is that of `nhanhsdvcqg`, the names are those of DongBoHoSoMC (contract 5); pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field, ValidationError

from adapters.national_portal.names import derived_id, is_ours_by_shape, names_person
from adapters.national_portal.settings import PortalSettings
from hub.delivery import foreign_text
from hub.delivery.adapter import Report
from schemas.dossier import Component, SubmitDossier
from schemas.party import Party

SERVICE: Final = "NopHoSo"
_KINDS: Final = {"1": "citizen", "2": "enterprise", "3": "state_body", "4": "organisation"}
_RETURNS: Final = {"0": "in_person", "1": "post", "2": "online"}
_IDENTITIES: Final = {"1": "identity_number", "2": "old_identity_number"}


class LodgingError(ValueError):
    """The body is no dossier that can be passed on; `field` is the first field at fault, never its value."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _items(value: object) -> object:
    """A list; null is an empty one, and one item may stand without its list."""
    return () if value is None else (value,) if isinstance(value, dict) else value


_Code = Annotated[str, BeforeValidator(foreign_text.code)]
_Line = Annotated[str, BeforeValidator(foreign_text.line)]
_Digits = Annotated[str, BeforeValidator(foreign_text.digits)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Identity(_Body):
    LoaiDinhDanh: _Code = ""
    SoDinhDanh: _Digits = ""


class _Paper(_Body):
    MaThanhPhanHoSo: _Line


class _Dossier(_Body):
    MaHoSo: Annotated[_Code, Field(pattern=r"^[\x21-\x7b\x7d\x7e]{1,50}$")]
    MaTTHC: _Code
    DonViTiepNhan: _Code = ""
    DonViXuLy: _Code
    LoaiDoiTuong: _Code = ""
    ChuHoSo: _Line
    DinhDanhCHS: Annotated[tuple[_Identity, ...], FailFast(), BeforeValidator(_items)] = ()
    MaSoThue: _Digits = ""
    Email: _Code = ""
    SoDienThoai: Annotated[str, BeforeValidator(foreign_text.phone)] = ""
    DiaChi: _Line = ""
    HinhThucTra: _Code = ""
    TrichYeuHoSo: Annotated[str, BeforeValidator(foreign_text.text)] = ""
    TaiLieuNop: Annotated[tuple[_Paper, ...], FailFast(), BeforeValidator(_items)] = ()


@dataclass(frozen=True, slots=True)
class Lodging:
    """The request, the portal's code, and what was lodged as it was read: it tells a repeat from another."""

    report: Report
    code: str
    content: bytes


def read_lodging(data: object, settings: PortalSettings, now: datetime) -> Lodging:
    """Read the `data` of NopHoSo, alone or as the only one of a list; raises LodgingError."""
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    try:
        read = _Dossier.model_validate(data)
        if names_person(read.MaHoSo) or is_ours_by_shape(read.MaHoSo, settings.portal_units):
            raise LodgingError("MaHoSo")
        request = _request(read, settings)
    except ValidationError as error:
        place = error.errors(include_input=False, include_url=False)[0]["loc"]
        name = "/".join(str(part) for part in place)
        raise LodgingError(_FIELDS.get(name, name) or "data") from None
    body = request.model_dump_json(exclude_none=True).encode()
    subject = f"ref:{read.MaHoSo}"
    report = Report(request_id(read.MaHoSo), SubmitDossier.type, subject, now.astimezone(UTC), body)
    return Lodging(report, read.MaHoSo, read.model_dump_json().encode())


def is_update(body: Mapping[str, Any]) -> bool:
    """Whether the call says that it amends a dossier (`isUpdating`); raises ForeignTextError."""
    value = body.get("isUpdating")
    is_set = str(value) if isinstance(value, bool) else foreign_text.code(value)
    return is_set.lower() not in {"", "false", "0"}


def request_id(code: str) -> str:
    """The id of the request of a lodged dossier: one per code of the portal."""
    return derived_id("dvcqg-hs", code)


_FIELDS: Final = {
    "procedure": "MaTTHC",
    "organisation": "DonViTiepNhan",
    "agency": "DonViXuLy",
    "summary": "TrichYeuHoSo",
    "components": "TaiLieuNop",
    "code": "TaiLieuNop",
    "name": "ChuHoSo",
    "identity_number": "DinhDanhCHS",
    "old_identity_number": "DinhDanhCHS",
    "tax_code": "MaSoThue",
    "phone": "SoDienThoai",
    "email": "Email",
    "address": "DiaChi",
}
"""The portal's names of the fields of a request."""


def _request(read: _Dossier, settings: PortalSettings) -> SubmitDossier:
    """The hub's request; `one_stop` takes dossiers that name none."""
    hub_codes = {there: here for here, there in settings.procedure_codes.items()}
    papers = dict.fromkeys(paper.MaThanhPhanHoSo for paper in read.TaiLieuNop)
    return SubmitDossier.model_validate(
        {
            "procedure": hub_codes.get(read.MaTTHC, read.MaTTHC),
            "organisation": read.DonViTiepNhan or settings.one_stop,
            "agency": read.DonViXuLy,
            "channel": "online",
            "return_channel": _known(_RETURNS, read.HinhThucTra or "2", "HinhThucTra"),
            "applicant": _applicant(read),
            "components": tuple(Component(code=paper, originals=1, electronic=True) for paper in papers),
            "summary": read.TrichYeuHoSo or None,
        }
    )


def _applicant(read: _Dossier) -> Party:
    """The applicant; which of two kinds or numbers is meant is never guessed."""
    if not read.LoaiDoiTuong and read.MaSoThue:
        raise LodgingError("LoaiDoiTuong")
    kind = _known(_KINDS, read.LoaiDoiTuong or "1", "LoaiDoiTuong")
    numbers = _identities(read)
    if kind == "citizen" and not numbers:
        raise LodgingError("DinhDanhCHS")
    if kind == "enterprise" and not read.MaSoThue:
        raise LodgingError("MaSoThue")
    return Party.model_validate(
        {
            "kind": kind,
            "name": read.ChuHoSo,
            **numbers,
            "tax_code": read.MaSoThue or None,
            "phone": read.SoDienThoai or None,
            "email": read.Email or None,
            "address": read.DiaChi or None,
        }
    )


def _identities(read: _Dossier) -> dict[str, str]:
    numbers: dict[str, str] = {}
    for item in read.DinhDanhCHS:
        if not item.SoDinhDanh:
            continue
        if not item.LoaiDinhDanh:
            raise LodgingError("DinhDanhCHS")
        kind = _IDENTITIES.get(item.LoaiDinhDanh)
        if kind is not None and numbers.setdefault(kind, item.SoDinhDanh) != item.SoDinhDanh:
            raise LodgingError("DinhDanhCHS")
    return numbers


def _known(codes: Mapping[str, str], code: str, field: str) -> str:
    if code not in codes:
        raise LodgingError(field)
    return codes[code]
