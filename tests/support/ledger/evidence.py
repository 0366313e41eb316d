"""Ledger: what the three journals say, as plain records that the check joins by id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

MARKER = re.compile(rb"m:[0-9a-f]{12}")
"""A word that a client puts into a request and that must come out in the fact that it becomes."""

Kind = Literal["plain", "reuse", "malformed"]
"""An ordinary request, the same id with other bytes, or bytes that are no envelope."""

CounterpartName = Literal["postal", "population"]


def request_digest(event_type: str, subject: str, value: bytes) -> str:
    """Digest of a request over type, subject, environment (left out by our clients) and value bytes."""
    return sha256(f"{event_type}\x1f{subject}\x1f\x1f".encode() + value).hexdigest()


def content_digest(value: bytes) -> str:
    """Digest of a message's value."""
    return sha256(value).hexdigest()


def marker_of(value: bytes) -> str | None:
    """The marker word in a value, if there is one."""
    found = MARKER.search(value)
    return found.group().decode() if found else None


@dataclass(frozen=True, slots=True)
class Copy:
    """One attempt to send a request; place None while nobody knows whether the broker has it."""

    result: Literal["ok", "unknown"]
    partition: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """(a) One request of a client as journaled before its first sending; `position` counts its requests."""

    participant: str
    position: int
    id: str
    type: str
    subject: str
    digest: str
    kind: Kind
    marker: str | None = None
    copies: tuple[Copy, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether the broker acknowledged it at least once."""
        return any(copy.result == "ok" for copy in self.copies)

    @property
    def is_stray(self) -> bool:
        """Whether copies lie on several partitions, so that the broker gives them no order."""
        return len({copy.partition for copy in self.copies if copy.result == "ok"}) > 1


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message on an `out.` topic or on `dossier.facts`: as it lies there, or as a client received it.

    `effect` is the key of what the message asks a counterpart for: an order's number, a check's id.
    `settles` is the message whose delivery ended without an effect, with an answer to an officer.
    """

    reader: str
    id: str
    type: str
    dossier: str
    digest: str
    partition: int
    offset: int
    sequence: int | None = None
    cause: str | None = None
    request: str | None = None
    code: str | None = None
    facts: tuple[tuple[str, int], ...] = ()
    marker: str | None = None
    effect: str | None = None
    settles: str | None = None

    @property
    def is_receipt(self) -> bool:
        """Receipts answer a request; everything else tells of a fact."""
        return ".receipt." in self.type

    @property
    def is_accepted(self) -> bool:
        """Whether it is a receipt that accepts."""
        return self.type == "onestop.receipt.accepted.v1"


@dataclass(frozen=True, slots=True)
class Fact:
    """(b) A row of the fact table; `computed` is our own SHA-256 of the stored bytes."""

    dossier: str
    sequence: int
    id: str
    type: str
    source: str
    request: str
    hash: str
    computed: str
    previous: str | None
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """(c) A line of a counterpart's journal: an effect, or one more demand for it (a repeat)."""

    counterpart: CounterpartName
    key: str
    message: str | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Kill:
    """What the runner did to a process: `crash_point` when the process was told where to die."""

    target: str
    signal: str
    at: str
    crash_point: str | None = None


@dataclass(frozen=True, slots=True)
class HubSide:
    """(b) Everything of the hub, read from outside: tables, topics, and what its processes counted."""

    inbox: Mapping[tuple[str, str], str] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    fact_topic: tuple[Delivered, ...] = ()
    out_topics: tuple[Delivered, ...] = ()
    in_log: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    dead_letters: frozenset[tuple[str, int, int]] = frozenset()
    unfinished: tuple[str, ...] = ()
    redrives: int = 0
    conflicts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Journals:
    """All that a run left behind; `readers` are the participants that keep a journal of what they got.

    `strict_counterparts` answer each key once and must never be asked twice (a sandbox behind an adapter);
    `unjournaled` participants are adapters, whose own requests stand in no client's journal.
    """

    sent: tuple[Sent, ...]
    received: tuple[Delivered, ...]
    hub: HubSide
    effects: tuple[Effect, ...]
    kills: tuple[Kill, ...]
    readers: frozenset[str]
    counterparts: frozenset[CounterpartName]
    strict_counterparts: frozenset[CounterpartName] = frozenset()
    unjournaled: frozenset[str] = frozenset()
