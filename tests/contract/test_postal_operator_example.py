"""The postal operator's own system as a process on the real broker: once per order, the same answer again."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from hub.delivery.adapter import OutMessage
from hub.embedded.stack import StackAddress
from schemas.pickup import ReportPickup
from schemas.sync import ReportSync
from tests.contract.postal_world import REPOSITORY, cancel_message, order_message, order_of
from tests.support.stack import (
    aiokafka_settings,
    create_topic,
    create_user,
    kafka_admin,
    own_name,
    shared_stack,
)
from tests.support.waiting import within

LIMIT_S = 60.0
DOSSIER = "000.12.34.H07-260302-0001"
ORDERED = order_message(f"{DOSSIER}__C1", DOSSIER)


@pytest.fixture(scope="session")
def stack() -> Iterator[StackAddress]:
    yield from shared_stack()


@dataclass(frozen=True, slots=True)
class Operator:
    """A participant with its own rights only, its system's environment, and the hub's side of its topics."""

    name: str
    journal: Path
    environment: dict[str, str]
    producer: AIOKafkaProducer
    consumer: AIOKafkaConsumer

    async def send(self, message: OutMessage) -> None:
        headers = [
            ("ce_id", message.id.encode()),
            ("ce_type", message.type.encode()),
            ("ce_subject", message.subject.encode()),
            ("content-type", b"application/json"),
        ]
        key = message.dossier.encode()
        await self.producer.send_and_wait(f"out.{self.name}", message.data, key=key, headers=headers)

    async def answer(self) -> ConsumerRecord:
        async with within(LIMIT_S):
            return await self.consumer.getone()

    def effects(self) -> list[tuple[str, str]]:
        lines = [json.loads(line) for line in self.journal.read_text().splitlines()]
        return [(line["order"], line["effect"]) for line in lines]


def grant(admin: AdminClient, user: str) -> None:
    """Let the user read its out. topic in its group and write its in. topic; nothing else."""
    rights = [
        (ResourceType.TOPIC, f"out.{user}", AclOperation.READ),
        (ResourceType.GROUP, user, AclOperation.READ),
        (ResourceType.TOPIC, f"in.{user}", AclOperation.WRITE),
    ]
    bindings = [
        AclBinding(
            kind, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation, AclPermissionType.ALLOW
        )
        for kind, name, operation in rights
    ]
    for done in admin.create_acls(bindings).values():
        done.result(LIMIT_S)


@pytest.fixture
async def operator(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Operator]:
    name = own_name("postal")
    admin = kafka_admin(stack)
    for topic in (f"out.{name}", f"in.{name}"):
        create_topic(admin, topic)
    environment = {
        "KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "KAFKA_USER": name,
        "KAFKA_PASSWORD": create_user(admin, name),
        "POSTAL_JOURNAL": str(tmp_path / "orders.jsonl"),
        "POSTAL_STEPS": "registered,handed_over",
    }
    grant(admin, name)
    producer = AIOKafkaProducer(**aiokafka_settings(stack), acks="all")
    consumer = AIOKafkaConsumer(f"in.{name}", **aiokafka_settings(stack), auto_offset_reset="earliest")
    await producer.start()
    await consumer.start()
    yield Operator(name, tmp_path / "orders.jsonl", environment, producer, consumer)
    await consumer.stop()
    await producer.stop()


@asynccontextmanager
async def running(operator: Operator) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "examples.postal_operator.app"),
        cwd=REPOSITORY,
        env={**os.environ, **operator.environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with within(LIMIT_S):
            await process.wait()


def said(record: ConsumerRecord) -> dict[str, str]:
    """The headers that the contract knows; FastStream adds a correlation id of its own."""
    return {name: value.decode() for name, value in record.headers if name != "correlation_id"}


async def test_an_order_has_its_effects_once_and_a_repeat_gets_the_same_answers(operator: Operator) -> None:
    await operator.send(ORDERED)
    async with running(operator):
        registered, handed_over = await operator.answer(), await operator.answer()
    with operator.journal.open("ab") as journal:
        journal.write(b'{"order": "cut off by a cra')
    await operator.send(ORDERED)
    async with running(operator):
        again = [await operator.answer(), await operator.answer()]
    assert [(said(record), record.value) for record in again] == [
        (said(record), record.value) for record in (registered, handed_over)
    ]
    assert operator.effects() == [(order_of(ORDERED), "registered"), (order_of(ORDERED), "handed_over")]
    reports = [ReportPickup.model_validate_json(record.value) for record in (registered, handed_over)]
    assert [report.status for report in reports] == ["registered", "handed_over"]
    assert reports[1].minutes == f"{order_of(ORDERED)}/BBGN"


async def test_an_answer_is_a_cloudevent_about_the_dossier(operator: Operator) -> None:
    async with running(operator):
        await operator.send(ORDERED)
        record = await operator.answer()
        other = await operator.answer()
    headers = said(record)
    identity, time = headers.pop("ce_id"), headers.pop("ce_time")
    assert headers == {
        "ce_specversion": "1.0",
        "ce_source": f"/participants/{operator.name}",
        "ce_type": "onestop.pickup.report.v1",
        "ce_subject": DOSSIER,
        "content-type": "application/json",
    }
    assert record.key == DOSSIER.encode()
    assert identity != said(other)["ce_id"]
    assert time.endswith("+00:00")


async def test_receipts_are_passed_over_and_a_cancellation_is_confirmed(operator: Operator) -> None:
    cancel = cancel_message(ORDERED)
    receipt = OutMessage("r-1", "onestop.receipt.accepted.v1", DOSSIER, DOSSIER, 1, ORDERED.time, b"{}")
    async with running(operator):
        await operator.send(receipt)
        await operator.send(cancel)
        record = await operator.answer()
    confirmed = ReportSync.model_validate_json(record.value)
    assert (confirmed.message, confirmed.outcome) == (cancel.id, "delivered")
    assert operator.effects() == [(order_of(ORDERED), "cancelled")]
