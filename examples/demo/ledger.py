"""Reads what a run left behind into the three journals of the ledger check."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from examples.demo.members import CARELESS, ONE_STOPS, OVER_HTTPS
from examples.demo.portal_journal import portal_findings
from examples.demo.province import Places, Province
from hub.postgres.database import Connection
from schemas.pickup import ReportPickup
from tests.support.ledger.check import check
from tests.support.ledger.evidence import (
    Copy,
    Delivered,
    Effect,
    HubSide,
    Journals,
    Kill,
    Kind,
    Sent,
    content_digest,
)
from tests.support.ledger.hub_reading import Access, read_hub
from tests.support.ledger.journal import read_lines
from tests.support.ledger.verdict import Finding, Verdict

READERS = frozenset({*ONE_STOPS, "agency", OVER_HTTPS})
_DIRECT = "postal-direct"
_NOT_FORCED = ("no conflict came up", "nothing was redriven")
"""The demo does not force these; the long ledger run does."""


def digest(kind: str, subject: str, value: bytes, environment: str | None = None) -> str:
    """Digest of a request as the contract defines it."""
    return sha256(f"{kind}\x1f{subject}\x1f{environment or ''}\x1f".encode() + value).hexdigest()


async def verdict_of(province: Province) -> Verdict:
    """Join the journals; the hub must be at rest and the clients ended."""
    hub = await read_hub(_access(province), {})
    places = province.places
    unavailable = await _unavailable(province.hub.database)
    found = check(
        Journals(
            sent=(
                *_client_requests(places),
                *await _adapter_requests(province.hub.database),
                *_direct(places),
            ),
            received=tuple(
                message for name in sorted(READERS) for message in _received(places.journal(name), name)
            ),
            hub=replace(hub, out_topics=tuple(_asked(message, unavailable) for message in hub.out_topics)),
            effects=(*_population_effects(places), *_postal_effects(places)),
            kills=tuple(
                Kill(line["target"], line["signal"], line["at"])
                for line in read_lines(places.journal("kills"))
            ),
            readers=READERS,
            counterparts=frozenset({"postal", "population"}),
            strict_counterparts=frozenset({"postal"}),
        )
    )
    findings = [finding for finding in found.findings if finding.what not in _NOT_FORCED]
    at_portal, counts = await portal_findings(places, province.hub.database, hub.out_topics)
    return Verdict((*findings, *_direct_effects(places, hub), *at_portal), {**found.counts, **counts})


def _access(province: Province) -> Access:
    address = province.hub.address
    return Access(
        address.postgres_dsn,
        Path(province.hub.environment["HUB_MASTER_KEY_FILE"]).with_name("store.key"),
        {
            "bootstrap_servers": address.kafka_bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": address.kafka_admin_user,
            "sasl_plain_password": address.kafka_admin_password,
        },
        "",
    )


# (a) What clients sent and received; over HTTPS nobody knows of partitions and offsets


def _client_requests(places: Places) -> Iterator[Sent]:
    for name in (*sorted(READERS), CARELESS):
        yield from _requests(name, read_lines(places.journal(name)))


def _requests(name: str, lines: list[dict[str, Any]]) -> Iterator[Sent]:
    copies: defaultdict[str, list[Copy]] = defaultdict(list)
    for line in lines:
        if "taken" in line:
            copies[line["taken"]].append(Copy("ok", line.get("partition"), line.get("offset")))
    first: dict[str, str] = {}
    for position, line in enumerate(line for line in lines if "sent" in line):
        value = line["value"].encode()
        own = digest(line["type"], line["subject"], value, line.get("environment"))
        is_again = line["sent"] in first
        if is_again and first[line["sent"]] == own:
            continue
        first.setdefault(line["sent"], own)
        kind: Kind = "reuse" if is_again else line.get("class", "plain")
        yield Sent(
            name,
            position,
            line["sent"],
            line["type"],
            line["subject"],
            own,
            kind,
            None,
            tuple(copies[line["sent"]]),
        )


def _received(journal: Path, name: str) -> Iterator[Delivered]:
    for line in read_lines(journal):
        if "received" not in line:
            continue
        data = json.loads(line["value"])
        yield Delivered(
            reader=name,
            id=line["received"],
            type=line["type"],
            dossier=line["dossier"],
            digest=content_digest(line["value"].encode()),
            partition=line.get("partition", 0),
            offset=line.get("offset", 0),
            sequence=int(line["sequence"]) if line["sequence"] else None,
            cause=line["cause"],
            request=data.get("request") if ".receipt." in line["type"] else None,
        )


async def _adapter_requests(database: Connection) -> list[Sent]:
    """What the adapters sent, from the table that is their journal."""
    rows = await database.fetch("select adapter, id, type, subject, data, position from delivery_report")
    return [
        Sent(
            row["adapter"], row["position"], row["id"], row["type"], row["subject"],
            digest(row["type"], row["subject"], row["data"], "test"), "plain", None, (Copy("ok"),),
        )
        for row in rows
    ]  # fmt: skip


def _direct(places: Places) -> Iterator[Sent]:
    """What the operator's own system sent: its journal has the effects, its reports follow from them."""
    for position, line in enumerate(read_lines(places.journal(_DIRECT))):
        order, status = line["order"], line["effect"]
        minutes = {"minutes": f"{order}/BBGN"} if status == "handed_over" else {}
        body = ReportPickup.model_validate({"order": order, "status": status, "at": line["at"], **minutes})
        value, subject = body.model_dump_json(exclude_none=True), order.rpartition("__")[0]
        request_id = str(uuid5(NAMESPACE_URL, value))
        own = digest(body.type, subject, value.encode())
        yield Sent(_DIRECT, position, request_id, body.type, subject, own, "plain", None, (Copy("ok"),))


# (c) What happened outside


def _population_effects(places: Places) -> Iterator[Effect]:
    """A question that is asked again after its answer was lost gets a number behind the check's id."""
    for line in read_lines(places.journal("population-sandbox")):
        if line["kind"] == "effect":
            check_id, _, again = line["request_id"].partition("-")
            yield Effect("population", check_id, is_repeat=bool(again))


def _postal_effects(places: Places) -> Iterator[Effect]:
    for line in read_lines(places.journal("postal-sandbox")):
        if line["kind"] in {"order", "duplicate"}:
            yield Effect("postal", line["order"], is_repeat=line["kind"] == "duplicate")
        elif line["kind"] == "cancel":
            yield Effect("postal", f"{line['order']}/cancel")


async def _unavailable(database: Connection) -> frozenset[str]:
    """Checks whose last word is that nobody could be asked: they have no effect outside."""
    rows = await database.fetch("select data from delivery_report where adapter = 'population'")
    reports = [json.loads(row["data"]) for row in rows]
    return frozenset(report["check"] for report in reports if report["outcome"] == "unavailable")


def _asked(message: Delivered, unavailable: Container[str | None]) -> Delivered:
    return replace(message, effect=None) if message.effect in unavailable else message


def _direct_effects(places: Places, hub: HubSide) -> Iterator[Finding]:
    """Each order on the direct operator's topic was registered by it once."""
    asked = {
        message.id  # a killed engine publishes again
        for message in hub.out_topics
        if message.reader == _DIRECT and message.type == "onestop.pickup.ordered.v1"
    }
    lines = [line["order"] for line in read_lines(places.journal(_DIRECT)) if line["effect"] == "registered"]
    if len(set(lines)) != len(asked):
        yield Finding("lost", f"{_DIRECT}: {len(set(lines))} of {len(asked)} orders registered")
    if len(set(lines)) != len(lines):
        yield Finding("duplicated", f"{_DIRECT}: {len(lines)} effects of {len(set(lines))} orders")
