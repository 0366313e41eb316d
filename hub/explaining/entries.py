"""Facts and refusals of one dossier as entries of its history: believed or not, by today's names of rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from hub.dossier.renamed import current_code, current_rule, current_rules
from hub.errors import UntrustedRowError
from hub.facts.integrity import StoreKey
from hub.facts.message import decode_message
from hub.facts.trusted import is_fact_genuine, is_receipt_genuine
from hub.regulation.errors import UnknownProvisionError
from hub.regulation.norms import provision
from schemas.receipt import RECEIPT_REFUSED

_SHOWN = (
    "code",
    "due_at",
    "new_due_at",
    "status",
    "outcome",
    "order",
    "payment",
    "to",
    "kind",
    "stage",
    "check",
    "loss",
    "original",
    "complaint",
    "info",
    "purpose",
    "notice",
)


_EMPTY = ("by", "rule", "cites", "was", "detail", "to", "sequence", "request", "data")


def short_type(kind: str) -> str:
    """`dossier.accepted` of `onestop.dossier.accepted.v1` (pure)."""
    return kind.removeprefix("onestop.").removesuffix(".v1")


def _rules(now: Sequence[str], stored: Sequence[str]) -> dict[str, Any]:
    """Ids of rules as they are today, how the law is cited for them, and the stored names where others."""
    found: dict[str, Any] = {"rule": list(now), "cites": [_cited(rule_id) for rule_id in now]}
    return found if list(now) == list(stored) else {**found, "was": list(stored)}


def _cited(rule_id: str) -> str:
    try:
        return provision(rule_id).vi
    except UnknownProvisionError:
        return rule_id  # of a newer program


def entry(at: datetime, what: str, name: str, **more: Any) -> dict[str, Any]:
    """What happened at this time: `what` is fact, refused, altered or delivery."""
    empty: dict[str, Any] = dict.fromkeys(_EMPTY)
    return {"at": at, "what": what, "name": name, **empty, **more}


def of_fact(row: asyncpg.Record, key: StoreKey) -> dict[str, Any]:
    """A row of `FACT_COLUMNS`; personal fields stay sealed."""
    if not is_fact_genuine(row, key):
        detail = "the row is not what the hub has written"
        return entry(row["time"], "altered", short_type(row["type"]), sequence=row["sequence"], detail=detail)
    body = orjson.loads(row["bytes"])
    return entry(
        row["time"],
        "fact",
        short_type(row["type"]),
        by=body["source"].removeprefix("/participants/"),
        **_rules(current_rules(short_type(row["type"]), body["data"], body["rules"]), body["rules"]),
        detail=", ".join(_details(body["data"])),
        to=list(body["to"]),
        sequence=row["sequence"],
        request=body["request"],
        data=body["data"],
    )


def _details(data: Mapping[str, Any]) -> Iterator[str]:
    """The few words of a fact that tell what it did; the rest is in `--json`."""
    for name in _SHOWN:
        if isinstance(value := data.get(name), str | int):
            yield f"{name} {value}"


def of_refusal(row: asyncpg.Record, key: StoreKey) -> Iterator[dict[str, Any]]:
    """The refusal of an answered row of the inbox; nothing of one that was accepted, or is not genuine."""
    if not is_receipt_genuine(row, key):
        return
    try:
        message = decode_message(row["receipt"])
    except UntrustedRowError:
        return
    headers = dict(message.headers)
    if headers.get("ce_type") != RECEIPT_REFUSED.encode():
        return
    body = orjson.loads(message.value)
    stored, code = [body["rule"]] if body.get("rule") else [], current_code(body["code"])
    rules = _rules([current_rule(body["code"], rule_id) for rule_id in stored], stored)
    if code != body["code"]:
        rules["was"] = [body["code"]]
    at = datetime.fromisoformat(headers["ce_time"].decode())
    yield entry(
        at, "refused", code, by=row["participant"], detail=body.get("message_en", ""),
        to=[row["participant"]], request=row["id"], **rules,
    )  # fmt: skip
