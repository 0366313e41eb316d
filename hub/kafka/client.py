"""The only module that touches aiokafka: clients with safe defaults."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter, deque
from collections.abc import Set as AbstractSet
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition, errors
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from hub.http.trusted_ca import TrustedCa
from hub.settings import KafkaSettings

_METADATA_AGE_MS = 5_000
_IDLE_AFTER_S = 1.0
_IDLE_FETCH_MS = 500
REQUEST_BYTES = 5 << 20
"""No request of the hub's own producers is larger; a single message has 4 MiB at most."""
STAMPED_BY_BROKER = 1
"""`timestamp_type` of a record whose time is the broker's append time."""

__all__ = [
    "REQUEST_BYTES",
    "STAMPED_BY_BROKER",
    "AIOKafkaAdminClient",
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "ConsumerRebalanceListener",
    "ConsumerRecord",
    "ConsumerStoppedError",
    "CorruptRecordException",
    "KafkaError",
    "TopicAuthorizationFailedError",
    "TopicPartition",
    "UnknownTopicOrPartitionError",
    "admin",
    "consumer",
    "end_fetching",
    "errors",
    "partitions_of",
    "position_of",
    "producer",
    "raise_group_error",
    "share_out_again",
    "ssl_context",
]


async def end_fetching(consumer: AIOKafkaConsumer) -> None:
    """End the fetches of a consumer before it is stopped.

    `stop` itself (aiokafka 0.14) cancels a fetch that waits for its broker, awaits it, and lets that
    cancellation out to its caller, with the connections still open.
    """
    fetcher = consumer._fetcher  # noqa: SLF001
    if fetcher is not None:
        fetches = {fetcher._fetch_task, *fetcher._pending_tasks}  # noqa: SLF001
        for fetch in fetches:
            fetch.cancel()
        await asyncio.wait(fetches)
        fetcher._pending_tasks.clear()  # noqa: SLF001


def share_out_again(consumer: AIOKafkaConsumer) -> None:
    """Have the partitions of the group shared out once more, unless this member has just shared them out.

    The broker gives a static member that comes back what it had before, so topics that are new since then
    would be read by nobody. A leader that comes back is not told that it leads (JoinGroup before version 9):
    it would see no change of topics either. For any other member the group stays as it is.
    """
    coordinator = consumer._coordinator  # noqa: SLF001
    if coordinator._group_subscription is None:  # noqa: SLF001
        coordinator.request_rejoin()


def raise_group_error(consumer: AIOKafkaConsumer) -> None:
    """Raise what the broker last answered the group's member with, if it was unexpected (`KafkaError`).

    The member joins anew then. By itself aiokafka 0.14 does not while nobody has taken the error; and
    `getmany`, which takes it, is not called while partitions are shared out, or by a member that has none.
    Nor does it ever send another heartbeat when it was one that was answered so.
    """
    coordinator = consumer._coordinator  # noqa: SLF001
    try:
        coordinator.check_errors()
    except KafkaError:
        coordinator.request_rejoin()
        raise


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """All partitions of a topic that the consumer need not have been assigned."""
    numbers = await consumer._client._wait_on_metadata(topic)  # noqa: SLF001  as aiokafka's producer does
    return [TopicPartition(topic, number) for number in sorted(numbers)]


def position_of(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int | None:
    """The offset from which the consumer reads on; None while it has none, or the partition is not its own.

    `position` itself waits until there is one.
    """
    subscription = consumer._subscription.subscription  # noqa: SLF001
    assignment = subscription.assignment if subscription is not None else None
    if assignment is None or tp not in assignment.tps:
        return None
    state = assignment.state_value(tp)
    return int(state.position) if state is not None and state.has_valid_position else None


class _Consumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no type hints
    async def start(self) -> None:
        """As aiokafka's; from then on an empty fetch waits longer while nothing comes."""
        await super().start()
        _wait_longer_when_idle(self._fetcher, self._fetch_max_wait_ms)

    async def stop(self) -> None:
        """As aiokafka's, but its own cancellations stay inside."""
        await end_fetching(self)
        await super().stop()


def _wait_longer_when_idle(fetcher: Any, wait_ms: int) -> None:
    """Have the broker hold an empty fetch for `_IDLE_FETCH_MS` once nothing came for `_IDLE_AFTER_S`.

    A fetch that waits names all partitions that are read, and is answered as soon as one of them gets a
    record; what is resumed or sought meanwhile waits for it, hence the short waits as long as records come.
    The wait for the next fetch is set before aiokafka 0.14 can make it.
    """
    fetch, came_at = fetcher._proc_fetch_request, time.monotonic()  # noqa: SLF001

    async def fetch_and_pace(assignment: Any, node_id: int, request: Any) -> bool:
        nonlocal came_at
        is_something: bool = await fetch(assignment, node_id, request)
        now = time.monotonic()
        if is_something:
            came_at = now
        is_idle = now - came_at > _IDLE_AFTER_S
        fetcher._fetch_max_wait_ms = max(wait_ms, _IDLE_FETCH_MS) if is_idle else wait_ms  # noqa: SLF001
        return is_something

    fetcher._proc_fetch_request = fetch_and_pace  # noqa: SLF001


def ssl_context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """The TLS of a connection; None where the settings name no certificate authority."""
    return TrustedCa(settings.ca_file) if settings.ca_file else None


def _connection(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    context = ssl_context(settings)
    return {
        "bootstrap_servers": settings.bootstrap,
        "client_id": client_id,
        "security_protocol": "SASL_SSL" if context else "SASL_PLAINTEXT",
        "ssl_context": context,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": settings.user,
        "sasl_plain_password": settings.password.get_secret_value(),
        "request_timeout_ms": 15_000,
        "metadata_max_age_ms": _METADATA_AGE_MS,
        "retry_backoff_ms": 100,
    }


def producer(
    settings: KafkaSettings, client_id: str, *, is_idempotent: bool = True, request_timeout_ms: int = 15_000
) -> AIOKafkaProducer:
    """Producer with acks=all, linger 0; not started. `hub.kafka.producer` holds those that live long.

    One that is not idempotent gives a batch up after `request_timeout_ms` and is as good as before.
    """
    made = AIOKafkaProducer(
        **_connection(settings, client_id) | {"request_timeout_ms": request_timeout_ms},
        acks="all",
        enable_idempotence=is_idempotent,
        linger_ms=0,
        max_request_size=4 << 20,
        max_batch_size=1 << 20,
    )
    _bound_requests(made._message_accumulator)  # noqa: SLF001
    return made


def _bound_requests(waiting: Any) -> None:
    """Keep requests below what a broker reads at once (`socket.request.max.bytes`).

    aiokafka 0.14 puts a batch of every partition into one request, however many there are; those that are
    left go with the next one, and partitions take turns.
    """
    drain, turn = waiting.drain_by_nodes, 0

    def drain_some(ignore_nodes: AbstractSet[int], muted_partitions: AbstractSet[Any] = frozenset()) -> Any:
        nonlocal turn
        turn += 1
        return drain(ignore_nodes, muted_partitions | _left_for_later(waiting, muted_partitions, turn))

    waiting.drain_by_nodes = drain_some


def _left_for_later(waiting: Any, muted: AbstractSet[Any], turn: int) -> set[TopicPartition]:
    batches = waiting._batches  # noqa: SLF001
    partitions = deque(tp for tp in batches if tp not in muted)
    partitions.rotate(turn)
    sizes: Counter[int | None] = Counter()
    later = set()
    for tp in partitions:
        leader = waiting._cluster.leader_for_partition(tp)  # noqa: SLF001
        size = batches[tp][0]._builder.size()  # noqa: SLF001
        if sizes[leader] and sizes[leader] + size > REQUEST_BYTES:
            later.add(tp)
        else:
            sizes[leader] += size
    return later


def consumer(
    settings: KafkaSettings,
    client_id: str,
    *,
    group: str | None,
    instance: str | None = None,
    fetch_wait_ms: int = 10,
    session_timeout_ms: int = 10_000,
    offset_reset: str = "none",
    partition_fetch_bytes: int = 4 << 20,
    metadata_age_ms: int = _METADATA_AGE_MS,
) -> AIOKafkaConsumer:
    """Consumer that never commits by itself and never resets an offset unless told to; not started.

    `group=None` with `assign` reads without a group; `instance` is the static member name.
    """
    return _Consumer(
        **_connection(settings, client_id) | {"metadata_max_age_ms": metadata_age_ms},
        group_id=group,
        group_instance_id=instance,
        enable_auto_commit=False,
        auto_offset_reset=offset_reset,
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
        fetch_max_wait_ms=fetch_wait_ms,
        fetch_max_bytes=16 << 20,
        max_partition_fetch_bytes=partition_fetch_bytes,
        session_timeout_ms=session_timeout_ms,
        heartbeat_interval_ms=max(session_timeout_ms // 5, 200),
        max_poll_interval_ms=300_000,
        check_crcs=True,
    )


def admin(settings: KafkaSettings, client_id: str) -> AIOKafkaAdminClient:
    """Admin client for reads (topic ids, offsets); topics, ACLs and users are `hub.kafka.admin`'s."""
    return AIOKafkaAdminClient(**_connection(settings, client_id))
