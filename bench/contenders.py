"""Who takes part in the core job: what is started, and how its output is read (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

Group = Literal["hub", "copy", "message", "batch", "stream"]


@dataclass(frozen=True, slots=True)
class Output:
    """The event that it came of; its dossier and which event of it this is, where that is counted."""

    id: str
    counted: tuple[str, int] | None = None


Read = Callable[[Mapping[str, bytes], bytes], Output]


def copied(headers: Mapping[str, bytes], _value: bytes) -> Output:
    """Copy loops hand the headers on."""
    return Output(headers["ce_id"].decode())


def counted(_headers: Mapping[str, bytes], value: bytes) -> Output:
    """Peers put id and count into the event."""
    event = orjson.loads(value)
    return Output(event["id"], (event["dossier"], event["count"]))


def fact(_headers: Mapping[str, bytes], value: bytes) -> Output:
    """A fact of the hub names the request it came from, and holds event and count."""
    body = orjson.loads(value)
    data = body["data"]
    return Output(body["request"], (data["event"]["dossier"], data["count"]))


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table.

    `read`: how its output is read; `is_exact`: repeats are left out; `is_slow`: gets fewer events;
    `has_group`: joins a consumer group, so that readiness can be asked of the broker; `needs_javac`: left out
    where there is no JDK.
    """

    name: str
    title: str
    module: str
    group: Group
    processes: int = 1
    read: Read = counted
    is_exact: bool = True
    is_slow: bool = False
    has_group: bool = True
    needs_bench_python: bool = False
    needs_javac: bool = False

    @property
    def is_hub(self) -> bool:
        """Whether the hub's engine runs, with its own settings."""
        return self.group == "hub"


_PEERS = "bench.peers."

CORE: tuple[Contender, ...] = (
    Contender("hub-1", "hub, 1 process", "bench.core_engine", "hub", read=fact),
    Contender("hub-2", "hub, 2 processes", "bench.core_engine", "hub", processes=2, read=fact),
    Contender(
        "copy-send", "copy loop, send(), batch 500, commit per batch", _PEERS + "copy_send", "copy",
        read=copied, is_exact=False,
    ),
    Contender(
        "copy-send-batch", "copy loop, send_batch(), batch 500, commit per batch",
        _PEERS + "copy_send_batch", "copy", read=copied, is_exact=False,
    ),
    Contender(
        "copy-pipelined", "copy loop, send() pipelined, commit once a second",
        _PEERS + "copy_pipelined", "copy", read=copied, is_exact=False,
    ),
    Contender(
        "faststream-batch", "the hub's core in a sequential FastStream batch handler",
        _PEERS + "faststream_batch", "batch", read=fact,
    ),
    Contender("quix-1", "quixstreams, at least once", _PEERS + "quix", "stream", needs_bench_python=True),
    Contender(
        "quix-2", "quixstreams, at least once, 2 processes", _PEERS + "quix", "stream", processes=2,
        needs_bench_python=True,
    ),
    Contender(
        "bytewax-1", "bytewax with recovery", _PEERS + "bytewax_flow", "stream", has_group=False,
        needs_bench_python=True,
    ),
    Contender(
        "bytewax-2", "bytewax with recovery, cluster of 2 processes", _PEERS + "bytewax_flow", "stream",
        processes=2, has_group=False, needs_bench_python=True,
    ),
    Contender(
        "plain-message", "plain aiokafka, one PostgreSQL transaction per message", _PEERS + "plain_message",
        "message", is_slow=True,
    ),
    Contender(
        "faststream-message", "FastStream handler, one PostgreSQL transaction per message",
        _PEERS + "faststream_message", "message", is_slow=True,
    ),
    Contender(
        "dbos", "DBOS, its Kafka consumer, a durable workflow per message", _PEERS + "dbos_flow", "message",
        is_slow=True, needs_bench_python=True,
    ),
    Contender(
        "kafka-streams", "Kafka Streams (Java), exactly once", _PEERS + "streams", "stream", needs_javac=True,
    ),
)  # fmt: skip


def find(names: str) -> tuple[Contender, ...]:
    """The contenders of a comma separated list of names, in the order of the table; `all` for all.

    Raises `ValueError` for a name that is not there.
    """
    if names == "all":
        return CORE
    wanted = set(names.split(","))
    unknown = wanted - {contender.name for contender in CORE}
    if unknown:
        raise ValueError(f"no contender {', '.join(sorted(unknown))}")
    return tuple(contender for contender in CORE if contender.name in wanted)
