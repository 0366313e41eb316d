"""Fact <-> wire (pure): question -> SOAP bytes, SOAP bytes -> answer, outcome -> report to the hub."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from lxml import etree

from adapters.population_db.person_fields import RELATIONS, Kin
from adapters.population_db.question import Question
from adapters.population_db.reasons import Reason
from adapters.population_db.settings import LookupField
from adapters.population_db.soap import SOAP, UnreadableError, build_envelope, read_body, text_of
from hub.delivery.adapter import OutMessage, Report
from schemas.identity import IdentityOutcome, ReportIdentity
from schemas.person_data import ReportPersonData

OPERATIONS: Final = {"verify": "XacThucThongTinCongDan", "lookup": "TraCuuThongTinCongDan"}
VERIFIED: Final = ("KetQuaXacThuc", "KetQuaXacThucResponse")
CITIZENS: Final = "http://www.mic.gov.vn/dancu/1.0"
"""Namespace of the lookup's answer."""

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


@dataclass(frozen=True, slots=True)
class WireForm:
    """What differs between the clients seen: namespace, date format, optional elements, MaTichHop."""

    namespace: str
    date_format: Literal["yyyyMMdd", "yyyy-MM-dd"]
    verify_code: str
    lookup_code: str
    is_unit_sent: bool
    is_account_sent: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """Answer of XacThucThongTinCongDan: TonTai, nothing else."""

    is_match: bool


@dataclass(frozen=True, slots=True)
class Citizen:
    """One CongDan of a lookup, cut down to what the licence allows; lives in memory only."""

    identity_number: str
    old_identity_number: str
    name: str
    birth_date: str
    birth_year: str
    fields: Mapping[LookupField, str] = field(default_factory=dict)
    relatives: tuple[Kin, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Answer of TraCuuThongTinCongDan; no citizen is "no match"."""

    citizens: tuple[Citizen, ...]


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A fault by the local part of its faultcode; its texts are not kept, they may quote personal data."""

    code: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no answer to the question; `why` names the defect, never the content."""

    why: str


Answer = Verified | Found | SoapFault | Unreadable


def encode(question: Question, form: WireForm) -> bytes:
    """Return the request's bytes; the order of the elements is the service's (contract II 2)."""
    code = form.verify_code if question.operation == "verify" else form.lookup_code
    elements: list[tuple[str, str | None]] = [
        ("MaYeuCau", question.request_id),
        ("MaDVC", question.service_code),
        ("MaTichHop", code),
        ("MaCanBo", question.officer_number),
        ("MaDonVi", question.unit if form.is_unit_sent else None),
        ("TaiKhoan", question.officer_account if form.is_account_sent else None),
        ("SoDienThoai", "0" if form.is_account_sent else None),  # as the 2025 client sends it
        ("SoDinhDanh", question.identity_number),
        ("SoCMND", question.old_identity_number),
        ("HoVaTen", question.name),
    ]
    qualified = f"{{{form.namespace}}}"
    operation = etree.Element(qualified + OPERATIONS[question.operation], nsmap={"dan": form.namespace})
    for name, value in elements:
        if value is not None:
            etree.SubElement(operation, qualified + name).text = value
    birth = etree.SubElement(operation, qualified + "NgayThangNamSinh")
    if question.birth_date is not None:
        pattern = "%Y%m%d" if form.date_format == "yyyyMMdd" else "%Y-%m-%d"
        etree.SubElement(birth, qualified + "NgayThangNam").text = question.birth_date.strftime(pattern)
    else:
        etree.SubElement(birth, qualified + "Nam").text = str(question.birth_year)
    return build_envelope(operation, form.namespace)


def decode(data: bytes, question: Question, form: WireForm, max_bytes: int) -> Answer:
    """Read the answer to `question`; a wrong name, namespace or shape is Unreadable, never a match."""
    try:
        element = read_body(data, max_bytes)
        if element.tag == f"{{{SOAP}}}Fault":
            return SoapFault(_fault_code(element))
        if question.operation == "verify":
            return _verified(element, form.namespace)
        return _found(element, question.fields)
    except UnreadableError as error:
        return Unreadable(str(error))


def answered_report(message: OutMessage, answer: Mapping[str, Any], at: datetime) -> Report:
    """Return the report of an answered check; `answer` is what the adapter put into `Delivered`.

    Data that the licence allows make it a `person_data.report`, which is the match and the data in one.
    """
    if "person_data" in answer:
        told = {name: answer[name] for name in ("check", "asked_at")}
        kept = {**told, "query": answer["request_id"], "purpose": answer["service_code"]}
        data = ReportPersonData.model_validate_json(json.dumps({**kept, **answer["person_data"]}))
        return _report(message, data, at)
    outcome: IdentityOutcome = "matched" if answer["outcome"] == "matched" else "mismatched"
    asked_at = datetime.fromisoformat(answer["asked_at"])
    return _report(message, ReportIdentity(check=answer["check"], outcome=outcome, asked_at=asked_at), at)


def unavailable_report(message: OutMessage, check: str, reason: Reason, at: datetime) -> Report:
    """Return the report of a check that could not be made."""
    data = ReportIdentity(
        check=check,
        outcome="unavailable",
        asked_at=at,
        cause=reason.cause,
        reason=reason.code,
        reason_vi=reason.vi,
        reason_en=reason.en,
    )
    return _report(message, data, at)


def report_id(message_id: str) -> str:
    """Return the id of the report about `message_id`: letters only, so that no identity number can show."""
    digest = hashlib.sha256(f"{message_id} report".encode()).hexdigest()
    return "report-" + digest[:40].translate(_LETTERS)


def _report(message: OutMessage, data: ReportIdentity | ReportPersonData, at: datetime) -> Report:
    return Report(
        id=report_id(message.id),
        type=data.type,
        subject=message.subject,
        time=at,
        data=data.model_dump_json(exclude_none=True).encode(),
    )


def _fault_code(fault: etree._Element) -> str:
    code = text_of(fault.find("faultcode")).rpartition(":")[2]
    return code if re.fullmatch(r"[A-Za-z0-9_.\-]{1,64}", code) else "unnamed"


def _verified(element: etree._Element, namespace: str) -> Verified:
    if element.tag not in {f"{{{namespace}}}{name}" for name in VERIFIED}:
        raise UnreadableError("no KetQuaXacThuc")
    if len(element) != 1 or element[0].tag != f"{{{namespace}}}TonTai":
        raise UnreadableError("no single TonTai")
    value = _BOOLEANS.get(text_of(element[0]))
    if value is None:
        raise UnreadableError("TonTai is no boolean")
    return Verified(value)


def _found(element: etree._Element, fields: frozenset[LookupField]) -> Found:
    if element.tag != f"{{{CITIZENS}}}CongdanCollection":
        raise UnreadableError("no CongdanCollection")
    if any(child.tag != f"{{{CITIZENS}}}CongDan" for child in element):
        raise UnreadableError("something else than CongDan in the collection")
    counted = element.get("SoCongDan") or element.get("SoLuongCongDan") or "0"
    if not len(element) and counted.strip() != "0":
        raise UnreadableError("a collection that counts citizens and has none")
    return Found(tuple(_citizen(child, fields) for child in element))


def _citizen(element: etree._Element, fields: frozenset[LookupField]) -> Citizen:
    return citizen_of(lambda path: _leaf(element, path), fields)


def citizen_of(leaf: Callable[[str], str], fields: frozenset[LookupField]) -> Citizen:
    """Cut a citizen down to the licensed fields; `leaf` gives the text at a dotted path, else nothing."""
    return Citizen(
        identity_number=leaf("SoDinhDanh"),
        old_identity_number=leaf("SoCMND"),
        name=_name(leaf, "HoVaTen"),
        birth_date=leaf("NgayThangNamSinh.NgayThangNam"),
        birth_year=leaf("NgayThangNamSinh.Nam"),
        fields={wanted: text for wanted in sorted(fields - RELATIONS.keys()) if (text := leaf(wanted))},
        relatives=tuple(
            kin for wanted in sorted(fields & RELATIONS.keys()) if (kin := _kin(leaf, wanted)) is not None
        ),
    )


def _kin(leaf: Callable[[str], str], relation: LookupField) -> Kin | None:
    name = _name(leaf, f"{relation}.HoVaTen")
    number, old = leaf(f"{relation}.SoDinhDanh"), leaf(f"{relation}.SoCMND")
    return Kin(relation, name, number, old, leaf(f"{relation}.QuanHe")) if name else None


def _name(leaf: Callable[[str], str], path: str) -> str:
    """The whole name stands in Ten, in Ho, ChuDem and Ten, or as plain text."""
    parts = [leaf(f"{path}.{part}") for part in ("Ho", "ChuDem", "Ten")]
    return " ".join(filter(None, parts)) or leaf(path)


def _leaf(element: etree._Element, path: str) -> str:
    steps = "/".join(f"{{{CITIZENS}}}{step}" for step in path.split("."))
    found = element.find(steps)
    # Names stand as text or in parts: a name in parts has no text of its own.
    return "" if found is not None and path.endswith("HoVaTen") and len(found) else text_of(found)
