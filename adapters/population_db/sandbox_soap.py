"""The sandbox's side of the wire: reads strictly, writes answers, shares no code with the adapter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from adapters.population_db.sandbox_people import SyntheticPerson

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
CITIZENS: Final = "http://www.mic.gov.vn/dancu/1.0"
OPERATIONS: Final = ("XacThucThongTinCongDan", "TraCuuThongTinCongDan")
_ORDER: Final = (
    "MaYeuCau",
    "MaDVC",
    "MaTichHop",
    "MaCanBo",
    "MaDonVi",
    "TaiKhoan",
    "SoDienThoai",
    "SoDinhDanh",
    "SoCMND",
    "HoVaTen",
    "NgayThangNamSinh",
)
_REQUIRED: Final = frozenset({"MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "HoVaTen", "NgayThangNamSinh"})
_LONGEST: Final = {
    "MaYeuCau": 40,
    "MaDVC": 20,
    "MaTichHop": 20,
    "MaCanBo": 20,
    "MaDonVi": 35,
    "HoVaTen": 100,
}
_DIGITS: Final = {"SoDinhDanh": 12, "SoCMND": 9}


class BadRequestError(ValueError):
    """The request is not what the service takes; the message names the rule."""


@dataclass(frozen=True, slots=True)
class AskedFor:
    """One request as read; texts are empty when absent, `birth` is yyyyMMdd or yyyy."""

    operation: str
    request_id: str
    procedure: str
    officer: str
    unit: str
    number: str
    old_number: str
    name: str
    birth: str


def parse_request(data: bytes, namespace: str, date_format: str) -> AskedFor:
    """Read one request; BadRequestError for another order, an unknown element or a wrong form."""
    operation = _operation(data, namespace)
    texts = _leaves(operation, namespace)
    for name, length in _LONGEST.items():
        if len(texts.get(name, "")) > length:
            raise BadRequestError(f"{name} is longer than {length}")
    for name, length in _DIGITS.items():
        value = texts.get(name)
        if value is not None and not (len(value) == length and value.isascii() and value.isdigit()):
            raise BadRequestError(f"{name} is not {length} digits")
    if not (texts.get("SoDinhDanh") or texts.get("SoCMND")):
        raise BadRequestError("SoDinhDanh or SoCMND is needed")
    if not texts["MaTichHop"].isdigit():
        raise BadRequestError("MaTichHop is not digits")
    return AskedFor(
        operation=etree.QName(operation).localname,
        request_id=texts["MaYeuCau"],
        procedure=texts["MaDVC"],
        officer=texts["MaCanBo"],
        unit=texts.get("MaDonVi", ""),
        number=texts.get("SoDinhDanh", ""),
        old_number=texts.get("SoCMND", ""),
        name=texts["HoVaTen"],
        birth=_birth(operation[-1], namespace, date_format),
    )


def peek_request_id(data: bytes) -> str:
    """Return MaYeuCau of whatever came, or an empty text: faults are scripted for it."""
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError:
        return ""
    return next((str(element.text) for element in root.iter("{*}MaYeuCau") if element.text), "")


def verified(is_match: bool, namespace: str) -> bytes:
    """Write the answer of a verification, in the form of the sample of 2023."""
    text = "true" if is_match else "false"
    return _envelope(
        f'<ns2:KetQuaXacThucResponse xmlns:ns2="{namespace}"><ns2:TonTai>{text}</ns2:TonTai>'
        "</ns2:KetQuaXacThucResponse>"
    )


def found(person: SyntheticPerson | None) -> bytes:
    """Write the answer of a lookup; nobody is an empty collection."""
    if person is None:
        return _envelope(f'<ns1:CongdanCollection xmlns:ns1="{CITIZENS}" SoCongDan="0"/>')
    leaves = "".join(
        (
            _leaf("SoDinhDanh", person.identity_number),
            _leaf("SoCMND", person.old_identity_number),
            f"<ns1:HoVaTen><ns1:Ho/><ns1:ChuDem/>{_leaf('Ten', person.name.upper())}</ns1:HoVaTen>",
            _leaf("GioiTinh", person.sex),
            _leaf("DanToc", person.ethnic),
            _leaf("TonGiao", person.religion),
            f"<ns1:NgayThangNamSinh>{_born(person.birth)}</ns1:NgayThangNamSinh>",
            f"<ns1:ThuongTru>{_leaf('MaTinhThanh', person.province)}{_leaf('MaPhuongXa', person.ward)}",
            "</ns1:ThuongTru>",
            *(_relative(kin) for kin in person.relatives),
        )
    )
    return _envelope(
        f'<ns1:CongdanCollection xmlns:ns1="{CITIZENS}" SoCongDan="1"><ns1:CongDan>{leaves}</ns1:CongDan>'
        "</ns1:CongdanCollection>"
    )


def soap_fault(code: str, text: str, namespace: str) -> bytes:
    """Write a SOAP 1.1 fault; the codes are the sandbox's own, no source names the official ones."""
    return _envelope(
        f'<SOAP-ENV:Fault xmlns:dan="{namespace}"><faultcode>dan:{code}</faultcode>'
        f"<faultstring>{escape(text)}</faultstring></SOAP-ENV:Fault>"
    )


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _operation(data: bytes, namespace: str) -> etree._Element:
    if b"<!DOCTYPE" in data:
        raise BadRequestError("document type declaration")
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError:
        raise BadRequestError("no well-formed XML") from None
    bodies = root.findall(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or len(bodies) != 1 or len(bodies[0]) != 1:
        raise BadRequestError("no SOAP envelope with one operation")
    operation = bodies[0][0]
    if operation.tag not in {f"{{{namespace}}}{name}" for name in OPERATIONS}:
        raise BadRequestError("unknown operation or namespace")
    return operation


def _leaves(operation: etree._Element, namespace: str) -> dict[str, str]:
    names = [element.tag.removeprefix(f"{{{namespace}}}") for element in operation]
    if names != [name for name in _ORDER if name in set(names)]:
        raise BadRequestError("wrong order, repeated or unknown element")
    if not _REQUIRED.issubset(names):
        raise BadRequestError("a required element is missing")
    texts = {name: (element.text or "") for name, element in zip(names, operation, strict=True)}
    if not all(texts[name] for name in _REQUIRED - {"NgayThangNamSinh"}):
        raise BadRequestError("a required element is empty")
    return texts


def _birth(element: etree._Element, namespace: str, date_format: str) -> str:
    if len(element) != 1:
        raise BadRequestError("NgayThangNamSinh holds NgayThangNam or Nam")
    name, value = element[0].tag, element[0].text or ""
    if name == f"{{{namespace}}}Nam" and len(value) == 4 and value.isdigit():
        return value
    form = "NNNNNNNN" if date_format == "yyyyMMdd" else "NNNN-NN-NN"
    shape = "".join("N" if char.isdigit() else char for char in value)
    if name != f"{{{namespace}}}NgayThangNam" or shape != form:
        raise BadRequestError("birth date has another form")
    return value.replace("-", "")


def _relative(kin: dict[str, str]) -> str:
    leaves = "".join(_leaf(name, value) for name, value in kin.items() if name != "element")
    return f"<ns1:{kin['element']}>{leaves}</ns1:{kin['element']}>"


def _born(birth: str) -> str:
    if len(birth) == 4:
        return _leaf("Nam", birth)
    return _leaf("Nam", birth[:4]) + _leaf("NgayThangNam", birth)


def _leaf(name: str, text: str) -> str:
    return f"<ns1:{name}>{escape(text)}</ns1:{name}>"


def _envelope(content: str) -> bytes:
    return (
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP}"><SOAP-ENV:Header/><SOAP-ENV:Body>{content}'
        "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()
