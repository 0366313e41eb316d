"""Messages posted to a participant's own address: signed, in order, until taken, nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from hub.errors import StartupError
from hub.facts.checked import WEBHOOK
from hub.oversight.failures import Failure, failures
from hub.participants import registry as participants
from hub.postgres.database import Connection
from tests.support.gateways import Site, Visitor
from tests.support.receivers import Receiver, expected_signature, receiver
from tests.support.requests import ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.waiting import eventually


async def call_out(site: Site, visitor: Visitor, url: str) -> str:
    secret = await participants.set_webhook(
        site.hub.database, site.hub.store_key, visitor.name, url, is_test=True
    )
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
    await call_out(site, counter, url)
    await outcome_of(site, counter, "denied")
    assert await participants.set_webhook(site.hub.database, site.hub.store_key, counter.name, None) is None
    await series_end(site, counter)


async def outcome_of(site: Site, visitor: Visitor, outcome: str) -> None:
    """Wait until a call of this participant's webhook has ended so."""
    series = f'hub_gateway_webhook_calls_total{{outcome="{outcome}",participant="{visitor.name}"}}'

    async def is_counted() -> bool:
        return series in await site.gateway.metrics()

    await eventually(is_counted, 20, f"{outcome} of {visitor.name}", site.gateway.output)


async def series_end(site: Site, visitor: Visitor) -> None:
    """Wait until no series of this participant's webhook is left."""

    async def are_gone() -> bool:
        lines = (await site.gateway.metrics()).splitlines()
        return not [line for line in lines if "_webhook_" in line and visitor.name in line]

    await eventually(are_gone, 20, f"the series of {visitor.name} to end", site.gateway.output)


async def test_a_webhook_that_fails_is_told_to_operators_until_a_call_is_taken(site: Site) -> None:
    called = await site.join("counter-failing", ["counter"], [ONE_STOP])

    async def told() -> list[Failure]:
        found = await failures(site.hub.database, datetime.now(UTC))
        return [one for one in found if one.kind == "webhook fails" and one.what == called.name]

    async def is_told() -> bool:
        await site.hub.database.execute("update webhook_trouble set since = now() - interval '2 minutes'")
        return bool(await told())

    async def is_counted_at_its_end() -> bool:
        row = "select 1 from webhook_trouble where participant = $1 and outcome <> 'x'"
        return bool(await site.hub.database.fetchval(row, called.name))

    async def is_told_no_more() -> bool:
        return not await site.hub.database.fetchval(TROUBLE, called.name)

    async with receiver(*([503] * 50)) as receiving:
        await call_out(site, called, f"http://127.0.0.1:{receiving.port}/hook")
        await called.receipt(SUBMIT, "ref:failing-1", submission())
        await eventually(is_told, 30, "the failing webhook to be listed", site.gateway.output)
        (failure,) = await told()
        assert failure.why.startswith("rejected: ")
        most = "update webhook_trouble set calls = 9223372036854775807, outcome = 'x' where participant = $1"
        await site.hub.database.execute(most, called.name)
        await eventually(is_counted_at_its_end, 30, "a count at its end to stop nothing", site.gateway.output)
        receiving.answers.clear()
        await eventually(is_told_no_more, 40, "the webhook to work", site.gateway.output)


TROUBLE = "select count(*) from webhook_trouble where participant = $1"
END_SESSION = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = 'gateway-webhooks' and datname = current_database()
"""
STORED = """
insert into webhook (participant, url, secret, positions, mac) values ($1, $2, $3, $4, $5)
on conflict (participant) do update set url = excluded.url, secret = excluded.secret,
    positions = excluded.positions, mac = excluded.mac
"""


@pytest.mark.parametrize(
    ("url", "secret", "outcome"),
    [
        ("http://hooks..example.vn/x", "whsec_AAAA", "unreachable"),
        ("http://" + "a" * 64 + ".vn/x", "whsec_AAAA", "unreachable"),
        ("http://b\u1ed9t\u00e0ich\u00ednh.invalid/x", "whsec_AAAA", "unreachable"),
        ("http://[::1/x", "whsec_AAAA", "unreachable"),
        ("nonsense", "whsec_AAAA", "unreachable"),
        ("http://127.0.0.1:9/x", "whsec_A", "fault"),
    ],
)
async def test_whatever_is_stored_for_one_participant_the_others_are_called(
    site: Site, counter: Visitor, url: str, secret: str, outcome: str
) -> None:
    await counter.receipt(SUBMIT, f"ref:stored-{hash((url, secret))}", submission())
    neighbour = await site.join(f"counter-beside-{abs(hash((url, secret)))}", ["counter"], [ONE_STOP])
    row = counter.name, url, secret, [0, 0]
    await site.hub.database.execute(STORED, *row, WEBHOOK.check(site.hub.store_key, *row))
    await outcome_of(site, counter, outcome)
    async with receiver() as receiving:
        await call_out(site, neighbour, f"http://127.0.0.1:{receiving.port}/hook")
        receipt = await neighbour.receipt(SUBMIT, "ref:beside", submission())
        await eventually(
            lambda: facts_of(receiving.taken, receipt["dossier"]) == [1], 20, "the neighbour's fact",
            site.gateway.output,
        )  # fmt: skip
    assert site.gateway.exit_status is None
    for visitor in (counter, neighbour):
        await participants.set_webhook(site.hub.database, site.hub.store_key, visitor.name, None)
    await series_end(site, counter)


async def test_the_series_of_a_webhook_end_with_it(site: Site) -> None:
    leaving = await site.join("counter-hook-ends", ["counter"], [ONE_STOP])
    await call_out(site, leaving, "http://127.0.0.1:9/hook")
    await outcome_of(site, leaving, "unreachable")
    await participants.remove(site.hub.admin, site.hub.database, site.hub.store_key, leaving.name)
    await series_end(site, leaving)


async def test_the_series_of_a_webhook_end_when_another_process_calls(site: Site) -> None:
    moving = await site.join("counter-hook-moves", ["counter"], [ONE_STOP])
    await call_out(site, moving, "http://127.0.0.1:9/hook")
    await outcome_of(site, moving, "unreachable")
    other: Connection = await asyncpg.connect(site.hub.dsn)
    try:
        await other.execute(END_SESSION)
        await other.execute("select pg_advisory_lock(4713, hashtext($1))", moving.name)
        await series_end(site, moving)
    finally:
        await other.close()
    await outcome_of(site, moving, "unreachable")
    await participants.set_webhook(site.hub.database, site.hub.store_key, moving.name, None)
    await series_end(site, moving)


@pytest.mark.parametrize(
    "url",
    ["ftp://x/", "https://", "https://user:secret@host/", "host", "https://host:99999/", "https://h/#f"],
)
async def test_what_is_no_address_of_a_webhook_is_refused_and_changes_nothing(
    site: Site, counter: Visitor, url: str
) -> None:
    await call_out(site, counter, "http://127.0.0.1:9/before")
    with pytest.raises(StartupError, match="https://"):
        await participants.set_webhook(site.hub.database, site.hub.store_key, counter.name, url)
    with pytest.raises(StartupError, match="begins with https://"):
        await participants.set_webhook(site.hub.database, site.hub.store_key, counter.name, "http://host/")
    stored = "select url from webhook where participant = $1"
    assert await site.hub.database.fetchval(stored, counter.name) == "http://127.0.0.1:9/before"
    await participants.set_webhook(site.hub.database, site.hub.store_key, counter.name, None)
