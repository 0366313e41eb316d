"""No request of a producer of ours is larger than a broker reads, however many partitions wait."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

from hub.kafka import client
from hub.kafka.client import REQUEST_BYTES, TopicPartition

_BATCH = 1 << 20


class Waiting:
    """What aiokafka's accumulator does, of batches that are there."""

    def __init__(self, partitions: int, size: int) -> None:
        batch = SimpleNamespace(_builder=SimpleNamespace(size=lambda: size))
        self._batches = {TopicPartition("out.a", number): deque([batch]) for number in range(partitions)}
        self._cluster = SimpleNamespace(leader_for_partition=lambda tp: tp.partition % 2)

    def drain_by_nodes(
        self,
        ignore_nodes: Any,  # noqa: ARG002  as aiokafka has it
        muted_partitions: Any = frozenset(),
    ) -> dict[int, list[int]]:
        taken: dict[int, list[int]] = {0: [], 1: []}
        for tp in [tp for tp in self._batches if tp not in muted_partitions]:
            del self._batches[tp]
            taken[tp.partition % 2].append(tp.partition)
        return taken


def drained(waiting: Waiting) -> list[dict[int, list[int]]]:
    client._bound_requests(waiting)
    rounds = []
    while waiting._batches:
        rounds.append(waiting.drain_by_nodes(frozenset()))
    return rounds


def test_what_would_make_a_request_too_large_goes_with_the_next_one() -> None:
    rounds = drained(Waiting(40, _BATCH))
    assert all(len(taken) * _BATCH <= REQUEST_BYTES for one in rounds for taken in one.values())
    assert sorted(number for one in rounds for taken in one.values() for number in taken) == list(range(40))


def test_a_single_batch_always_goes() -> None:
    assert drained(Waiting(2, 2 * REQUEST_BYTES)) == [{0: [0], 1: [1]}]


def test_small_batches_go_all_together() -> None:
    assert len(drained(Waiting(100, 1000))) == 1
