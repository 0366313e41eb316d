"""A participant's budget over HTTPS: uploads of a day, events beyond it, and its brake."""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4

import httpx

from hub.budget.brakes_store import put_brake
from tests.support.gateways import Site, Visitor
from tests.support.hub_commands import hub_command
from tests.support.requests import ONE_STOP, WITHDRAW
from tests.support.waiting import eventually


def a_file(size: int) -> bytes:
    return (b"%PDF-1.7\n" + uuid4().bytes).ljust(size, b"x")


async def upload(visitor: Visitor, content: bytes, digest: str | None = None) -> httpx.Response:
    return await visitor.client.post(
        "/v1/documents",
        params={"sha256": digest or sha256(content).hexdigest()},
        content=content,
        headers={"content-type": "application/pdf"},
    )


async def limit(site: Site, visitor: Visitor, kind: str, value: int) -> None:
    status, output = await hub_command(
        site.hub.environment, "participants", "budget", visitor.name, f"--{kind}", str(value)
    )
    assert status == 0, output


async def used(site: Site, visitor: Visitor) -> tuple[int, int]:
    query = "select records, bytes from participant_use where participant = $1 and kind = 'uploads'"
    row = await site.hub.database.fetchrow(query, visitor.name)
    return (row["records"], row["bytes"]) if row is not None else (0, 0)


def assert_waits(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (429, code)
    assert int(answer.headers["retry-after"]) >= 1


async def test_uploads_end_at_the_days_budget_and_only_those_that_were_stored_count(site: Site) -> None:
    visitor = await site.join("counter-uploads", ["counter"], [ONE_STOP])
    other = await site.join("counter-beside", ["counter"], [ONE_STOP])
    await limit(site, visitor, "upload-bytes-per-day", 5000)

    async def is_limited() -> bool:
        return (await upload(visitor, a_file(6000), digest="0" * 64)).status_code == 429

    await eventually(is_limited, 20, "the limit to be known")
    before, _ = await used(site, visitor)
    assert (await upload(visitor, a_file(2000), digest="0" * 64)).status_code == 400
    assert (await upload(visitor, a_file(2000))).status_code == 201
    assert (await upload(visitor, a_file(2500))).status_code == 201
    assert_waits(await upload(visitor, a_file(2000)), "budget.uploads")
    count, size = await used(site, visitor)
    assert (count - before, size >= 4500) == (2, True)
    assert (await upload(other, a_file(2000))).status_code == 201


async def test_a_braked_participant_is_told_to_wait_and_others_are_served(site: Site) -> None:
    visitor = await site.join("counter-braked", ["counter"], [ONE_STOP])
    other = await site.join("counter-unbraked", ["counter"], [ONE_STOP])
    await put_brake(site.hub.database, visitor.name, "refused", 600)

    async def is_told() -> bool:
        return (await visitor.send(WITHDRAW, "ref:none", {})).status_code == 429

    await eventually(is_told, 20, "the brake to be known")
    assert_waits(await visitor.send(WITHDRAW, "ref:none", {}), "budget.braked")
    assert (await other.send(WITHDRAW, "ref:none", {})).status_code in (200, 202)


async def test_events_beyond_the_days_budget_are_told_to_wait(site: Site) -> None:
    visitor = await site.join("counter-beyond", ["counter"], [ONE_STOP])
    await limit(site, visitor, "records-per-day", 1)

    async def is_told() -> bool:
        answer = await visitor.send(WITHDRAW, "ref:none", {})
        return answer.status_code == 429 and answer.json()["code"] == "budget.used_up"

    await eventually(is_told, 20, "the budget to be used up")
    assert_waits(await visitor.send(WITHDRAW, "ref:none", {}), "budget.used_up")
