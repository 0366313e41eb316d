"""The hot path without servers: records as the broker keeps them in, what is written and published out.

What is stored between batches is held in memory, so runs differ by the code alone.
"""

from __future__ import annotations

import gc
import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from bench.core_job import CoreEvent, CoreRules
from bench.events import Row, core_events, event_headers, hash_of
from bench.product_events import (
    ORGANISATIONS,
    PARTITIONS,
    ROLES,
    Maker,
    Planned,
    dossiers,
    measured_run,
    prelude,
)
from hub.dossier.decision import Sender
from hub.engine.decide.code_blocks import CodeBlocks
from hub.engine.decide.decide_batch import BatchDecision, Tools
from hub.engine.decide.isolate_failures import Attempts, Items
from hub.engine.decide.known import KnownDossiers
from hub.engine.decide.rules import Rules, code_blocks
from hub.engine.decide.unit_of_work import InboxEntry, StoredDossier, View
from hub.engine.errors import CodesMissingError
from hub.engine.write.calls import READ_BATCH, WRITE_BATCH
from hub.engine.write.writing import OffsetStep, arguments_of
from hub.facts.packing import texts
from hub.facts.sealing import MasterKey
from hub.inbound.authorise import Reading, authorise
from hub.inbound.directory import Directory
from hub.inbound.envelope import Record
from hub.legal_time import LegalClock
from hub.outbox.segments import Outgoing
from hub.regulation.lawbook import load_book
from hub.settings import EngineSettings

SHARDS = 8
BATCH = 480
STAGES = ("take", "authorise", "read", "decide", "write", "publish")
_BATCH_BYTES = 200_000
_ATTRIBUTES, _CRC = 21, 17
_STAMPED_BY_BROKER = 8
_NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
_NOW_MS = int(_NOW.timestamp() * 1000)

Lanes = Mapping[TopicPartition, bytes]
OnStage = Callable[[str], None]
"""Told when a stage begins."""


@dataclass(slots=True)
class Store:
    """What the database would hold, and what was counted."""

    rules: Rules
    directory: Directory
    codes: CodeBlocks
    on_stage: OnStage = lambda _: None
    inbox: dict[tuple[str, str], InboxEntry] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    dossiers: dict[str, StoredDossier] = field(default_factory=dict)
    known: KnownDossiers = field(default_factory=lambda: KnownDossiers(EngineSettings().known_dossiers))
    leased: int = 1
    events: int = 0
    messages: int = 0
    published_bytes: int = 0
    written_bytes: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    master: MasterKey = field(default_factory=lambda: MasterKey(bytes(32)))

    def follow(self, before: Store) -> Store:
        """Begin with what another one holds."""
        self.inbox, self.aliases = dict(before.inbox), dict(before.aliases)
        self.dossiers, self.leased = dict(before.dossiers), before.leased
        return self

    def run(self, lanes: Lanes) -> Store:
        """Work off these topics, in batches that take the same share of each partition."""
        tools = Tools(self.rules, self.directory, self.master, self.codes, SHARDS)
        world = Reading(self.directory, LegalClock(), "live", self.rules.requests)
        left = {
            tp: PartitionRecords(tp, MemoryRecords(log), [], 0, None, None, True, 0)
            for tp, log in lanes.items()
        }
        while left:
            self.on_stage("take")
            share = max(1, BATCH // len(left))
            taken = {tp: list(islice(records, share)) for tp, records in left.items()}
            left = {tp: records for tp, records in left.items() if len(taken[tp]) == share}
            batch = [record for records in taken.values() for record in records]
            if batch:
                self._batch(batch, tools, world)
        self.on_stage("")
        return self

    def _batch(self, records: Sequence[Record], tools: Tools, world: Reading) -> None:
        def read() -> Items:
            return [authorise(record, world) for record in records]

        self.on_stage("authorise")
        items = read()
        self.on_stage("read")
        view = self._looked_up(items)
        self.on_stage("decide")
        decision = self._decided(Attempts(items, read), tools, view)
        if decision.inbox_dossier.keys() & self.inbox.keys():  # as a miss of the one write
            self.known.doubt()
            self.on_stage("authorise")
            self._batch(records, tools, world)
            return
        self.on_stage("write")
        step = OffsetStep("in.bench", 0, "topic-id", self.events, self.events + len(records))
        outgoing = Outgoing([], list(range(SHARDS)), [])
        arguments = WRITE_BATCH.arguments(arguments_of(decision, [step], outgoing, tools.rules.dump, SHARDS))
        self.on_stage("publish")
        published = _batches(decision)
        self.on_stage("")
        self.events += len(records)
        self.messages += sum(map(len, decision.messages.values()))
        self.published_bytes += sum(map(len, published))
        self.written_bytes += sum(map(_size, arguments))
        self._commit(decision)
        self.known.keep(decision.workspace)

    def _looked_up(self, items: Items) -> View:
        sought = self.known.sought(items, None)
        wanted = sought.wanted
        if not sought.must_read:
            return sought.view(None, {})
        names = ("participants", "ids", "aliases", "dossiers")
        READ_BATCH.arguments({name: texts(getattr(wanted, name)) for name in names})
        self.on_stage("")
        keys = zip(wanted.participants, wanted.ids, strict=True)
        return sought.view(self._view(wanted.aliases, wanted.dossiers, keys), {})

    def _view(self, aliases: Sequence[str], ids: Sequence[str], keys: Any) -> View:
        found = {alias: self.aliases[alias] for alias in aliases if alias in self.aliases}
        wanted = {*ids, *found.values()}
        return View(
            {key: self.inbox[key] for key in keys if key in self.inbox},
            found,
            {one: self.dossiers[one] for one in wanted if one in self.dossiers},
        )

    def _decided(self, attempts: Attempts, tools: Tools, view: View) -> BatchDecision:
        while True:
            try:
                return attempts.decide(lambda: BatchDecision(str(uuid.UUID(int=0)), tools, view, None))
            except CodesMissingError as missing:
                self.codes.add(missing.unit, missing.day, self.leased, missing.count)
                self.leased += missing.count

    def _commit(self, decision: BatchDecision) -> None:
        for held in decision.workspace.held.values():
            state = self.rules.dump(held.state) if held.state is not None else None
            self.dossiers[held.id] = StoredDossier(
                held.id, held.head, held.sequence, held.parked, state, held.key.wrapped, held.private
            )
        self.aliases.update(decision.workspace.aliases)
        self.inbox.update(decision.workspace.inbox)
        told = {"accepted": sum(decision.tally.accepted.values())}
        told |= {code: count for (_, code), count in decision.tally.refused.items()}
        if decision.bugs:
            raise RuntimeError(f"bugs in rules: {decision.bugs[:3]}")
        for outcome, count in told.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count


def _batches(decision: BatchDecision) -> list[bytes]:
    """The batches of records that the relay would send, one for each topic and shard."""
    lanes: dict[tuple[str, int], BatchBuilder] = {}
    for shard, both in decision.messages.items():
        for message, _ in both:
            builder = lanes.get((message.topic, shard))
            if builder is None:
                builder = lanes[(message.topic, shard)] = BatchBuilder(1 << 22, 0)
            builder.append(
                key=message.key.encode(), value=message.value, timestamp=None, headers=list(message.headers)
            )
    return [bytes(builder._build()) for builder in lanes.values()]  # noqa: SLF001  the client has no other


def _size(argument: object) -> int:
    if isinstance(argument, str | bytes):
        return len(argument)
    return sum(len(str(item)) for item in argument) if isinstance(argument, list) else 8


def log_of(rows: Sequence[Row], source: str) -> bytes:
    """A partition as the broker keeps it: batches of records with its own time."""
    out: list[bytes] = []
    offset, count = 0, 0
    builder = BatchBuilder(_BATCH_BYTES, 0)
    for event, kind in rows:
        headers = event_headers(event, kind, source, _NOW.isoformat(timespec="seconds"))
        given = {"key": event.subject.encode(), "value": event.value, "timestamp": _NOW_MS}
        if builder.append(**given, headers=headers) is None:
            out.append(_stamped(builder, offset))
            offset, count, builder = offset + count, 0, BatchBuilder(_BATCH_BYTES, 0)
            builder.append(**given, headers=headers)
        count += 1
    out.append(_stamped(builder, offset))
    return b"".join(out)


def _stamped(builder: BatchBuilder, offset: int) -> bytes:
    log = bytearray(builder._build())  # noqa: SLF001  as above
    struct.pack_into(">q", log, 0, offset)
    (attributes,) = struct.unpack_from(">h", log, _ATTRIBUTES)
    struct.pack_into(">h", log, _ATTRIBUTES, attributes | _STAMPED_BY_BROKER)
    struct.pack_into(">I", log, _CRC, calc_crc32c(bytes(log[_ATTRIBUTES:])))
    return bytes(log)


def core_job(events: int) -> Callable[[OnStage], Store]:
    """The core job: 1,000 dossiers, six partitions, one repeat in a hundred."""
    rows: dict[int, list[Row]] = {}
    for event in core_events(events, 1000, 0.01, 1):
        rows.setdefault(hash_of(event.subject) % 6, []).append((event, CoreEvent.type))
    lanes = {TopicPartition("in.bench", number): log_of(lane, "bench") for number, lane in rows.items()}
    directory = Directory([Sender("bench", frozenset({"agency"}), frozenset({"x"}))])
    book = load_book()
    return lambda on_stage: Store(CoreRules(book), directory, code_blocks(book), on_stage).run(lanes)


def product_job(per_group: int, rules: Rules | None = None) -> Callable[[OnStage], Store]:
    """The product job: its prelude is worked off once, before the run; `rules` are those of the product."""
    book, maker = load_book(), Maker.of("prelude", 1)
    directory = Directory(
        [
            Sender(name, frozenset({ROLES[name]}), frozenset(ORGANISATIONS[name]))
            for name in PARTITIONS
        ]
    )  # fmt: skip
    rules = rules or Rules(book)
    before, all_dossiers = Store(rules, directory, code_blocks(book)), dossiers(per_group, 1)
    for wave in range(4):
        before.run(_lanes(prelude(all_dossiers, wave, maker)))
        if wave == 0:
            for one in all_dossiers:
                one.id = before.aliases.get(f"ref:{one.counter}:{one.ref.removeprefix('ref:')}", "")
    lanes = _lanes(measured_run(all_dossiers, 0.01, 1))

    def run(on_stage: OnStage) -> Store:
        return Store(rules, directory, code_blocks(book), on_stage).follow(before).run(lanes)

    return run


def _lanes(planned: Sequence[Planned]) -> Lanes:
    rows: dict[tuple[Any, int], list[Row]] = {}
    for one in planned:
        partition = hash_of(one.event.subject) % PARTITIONS[one.topic]
        rows.setdefault((one.topic, partition), []).append((one.event, one.type))
    return {
        TopicPartition(f"in.{topic}", number): log_of(lane, topic) for (topic, number), lane in rows.items()
    }


def freeze() -> None:
    """As the engine does at its start, so that old objects are not looked at again."""
    gc.collect()
    gc.freeze()
