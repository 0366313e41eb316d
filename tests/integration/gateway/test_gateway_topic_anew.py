"""An `out.` topic that was deleted and made again: nobody waits behind offsets that it does not have yet."""

from __future__ import annotations

import asyncio

from hub.kafka.topics import OUT
from tests.integration.gateway.test_gateway_feed import until_empty
from tests.integration.gateway.test_gateway_webhooks import call_out, facts_of
from tests.support.gateways import Site, Visitor
from tests.support.receivers import receiver
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually


async def make_again(site: Site, visitor: Visitor) -> None:
    """Delete the participant's topic and make an empty one of the same name."""
    admin, topic = site.hub.admin, f"{site.hub.prefix}out.{visitor.name}"
    await asyncio.to_thread(admin.delete_topics, [topic])
    await eventually(lambda: topic not in admin.topic_names(), 20, "the topic to be gone")
    await asyncio.to_thread(admin.create_topic, topic, site.hub.partitions, OUT)


async def test_a_cursor_of_a_topic_that_was_made_again_is_said_to_be_gone(site: Site) -> None:
    anew = await site.join("counter-anew", ["counter"], [ONE_STOP])
    for number in range(3):
        await anew.receipt(SUBMIT, f"ref:anew-{number}", submission())
    told, old = await until_empty(anew)
    assert told
    await make_again(site, anew)

    async def answer() -> tuple[int, str]:
        found = await anew.client.get("/v1/messages", params={"cursor": old, "wait": 1})
        return found.status_code, found.json().get("code", "")

    async def is_told() -> bool:
        return await answer() == (410, "feed.expired")

    await eventually(is_told, 40, "the old cursor to be refused", site.gateway.output)
    headers = {"accept": "text/event-stream", "last-event-id": old}
    stream = await anew.client.get("/v1/messages", headers=headers)
    assert (stream.status_code, stream.json()["code"]) == (410, "feed.expired")
    later = await anew.receipt(SUBMIT, "ref:anew-later", submission())
    fact = await anew.message("onestop.dossier.submitted.v1", later["dossier"])
    assert fact["partitionkey"] == later["dossier"]


async def test_a_webhook_goes_on_at_the_start_of_a_topic_that_was_made_again(site: Site) -> None:
    called = await site.join("counter-hooked-anew", ["counter"], [ONE_STOP])
    async with receiver() as receiving:
        await call_out(site, called, f"http://127.0.0.1:{receiving.port}/hook")
        first = await called.receipt(SUBMIT, "ref:hooked-1", submission())
        await eventually(lambda: facts_of(receiving.taken, first["dossier"]) == [1], 30, "the first fact")
        await until_all_are_called_out(called, receiving.taken)
        await make_again(site, called)
        await eventually(
            lambda: bool(site.gateway.actions("webhook_topic_made_again")), 40, "the webhook to begin anew",
            site.gateway.output,
        )  # fmt: skip
        later = await called.receipt(SUBMIT, "ref:hooked-2", submission())
        await eventually(lambda: facts_of(receiving.taken, later["dossier"]) == [1], 40, "the later fact")
    series = f'hub_gateway_webhook_moves_total{{participant="{called.name}",reason="made_again"}}'
    assert series in await site.gateway.metrics()


async def until_all_are_called_out(visitor: Visitor, taken: list[dict[str, object]]) -> None:
    told = {item["id"] for item in (await until_empty(visitor))[0]}
    await eventually(lambda: {item["id"] for item in taken} == told, 30, "all of the feed")
