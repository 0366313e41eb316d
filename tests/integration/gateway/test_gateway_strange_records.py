"""Records in an `out.` topic that are no message of the hub: passed over; what lies behind them comes."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer

from hub.participants import registry as participants
from tests.integration.participants.test_foreign_clients import NEW_LIBRDKAFKA
from tests.support.gateways import Site, Visitor
from tests.support.receivers import receiver
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.stack import librdkafka_settings
from tests.support.waiting import eventually, within

Headers = Sequence[tuple[str, bytes | None]]
GOOD: dict[str, bytes] = {
    "ce_specversion": b"1.0", "ce_id": b"strange", "ce_source": b"/participants/hub", "ce_type": b"t",
    "ce_time": b"2026-11-23T02:00:00Z", "ce_subject": b"ref:1", "content-type": b"application/json",
}  # fmt: skip


def having(name: str, content: bytes | None) -> Headers:
    return [*((known, value) for known, value in GOOD.items() if known != name), (name, content)]


FULL: Headers = list(GOOD.items())
STRANGE: dict[str, tuple[bytes | None, bytes | None, Headers]] = {
    "null key": (None, b"{}", FULL),
    "null value": (b"k", None, FULL),
    "null header": (b"k", b"{}", having("ce_type", None)),
    "header that is no UTF-8": (b"k", b"{}", having("ce_subject", b"\xff\xfe")),
    "content type that is no UTF-8": (b"k", b"{}", having("content-type", b"\xff")),
    "key that is no UTF-8": (b"\xff", b"{}", FULL),
    "value that is no JSON": (b"k", b"test", FULL),
    "value that is no UTF-8": (b"k", b'{"a": "\xff"}', FULL),
    "value with a lone surrogate": (b"k", b'{"a": "\\ud800"}', FULL),
    "value that is no object": (b"k", b"[1]", FULL),
    "value with NaN": (b"k", b'{"a": NaN}', FULL),
    "no headers": (b"k", b"{}", []),
    "nothing at all": (None, None, []),
    "id of two lines": (b"k", b"{}", having("ce_id", b"a\r\nx: y")),
    "empty id": (b"k", b"{}", having("ce_id", b"")),
}


def put(site: Site, name: str, key: bytes | None, value: bytes | None, headers: Headers, **more: Any) -> None:
    """Write one record to every partition of a participant's topic, as an administrator may."""
    producer = Producer(librdkafka_settings(site.hub.address) | more)
    if more:
        producer.init_transactions(20)
        producer.begin_transaction()
    for number in range(site.hub.partitions):
        producer.produce(
            f"{site.hub.prefix}out.{name}", value, key=key, partition=number, headers=list(headers)
        )
    if more:
        producer.commit_transaction(20)
    assert producer.flush(20) == 0


TOLD = {"onestop.dossier.submitted.v1", "onestop.receipt.accepted.v1"}


async def told(visitor: Visitor, cursor: str, reference: str) -> tuple[set[str], set[str]]:
    """What of a request that is sent now comes behind `cursor`, by polling and by an event stream."""
    receipt = await visitor.receipt(SUBMIT, reference, submission())
    dossier = receipt["dossier"]
    async with within(30):
        here, found = cursor, set[str]()
        while not found >= TOLD:
            piece = await visitor.messages(here, wait=5)
            here = piece["cursor"]
            found |= {item["type"] for item in piece["messages"] if item["partitionkey"] == dossier}
        headers, streamed = {"accept": "text/event-stream", "last-event-id": cursor}, set[str]()
        async with visitor.client.stream("GET", "/v1/messages", headers=headers) as stream:
            async for line in stream.aiter_lines():
                event = orjson.loads(line[6:]) if line.startswith("data: ") else {}
                if event.get("partitionkey") == dossier:
                    streamed.add(event["type"])
                if streamed >= TOLD:
                    break
        return found, streamed


@pytest.mark.parametrize("kind", STRANGE)
async def test_a_record_that_is_no_message_holds_up_neither_poll_nor_stream(
    site: Site, counter: Visitor, kind: str
) -> None:
    cursor = (await counter.messages(limit=500))["cursor"]
    await asyncio.to_thread(put, site, counter.name, *STRANGE[kind])
    passed = site.gateway.actions("message_passed_over")
    assert await told(counter, cursor, f"ref:{kind.replace(' ', '-')}") == (TOLD, TOLD)
    assert len(site.gateway.actions("message_passed_over")) > len(passed)
    assert not site.gateway.actions("request_failed")
    counted = f'hub_gateway_messages_passed_over_total{{participant="{counter.name}"}}'
    assert counted in await site.gateway.metrics()


async def test_a_record_whose_headers_are_not_ours_is_told(site: Site, counter: Visitor) -> None:
    cursor = (await counter.messages(limit=500))["cursor"]
    foreign: Headers = [("b3", b"\xff"), ("x-null", None), *FULL]
    await asyncio.to_thread(put, site, counter.name, b"k", b"{}", foreign)
    piece = await counter.messages(cursor, wait=5)
    assert piece["messages"][0]["id"] == "strange"


async def test_marks_of_transactions_hold_up_nothing(site: Site, counter: Visitor) -> None:
    cursor = (await counter.messages(limit=500))["cursor"]
    await asyncio.to_thread(
        put, site, counter.name, b"k", b"no JSON", FULL, **{"transactional.id": f"{site.hub.prefix}t"}
    )
    assert await told(counter, cursor, "ref:transaction") == (TOLD, TOLD)


@pytest.mark.needs("kcat")
async def test_a_header_whose_name_is_no_utf_8_holds_up_nothing(
    site: Site, counter: Visitor, tmp_path: Path
) -> None:
    other = await site.join("counter-next-door", ["counter"], [ONE_STOP])
    cursor = (await counter.messages(limit=500))["cursor"]
    for number in range(site.hub.partitions):
        await asyncio.to_thread(write_bytes, site, counter.name, number, tmp_path)
    came = await asyncio.gather(
        told(counter, cursor, "ref:name"),
        told(other, (await other.messages())["cursor"], "ref:next-door"),
    )
    assert list(came) == [(TOLD, TOLD), (TOLD, TOLD)]


def write_bytes(site: Site, name: str, partition: int, folder: Path) -> None:
    settings = librdkafka_settings(site.hub.address)
    config = folder / "kcat.conf"
    config.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    (folder / "value").write_bytes(b"{}")
    topic = shlex.quote(f"{site.hub.prefix}out.{name}")
    script = rf"kcat -F kcat.conf -P -t {topic} -p {partition} -k k -H $'\xff\xfe=1' value"
    subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        check=True,
        timeout=60,
        env={"LD_PRELOAD": str(NEW_LIBRDKAFKA or ""), "PATH": "/usr/bin:/bin"},
    )


async def test_a_webhook_is_called_with_what_lies_behind_all_of_them(site: Site) -> None:
    called = await site.join("counter-strange-hook", ["counter"], [ONE_STOP])
    for key, value, headers in STRANGE.values():
        await asyncio.to_thread(put, site, called.name, key, value, headers)
    receipt = await called.receipt(SUBMIT, "ref:behind", submission())
    async with receiver() as receiving:
        url = f"http://127.0.0.1:{receiving.port}/hook"
        await participants.set_webhook(site.hub.database, site.hub.store_key, called.name, url, is_test=True)
        await eventually(
            lambda: any(item["partitionkey"] == receipt["dossier"] for item in receiving.taken),
            30, "what lies behind", site.gateway.output,
        )  # fmt: skip
        assert all(item["id"] != "strange" for item in receiving.taken)
    await participants.set_webhook(site.hub.database, site.hub.store_key, called.name, None)
    assert site.gateway.exit_status is None
