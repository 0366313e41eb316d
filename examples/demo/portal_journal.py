"""The journal of the portal's stand-in beside the hub's facts: is the portal in step at each status."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from examples.demo.province import Places
from examples.demo.week import VIETNAM
from hub.postgres.database import Connection
from tests.support.ledger.evidence import Delivered
from tests.support.ledger.journal import read_lines
from tests.support.ledger.portal import Told, check_portal, portal_counts
from tests.support.ledger.verdict import Finding

_FACTS = "select dossier_id::text as dossier, sequence, type, time, bytes from fact"
_LODGED = (
    "select id, subject from delivery_report where adapter = 'portal' and type = 'onestop.dossier.submit.v1'"
)
_UNKNOWN = "select bytes from fact where type = 'onestop.sync.recorded.v1'"


async def portal_findings(
    places: Places, database: Connection, out_topics: Iterable[Delivered]
) -> tuple[list[Finding], dict[str, int]]:
    """What is wrong at the portal, and what went there."""
    journal = read_lines(places.journal("portal-sandbox"))
    told = await _told(database, out_topics)
    return list(check_portal(told, journal)), portal_counts(journal, told)


async def _told(database: Connection, out_topics: Iterable[Delivered]) -> list[Told]:
    lodged = {row["id"]: row["subject"].removeprefix("ref:") for row in await database.fetch(_LODGED)}
    unknown = await _unknown(database)
    doubtful = {
        (message.dossier, message.sequence)
        for message in out_topics
        if message.reader == "portal" and message.id in unknown
    }
    found = []
    for row in await database.fetch(_FACTS):
        stored = json.loads(row["bytes"])
        if "portal" in stored["to"]:
            key = (row["dossier"], row["sequence"])
            found.append(
                Told(
                    *key, row["type"], _digits(row["time"]), stored["data"],
                    lodged.get(stored["request"]), is_unknown=key in doubtful,
                )
            )  # fmt: skip
    return found


async def _unknown(database: Connection) -> frozenset[str]:
    """Messages of which the adapter does not know whether their line arrived."""
    reports = [json.loads(row["bytes"])["data"] for row in await database.fetch(_UNKNOWN)]
    return frozenset(
        report["message"]
        for report in reports
        if report["counterpart"] == "portal" and report["outcome"] == "unknown"
    )


def _digits(time: datetime) -> str:
    return f"{time.astimezone(VIETNAM):%Y%m%d%H%M%S}"
