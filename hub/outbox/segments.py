"""What the relay and the write of a batch tell each other of segments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the relay knows of the shards that this process owns."""

    published: list[int]
    owned: list[int]
    known: list[int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as it is stored; `mac` is the check of its row."""

    id: int
    shard: int
    payload: bytes
    mac: bytes | None


@dataclass(frozen=True, slots=True)
class Written:
    """Ids of the batch's own segments by shard, and older unpublished segments of owned shards."""

    fresh: dict[int, int]
    older: list[Segment]
