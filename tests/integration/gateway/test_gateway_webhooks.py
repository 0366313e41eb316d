"""Messages posted to a participant's own address: signed, in order, until taken, nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from hub import participants
from hub.errors import StartupError
from tests.support.gateways import Site, Visitor
from tests.support.receivers import Receiver, expected_signature, receiver
from tests.support.requests import ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.waiting import eventually


async def call_out(site: Site, visitor: Visitor, url: str) -> str:
    secret = await participants.set_webhook(site.hub.database, visitor.name, url, is_test=True)
    assert secret is not None
    return secret


def facts_of(taken: list[dict[str, Any]], subject: str) -> list[int]:
    """Sequences of a dossier's facts in the order in which they came, each once."""
    found = [int(item["sequence"]) for item in taken if "sequence" in item and item["subject"] == subject]
    return list(dict.fromkeys(found))


async def test_every_message_is_called_out_signed_and_in_order_although_some_calls_fail(site: Site) -> None:
    called = await site.join("counter-called", ["counter"], [ONE_STOP])
    async with receiver(500, 302, 404) as receiving:
        secret = await call_out(site, called, f"http://127.0.0.1:{receiving.port}/hook")
        dossiers = []
        for number in range(3):
            receipt = await called.receipt(SUBMIT, f"ref:hook-{number}", submission())
            await called.receipt(WITHDRAW, f"ref:hook-{number}", {})
            dossiers.append(receipt["dossier"])
        await all_facts(receiving, dossiers, site)
        feed = (await called.messages())["messages"]
        told = {item["id"] for item in feed}
        # What concerns no dossier is called out beside them, each partition in its own order and time.
        await eventually(lambda: {item["id"] for item in receiving.taken} == told, 20, "all of the feed")
        for headers, body in receiving.came:
            assert headers["webhook-signature"] == expected_signature(secret, headers, body)
            assert headers["content-type"] == "application/cloudevents+json"
    assert not receiving.answers
    keys = {item["id"]: item["partitionkey"] for item in feed}
    assert all(item["partitionkey"] == keys[item["id"]] for item in receiving.taken)
    assert set(dossiers) <= set(keys.values())


async def all_facts(receiving: Receiver, dossiers: list[str], site: Site) -> None:
    await eventually(
        lambda: all(facts_of(receiving.taken, dossier) == [1, 2] for dossier in dossiers),
        40,
        "all facts to be called out",
        lambda: str(receiving.taken) + site.gateway.output(),
    )


async def test_a_killed_gateway_goes_on_where_it_stood(site: Site) -> None:
    called = await site.join("counter-resumed", ["counter"], [ONE_STOP])
    async with receiver() as receiving:
        await call_out(site, called, f"http://127.0.0.1:{receiving.port}/hook")
        first = await called.receipt(SUBMIT, "ref:kill-1", submission())
        await eventually(lambda: facts_of(receiving.taken, first["dossier"]) == [1], 20, "the first fact")
        await site.gateway.kill()
        site.gateway.start()
        called.client = (await site.visitor(called.name, called.token)).client
        await called.receipt(WITHDRAW, "ref:kill-1", {})
        await all_facts(receiving, [first["dossier"]], site)
        ids = [item["id"] for item in receiving.taken]
    repeated = len(ids) - len(set(ids))
    assert repeated <= site.hub.partitions, "at most one call of each partition had no stored answer"


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/hook", "http://10.0.0.1/hook", "http://[::1]:1/hook", "http://0.0.0.0:9/hook"],
)
async def test_an_address_that_is_not_allowed_is_never_called(site: Site, counter: Visitor, url: str) -> None:
    await counter.receipt(SUBMIT, f"ref:denied-{hash(url)}", submission())
    denied = f'hub_gateway_webhook_calls_total{{outcome="denied",participant="{counter.name}"}}'
    before = await counted(site, denied)
    await call_out(site, counter, url)

    async def is_denied() -> bool:
        return await counted(site, denied) > before

    await eventually(is_denied, 20, f"{url} to be denied")
    assert await participants.set_webhook(site.hub.database, counter.name, None) is None


async def counted(site: Site, series: str) -> float:
    lines = (await site.gateway.metrics()).splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(series)), 0.0)


@pytest.mark.parametrize(
    "url",
    ["ftp://x/", "https://", "https://user:secret@host/", "host", "https://host:99999/", "https://h/#f"],
)
async def test_what_is_no_address_of_a_webhook_is_refused(site: Site, counter: Visitor, url: str) -> None:
    with pytest.raises(StartupError, match="https://"):
        await participants.set_webhook(site.hub.database, counter.name, url)
    with pytest.raises(StartupError, match="begins with https://"):
        await participants.set_webhook(site.hub.database, counter.name, "http://host/")
