"""The JSON wire of dialect N3 (pure): known requests, and answers assumed to be the SOAP trees as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Literal

from adapters.population_db.mapping import (
    VERIFIED,
    Answer,
    Citizen,
    Found,
    SoapFault,
    Unreadable,
    Verified,
    citizen_of,
)
from adapters.population_db.question import Question
from adapters.population_db.settings import LookupField

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def encode_json(
    question: Question, user_name_service: str, date_format: Literal["yyyyMMdd", "yyyy-MM-dd"]
) -> bytes:
    """Return the request's bytes; a number that is not asked with stands empty, as seen in a client."""
    born = str(question.birth_year)
    if question.birth_date is not None:
        born = question.birth_date.strftime("%Y%m%d" if date_format == "yyyyMMdd" else "%Y-%m-%d")
    body = {
        "maYeuCau": question.request_id,
        "maDVC": question.service_code,
        "maCanBo": question.officer_number,
        "soDinhDanh": question.identity_number or "",
        "soCMND": question.old_identity_number or "",
        "hoVaTen": question.name,
        "ngayThangNam": born,
        "userNameService": user_name_service,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def decode_json(data: bytes, question: Question) -> Answer:
    """Read the answer to `question`; what has another shape is Unreadable, never a match or a mismatch."""
    try:
        tree: Any = json.loads(data)
    except (ValueError, RecursionError):
        return Unreadable("no JSON")
    match tree:
        case {"Fault": {"faultcode": str(code)}}:
            name = code.rpartition(":")[2]
            return SoapFault(name if re.fullmatch(r"[A-Za-z0-9_.\-]{1,64}", name) else "unnamed")
        case {"CongdanCollection": dict(collection)} if question.operation == "lookup":
            return _found(collection, question.fields)
        case dict() if question.operation == "verify":
            return _verified(tree)
        case _:
            return Unreadable("another answer than the one asked for")


def _verified(tree: dict[str, Any]) -> Answer:
    results = [tree[name] for name in VERIFIED if name in tree]
    if len(results) != 1 or not isinstance(results[0], dict) or set(results[0]) != {"TonTai"}:
        return Unreadable("no single TonTai")
    value = results[0]["TonTai"]
    known = value if isinstance(value, bool) else _BOOLEANS.get(value) if isinstance(value, str) else None
    return Unreadable("TonTai is no boolean") if known is None else Verified(known)


def _found(collection: dict[str, Any], fields: frozenset[LookupField]) -> Answer:
    citizens = collection.get("CongDan")
    citizens = [citizens] if isinstance(citizens, dict) else citizens or []
    counted = str(collection.get("SoCongDan") or collection.get("SoLuongCongDan") or "0").strip()
    if not isinstance(citizens, list) or not all(isinstance(citizen, dict) for citizen in citizens):
        return Unreadable("something else than CongDan in the collection")
    if not citizens and counted != "0":
        return Unreadable("a collection that counts citizens and has none")
    return Found(tuple(_citizen(citizen, fields) for citizen in citizens))


def _citizen(citizen: dict[str, Any], fields: frozenset[LookupField]) -> Citizen:
    return citizen_of(_leaf_of(citizen), fields)


def _leaf_of(citizen: dict[str, Any]) -> Callable[[str], str]:
    def leaf(path: str) -> str:
        node: Any = citizen
        for step in path.split("."):
            node = node.get(step) if isinstance(node, dict) else None
        return node.strip() if isinstance(node, str) else str(node) if type(node) is int else ""

    return leaf
