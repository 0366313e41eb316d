"""Test support: requests that are journaled before they are sent, and what must hold of all at the end."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson

from tests.support.clients import Client, Received
from tests.support.hubs import Hub
from tests.support.processes import HubProcess
from tests.support.requests import SUBMIT, VERIFY, submission, verification
from tests.support.waiting import eventually


@dataclass
class Traffic:
    """Everything that the test sent through these clients; `check` proves by counts that nothing is wrong."""

    hub: Hub
    clients: Sequence[Client]
    sent: dict[tuple[str, str], int] = field(default_factory=dict)
    _read: dict[str, int] = field(default_factory=dict)
    _receipts: dict[tuple[str, str], list[Received]] = field(default_factory=dict)

    async def send(
        self, client: Client, event_type: str, subject: str, data: dict[str, Any], **options: Any
    ) -> str:
        """Journal and send one request."""
        event_id = options.pop("event_id", None) or str(uuid4())
        key = (client.name, event_id)
        self.sent[key] = self.sent.get(key, 0) + 1
        return await client.send(event_type, subject, data, event_id=event_id, **options)

    async def submit(self, client: Client, **options: Any) -> str:
        """Send a submission; returns its id, which is its reference as well."""
        event_id = str(uuid4())
        data = options.pop("data", None) or submission()
        return await self.send(client, SUBMIT, f"ref:{event_id}", data, event_id=event_id, **options)

    async def dossiers(self, client: Client, count: int) -> list[str]:
        """Ids of new dossiers."""
        ids = [await self.submit(client) for _ in range(count)]
        await self.answered()
        return [str(self.receipts(client, event_id)[0].data["dossier"]) for event_id in ids]

    async def verify(self, client: Client, dossiers: Iterable[str], rounds: int = 1) -> None:
        """Send requests that each become one fact, over all dossiers, round by round."""
        subjects = list(dossiers)
        for _ in range(rounds):
            await asyncio.gather(
                *(self.send(client, VERIFY, subject, verification()) for subject in subjects)
            )

    def receipts(self, client: Client, event_id: str) -> list[Received]:
        """Receipts of one request so far."""
        self._index()
        return self._receipts.get((client.name, event_id), [])

    def unanswered(self) -> list[tuple[str, str]]:
        """Requests without a receipt so far."""
        self._index()
        return [key for key in self.sent if key not in self._receipts]

    def backlog(self) -> int:
        """How many requests are without a receipt so far."""
        self._index()
        return len(self.sent) - len(self._receipts)

    async def answered(self, limit_s: float = 40) -> None:
        """Wait until every request has its receipt."""
        await eventually(lambda: not self.unanswered(), limit_s, "all receipts", self.evidence)

    async def check(self, least_told: int = 1, *, are_single: bool = True) -> None:
        """Nothing lost, nothing twice, order and chains intact, all told to all receivers.

        `least_told` fact messages at least must have come, lest the check of their order be empty;
        `are_single` as of `check_order`.
        """
        await self.answered()
        for key in self.sent:
            receipts = self._receipts[key]
            assert len({(receipt.headers["ce_id"], receipt.value) for receipt in receipts}) == 1, key
        names = sorted({client.name for client in self.clients} | {name for name, _ in self.sent})
        inbox = await self.hub.database.fetch(
            "select participant, id from inbox where participant = any($1)", names
        )
        assert Counter((row["participant"], row["id"]) for row in inbox) == Counter(self.sent.keys())
        await self.check_order(least_told, are_single=are_single)

    async def check_order(self, least_told: int = 1, *, are_single: bool = True) -> None:
        """Chains intact, each message told to all whom it concerns and in order, and no effect twice.

        `are_single`: each accepted request is one fact; otherwise the facts that its receipt names.
        """
        bodies = await self._check_chains()
        if are_single:
            assert set(_requests(bodies).values()) <= {1}, "an effect happened twice"
        else:
            self._check_named(bodies)
        told = 0
        for client in self.clients:
            concerning = [body for body in bodies if client.name in body["to"]]
            await self._check_told(client, concerning)
            told += len(concerning)
        assert told >= least_told

    async def facts(self) -> list[dict[str, Any]]:
        """Bodies of all stored facts by dossier and sequence."""
        rows = await self.hub.database.fetch("select bytes from fact order by dossier_id, sequence")
        return [orjson.loads(row["bytes"]) for row in rows]

    async def _check_chains(self) -> list[dict[str, Any]]:
        """The bodies of all facts, of one read: others may go on beside this traffic."""
        async with self.hub.database.transaction(isolation="repeatable_read", readonly=True):
            rows = await self.hub.database.fetch("select bytes, hash from fact order by dossier_id, sequence")
            stored = await self.hub.database.fetch(
                "select id::text, sequence, encode(head, 'hex') as head from dossier where state is not null"
            )
        bodies = [orjson.loads(row["bytes"]) for row in rows]
        heads: dict[str, tuple[int, str]] = {}
        for row, body in zip(rows, bodies, strict=True):
            sequence, previous = heads.get(body["dossier"], (0, None))
            assert body["sequence"] == sequence + 1, body["dossier"]
            assert body["previous"] == previous, body["dossier"]
            assert sha256(row["bytes"]).digest() == row["hash"]
            heads[body["dossier"]] = (body["sequence"], row["hash"].hex())
        assert {row["id"]: (row["sequence"], row["head"]) for row in stored} == heads
        return bodies

    def _check_named(self, bodies: list[dict[str, Any]]) -> None:
        """Of each request of these clients the facts that its receipt names are stored, and no others."""
        stored = _requests(bodies)
        for client in self.clients:
            named = {
                message.data["request"]: len(message.data["facts"])
                for message in client.inbox
                if message.type == "onestop.receipt.accepted.v1"
            }
            source = f"/participants/{client.name}"
            found = {request: count for (by, request), count in stored.items() if by == source}
            assert found == named, f"{client.name}: what was told and what was stored differ"

    async def _check_told(self, client: Client, bodies: list[dict[str, Any]]) -> None:
        wanted = {(body["dossier"], body["sequence"]) for body in bodies}

        def first_deliveries() -> list[tuple[str, int]]:
            messages = [m for m in client.inbox if ".receipt." not in m.type]
            return list(dict.fromkeys((m.key, int(m.headers["ce_sequence"])) for m in messages))

        await eventually(
            lambda: set(first_deliveries()) >= wanted, 30, f"all messages to {client.name}", self.evidence
        )
        last: dict[str, int] = {}
        for dossier, sequence in first_deliveries():
            assert sequence > last.get(dossier, 0), f"{client.name}: order of {dossier} broken at {sequence}"
            last[dossier] = sequence
        told = set(first_deliveries())
        known = [body for body in await self.facts() if client.name in body["to"]]
        assert told <= {(body["dossier"], body["sequence"]) for body in known}

    def _index(self) -> None:
        for client in self.clients:
            start = self._read.get(client.name, 0)
            for message in client.inbox[start:]:
                if ".receipt." in message.type:
                    key = (client.name, str(message.data.get("request")))
                    self._receipts.setdefault(key, []).append(message)
            self._read[client.name] = len(client.inbox)

    def evidence(self) -> str:
        """What the engines wrote last."""
        logs = "\n".join(process.output()[-4000:] for process in self.hub.processes)
        return f"{len(self.unanswered())} of {len(self.sent)} unanswered\n{logs}"


def _requests(bodies: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """How many facts came of each request."""
    return Counter((body["source"], body["request"]) for body in bodies)


async def metric(process: HubProcess, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels; 0 when there is none."""
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    total = 0.0
    for line in (await process.metrics()).splitlines():
        found = re.match(rf"{name}(\{{.*\}})? (\S+)$", line)
        if found and all(label in (found[1] or "") for label in wanted):
            total += float(found[2])
    return total


async def metric_becomes(process: HubProcess, wanted: float, name: str, **labels: str) -> None:
    """Wait for a metric that a side task brings up to date: it may show what is so a second later."""

    async def is_shown() -> bool:
        return await metric(process, name, **labels) == wanted

    await eventually(is_shown, 15, f"{name} {labels} to become {wanted}", process.output)


async def end_session(hub: Hub, name: str) -> bool:
    """Let PostgreSQL end the session of this name; False when there is none."""
    ended = await hub.database.fetchval(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
        "where application_name = $1 and datname = current_database()",
        name,
    )
    return bool(ended)
