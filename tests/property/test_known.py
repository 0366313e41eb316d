"""What engines know without reading changes nothing: the same answers and states as when all is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.decide.known import KnownDossiers, wanted_of
from hub.engine.decide.unit_of_work import InboxEntry, UnitOfWork, View
from hub.engine.errors import MissError
from hub.facts.message import decode_message
from hub.facts.parking import StoredRecord
from hub.inbound.authorise import Authorised
from schemas.receipt import RECEIPT_ACCEPTED
from tests.support.batches import NOW, Memory, record
from tests.support.requests import ONE_STOP, SUBMIT, VERIFY, WITHDRAW, submission, verification

DOSSIERS = 3
KIND = RECEIPT_ACCEPTED.encode()
MOST = 2
"""Fewer than there are, so that some are let go of."""
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    (SUBMIT, submission()),
    (SUBMIT, submission(procedure="9.999999")),
    (VERIFY, verification()),
    (WITHDRAW, {}),
)

asked = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from(["ref", "id"]),
    st.sampled_from([0, 0, 0, 1, 5]),
)
"""A request, its dossier, how it is named, and how many requests ago the one it repeats came; 0: none."""
rounds = st.lists(
    st.tuples(st.integers(0, 1), st.lists(asked, min_size=1, max_size=3)), min_size=4, max_size=16
)
Plan = list[tuple[int, list[tuple[tuple[str, Any], int, str, int]]]]


def stored() -> Memory:
    memory = Memory()
    memory.codes.add(ONE_STOP, NOW.date(), 1, 500)
    return memory


def written(memory: Memory, decision: BatchDecision, not_found: frozenset[str] = frozenset()) -> None:
    """Commit it as the one write does: what was used is compared, and what is added must not be there."""
    workspace = decision.workspace
    for held in workspace.held.values():
        row = memory.dossiers.get(held.id)
        if held.is_new != (row is None):
            raise MissError("head_miss")
        if row is not None and (row.head, row.parked) != (held.read_head, held.read_parked):
            raise MissError("head_miss")
    if (workspace.aliases.keys() | workspace.view.absent | not_found) & memory.aliases.keys():
        raise MissError("head_miss")
    if decision.inbox_dossier.keys() & memory.inbox.keys():
        raise MissError("inbox_miss")
    memory.commit(decision)


@dataclass
class Engine:
    """One of two on one store: a batch is decided on the one that is being written."""

    memory: Memory
    committed: list[list[StoredRecord]]
    known: KnownDossiers = field(default_factory=lambda: KnownDossiers(MOST, pause=1))
    in_flight: tuple[list[StoredRecord], BatchDecision] | None = None
    not_found: frozenset[str] = frozenset()
    """Aliases that were read and were not there: nobody compares those, the test keeps them from coming."""
    unread: int = 0

    def round(self, records: list[StoredRecord]) -> None:
        not_found = self.not_found
        decision = self.decided(records)
        self.not_found, behind = not_found, self.not_found
        if self.settle(records):
            self.not_found = behind
            self.in_flight = (records, decision)

    def decided(self, records: list[StoredRecord]) -> BatchDecision:
        items = [self.memory.read(one) for one in records]
        before = self.in_flight[1].workspace if self.in_flight is not None else None
        sought = self.known.sought(items, before)
        self.unread += not sought.must_read
        self.not_found = frozenset(sought.wanted.aliases) - self.memory.aliases.keys()
        wanted = sought.wanted
        aliases = {name: self.memory.aliases[name] for name in wanted.aliases if name in self.memory.aliases}
        ids = {*wanted.dossiers, *aliases.values()} & self.memory.dossiers.keys()
        keys = set(zip(wanted.participants, wanted.ids, strict=True)) & self.memory.inbox.keys()
        read = View(
            {key: self.memory.inbox[key] for key in keys},
            aliases,
            {one: self.memory.dossiers[one] for one in ids},
        )
        decision = self.memory.decision(before)
        decision.workspace.view = sought.view(read if sought.must_read else None, {})
        for item in items:
            decision.take(item)
        decision.finish()
        return decision

    def settle(self, behind: list[StoredRecord] | None = None) -> bool:
        """Write what is in flight; False: it missed, and both batches were decided again."""
        if self.in_flight is None:
            return True
        records, decision = self.in_flight
        self.in_flight = None
        try:
            written(self.memory, decision, self.not_found)
        except MissError:
            self.known.doubt()
            for again in (records, *([behind] if behind is not None else [])):
                self.round(again)
            return False
        self.committed.append(records)
        decision.workspace.forget_before()
        self.known.keep(decision.workspace)
        return True


def receipts(decision: BatchDecision) -> list[bytes]:
    """Those that it sends, as they are stored."""
    told = [message for both in decision.messages.values() for message, _ in both]
    return [message.encode() for message in told if dict(message.headers)["ce_type"] == KIND]


def waiting(memory: Memory, participant: str, request: str) -> UnitOfWork:
    """A batch that has parked a request: nobody knows its answer yet."""
    memory.inbox[participant, request] = InboxEntry(b"\x01" * 32, None, None)
    batch = memory.decision(None).workspace
    batch.inbox[participant, request] = memory.inbox[participant, request]
    return batch


def answers(memory: Memory) -> dict[tuple[str, str], object]:
    """What every request was answered; not the codes, of which a batch that is decided again takes others."""
    return {
        key: {**orjson.loads(decode_message(answered.receipt).value), "code": None}
        for key, answered in memory.inbox.items()
        if answered.receipt is not None
    }


def shapes(memory: Memory) -> dict[str, object]:
    """Each dossier: facts, parked requests, status."""
    return {
        id_: (row.sequence, row.parked, orjson.loads(row.state or b"{}").get("status"))
        for id_, row in memory.dossiers.items()
    }


@settings(max_examples=80, deadline=None)
@given(rounds)
def test_two_engines_that_know_decide_as_one_that_reads(plan: Plan) -> None:
    memory, committed = stored(), list[list[StoredRecord]]()
    engines = [Engine(memory, committed), Engine(memory, committed)]
    sent: list[tuple[str, str, Any, str]] = []
    for engine, batch in plan:
        records = []
        for kind, number, way, repeated in batch:
            named = memory.aliases.get(f"ref:counter-a:{number}")
            subject = named if way == "id" and named is not None else f"ref:{number}"
            again = sent[-repeated:][0] if repeated and len(sent) >= repeated else None
            sent.append(again or (kind[0], subject, kind[1], f"e{len(sent)}"))
            records.append(record(*sent[-1]))
        engines[engine].round(records)
    for one in engines:
        one.settle()
        one.settle()
    plain = stored()
    for records in committed:
        items = [plain.read(one) for one in records]
        assert all(isinstance(item, Authorised) for item in items)
        assert wanted_of(items).ids
        decision = plain.decide(*records)
        written(plain, decision)
    assert answers(memory) == answers(plain)
    assert shapes(memory) == shapes(plain)


def test_a_steady_state_reads_nothing() -> None:
    memory = stored()
    engine = Engine(memory, [])
    engine.round([record(SUBMIT, "ref:1", submission(), "e1")])
    engine.settle()
    engine.round([record(VERIFY, "ref:1", verification(), "e2")])
    engine.settle()
    assert engine.unread == 2
    assert len(engine.known) == 1


def test_a_request_that_was_answered_gets_the_same_bytes_without_a_read() -> None:
    memory = stored()
    engine = Engine(memory, [])
    said = []
    for _ in range(2):
        engine.round([record(SUBMIT, "ref:1", submission(), "e1")])
        assert engine.in_flight is not None
        said.append(receipts(engine.in_flight[1]))
        engine.settle()
    assert engine.unread == 2
    assert said[0] == said[1] == [memory.inbox["counter-a", "e1"].receipt]


def test_an_older_request_is_looked_up_as_one_that_waits_is() -> None:
    memory = stored()
    engine = Engine(memory, [])
    for number in range(6):
        engine.round([record(SUBMIT, f"ref:{number}", submission(), f"e{number}")])
        engine.settle()
    engine.known.keep(waiting(memory, "counter-a", "parked"))
    engine.unread = 0
    for again in ("e0", "parked"):
        engine.round([record(SUBMIT, "ref:5", submission(), again)])
        engine.settle()
    assert engine.unread == 0


def test_only_a_miss_of_what_was_known_makes_the_pause_longer() -> None:
    memory = stored()
    engine = Engine(memory, [])
    for _ in range(5):
        engine.known.doubt()
    reads = 0
    for number in range(4):
        engine.round([record(SUBMIT, f"ref:{number}", submission(), f"e{number}")])
        engine.settle()
        reads += engine.known.sought([], None).must_read
    assert reads == 0, "one pause of one batch is over with the first"
