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


@dataclass(frozen=True, slots=True)
class Example:
    """One of the refusals that are counted together: its request, or its place where it has none."""

    request: str
    dossier: str | None = None


@dataclass(frozen=True, slots=True)
class Forged:
    """A signed package that was refused, with the ids to follow it."""

    participant: str
    code: str
    request: str
    dossier: str | None
    packages: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What a batch did, for metrics and log: keys are (participant, type) and (participant, code).

    `unheard`: agencies that got a dossier and that nobody speaks for, with the dossier.
    """

    accepted: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: dict[tuple[str, str], int] = field(default_factory=dict)
    malformed: dict[tuple[str, str], int] = field(default_factory=dict)
    examples: dict[tuple[str, str], Example] = field(default_factory=dict)
    forged: list[Forged] = field(default_factory=list)
    unheard: list[tuple[str, str]] = field(default_factory=list)
    repeated: int = 0
    parked: int = 0

    def refuse(self, participant: str, code: str, request: str, dossier: str | None) -> None:
        """Count a refusal of what could be read."""
        _count(self.refused, (participant, code))
        self.examples.setdefault((participant, code), Example(request, dossier))

    def bury(self, participant: str, code: str, place: str) -> None:
        """Count what could not be read."""
        _count(self.malformed, (participant, code))
        self.examples.setdefault((participant, code), Example(place))

    def accept(self, participant: str, kind: str) -> None:
        """Count an accepted request."""
        _count(self.accepted, (participant, kind))


def _count(counts: dict[tuple[str, str], int], key: tuple[str, str]) -> None:
    counts[key] = counts.get(key, 0) + 1
