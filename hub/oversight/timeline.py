"""The life of one dossier: its facts in order, what was refused, and what was delivered because of it."""

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
from hub.facts.trusted import FACTS_OF_DOSSIER, is_fact_genuine, is_receipt_genuine
from hub.oversight.dossiers import DELIVERIES, delivery_row, short_type
from hub.postgres.database import Connection
from hub.regulation.errors import UnknownProvisionError
from hub.regulation.norms import provision
from schemas.receipt import RECEIPT_REFUSED

ANSWERED = """
select participant, id, digest, receipt, dossier_id::text as dossier, mac from inbox
where dossier_id = $1::uuid and receipt is not null
"""
"""By the block ranges of `inbox_dossier`."""
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


async def timeline(connection: Connection, key: StoreKey, dossier_id: str) -> list[dict[str, Any]]:
    """Everything of one dossier by time; personal fields stay sealed."""
    entries = [_of_fact(row, key) for row in await connection.fetch(FACTS_OF_DOSSIER, dossier_id)]
    for row in await connection.fetch(ANSWERED, dossier_id):
        entries += _of_refusal(row, key)
    entries += [_of_delivery(row) for row in await connection.fetch(DELIVERIES, dossier_id)]
    return sorted(entries, key=lambda entry: entry["at"])


def _rules(now: Sequence[str], stored: Sequence[str]) -> dict[str, Any]:
    """Ids of rules as they are today, how the law is cited for them, and the stored names where others."""
    found: dict[str, Any] = {"rule": list(now), "cites": [_cited(rule_id) for rule_id in now]}
    return found if list(now) == list(stored) else {**found, "was": list(stored)}


def _cited(rule_id: str) -> str:
    try:
        return provision(rule_id).vi
    except UnknownProvisionError:
        return rule_id  # of a newer program


def _entry(at: datetime, what: str, name: str, **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(_EMPTY)
    return {"at": at, "what": what, "name": name, **empty, **more}


def _of_fact(row: asyncpg.Record, key: StoreKey) -> dict[str, Any]:
    if not is_fact_genuine(row, key):
        detail = "the row is not what the hub has written"
        return _entry(
            row["time"], "altered", short_type(row["type"]), sequence=row["sequence"], detail=detail
        )
    body = orjson.loads(row["bytes"])
    return _entry(
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


def _of_refusal(row: asyncpg.Record, key: StoreKey) -> Iterator[dict[str, Any]]:
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
    yield _entry(
        at, "refused", code, by=row["participant"], detail=body.get("message_en", ""),
        to=[row["participant"]], request=row["id"], **rules,
    )  # fmt: skip


def _of_delivery(row: asyncpg.Record) -> dict[str, Any]:
    shown = delivery_row(row)
    words = [shown["state"], f"{shown['calls']} calls", shown["last_outcome"]]
    return _entry(
        shown["ended_at"] or shown["since"], "delivery", shown["type"], by="hub", to=[shown["adapter"]],
        detail=", ".join(word for word in words if word), request=shown["id"],
    )  # fmt: skip
