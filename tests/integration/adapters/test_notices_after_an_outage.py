"""Ten thousand notices after an outage: each once, the nearest time first, no provider over its limit."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_string
from pathlib import Path
from random import Random

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from adapters.notices.adapter import NoticesAdapter
from adapters.sandbox_kit.process import journal_of, sandbox_port, sandbox_process
from hub.delivery.adapter import OutMessage
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.runtime import run_adapter
from hub.embedded.process import free_port
from hub.embedded.stack import StackAddress
from hub.kafka.client import AIOKafkaProducer
from hub.settings import KafkaSettings
from tests.contract.notices_world import message, settings, sms
from tests.support.delivery_worlds import PREFIX, registered
from tests.support.report_keys import KEY_FILE
from tests.support.stack import REPOSITORY, aiokafka_settings, own_name
from tests.support.waiting import eventually, within

pytestmark = pytest.mark.long

COUNT = 10_000
PER_S = 50.0
"""The limit of each of the two providers, which get half of the notices each."""
AT_ONCE = 4
FIRST, NEAREST = 300, 350
TODAY = datetime(2026, 11, 6, 1, 0, tzinfo=UTC)
SHUFFLE = Random(14)  # noqa: S311  the same order each time
OPTIONS = DeliveryOptions(
    key_file=KEY_FILE, concurrency=AT_ONCE, fetch_wait_ms=20, idle_s=0.05, session_timeout_ms=6000,
    retry_base_s=0.02, retry_cap_s=0.2, circuit_open_s=2.0, circuit_max_open_s=2.0, resend_s=900.0,
)  # fmt: skip
"""The circuit opens as always; what was tried is due again long before it lets anything pass."""
Taken = tuple[str, float]
"""The id of a notice, and when the provider took it."""


def asked() -> list[OutMessage]:
    """Form 01 for ten thousand applicants: each has another due time, told in no order."""
    dues = [TODAY + timedelta(minutes=number) for number in range(COUNT)]
    SHUFFLE.shuffle(dues)
    kinds = (message, sms)
    return [
        kinds[number % 2](purpose="receipt", points=[], guidance=None, due_at=due.isoformat())
        for number, due in enumerate(dues)
    ]


async def publish(stack: StackAddress, name: str, messages: Sequence[OutMessage]) -> None:
    """As the relay does."""
    async with AIOKafkaProducer(**aiokafka_settings(stack)) as producer:
        for one in messages:
            headers = {
                "ce_specversion": "1.0", "ce_id": one.id, "ce_source": "/hub", "ce_type": one.type,
                "ce_time": one.time.isoformat(), "ce_subject": one.subject, "ce_sequence": "1",
            }  # fmt: skip
            pairs = [(key, text.encode()) for key, text in headers.items()]
            await producer.send(f"{PREFIX}out.{name}", one.data, key=one.subject.encode(), headers=pairs)
        await producer.flush()


@asynccontextmanager
async def running(adapter: NoticesAdapter, kafka: KafkaSettings, dsn: str) -> AsyncIterator[None]:
    """The adapter as it runs at a site."""
    stop = asyncio.Event()
    metrics = DeliveryMetrics(CollectorRegistry())
    work = asyncio.create_task(
        run_adapter(adapter, kafka, dsn, environment="test", options=OPTIONS, stop=stop, metrics=metrics)
    )
    try:
        yield
    finally:
        stop.set()
        async with within(15):
            await work


@asynccontextmanager
async def providers(folder: Path, mail_port: int, sms_port: int) -> AsyncIterator[None]:
    """A real mail server and the stand-in of a provider of messages; they are back."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.contract.mail_server", "--port", str(mail_port), str(folder / "mail")),
        cwd=REPOSITORY,
    )
    try:
        await sandbox_port(folder / "mail" / "port", server)
        async with sandbox_process("adapters.notices.sandbox", folder / "sms", "--port", str(sms_port)):
            yield
    finally:
        server.terminate()
        await server.wait()


def mails(folder: Path) -> list[Taken]:
    lines = (folder / "mail" / "journal.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    names = [str(message_from_string(one["content"])["Message-ID"]) for one in found]
    return [(name[1:].partition("@")[0], one["at"]) for name, one in zip(names, found, strict=True)]


def messages(folder: Path) -> list[Taken]:
    return [(one["id"], one["at"]) for one in journal_of(folder / "sms")]


def each_went_once_by_its_time_within_the_limit(
    taken: Sequence[Taken], wanted: Sequence[str], back_at: float
) -> None:
    """`wanted` in the order of the times that are told; nothing could go out before `back_at`.

    The k-th turn lies k intervals after that; only those who had theirs meanwhile count as none.
    """
    assert sorted(name for name, _ in taken) == sorted(wanted)
    assert {name for name, _ in taken[:FIRST]} <= set(wanted[:NEAREST])
    times = sorted(at for _, at in taken)
    assert [k for k, at in enumerate(times) if at < back_at + (k - AT_ONCE) / PER_S] == []


async def test_ten_thousand_notices_after_an_outage_go_by_their_time_and_keep_each_providers_limit(
    stack: StackAddress, hub_database: str, tmp_path: Path
) -> None:
    for name in ("mail", "sms"):
        (tmp_path / name).mkdir()
    mail_port, sms_port = free_port(set()), free_port(set())
    tree = settings(
        smtp_host="127.0.0.1", smtp_port=mail_port, smtp_security="none", smtp_per_s=PER_S,
        sms_url=f"http://127.0.0.1:{sms_port}/messages", sms_per_s=PER_S, retry_delay_s=0.1,
        total_timeout_s=20.0,
    )  # fmt: skip
    adapter = NoticesAdapter(tree)
    adapter.name = own_name("notices")
    kafka = await asyncio.to_thread(registered, stack, adapter.name)
    notices = asked()
    nearest = sorted(notices, key=lambda one: json.loads(one.data)["due_at"])
    await publish(stack, adapter.name, notices)
    store = await asyncpg.connect(hub_database)

    async def is_every_one(condition: str) -> bool:
        await asyncio.sleep(0.5)  # a count that is asked for all the time would take what the adapter needs
        found = await store.fetchval(f"select count(*) from delivery where {condition}")  # noqa: S608
        return bool(found == COUNT)

    async with running(adapter, kafka, hub_database):
        await eventually(lambda: is_every_one("state = 'pending'"), 60, "all of them to wait")
        assert await store.fetchval("select sum(attempts) from delivery"), "what was tried in vain"
        back_at = time.time()
        async with providers(tmp_path, mail_port, sms_port):
            await eventually(lambda: is_every_one("state = 'delivered'"), 150, "all of them to be sent")
    await store.close()
    for taken, kind in ((mails(tmp_path), "email"), (messages(tmp_path), "sms")):
        wanted = [one.id for one in nearest if json.loads(one.data)["channel"] == kind]
        each_went_once_by_its_time_within_the_limit(taken, wanted, back_at)
