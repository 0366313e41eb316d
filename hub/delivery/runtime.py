"""Composes and runs one adapter: subscriber, workers, publisher, poller and upkeep in one task group."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from faststream import FastStream

from hub.delivery.adapter import Adapter, Clocked, Urgent
from hub.delivery.context import AdapterContext, AskTime, Clock, machine_time, utc_now
from hub.delivery.database import open_pool
from hub.delivery.errors import StoreAwayError
from hub.delivery.host import Hosted, open_desk
from hub.delivery.lag import AdapterLag
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.poller import Poller
from hub.delivery.progress import Progress
from hub.delivery.publisher import ReportPublisher
from hub.delivery.store import DeliveryStore
from hub.delivery.subscriber import Subscriber
from hub.delivery.throttle import Throttle
from hub.delivery.upkeep import SILENT_S, Sweeper, Upkeep
from hub.delivery.worker import Workers
from hub.errors import StartupError, StopError
from hub.facts.integrity import StoreKey
from hub.kafka.client import KafkaError, consumer
from hub.kafka.client import producer as new_producer
from hub.kafka.faststream import KafkaBroker, faststream_broker
from hub.kafka.producer import Producer
from hub.settings import KafkaSettings

_log = logging.getLogger(__name__)
_INTAKE_LIMIT_S = 2.0
_LAST_REPORTS_S = 2.0
_CLOSE_LIMIT_S = 2.0


async def run_adapter(
    adapter: Adapter,
    kafka: KafkaSettings,
    dsn: str,
    *,
    environment: str,
    options: DeliveryOptions,
    stop: asyncio.Event,
    metrics: DeliveryMetrics,
    clock: Clock = utc_now,
    ask_time: AskTime = machine_time,
    progress: Progress | None = None,
) -> None:
    """Deliver `out.<adapter>` to the counterpart and report on `in.<adapter>` until `stop` is set.

    Ends within 15 s of `stop`: no new work, running calls (`drain_s`), last reports, close. The tables must
    exist (`hub setup`). Raises `StartupError` when a server cannot be reached at the
    start, and the group of errors of a dead task otherwise. `clock` gives the legal time of reports,
    `ask_time` the same with every step that is recorded by now;
    `progress` is what health is told from.
    """
    key = _key(options)
    if isinstance(adapter, Clocked):
        adapter.use_clock(ask_time)
    try:
        async with open_pool(dsn, adapter.name) as pool:
            gate = Throttle(options.limits(), asyncio.get_running_loop().time())
            store = DeliveryStore(pool, adapter.name, key, is_urgent=isinstance(adapter, Urgent))
            gate.is_paused = await store.is_paused()
            await store.beat(is_held=gate.is_paused, silent_s=SILENT_S)
            parts = AdapterContext(
                adapter=adapter,
                store=store,
                gate=gate,
                options=options,
                metrics=metrics,
                environment=environment,
                clock=clock,
                stop=stop,
                prefix=kafka.prefix,
                progress=progress or Progress(),
            )
            broker = faststream_broker(
                kafka,
                f"hub-adapter-{adapter.name}",
                graceful_timeout=_INTAKE_LIMIT_S,
                logger=logging.getLogger("hub.delivery.kafka"),
            )
            await open_desk(parts, pool)
            await _run(parts, broker, kafka)
    except StoreAwayError as error:
        raise StartupError(f"adapter {adapter.name}: {error}") from error
    finally:
        await _limited(adapter.aclose(), _CLOSE_LIMIT_S)


def _key(options: DeliveryOptions) -> StoreKey:
    if options.key_file is None:
        raise StartupError("HUB_DELIVERY__KEY_FILE: not set; `hub setup` makes the file `reports.key`")
    return StoreKey.from_file(options.key_file, "HUB_DELIVERY__KEY_FILE")


async def _run(parts: AdapterContext, broker: KafkaBroker, kafka: KafkaSettings) -> None:
    producer = await _producer(parts, kafka)
    client_id = f"hub-adapter-{parts.name}-look"
    intake = Subscriber(parts, broker, lambda: consumer(kafka, client_id, group=None))
    app = FastStream(broker)
    lag = AdapterLag(parts, lambda: consumer(kafka, f"hub-adapter-{parts.name}-lag", group=parts.group))
    try:
        await lag.check_start()
        if not await _before(parts.stop, app.start()):
            return
        _log.info("adapter runs", extra={"action": "delivery.started", "adapter": parts.name})
        async with asyncio.TaskGroup() as tasks:
            loops = [*_loops(parts, producer), lag.run()]
            running = [tasks.create_task(work) for work in loops]
            tasks.create_task(_close_in_order(parts, intake, producer, running))
    finally:
        await _limited(app.stop(), _CLOSE_LIMIT_S)
        await _limited(producer.close(), _CLOSE_LIMIT_S)
        _log.info("adapter stopped", extra={"action": "delivery.stopped", "adapter": parts.name})


async def _producer(parts: AdapterContext, kafka: KafkaSettings) -> Producer:
    """Open before FastStream starts, which says less of why it cannot."""
    name = f"hub-adapter-{parts.name}"
    producer = Producer(lambda: new_producer(kafka, name), "reports", parts.metrics.producers)
    try:
        await producer.open()
    except (KafkaError, TimeoutError) as error:
        reason = f"{error} ({error.__cause__})" if error.__cause__ else str(error)
        who = f"adapter {parts.name}: Kafka at {kafka.bootstrap} as {kafka.user}"
        raise StartupError(f"{who}: {reason}") from error
    parts.progress.failing = lambda: [str(state) for state in producer.failing]
    return producer


def _loops(parts: AdapterContext, producer: Producer) -> list[Coroutine[Any, Any, None]]:
    loops = [Workers(parts).run(), ReportPublisher(parts, producer).run()]
    loops += [Upkeep(parts, producer).run(), Sweeper(parts).run()]
    if parts.adapter.poll_interval_s is not None:
        loops.append(Poller(parts, parts.adapter.poll_interval_s).run())
    if isinstance(parts.adapter, Hosted):
        loops.append(_serve(parts.adapter, parts))
    return loops


async def _serve(adapter: Hosted, parts: AdapterContext) -> None:
    """Let the adapter answer calls until the stop; that it ends before is an error."""
    parts.progress.is_door_closed = True
    work, stopped = asyncio.create_task(adapter.serve()), asyncio.create_task(parts.stop.wait())
    try:
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
            raise StopError(f"adapter {parts.name}: its door is closed")
    finally:
        parts.progress.is_door_closed = True
        stopped.cancel()
        work.cancel()
        await asyncio.wait({work})


async def _close_in_order(
    parts: AdapterContext, intake: Subscriber, producer: Producer, running: list[asyncio.Task[None]]
) -> None:
    stopped = asyncio.create_task(parts.stop.wait())
    intake.failure.add_done_callback(lambda _: stopped.cancel())
    try:
        await asyncio.wait({stopped})
    finally:
        stopped.cancel()
    if intake.failure.done():
        intake.failure.result()
    parts.ring_all()
    await _limited(intake.stop(), _INTAKE_LIMIT_S + 0.5)
    _, late = await asyncio.wait(running, timeout=parts.options.drain_s)
    for task in late:
        task.cancel()
    if late:
        _log.warning("cut off", extra={"action": "delivery.drain_cut", "adapter": parts.name})
    await _limited(ReportPublisher(parts, producer).publish_due(), _LAST_REPORTS_S)


async def _before(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Whether a step of the start was done before the stop; the brokers may let it wait for long."""
    step, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({step, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if step.done():
            step.result()
        return step.done()
    finally:
        stopped.cancel()
        step.cancel()
        await asyncio.wait({step})


async def _limited(work: Coroutine[Any, Any, object], limit_s: float) -> None:
    """Await a step of the stop; what does not end in time is left to the end of the process."""
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await work
