"""Test support: what makes the alerts about strange callers, records and rows, each until they end."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
from confluent_kafka import Producer

from hub.participants import registry as participants
from hub.participants.registry import Participant
from tests.scenario.alert_site import Site
from tests.support.gateways import Gateway
from tests.support.requests import ONE_STOP
from tests.support.stack import librdkafka_settings

_OVER = """
insert into redrive (dossier_id, operator, reason, done_at) values ($1, 'x', 'x', now() - interval '30 years')
"""
_FOREIGN_TIMER = """
insert into timer (dossier_id, name, kind, due_at, shard)
select id, 'foreign', 'due', '-infinity', 0 from dossier limit 1
"""


async def callers_that_speak_no_tls(site: Site) -> None:
    assert isinstance(site.gateway, Gateway)
    port = urlsplit(await site.gateway.door()).port
    for _ in range(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await reader.read()
        writer.close()
    await site.prometheus.fires("HubConnectionsRefused", door="gateway")
    await site.prometheus.ends("HubConnectionsRefused", door="gateway")


async def a_record_that_is_no_message(site: Site) -> None:
    """An administrator's test record, met by the calls to a webhook."""
    hub, name = site.hub, "strange-reader"
    reader = Participant(name, ("counter",), (ONE_STOP,), hub.partitions, is_http=True)
    async with site.session() as connection:
        await participants.add(hub.admin, connection, hub.store_key, reader)
    producer = Producer(librdkafka_settings(hub.address))
    producer.produce(f"{hub.prefix}out.{name}", b"no JSON", partition=0)
    assert await asyncio.to_thread(producer.flush, 20) == 0
    async with site.session() as connection:
        await participants.set_webhook(
            connection, hub.store_key, name, "http://127.0.0.1:9/hook", is_test=True
        )
    await site.prometheus.fires("HubMessagesPassedOver", 120, participant=name)
    async with site.session() as connection:
        await participants.remove(hub.admin, connection, hub.store_key, name)
    await site.prometheus.ends("HubMessagesPassedOver", 120, participant=name)


async def a_row_that_a_forgotten_session_holds(site: Site) -> None:
    holder = await asyncpg.connect(site.hub.dsn)
    await holder.execute("begin")
    while not await holder.fetchval("select true from redrive where operator = 'x' for update"):
        await site.store.execute(_OVER, uuid4())  # again if it was swept before it was held
    await site.prometheus.fires("HubRetentionFails", 120, kind="redrive")
    await holder.close()
    await site.prometheus.ends("HubRetentionFails", 120, kind="redrive")


async def a_row_that_the_hub_has_not_written(site: Site) -> None:
    await site.store.execute(_FOREIGN_TIMER)
    await site.prometheus.fires("HubRowsUntrusted", kind="timer")
    await site.store.execute("delete from timer where name = 'foreign'")
    await site.prometheus.ends("HubRowsUntrusted", kind="timer")
