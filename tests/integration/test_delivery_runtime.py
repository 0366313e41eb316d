"""The whole delivery runtime on real Kafka and PostgreSQL, with a counterpart that is not idempotent."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from hub.delivery.database import install, open_pool
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.progress import Progress
from hub.delivery.runtime import run_adapter
from hub.delivery.store import DeliveryStore
from hub.embedded.stack import StackAddress
from hub.errors import StartupError
from hub.kafka import AIOKafkaConsumer, AIOKafkaProducer
from hub.kafka_admin import KafkaAdmin
from hub.participants import participant_grants, user_of
from hub.settings import KafkaSettings
from schemas.receipt import RECEIPT_ACCEPTED, RECEIPT_REFUSED
from tests.support.fake_counterpart import EFFECT_TYPE, NEVER, REPORT_TYPE, FakeCounterpart, Fault
from tests.support.stack import REPOSITORY, aiokafka_settings, own_name

LIMIT_S = 20.0
PREFIX = "delivery-test."
OPTIONS: dict[str, Any] = {
    "call_timeout_s": 1.0,
    "lease_margin_s": 1.0,
    "idle_s": 0.05,
    "fetch_wait_ms": 20,
    "retry_base_s": 0.02,
    "retry_cap_s": 0.2,
    "circuit_failures": 1000,
    "gauges_s": 0.1,
    "drain_s": 2.0,
    "session_timeout_ms": 1000,
}


@dataclass(slots=True)
class World:
    """One adapter's topics, tables and counterpart; `hub` reads and writes its topics as the hub would."""

    kafka: KafkaSettings
    dsn: str
    counterpart: FakeCounterpart
    store: DeliveryStore
    pool: asyncpg.Pool[Any]
    producer: AIOKafkaProducer
    reports: AIOKafkaConsumer
    registry: CollectorRegistry
    metrics: DeliveryMetrics
    progress: Progress = field(default_factory=Progress)

    @property
    def name(self) -> str:
        return self.counterpart.name

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, {"adapter": self.name, **labels}) or 0.0

    async def send(
        self, number: int, dossier: str = "d-1", type_: str = EFFECT_TYPE, **changed: bytes
    ) -> None:
        """Put message `m-<number>` on the adapter's topic, as the relay does."""
        headers = {
            "ce_specversion": b"1.0",
            "ce_id": f"m-{number}".encode(),
            "ce_source": b"/hub",
            "ce_type": type_.encode(),
            "ce_time": b"2026-03-10T08:00:00+07:00",
            "ce_subject": dossier.encode(),
            "ce_sequence": str(number).encode(),
        }
        value = changed.pop("value", b'{"wanted":true}')
        await self.producer.send_and_wait(
            f"{PREFIX}out.{self.name}", value, key=dossier.encode(), headers=list((headers | changed).items())
        )

    async def answer(self, request: str, code: str | None = None) -> None:
        """Send the hub's receipt for a report."""
        body: dict[str, Any] = {"request": request, "dossier": "d-1", "facts": []}
        if code:
            body = {"request": request, "code": code}
        kind = RECEIPT_REFUSED if code else RECEIPT_ACCEPTED
        headers = {"ce_specversion": b"1.0", "ce_id": b"receipt-of-" + request.encode()}
        headers |= {"ce_type": kind.encode(), "ce_time": b"2026-03-10T08:00:00+07:00", "ce_subject": b"d-1"}
        await self.producer.send_and_wait(
            f"{PREFIX}out.{self.name}", json.dumps(body).encode(), key=b"d-1", headers=list(headers.items())
        )

    async def read_report(self) -> tuple[dict[str, bytes], bytes, Any]:
        """Read the next record of the adapter's in. topic: headers, key, value."""
        async with asyncio.timeout(LIMIT_S):
            record = await self.reports.getone()
        return dict(record.headers), record.key, json.loads(record.value)

    async def state(self, number: int) -> str:
        state: str = await self.pool.fetchval("select state from delivery where id = $1", f"m-{number}")
        return state

    def effects(self) -> list[str]:
        return [entry["id"] for entry in self.counterpart.effects()]


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for a condition with a limit."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def world(stack: StackAddress, fresh_database: str, tmp_path: Path) -> AsyncIterator[World]:
    counterpart = FakeCounterpart(tmp_path / "journal.jsonl", own_name("fake"))
    kafka = await asyncio.to_thread(_registered, stack, counterpart.name)
    producer = AIOKafkaProducer(**aiokafka_settings(stack))
    reports = AIOKafkaConsumer(
        f"{PREFIX}in.{counterpart.name}", **aiokafka_settings(stack), auto_offset_reset="earliest"
    )
    registry = CollectorRegistry()
    async with open_pool(fresh_database, counterpart.name) as pool, producer, reports:
        async with pool.acquire() as connection:
            await install(connection)
        store = DeliveryStore(pool, counterpart.name)
        yield World(
            kafka,
            fresh_database,
            counterpart,
            store,
            pool,
            producer,
            reports,
            registry,
            DeliveryMetrics(registry),
        )


@asynccontextmanager
async def running(world: World, **options: Any) -> AsyncIterator[asyncio.Event]:
    """Run the adapter in this process; stops it at the end and fails if it needs too long or died."""
    stop = asyncio.Event()
    task = asyncio.create_task(_run(world, stop, **options))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(15):
            await task


async def _run(world: World, stop: asyncio.Event, kafka: KafkaSettings | None = None, **options: Any) -> None:
    await run_adapter(
        world.counterpart,
        kafka or world.kafka,
        world.dsn,
        environment="test",
        options=DeliveryOptions(**(OPTIONS | options)),
        stop=stop,
        metrics=world.metrics,
        progress=world.progress,
    )


def _registered(address: StackAddress, name: str) -> KafkaSettings:
    """Create topics and a user that may do no more than a participant."""
    admin = KafkaAdmin(
        KafkaSettings(
            bootstrap=address.kafka_bootstrap,
            user=address.kafka_admin_user,
            password=SecretStr(address.kafka_admin_password),
            prefix=PREFIX,
        )
    )
    for topic in (f"{PREFIX}in.{name}", f"{PREFIX}out.{name}"):
        admin.create_topic(topic, 2, {})
    user = user_of(name, PREFIX)
    password = admin.set_password(user)
    admin.grant(user, participant_grants(name, PREFIX))
    return KafkaSettings(
        bootstrap=address.kafka_bootstrap, user=user, password=SecretStr(password), prefix=PREFIX
    )


async def test_a_message_becomes_one_effect_and_its_report_reaches_the_hub(world: World) -> None:
    await world.send(1)
    async with running(world):
        headers, key, body = await world.read_report()
        assert (headers["ce_id"], headers["ce_type"]) == (b"report-m-1", REPORT_TYPE.encode())
        assert headers["ce_source"] == f"/participants/{world.name}".encode()
        assert (headers["ce_environment"], headers["content-type"]) == (b"test", b"application/json")
        assert (headers["ce_subject"], key) == (b"d-1", b"d-1")
        assert body == {"message": "m-1", "outcome": "delivered"}
        await world.answer("report-m-1")
        await until(lambda: world.metric("hub_adapter_reports_unconfirmed") == 0)
    assert world.effects() == ["m-1"]
    assert ("aclose", "") in world.counterpart.calls
    assert world.metric("hub_events_delivered_total", event_type=EFFECT_TYPE, outcome="ok") == 1


async def test_the_same_message_twice_is_one_effect(world: World) -> None:
    await world.send(1)
    await world.send(1)
    async with running(world):
        await until(lambda: world.metric("hub_effects_deduplicated_total") == 1)
        await until(lambda: world.effects() != [])
    async with running(world):
        await world.send(1)
        await until(lambda: world.metric("hub_effects_deduplicated_total") == 2)
    assert world.effects() == ["m-1"]


async def test_types_that_the_adapter_does_not_handle_are_dropped(world: World) -> None:
    await world.send(1, type_=NEVER)
    await world.send(2)
    async with running(world):
        await until(lambda: world.effects() == ["m-2"])
    assert await world.pool.fetchval("select count(*) from delivery") == 1


async def test_order_per_dossier_is_kept_under_eight_calls_at_once(world: World) -> None:
    world.counterpart.work_s = 0.005
    numbers = range(1, 121)
    for number in numbers:
        await world.send(number, dossier=f"d-{number % 10}")
        if number % 7 == 0:
            world.counterpart.faults[f"m-{number}"] = ["later", "lost_after"]
        if number % 11 == 0:
            world.counterpart.faults[f"m-{number}"] = ["lost_before"]
    async with running(world, concurrency=8):
        await until(lambda: len(set(world.effects())) == 120)
    assert sorted(world.effects()) == sorted(f"m-{number}" for number in numbers)
    for dossier in range(10):
        mine = [e["sequence"] for e in world.counterpart.effects() if e["dossier"] == f"d-{dossier}"]
        assert mine == sorted(mine)
    assert world.counterpart.most_per_dossier == 1
    assert 1 < world.counterpart.most_running <= 8


@pytest.mark.parametrize("fault", ["lost_after", "hang_after", "bug"])
async def test_an_effect_whose_answer_was_lost_is_found_and_not_repeated(world: World, fault: Fault) -> None:
    world.counterpart.faults["m-1"] = [fault]
    await world.send(1)
    async with running(world):
        _, _, body = await world.read_report()
    assert body["outcome"] == "delivered"
    assert world.effects() == ["m-1"]
    assert world.counterpart.calls[:2] == [("deliver", "m-1"), ("query", "m-1")]


async def test_a_request_that_was_lost_is_sent_again_only_after_the_settling_time(world: World) -> None:
    world.counterpart.settling_s = 0.5
    world.counterpart.faults["m-1"] = ["lost_before"]
    await world.send(1)
    async with running(world):
        await until(lambda: ("query", "m-1") in world.counterpart.calls)
        doubt = await world.pool.fetchval("select extract(epoch from now() - doubt_at)::float8 from delivery")
        assert world.effects() == [] or doubt is None
        await until(lambda: world.effects() == ["m-1"])
    sends = [call for call in world.counterpart.calls if call[0] == "deliver"]
    assert len(sends) == 2
    assert world.metric("hub_retry_attempts_total", reason="not_found") >= 2  # unsettled, then settled


async def test_what_cannot_be_answered_stays_unknown_until_an_operator_confirms_it(world: World) -> None:
    world.counterpart.faults["m-1"] = ["lost_after"]
    world.counterpart.is_mute = True
    await world.send(1)
    await world.send(2)
    async with running(world):
        await until(lambda: world.metric("hub_unknown_outcomes") == 1)
        await until(lambda: world.counterpart.calls.count(("query", "m-1")) >= 3)
        assert world.effects() == ["m-1"]  # the later message of the dossier waits
        assert await world.store.resolve_unknown("m-1", "confirm", "operator-1")
        _, _, body = await world.read_report()
        assert body == {"message": "m-1", "outcome": "delivered"}
        await until(lambda: world.effects() == ["m-1", "m-2"])
        await until(lambda: world.metric("hub_unknown_outcomes") == 0)


async def test_an_operator_may_let_an_unknown_request_be_sent_again(world: World) -> None:
    world.counterpart.faults["m-1"] = ["lost_before"]
    world.counterpart.is_mute = True
    await world.send(1)
    async with running(world, retry_cap_s=600, retry_base_s=600):
        await until(lambda: world.metric("hub_unknown_outcomes") == 1)
        assert await world.store.resolve_unknown("m-1", "resend", "operator-1")
        await until(lambda: world.effects() == ["m-1"])


async def test_a_rejection_is_reported_and_never_repeated(world: World) -> None:
    world.counterpart.faults["m-1"] = ["reject"]
    await world.send(1)
    await world.send(2)
    async with running(world):
        _, _, body = await world.read_report()
        await until(lambda: world.effects() == ["m-2"])
    assert body == {"message": "m-1", "outcome": "rejected"}
    assert await world.state(1) == "rejected"


async def test_used_up_attempts_become_a_dead_letter_with_a_business_answer(world: World) -> None:
    world.counterpart.faults["m-1"] = ["later"] * 9
    await world.send(1)
    await world.send(2)
    async with running(world, max_attempts=3):
        _, _, body = await world.read_report()
        await until(lambda: world.effects() == ["m-2"])
        await until(lambda: world.metric("hub_dead_letters", reason="expired") == 1)
        await world.answer("report-m-1")
        await until(lambda: world.metric("hub_dead_letters", reason="expired") == 0)
    assert body == {"message": "m-1", "outcome": "gave up: busy"}
    assert world.counterpart.calls.count(("deliver", "m-1")) == 3
    assert await world.state(1) == "dead"


async def test_failures_open_the_circuit_and_what_waited_too_long_gets_its_answer_without_a_call(
    world: World,
) -> None:
    world.counterpart.faults["m-1"] = ["later"] * 9
    await world.send(1, "d-1")
    async with running(world, circuit_failures=1, circuit_open_s=300, total_s=2.0, retry_cap_s=60):
        await until(lambda: world.metric("hub_adapter_circuit_state", state="open") == 1)
        await world.send(2, "d-2")
        bodies = [(await world.read_report())[2], (await world.read_report())[2]]
    assert {body["outcome"] for body in bodies} == {"gave up: counterpart_away"}
    assert world.counterpart.calls.count(("deliver", "m-2")) == 0


async def test_a_report_is_sent_again_with_the_same_id_and_bytes_until_its_receipt_came(world: World) -> None:
    await world.send(1)
    async with running(world, resend_s=0.2, resend_cap_s=0.2):
        first = await world.read_report()
        assert await world.read_report() == first
        await world.answer("report-m-1", code="state.conflict")
        await until(lambda: world.metric("hub_adapter_reports_refused_total") == 1)
        sent = world.metric("hub_adapter_reports_sent_total")
        await world.send(2)
        await until(lambda: world.effects() == ["m-1", "m-2"])
    refusal = await world.pool.fetchval("select refusal from delivery_report where id = 'report-m-1'")
    sends = await world.pool.fetchval("select sends from delivery_report where id = 'report-m-1'")
    assert (refusal, sends) == ("state.conflict", sent)


async def test_bytes_that_are_no_message_are_kept_and_do_not_stop_the_next_one(world: World) -> None:
    await world.send(1, value=b"\x00\xff not json")
    await world.send(2, ce_id=b"\xff\xfe")
    await world.producer.send_and_wait(f"{PREFIX}out.{world.name}", b"{}", headers=[("h", b"\xff")])
    await world.send(3)
    async with running(world):
        await until(lambda: world.effects() == ["m-3"])
        await until(lambda: world.metric("hub_dead_letters", reason="malformed") == 3)
    rows = await world.pool.fetch("select why, value from delivery_poison order by why")
    assert [row["why"] for row in rows] == ["bad_header", "bad_json", "no_cloudevent"]
    assert b"\x00\xff not json" in [row["value"] for row in rows]


async def test_a_bug_in_a_report_keeps_the_outcome_and_the_next_start_makes_the_report(world: World) -> None:
    world.counterpart.is_report_broken = True
    await world.send(1)
    async with running(world):
        await until(lambda: world.metric("hub_dead_letters", reason="report") == 1)
    assert await world.state(1) == "delivered"
    world.counterpart.is_report_broken = False
    async with running(world):
        _, _, body = await world.read_report()
    assert body == {"message": "m-1", "outcome": "delivered"}
    assert world.effects() == ["m-1"]


async def test_polled_reports_are_published_once_through_failures_and_restarts(world: World) -> None:
    world.counterpart.poll_interval_s = 0.05
    world.counterpart.poll_failures = 2
    world.counterpart.feed = ["a", "b", "c"]
    async with running(world):
        ids = [(await world.read_report())[0]["ce_id"] for _ in range(3)]
        assert ids == [b"poll-a", b"poll-b", b"poll-c"]
        for id_ in ids:
            await world.answer(id_.decode())
        await until(lambda: world.metric("hub_adapter_reports_unconfirmed") == 0)
    assert await world.store.cursor() == "3"
    world.counterpart.calls.clear()
    world.counterpart.feed.append("d")
    async with running(world):
        assert (await world.read_report())[0]["ce_id"] == b"poll-d"
    assert world.counterpart.calls[0] == ("poll", "3")


async def test_a_paused_counterpart_is_not_called_while_messages_are_still_taken(world: World) -> None:
    assert await world.store.pause("audit", "operator-1")
    await world.send(1)
    async with running(world):
        await until(lambda: world.metric("hub_outbox_pending") == 1)
        assert world.metric("hub_adapter_circuit_state", state="paused") == 1
        assert world.counterpart.calls == []
        assert await world.store.resume()
        await until(lambda: world.effects() == ["m-1"])


async def test_health_is_told_from_the_progress_of_every_loop(world: World) -> None:
    now = asyncio.get_running_loop().time
    async with running(world):
        await until(
            lambda: world.progress.ages_s(now()).keys() == {"workers", "publisher", "database", "kafka"}
        )
        async with world.pool.acquire() as connection, connection.transaction():
            await connection.execute("lock table delivery in access exclusive mode")
            await until(lambda: world.progress.ages_s(now())["workers"] > 1.0)
        await until(lambda: world.progress.ages_s(now())["workers"] < 0.5)


async def test_lost_database_connections_only_delay_the_work(world: World) -> None:
    numbers = range(1, 16)
    operator = await asyncpg.connect(world.dsn)
    try:
        async with running(world, concurrency=4):
            await until(lambda: world.progress.ages_s(0).keys() >= {"workers", "publisher", "database"})
            for number in numbers:
                await world.send(number, dossier=f"d-{number % 5}")
                await operator.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
            await until(lambda: len(set(world.effects())) == len(numbers))
    finally:
        await operator.close()
    assert sorted(world.effects()) == sorted(f"m-{number}" for number in numbers)


async def test_a_batch_that_could_not_be_stored_is_not_acknowledged_and_comes_again(world: World) -> None:
    async with world.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("lock table delivery in exclusive mode")
        await world.send(1)
        async with running(world):
            await until(lambda: _is_blocked(world))
        await transaction.rollback()
    assert await world.pool.fetchval("select count(*) from delivery") == 0
    async with running(world):
        await until(lambda: world.effects() == ["m-1"])


async def test_a_report_that_cannot_be_an_envelope_is_a_bug_of_the_adapter(world: World) -> None:
    world.counterpart.report_prefix = "two words "
    await world.send(1)
    async with running(world):
        await until(lambda: world.metric("hub_dead_letters", reason="report") == 1)
    assert await world.state(1) == "delivered"


async def test_a_dead_task_ends_the_runtime(world: World) -> None:
    task = asyncio.create_task(_run(world, asyncio.Event()))
    await until(lambda: world.metric("hub_adapter_circuit_state", state="closed") == 1)
    await world.pool.execute("drop table delivery")
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(ExceptionGroup) as caught:
            await task
    assert caught.group_contains(asyncpg.UndefinedTableError)


async def test_a_wrong_password_is_one_line_at_the_start(world: World) -> None:
    wrong = world.kafka.model_copy(update={"password": SecretStr("wrong")})
    with pytest.raises(StartupError, match=f"adapter {world.name}: Kafka at 127.0.0.1"):
        await _run(world, asyncio.Event(), wrong)


async def test_a_call_that_outlives_the_stop_is_asked_about_after_the_restart(world: World) -> None:
    world.counterpart.faults["m-1"] = ["hang_after"]
    await world.send(1)
    async with running(world, call_timeout_s=1.0, drain_s=0.2):
        await until(lambda: world.effects() == ["m-1"])
    assert await world.state(1) == "leased"
    async with running(world):
        _, _, body = await world.read_report()
    assert body["outcome"] == "delivered"
    assert world.effects() == ["m-1"]
    assert world.counterpart.calls.count(("deliver", "m-1")) == 1


async def test_a_process_killed_between_effect_and_outcome_leaves_one_effect(world: World) -> None:
    await world.send(1)
    await world.send(2)
    child = await _start_child(world, {"m-1": ["crash_after"]})
    async with asyncio.timeout(LIMIT_S):
        assert await child.wait() == -signal.SIGKILL
    assert world.effects() == ["m-1"]
    async with running(world):
        bodies = [(await world.read_report())[2] for _ in range(2)]
    assert [body["message"] for body in bodies] == ["m-1", "m-2"]
    assert world.effects() == ["m-1", "m-2"]
    assert ("query", "m-1") in world.counterpart.calls


async def test_a_stopped_process_that_wakes_after_its_lease_cannot_overwrite(world: World) -> None:
    world.counterpart.settling_s = 0.0
    await world.send(1)
    child = await _start_child(world, {"m-1": ["hang_after"]}, call_timeout_s=2.0)
    await until(lambda: world.effects() == ["m-1"])
    child.send_signal(signal.SIGSTOP)
    async with running(world):
        _, _, body = await world.read_report()
        assert body["outcome"] == "delivered"
        stored = await world.pool.fetchrow("select state, outcome, ended_at from delivery")
        child.send_signal(signal.SIGCONT)
        async with asyncio.timeout(LIMIT_S):
            child.terminate()
            assert await child.wait() == 0
    assert await world.pool.fetchrow("select state, outcome, ended_at from delivery") == stored
    assert world.effects() == ["m-1"]


async def _is_blocked(world: World) -> bool:
    waiting: int = await world.pool.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock' and query like '%insert into delivery (%'"
    )
    return waiting > 0


async def _start_child(
    world: World, faults: dict[str, list[Fault]], **options: Any
) -> asyncio.subprocess.Process:
    config = {
        "journal": str(world.counterpart.journal),
        "name": world.name,
        "faults": faults,
        "kafka": world.kafka.model_dump(mode="json") | {"password": world.kafka.password.get_secret_value()},
        "dsn": world.dsn,
        "options": OPTIONS | options,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.fake_counterpart", json.dumps(config), cwd=REPOSITORY
    )
