"""Who takes part in the core job: what is started, and how its output is read (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

Group = Literal["hub", "copy", "message", "batch", "stream"]
ReadId = Callable[[Mapping[str, bytes], bytes], str]


def id_of_header(headers: Mapping[str, bytes], _value: bytes) -> str:
    """Copy loops hand the headers on."""
    return headers["ce_id"].decode()


def id_of_value(_headers: Mapping[str, bytes], value: bytes) -> str:
    """Peers put the id into the event."""
    return str(orjson.loads(value)["id"])


def id_of_fact(_headers: Mapping[str, bytes], value: bytes) -> str:
    """A fact of the hub names the request it came from."""
    return str(orjson.loads(value)["request"])


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table.

    `is_exact`: repeats are left out of the output; `share` of the run's events it gets (slow ones get fewer);
    `has_group`: joins a consumer group, so that readiness can be asked of the broker.
    """

    name: str
    title: str
    module: str
    group: Group
    processes: int = 1
    read_id: ReadId = id_of_value
    is_exact: bool = True
    is_slow: bool = False
    has_group: bool = True
    needs_bench_python: bool = False

    @property
    def is_hub(self) -> bool:
        """Whether the hub's engine runs, with its own settings."""
        return self.group == "hub"


_PEERS = "bench.peers."

CORE: tuple[Contender, ...] = (
    Contender("hub-1", "hub, 1 process", "bench.core_engine", "hub", read_id=id_of_fact),
    Contender("hub-2", "hub, 2 processes", "bench.core_engine", "hub", processes=2, read_id=id_of_fact),
    Contender(
        "copy-send", "copy loop, send(), batch 500, commit per batch", _PEERS + "copy_send", "copy",
        read_id=id_of_header, is_exact=False,
    ),
    Contender(
        "copy-send-batch", "copy loop, send_batch(), batch 500, commit per batch",
        _PEERS + "copy_send_batch", "copy", read_id=id_of_header, is_exact=False,
    ),
    Contender(
        "copy-pipelined", "copy loop, send() pipelined, commit once a second",
        _PEERS + "copy_pipelined", "copy", read_id=id_of_header, is_exact=False,
    ),
    Contender(
        "faststream-batch", "the hub's core in a sequential FastStream batch handler",
        _PEERS + "faststream_batch", "batch", read_id=id_of_fact,
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
