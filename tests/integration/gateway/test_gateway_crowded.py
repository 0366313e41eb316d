"""Bodies made to be dear to parse cost the gateway no more than others of their size; everybody is served."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx

from tests.support.gateways import Site, Visitor
from tests.support.requests import ONE_STOP, SUBMIT, submission

BODIES = 24
AT_ONCE = 6
SIZE = 900_000
HEADERS = {"content-type": "application/cloudevents-batch+json"}
START = b'[{"id":"a","id":"b","x":['
CROWDED = START + b'{"":0},' * (SIZE // 7) + b"{}]}]"
PLAIN = START + b'"' + b"x" * SIZE + b'"]}]'
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def worked_s(site: Site) -> float:
    """Processor time of the gateway so far, in seconds: load of the machine does not count."""
    text = Path(f"/proc/{site.gateway.pid}/stat").read_text(encoding="utf-8")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


async def refused(visitor: Visitor, body: bytes) -> set[str]:
    """Codes of the answers to so many bodies, some of them at once."""

    async def one() -> str:
        async with places:
            answer: httpx.Response = await visitor.client.post("/v1/events", content=body, headers=HEADERS)
        return str(answer.json()["code"])

    places = asyncio.Semaphore(AT_ONCE)
    return set(await asyncio.gather(*(one() for _ in range(BODIES))))


async def test_a_crowded_body_costs_like_a_plain_one_of_its_size(site: Site) -> None:
    plain = await site.join("counter-plain-bodies", ["counter"], [ONE_STOP])
    crowded = await site.join("counter-crowded-bodies", ["counter"], [ONE_STOP])
    other = await site.join("counter-beside-crowded", ["counter"], [ONE_STOP])
    begun_s = worked_s(site)
    assert await refused(plain, PLAIN) == {"envelope.repeated_attribute"}
    plain_s = worked_s(site) - begun_s

    begun_s = worked_s(site)
    attack = asyncio.create_task(refused(crowded, CROWDED))
    receipt = await other.receipt(SUBMIT, "ref:beside-crowded", submission())
    assert receipt["dossier"]
    assert await attack == {"schema.too_many_values"}
    assert worked_s(site) - begun_s < 10 * plain_s
