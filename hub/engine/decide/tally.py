"""What a batch did: for metrics, and the bytes that nobody could use."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Bytes that nobody could use, kept as they came."""

    topic: str
    partition: int
    offset: int
    time_ms: int
    reason: str
    record: bytes


@dataclass(slots=True)
class Tally:
    """What a batch did, for metrics: keys are (participant, type) and (participant, code)."""

    accepted: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: dict[tuple[str, str], int] = field(default_factory=dict)
    malformed: dict[tuple[str, str], int] = field(default_factory=dict)
    repeated: int = 0
    parked: int = 0
