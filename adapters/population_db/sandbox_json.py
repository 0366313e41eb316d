"""The sandbox's side of dialect N3: known requests; answers are ASSUMED to be the SOAP trees as JSON."""

from __future__ import annotations

import json
from typing import Any, Final

from adapters.population_db.sandbox_people import SyntheticPerson
from adapters.population_db.sandbox_soap import AskedFor, BadRequestError

_FIELDS: Final = frozenset(
    {"maYeuCau", "maDVC", "maCanBo", "soDinhDanh", "soCMND", "hoVaTen", "ngayThangNam", "userNameService"}
)
_LONGEST: Final = {"maYeuCau": 40, "maDVC": 20, "maCanBo": 20, "hoVaTen": 100}


def parse_request(data: bytes, operation: str, user_name_service: str, date_format: str) -> AskedFor:
    """Read one request; BadRequestError for an unknown field or a wrong form."""
    body = _object(data)
    if set(body) != _FIELDS or not all(isinstance(value, str) for value in body.values()):
        raise BadRequestError("a field is missing, unknown or no text")
    if body["userNameService"] != user_name_service:
        raise BadRequestError("userNameService is not known")
    for name, length in _LONGEST.items():
        if not 1 <= len(body[name]) <= length:
            raise BadRequestError(f"{name} is empty or longer than {length}")
    for name, length in (("soDinhDanh", 12), ("soCMND", 9)):
        value = body[name]
        if value and not (len(value) == length and value.isascii() and value.isdigit()):
            raise BadRequestError(f"{name} is not {length} digits")
    if not (body["soDinhDanh"] or body["soCMND"]):
        raise BadRequestError("soDinhDanh or soCMND is needed")
    return AskedFor(
        operation=operation,
        request_id=body["maYeuCau"],
        procedure=body["maDVC"],
        officer=body["maCanBo"],
        unit="",
        number=body["soDinhDanh"],
        old_number=body["soCMND"],
        name=body["hoVaTen"],
        birth=_birth(body["ngayThangNam"], date_format),
    )


def peek_request_id(data: bytes) -> str:
    """Return maYeuCau of whatever came, or an empty text: faults are scripted for it."""
    try:
        return str(_object(data).get("maYeuCau", ""))
    except BadRequestError:
        return ""


def verified(is_match: bool) -> bytes:
    """Write the answer of a verification."""
    return _json({"KetQuaXacThucResponse": {"TonTai": "true" if is_match else "false"}})


def found(person: SyntheticPerson | None) -> bytes:
    """Write the answer of a lookup; nobody is a collection without CongDan."""
    if person is None:
        return _json({"CongdanCollection": {"SoCongDan": "0"}})
    born = {"Nam": person.birth[:4]}
    if len(person.birth) > 4:
        born["NgayThangNam"] = person.birth
    citizen = {
        "SoDinhDanh": person.identity_number,
        "SoCMND": person.old_identity_number,
        "HoVaTen": {"Ho": "", "ChuDem": "", "Ten": person.name.upper()},
        "GioiTinh": person.sex,
        "DanToc": person.ethnic,
        "TonGiao": person.religion,
        "NgayThangNamSinh": born,
        "ThuongTru": {"MaTinhThanh": person.province, "MaPhuongXa": person.ward},
        **{
            kin["element"]: {name: value for name, value in kin.items() if name != "element"}
            for kin in person.relatives
        },
    }
    return _json({"CongdanCollection": {"SoCongDan": "1", "CongDan": [citizen]}})


def fault(code: str, text: str) -> bytes:
    """Write a fault."""
    return _json({"Fault": {"faultcode": f"dan:{code}", "faultstring": text}})


def _object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise BadRequestError("no JSON") from None
    if not isinstance(body, dict):
        raise BadRequestError("no JSON object")
    return body


def _birth(value: str, date_format: str) -> str:
    if len(value) == 4 and value.isdigit():
        return value
    shape = "".join("N" if char.isdigit() else char for char in value)
    if shape != ("NNNNNNNN" if date_format == "yyyyMMdd" else "NNNN-NN-NN"):
        raise BadRequestError("ngayThangNam has another form")
    return value.replace("-", "")


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
