"""The life of one dossier: its facts in order, what was refused, and what was delivered because of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from hub.errors import UntrustedRowError
from hub.facts.integrity import StoreKey
from hub.facts.message import decode_message
from hub.facts.trusted import FACT_COLUMNS, is_fact_genuine, is_receipt_genuine
from hub.oversight.dossiers import DELIVERIES, delivery_row, short_type
from hub.postgres.database import Connection
from schemas.receipt import RECEIPT_REFUSED

FACTS = f"select {FACT_COLUMNS} from fact f where f.dossier_id = $1::uuid order by f.sequence"  # noqa: S608  our text
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
)


async def timeline(connection: Connection, key: StoreKey, dossier_id: str) -> list[dict[str, Any]]:
    """Everything of one dossier by time; personal fields stay sealed."""
    entries = [_of_fact(row, key) for row in await connection.fetch(FACTS, dossier_id)]
    for row in await connection.fetch(ANSWERED, dossier_id):
        entries += _of_refusal(row, key)
    entries += [_of_delivery(row) for row in await connection.fetch(DELIVERIES, dossier_id)]
    return sorted(entries, key=lambda entry: entry["at"])


def _entry(at: datetime, what: str, name: str, **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(("by", "rule", "detail", "to", "sequence", "request", "data"))
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
        rule=list(body["rules"]),
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
    rule = [body["rule"]] if body.get("rule") else []
    at = datetime.fromisoformat(headers["ce_time"].decode())
    yield _entry(
        at, "refused", body["code"], by=row["participant"], rule=rule, detail=body.get("message_en", ""),
        to=[row["participant"]], request=row["id"],
    )  # fmt: skip


def _of_delivery(row: asyncpg.Record) -> dict[str, Any]:
    shown = delivery_row(row)
    words = [shown["state"], f"{shown['calls']} calls", shown["last_outcome"]]
    return _entry(
        shown["ended_at"] or shown["since"], "delivery", shown["type"], by="hub", to=[shown["adapter"]],
        detail=", ".join(word for word in words if word), request=shown["id"],
    )  # fmt: skip
