"""What is taken next: turns of probed partitions, the size of a batch, the state of the group."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.engine.errors import UnreadableError
from hub.engine.intake.assigned import PROBE_AFTER, Assigned
from hub.engine.intake.careful_fetch import CarefulFetch, Probing
from hub.engine.intake.fair_fetch import FairFetch
from hub.engine.intake.group import GroupState
from hub.engine.intake.pauses import Pauses
from hub.engine.intake.records import weight, within
from hub.kafka.client import KafkaError, TopicPartition

A, B, C = (("in.a", 0), ("in.b", 0), ("in.c", 0))
DYING = Assigned("id", 5, starts=PROBE_AFTER)


class Client:
    """Gives what it is told to, or fails."""

    def __init__(self, *answers: list[int] | Exception) -> None:
        self.answers = list(answers)

    async def getmany(self, tp: TopicPartition, **_: object) -> dict[TopicPartition, list[Any]]:
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        return {tp: cast("list[Any]", answer)} if answer else {}


def test_probed_partitions_take_turns_with_each_other_and_with_all_others_together() -> None:
    probing, assigned = Probing(Client()), {A: DYING, B: Assigned("id", 0), C: DYING}
    turns = [probing.whose_turn(assigned, Pauses()) for _ in range(6)]
    assert turns == [A, C, None, A, C, None]


def test_a_paused_partition_has_no_turn() -> None:
    pauses = Pauses()
    pauses.shun(A)
    probing = Probing(Client())
    assert [probing.whose_turn({A: DYING}, pauses) for _ in range(2)] == [None, None]


async def test_others_do_not_wait_while_probed_partitions_have_records() -> None:
    probing = Probing(Client([5], []))
    await probing.probe(A, {A: DYING})
    assert probing.is_flowing
    assert await probing.probe(A, {A: DYING}) == {}
    assert not probing.is_flowing


async def test_a_probe_that_fails_names_its_partition_and_offset_and_a_broker_that_fails_does_not() -> None:
    with pytest.raises(UnreadableError) as caught:
        await Probing(Client(OSError("gzip"))).probe(A, {A: DYING})
    assert (caught.value.position, caught.value.offset, caught.value.reason) == (A, 5, "OSError")
    with pytest.raises(KafkaError):
        await Probing(Client(KafkaError())).probe(A, {A: DYING})


async def test_a_careful_fetch_keeps_what_it_has_and_names_what_fails_first() -> None:
    partitions = [TopicPartition(*position) for position in (A, B)]
    assigned = {A: Assigned("id", 7), B: Assigned("id", 9)}
    found = await CarefulFetch(Client([7], [], ValueError("b")), 10).fetch(partitions, assigned)
    assert found == {partitions[0]: [7]}
    with pytest.raises(UnreadableError) as caught:
        await CarefulFetch(Client([], ValueError("b")), 10).fetch(partitions, assigned)
    assert (caught.value.position, caught.value.offset) == (B, 9)


def test_a_batch_has_a_size_and_one_record_at_least() -> None:
    a, b = TopicPartition(*A), TopicPartition(*B)
    one, two, three = (SimpleNamespace(value=b"x" * size, key=None, headers=()) for size in (10, 4, 4))
    assert within({a: [one, two], b: [three]}, 5) == ({a: [one]}, {a: [two], b: [three]})
    assert within({a: [two], b: [three, one]}, 8) == ({a: [two], b: [three]}, {b: [one]})


async def test_no_more_is_taken_after_a_round_that_became_too_large_and_headers_count() -> None:
    a, b = TopicPartition(*A), TopicPartition(*B)
    heavy = SimpleNamespace(value=b"", key=None, headers=[("", None)] * 1000)
    assert weight(cast("Any", heavy)) == 64_000

    class Buffered:
        def __init__(self) -> None:
            self.left = {a: 9, b: 3}

        async def getmany(self, *tps: TopicPartition, max_records: int, **_: object) -> dict[Any, list[Any]]:
            tp = next((tp for tp in tps if self.left[tp]), tps[0])
            taken = min(max_records, self.left[tp])
            self.left[tp] -= taken
            return {tp: [heavy] * taken} if taken else {}

    client = Buffered()
    fetched = await FairFetch(cast("Any", client), Pauses(), 5, 100_000).fetch([a, b], 1)
    assert {tp: len(records) for tp, records in fetched.items()} == {a: 3, b: 2}
    fetched = await FairFetch(cast("Any", client), Pauses(), 100, 1).fetch([a, b], 1)
    assert client.left == {a: 0, b: 0}
    assert {tp: len(records) for tp, records in fetched.items()} == {a: 6, b: 1}


async def test_the_group_counts_its_sharings_out_and_what_became_void() -> None:
    group = GroupState()
    group.settle()
    assert (group.is_stable, group.unstable_s, group.rebalances) == (True, 0.0, 0)
    group.move()
    group.begin()
    assert (group.is_stable, group.rebalances, group.generation) == (False, 1, 1)
    assert group.unstable_s > 0
    await group.stable(0.001)
    assert not group.is_stable
