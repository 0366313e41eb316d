"""The life of one dossier: its facts in order, what was refused, and what was delivered because of it."""

from __future__ import annotations

from typing import Any

import asyncpg

from hub.explaining.entries import entry, of_fact, of_refusal
from hub.facts.integrity import StoreKey
from hub.facts.trusted import FACTS_OF_DOSSIER
from hub.oversight.dossiers import DELIVERIES, delivery_row
from hub.postgres.database import Connection

ANSWERED = """
select participant, id, digest, receipt, dossier_id::text as dossier, mac from inbox
where dossier_id = $1::uuid and receipt is not null
"""
"""By the block ranges of `inbox_dossier`."""


async def timeline(connection: Connection, key: StoreKey, dossier_id: str) -> list[dict[str, Any]]:
    """Everything of one dossier by time; personal fields stay sealed."""
    entries = [of_fact(row, key) for row in await connection.fetch(FACTS_OF_DOSSIER, dossier_id)]
    for row in await connection.fetch(ANSWERED, dossier_id):
        entries += of_refusal(row, key)
    entries += [_of_delivery(row) for row in await connection.fetch(DELIVERIES, dossier_id)]
    return sorted(entries, key=lambda one: one["at"])


def _of_delivery(row: asyncpg.Record) -> dict[str, Any]:
    shown = delivery_row(row)
    words = [shown["state"], f"{shown['calls']} calls", shown["last_outcome"]]
    return entry(
        shown["ended_at"] or shown["since"], "delivery", shown["type"], by="hub", to=[shown["adapter"]],
        detail=", ".join(word for word in words if word), request=shown["id"],
    )  # fmt: skip
