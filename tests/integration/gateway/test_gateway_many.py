"""A hundred clients at the same time: each gets its own answers, nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from pathlib import Path

from tests.support.gateways import Site, Visitor, own_site
from tests.support.requests import ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.waiting import within

CLIENTS = 100
WIDE = {"HUB_GATEWAY__REQUESTS_PER_S": "10000", "HUB_GATEWAY__BURST": "10000"}


async def one_story(client: Visitor, name: str) -> tuple[str, list[str]]:
    """A dossier is lodged, lodged once more by mistake, looked up and withdrawn; its id and its requests."""
    subject, first, second = f"ref:{name}", str(uuid.uuid4()), str(uuid.uuid4())
    lodged = await answered(client, SUBMIT, subject, submission(), first)
    assert lodged["request"] == first
    again = await answered(client, SUBMIT, subject, submission(), first)
    assert again == lodged
    found = (await client.client.get(f"/v1/dossiers/{subject}")).json()
    assert (found["dossier"], found["status"]) == (lodged["dossier"], "submitted")
    withdrawn = await answered(client, WITHDRAW, subject, {}, second)
    assert (withdrawn["request"], withdrawn["dossier"]) == (second, lodged["dossier"])
    return str(lodged["dossier"]), [first, second]


async def answered(
    client: Visitor, event_type: str, subject: str, data: object, event_id: str
) -> dict[str, object]:
    """The receipt, asked for where it comes later."""
    answer = await client.send(event_type, subject, data, event_id=event_id)
    while answer.status_code in (202, 404):
        answer = await client.client.get(f"/v1/receipts/{event_id}", params={"wait": 30})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_a_hundred_clients_at_once_each_get_their_own_answers(site: Site, tmp_path: Path) -> None:
    members = [await site.join(f"counter-many-{letter}", ["counter"], [ONE_STOP]) for letter in "ab"]
    async with own_site(site.hub, tmp_path, password=site.password, **WIDE) as wide:
        clients = [
            await wide.visitor(member.name, member.token)
            for member in members
            for _ in range(CLIENTS // len(members))
        ]
        done = await asyncio.gather(
            *(one_story(client, f"many-{number}") for number, client in enumerate(clients))
        )
        assert len({dossier for dossier, _ in done}) == CLIENTS
        facts = await site.hub.database.fetch(
            "select dossier_id::text as dossier, count(*) as facts from fact"
            " where dossier_id = any($1::text[]::uuid[]) group by dossier_id",
            [dossier for dossier, _ in done],
        )
        assert Counter(row["facts"] for row in facts) == {2: CLIENTS}
        for client, stories in ((clients[0], done[: CLIENTS // 2]), (clients[-1], done[CLIENTS // 2 :])):
            requests = [event_id for _, ids in stories for event_id in ids]
            assert await receipts_told(client, len(requests)) >= set(requests)
        assert not wide.gateway.actions("request_failed")


async def receipts_told(client: Visitor, count: int) -> set[str]:
    """Requests whose receipts stand in the feed, read until so many came."""
    cursor, found = None, set[str]()
    async with within(40):
        while len(found) < count:
            piece = await client.messages(cursor, wait=5, limit=500)
            cursor = piece["cursor"]
            found |= {item["data"]["request"] for item in piece["messages"] if "request" in item["data"]}
    return found
