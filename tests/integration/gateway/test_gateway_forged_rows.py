"""Rows that somebody else than the hub wrote open no door, call nobody out and send no newcomer elsewhere."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest

from hub.gateway.presence import gateway_url
from hub.participants import registry as participants
from hub.settings import GatewaySettings
from tests.support.gateways import Site, Visitor
from tests.support.hub_commands import hub_command
from tests.support.receivers import receiver
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

MOVED = "update configuration_version set version = version + 1 where kind = 'participants'"
FORGED = "the-token-of-who-has-the-database"
INSERTED = "insert into http_credential (fingerprint, kind, participant) values ($1, 'token', $2)"


async def asked(site: Site, name: str, token: str) -> int:
    """How the gateway answers to who shows this token."""
    visitor = await site.visitor(name, token)
    return (await visitor.client.get("/v1/messages", params={"wait": 0})).status_code


async def told(site: Site, row: str) -> None:
    await eventually(
        lambda: any(line.get("row") == row for line in site.gateway.actions("row_untrusted")),
        20, row, site.gateway.output,
    )  # fmt: skip


async def test_a_token_that_was_written_into_the_database_opens_no_door(site: Site, counter: Visitor) -> None:
    await site.hub.database.execute(INSERTED, sha256(FORGED.encode()).digest(), counter.name)
    await site.hub.database.execute(MOVED)
    assert await asked(site, counter.name, FORGED) == 401
    await told(site, f"http_credential {counter.name} token")
    assert await asked(site, counter.name, counter.token) == 200
    status, said = await hub_command(site.hub.environment, "verify")
    assert (status, f"http_credential {counter.name} token: the row" in said) == (1, True), said

    token = await participants.rotate(site.hub.admin, site.hub.database, site.hub.store_key, counter.name)
    assert await asked(site, counter.name, FORGED) == 401, "a rotation makes nothing genuine"
    assert (await asked(site, counter.name, token), await asked(site, counter.name, counter.token)) == (
        200,
        200,
    )
    await site.hub.database.execute(
        "delete from http_credential where fingerprint = $1", sha256(FORGED.encode()).digest()
    )


async def test_a_token_lives_no_longer_and_serves_nobody_else_by_an_altered_row(
    site: Site, counter: Visitor
) -> None:
    hub = site.hub
    ending = await site.join("counter-ending", ["counter"], [ONE_STOP])
    await participants.rotate(
        hub.admin, hub.database, hub.store_key, ending.name, overlap=timedelta(seconds=1)
    )

    async def is_over() -> bool:
        await asked(site, ending.name, FORGED)  # an unknown one: the gateway reads all of them anew
        return await asked(site, ending.name, ending.token) == 401

    await eventually(is_over, 20, "the old token to end", site.gateway.output)
    for statement in (
        "update http_credential set expires_at = null where fingerprint = $1 and participant <> $2",
        "update http_credential set expires_at = '294276-01-01' where fingerprint = $1 and participant <> $2",
        "update http_credential set expires_at = null, participant = $2 where fingerprint = $1",
    ):
        await hub.database.execute(statement, sha256(ending.token.encode()).digest(), counter.name)
        await hub.database.execute(MOVED)
        assert await is_over(), statement
    await participants.remove(hub.admin, hub.database, hub.store_key, ending.name)
    await hub.database.execute(
        "delete from http_credential where fingerprint = $1", sha256(ending.token.encode()).digest()
    )


@pytest.mark.parametrize("table", ["participant", "http_participant"])
async def test_a_caller_whose_part_was_altered_is_not_let_in(site: Site, table: str) -> None:
    hub, changed = (
        site.hub,
        {"participant": "roles = '{agency}'", "http_participant": "is_documents_only = true"},
    )
    caller = await site.join(f"counter-{table.replace('_', '-')}", ["counter"], [ONE_STOP])
    await hub.database.execute(f"update {table} set {changed[table]} where name = $1", caller.name)  # noqa: S608
    await hub.database.execute(MOVED)
    await told(site, f"{table} {caller.name}")
    assert await asked(site, caller.name, caller.token) == 401
    await participants.remove(hub.admin, hub.database, hub.store_key, caller.name)


async def test_a_webhook_that_was_led_elsewhere_gets_nothing(site: Site) -> None:
    hub = site.hub
    called = await site.join("counter-led", ["counter"], [ONE_STOP])
    async with receiver() as genuine, receiver() as elsewhere:
        url = f"http://127.0.0.1:{genuine.port}/hook"
        await participants.set_webhook(hub.database, hub.store_key, called.name, url, is_test=True)
        await called.receipt(SUBMIT, "ref:led-1", submission())
        await eventually(lambda: len(genuine.taken) > 1, 20, "fact and receipt", site.gateway.output)
        kept = await hub.database.fetchrow("select * from webhook where participant = $1", called.name)
        assert kept is not None
        await hub.database.execute(
            "update webhook set url = $2 where participant = $1",
            called.name, f"http://127.0.0.1:{elsewhere.port}/hook",
        )  # fmt: skip
        await told(site, f"webhook {called.name}")
        await called.receipt(SUBMIT, "ref:led-2", submission())
        await hub.database.execute("delete from webhook where participant = $1", called.name)
        await hub.database.execute("insert into webhook select ($1::webhook).*", kept)
        await eventually(lambda: len(genuine.taken) > 3, 20, "the second fact", site.gateway.output)
        assert not elsewhere.taken
    await participants.set_webhook(hub.database, hub.store_key, called.name, None)


async def test_newcomers_are_told_no_address_that_no_gateway_wrote(site: Site) -> None:
    hub = site.hub
    await hub.database.execute(
        "insert into gateway_address (url, seen_at) values ('https://elsewhere.example.vn', now() + '1 hour')"
    )
    settings = GatewaySettings()
    genuine = await site.gateway.door()

    async def is_told() -> bool:
        return await gateway_url(settings, hub.database, hub.store_key) == genuine

    await eventually(is_told, 30, "the address of the gateway", site.gateway.output)
