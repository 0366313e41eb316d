"""The parts of an engine process and how they are put together: the one place of composition."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from hub.budget.brake import BrakeLimits
from hub.checks.check import must_hold
from hub.checks.roles import engine_checks
from hub.checks.watch import CheckWatch
from hub.documents.packages import CopyLoader
from hub.documents.store import documents
from hub.engine import backlog
from hub.engine.budget_keeper import BudgetKeeper
from hub.engine.decide.decide_batch import BatchDecision, Tools
from hub.engine.decide.known import KnownDossiers
from hub.engine.decide.prefetch_copies import CopyPrefetch
from hub.engine.decide.rules import Rules, code_blocks
from hub.engine.decide.waiting_copies import WaitingCopies
from hub.engine.directory_topic import DirectoryTopic
from hub.engine.due_reports import ReportTeller
from hub.engine.first_settlements import SettlementTeller
from hub.engine.imports import ImportTeller
from hub.engine.intake import positions
from hub.engine.intake.assigned import Assigned, Batch, Load
from hub.engine.intake.brakes import Limiter
from hub.engine.intake.consumer import Consumer
from hub.engine.intake.group import GroupListener
from hub.engine.intake.topic_watch import TopicWatch, Unread
from hub.engine.loop import Engine
from hub.engine.memory import Memory
from hub.engine.observe.gauges import StoreCount
from hub.engine.observe.lag import PartitionLag
from hub.engine.observe.metrics import EngineMetrics
from hub.engine.observe.refusals import RefusalLog
from hub.engine.observe.supplies import Supplies
from hub.engine.pipeline import Pipeline
from hub.engine.recovery import Recovery
from hub.engine.timers import Clockwork
from hub.engine.write.connections import Connections
from hub.errors import StartupError
from hub.facts.integrity import StoreKey
from hub.facts.sealing import MasterKey
from hub.facts.trusted import must_fit
from hub.inbound.authorise import Reading
from hub.inbound.directory import Directory
from hub.kafka import client as kafka
from hub.kafka.admin import KafkaAdmin
from hub.kafka.log_inspector import LogObserver, Position
from hub.kafka.producer import Producer
from hub.kafka.topics import DIRECTORY_TOPIC
from hub.legal_time import LegalClock
from hub.logs import log
from hub.outbox.publisher import Publisher
from hub.outbox.relay import Relay
from hub.outbox.shards import Shards, session_name
from hub.outbox.stored import StoredSegments
from hub.participants.admission import GROUP
from hub.postgres.database import Session
from hub.privacy.retention import Retention
from hub.process.supervise import AWAY
from hub.regulation.lawbook import LawBook, load_book
from hub.settings import Settings
from hub.signing.trust import trust_of

_SWEEP_STATEMENT_S = 600.0
"""Some steps read a whole table; they hold nothing up."""
_HEARTBEAT_MS = 5_000
_PARTITION_FETCH_BYTES = 1 << 20
"""As much as a batch of a participant may have; what is fetched of all its partitions waits in memory."""
_OBSERVER_FETCH_BYTES = 64 << 10
"""It looks at single records; the broker sends the first batch whole, however large it is."""


@dataclass(frozen=True, slots=True)
class EngineParts:
    """The running parts of one engine; `sending` is the relay's producer, `firing` the clockwork's."""

    engine: Engine
    consumer: Consumer
    relay: Relay
    clockwork: Clockwork
    shards: Shards
    client: kafka.AIOKafkaConsumer
    sending: Producer
    firing: Producer
    heartbeat: Producer
    metrics: EngineMetrics
    registry: CollectorRegistry
    probe: Session
    observer: LogObserver
    gauges: StoreCount
    retention: Retention
    checks: CheckWatch
    topics: TopicWatch
    waiting_copies: WaitingCopies
    budget: BudgetKeeper
    directory: DirectoryTopic
    refusals: RefusalLog


@dataclass(frozen=True, slots=True)
class _Sessions:
    """One session a side task, so that none waits for another."""

    shards: Session
    relay: Session
    retry: Session
    clock: Session
    load: Session
    probe: Session
    count: Session
    sweep: Session
    checks: Session
    copies: Session
    budget: Session
    directory: Session
    refusals: Session


@contextlib.asynccontextmanager
async def engine_parts(settings: Settings, rules: Rules | None) -> AsyncIterator[EngineParts]:
    """Connect and start everything but the loops; `StartupError` names the setting that does not work."""
    book = load_book(settings.profile, settings.regulation)
    master = MasterKey.from_file(settings.master_key_file)
    admin = KafkaAdmin(settings.kafka)
    await asyncio.to_thread(admin.check)
    instance, prefix = settings.engine.instance, settings.kafka.prefix
    async with contextlib.AsyncExitStack() as stack:
        sessions = await _sessions(stack, settings)
        checks = engine_checks(settings, admin, sessions.checks.live)
        await must_hold(checks)
        shards = Shards(sessions.shards, instance, settings.shards)
        await shards.claim()
        await must_fit(await sessions.load.live(), master)
        registry = CollectorRegistry()
        metrics = EngineMetrics(registry)
        asking = await _started(stack, _observer(settings))
        observer = LogObserver(asking, admin, prefix, lambda: _observer(settings))
        stack.push_async_callback(_quietly, shards.leave)
        sending, firing, heartbeat = [await _opened(stack, one) for one in _producers(settings, metrics)]
        publisher = Publisher(
            sending, sessions.relay, sessions.retry, prefix, master.store, metrics.untrusted_row
        )
        stored = StoredSegments(sessions.relay, master, metrics.untrusted_row)
        relay = Relay(publisher, sessions.relay, shards, stored, metrics.published)
        client = _group_member(settings)
        unread = Unread()
        load = _loader(sessions.load, observer, metrics, unread, master.store)
        consumer = _consumer(settings, client, load)
        the_rules = rules or Rules(book)
        shelf = _shelf(settings, metrics, master.store)
        keeper = _keeper(settings, consumer, metrics, sessions.budget)
        codes = code_blocks(book)
        tools = Tools(the_rules, Directory([]), master, codes, settings.shards, shelf, letters=keeper.letters)
        world = Reading(Directory([]), LegalClock(), settings.environment, the_rules.requests, prefix)
        refusals = RefusalLog(sessions.refusals, prefix)
        engine, pipeline = _loop(settings, tools, world, consumer, relay, observer, metrics, keeper, refusals)
        await engine.open()
        stack.push_async_callback(engine.close)
        listener = GroupListener(consumer, pipeline.drained)
        client.subscribe(pattern=rf"^{re.escape(prefix)}in\..+", listener=listener)
        waiting = _backlog(settings, sessions.clock, keeper, metrics)
        clockwork = await _clockwork(
            settings, firing, sessions.clock, shards, observer, waiting, master.store, metrics
        )
        await _started(stack, client)
        supplies = Supplies(metrics.store, sessions.count, book, settings.environment)
        lag = PartitionLag(observer, client)
        gauges = StoreCount(metrics.store, sessions.count, lag, settings.environment, supplies)
        papers = documents(settings.documents)
        topics = TopicWatch(client, consumer, observer, unread)
        watch = CheckWatch(checks, metrics.checks, settings.check_every_s)
        retention = Retention(sessions.sweep, settings, metrics.retention, papers, master)
        yield EngineParts(
            engine, consumer, relay, clockwork, shards, client, sending, firing, heartbeat,
            metrics, registry, sessions.probe, observer, gauges, retention, watch, topics,
            WaitingCopies(shelf, sessions.copies), keeper,
            _directory(settings, firing, sessions.directory, shards, book, master.store, metrics), refusals,
        )  # fmt: skip


def _loop(
    settings: Settings, tools: Tools, world: Reading, consumer: Consumer, relay: Relay,
    observer: LogObserver, metrics: EngineMetrics, keeper: BudgetKeeper, refusals: RefusalLog,
) -> tuple[Engine, Pipeline]:  # fmt: skip
    def on_committed(batch: Batch, decision: BatchDecision) -> None:
        keeper.watch(batch.taken, decision)
        refusals.watch(decision)

    limiter = Limiter(settings.engine.parked_limit, settings.kafka.prefix)
    connections = Connections(settings.postgres, settings.engine.instance)
    memory = Memory(connections, tools, world, limiter, consumer, metrics.untrusted_row)
    pipeline = Pipeline(
        connections, memory, consumer, relay, metrics, limiter, on_committed,
        settings.engine.outbox_limit_segments, KnownDossiers(settings.engine.known_dossiers),
    )  # fmt: skip
    recovery = Recovery(connections, memory, pipeline, consumer, metrics, observer.first_readable)
    return Engine(connections, memory, pipeline, recovery, consumer, limiter, metrics), pipeline


def _keeper(settings: Settings, consumer: Consumer, metrics: EngineMetrics, session: Session) -> BudgetKeeper:
    limits = BrakeLimits(settings.engine.malformed_limit, settings.budget.refused_per_minute)
    prefix = settings.kafka.prefix
    return BudgetKeeper(settings.budget, limits, consumer.pauses, metrics.budget, session, prefix)


def _shelf(settings: Settings, metrics: EngineMetrics, key: StoreKey) -> CopyPrefetch:
    trust = trust_of(settings.signing, settings.environment)
    loader = CopyLoader(documents(settings.documents), trust, metrics.signatures.verified)
    return CopyPrefetch(loader, key)


async def _sessions(stack: contextlib.AsyncExitStack, settings: Settings) -> _Sessions:
    instance = settings.engine.instance
    names = [session_name(instance)]
    roles = (
        "relay",
        "retry",
        "clock",
        "load",
        "probe",
        "count",
        "sweep",
        "checks",
        "copies",
        "budget",
        "directory",
        "refusals",
    )
    names += [f"{instance}-{role}" for role in roles]
    limits = {f"{instance}-sweep": _SWEEP_STATEMENT_S}
    return _Sessions(*[await _session(stack, settings, name, limits.get(name, 30)) for name in names])


def _group_member(settings: Settings) -> kafka.AIOKafkaConsumer:
    return kafka.consumer(
        settings.kafka,
        settings.engine.instance,
        group=settings.kafka.prefix + GROUP,
        instance=settings.engine.instance,
        fetch_wait_ms=settings.engine.fetch_wait_ms,
        partition_fetch_bytes=_PARTITION_FETCH_BYTES,
        session_timeout_ms=settings.engine.session_timeout_ms,
        metadata_age_ms=settings.engine.topics_every_ms,
    )


def _consumer(settings: Settings, client: kafka.AIOKafkaConsumer, load: Load) -> Consumer:
    limits = settings.engine
    return Consumer(client, load, max_records=limits.max_batch_records, max_bytes=limits.max_batch_bytes)


def _backlog(
    settings: Settings, session: Session, keeper: BudgetKeeper, metrics: EngineMetrics
) -> backlog.Backlog:
    limits = backlog.BacklogLimits(settings.engine.timers_wait_s, settings.engine.parked_limit)
    return backlog.Backlog(session, limits, settings.kafka.prefix, keeper.paced, metrics.passed_over)


async def _clockwork(
    settings: Settings,
    producer: Producer,
    session: Session,
    shards: Shards,
    observer: LogObserver,
    waiting: backlog.Backlog,
    key: StoreKey,
    metrics: EngineMetrics,
) -> Clockwork:
    topic = f"{settings.kafka.prefix}in.hub"
    async with producer.lane(topic) as client:
        partitions = len(await client.partitions_for(topic))
    return Clockwork(
        producer,
        session,
        shards,
        observer.received,
        waiting,
        topic=topic,
        partitions=partitions,
        environment=settings.environment,
        key=key,
        on_untrusted=metrics.untrusted_row,
    )


def _directory(
    settings: Settings, producer: Producer, session: Session, shards: Shards, book: LawBook, key: StoreKey,
    metrics: EngineMetrics,
) -> DirectoryTopic:  # fmt: skip
    client = f"{settings.engine.instance}-directory"
    topic, environment = f"{settings.kafka.prefix}in.hub", settings.environment
    return DirectoryTopic(
        producer,
        session,
        shards,
        book,
        lambda: kafka.consumer(settings.kafka, client, group=None),
        topic=f"{settings.kafka.prefix}{DIRECTORY_TOPIC}",
        environment=environment,
        key=key,
        imports=ImportTeller(
            producer, topic=topic, environment=environment, key=key, told=metrics.untrusted_row
        ),
        reports=ReportTeller(
            producer, book, topic=topic, environment=environment, key=key, told=metrics.untrusted_row
        ),
        settlements=SettlementTeller(
            producer, book, topic=topic, environment=environment, key=key, told=metrics.untrusted_row
        ),
    )


def _observer(settings: Settings) -> kafka.AIOKafkaConsumer:
    return kafka.consumer(
        settings.kafka,
        f"{settings.engine.instance}-observer",
        group=None,
        partition_fetch_bytes=_OBSERVER_FETCH_BYTES,
    )


def _producers(settings: Settings, metrics: EngineMetrics) -> list[Producer]:
    """Of the relay, the clockwork and the heartbeat: what one of them meets does not touch the others."""
    name = settings.engine.instance

    def beating() -> kafka.AIOKafkaProducer:
        return kafka.producer(
            settings.kafka, f"{name}-heartbeat", is_idempotent=False, request_timeout_ms=_HEARTBEAT_MS
        )

    return [
        Producer(lambda: kafka.producer(settings.kafka, f"{name}-relay"), "relay", metrics.producers),
        Producer(lambda: kafka.producer(settings.kafka, f"{name}-clockwork"), "clockwork", metrics.producers),
        Producer(beating, "heartbeat", metrics.producers),
    ]


async def _opened(stack: contextlib.AsyncExitStack, producer: Producer) -> Producer:
    stack.push_async_callback(producer.close)
    try:
        await producer.open()
    except (kafka.KafkaError, TimeoutError) as error:
        raise StartupError(f"HUB_KAFKA__*: the broker does not let us in: {error}") from None
    return producer


def _loader(
    session: Session, observer: LogObserver, metrics: EngineMetrics, unread: Unread, key: StoreKey
) -> Load:
    async def load(wanted: Iterable[Position]) -> dict[Position, Assigned]:
        loaded = await positions.load_positions(await session.live(), wanted, observer.ends, key)
        unread.reasons = await observer.reasons_to_stop(topic for topic, _ in loaded.assigned)
        wrong = {place: unread.reasons[place[0]] for place in loaded.assigned if place[0] in unread.reasons}
        metrics.stopped.clear()
        for (topic, number), reason in (loaded.stopped | wrong).items():
            metrics.stopped.labels(topic, str(number)).set(1)
            log("partition_stopped", topic=topic, partition=number, reason=reason)
        return {position: stored for position, stored in loaded.assigned.items() if position not in wrong}

    return load


async def _session(
    stack: contextlib.AsyncExitStack, settings: Settings, name: str, timeout_s: float = 30
) -> Session:
    session = Session(settings.postgres, name, timeout_s)
    stack.push_async_callback(session.close)
    await session.open()
    return session


async def _started(stack: contextlib.AsyncExitStack, client: Any) -> Any:
    stack.push_async_callback(_quietly, client.stop)
    try:
        await client.start()
    except kafka.KafkaError as error:
        raise StartupError(f"HUB_KAFKA__*: the broker does not let us in: {error}") from None
    return client


async def _quietly(stop: Callable[[], Awaitable[object]]) -> None:
    """Stop something whose server may be away, within 2 s."""
    with contextlib.suppress(*AWAY):
        await asyncio.wait_for(stop(), 2)
