"""What the consumer group tells this process."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from hub.kafka.client import ConsumerRebalanceListener, TopicPartition

Drain = Callable[[], Awaitable[None]]
"""Waits (with a limit) until what was taken is committed or given up."""


class GroupState:
    """Whether the partitions are ours for good, or being shared out."""

    def __init__(self) -> None:
        self.generation = 0  # grows with everything that makes what was taken before void
        self.rebalances = 0  # how often the partitions were shared out anew
        self._is_stable = asyncio.Event()  # set while nothing is shared out
        self._unstable_since = time.monotonic()  # counts while it is not set

    def move(self) -> None:
        """The partitions are being shared out."""
        self._is_stable.clear()
        self._unstable_since = time.monotonic()
        self.rebalances += 1

    def settle(self) -> None:
        """They have been shared out."""
        self._is_stable.set()

    def begin(self) -> None:
        """What was taken before is void."""
        self.generation += 1

    @property
    def is_stable(self) -> bool:
        """Whether records may be taken."""
        return self._is_stable.is_set()

    @property
    def unstable_s(self) -> float:
        """For how long this process has waited for its partitions; 0 when it has them."""
        return 0.0 if self.is_stable else time.monotonic() - self._unstable_since

    async def stable(self, limit_s: float) -> None:
        """Return when it is stable, or after the limit."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_stable.wait(), limit_s)


class GroupMember(Protocol):
    """Who takes records: it holds still, lets go, and goes on."""

    def hold_still(self) -> None:
        """Nothing more is taken."""
        ...

    def let_go(self) -> None:
        """What was assigned is another's now."""
        ...

    def go_on(self) -> None:
        """Records may be taken from here on."""
        ...


class GroupListener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no type hints
    """Hands on what the group says; what was taken is drained before it is another's."""

    def __init__(self, member: GroupMember, drain: Drain) -> None:
        self._member = member
        self._drain = drain

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002  a callback
        """Blocks the rebalance until what was taken is committed, so that the next owner starts behind it."""
        self._member.hold_still()
        await self._drain()
        self._member.let_go()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:  # noqa: ARG002  a callback
        """From here on records may be taken."""
        self._member.go_on()
