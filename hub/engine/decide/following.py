"""What follows of the decided requests of a batch: sealed facts, receipts and messages, in their order.

Made for some of them one step after the other, and not for each as it is decided: the same code over many is
twice as fast as all the code over one (docs/decisions/0068). Pure but for the nonces of sealed fields.
"""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter

from msgspec import Struct

from hub.dossier.state.matter import State
from hub.engine.decide.rules import Rules
from hub.engine.decide.tally import Tally
from hub.engine.decide.unit_of_work import LoadedDossier, UnitOfWork
from hub.facts import receipts
from hub.facts.entries import CopyEntry, Entry, FactEntry, ReceiptEntry, WholeEntry
from hub.facts.fact_bytes import (
    FactPlace,
    Origin,
    StoredFact,
    facts_message,
    receiver_message,
    rfc3339,
    store_fact,
)
from hub.facts.message import Message, decode_message
from hub.identifiers import shard_of_key
from hub.inbound.authorise import Authorised, Unreadable
from hub.inbound.directory import HUB, Directory
from schemas.base import Fact

_OWN_TOPIC = f"out.{HUB.name}"
_due_at = attrgetter("due_at")


class FactStep(Struct, frozen=True, gc=False):
    """One fact of an accepted request, with the state before and after it."""

    fact: Fact
    before: State | None
    after: State


class StoredFor(Struct, frozen=True, gc=False):
    """A fact as it is stored, its plain data, and who is told of it."""

    fact: StoredFact
    plain: bytes
    receivers: tuple[str, ...]


class Passed(Struct, gc=False):
    """An accepted request; `sequence` is that of its first fact, `state` the dossier's when all are in it."""

    item: Authorised
    held: LoadedDossier
    origin: Origin
    steps: list[FactStep]
    sequence: int
    state: State
    is_redrive: bool
    stored: list[StoredFor] = []
    receipt: Message | None = None


class Worded(Struct, frozen=True, gc=False):
    """A message that stands already."""

    item: Authorised | Unreadable
    message: Message
    entry: Entry | None


class Again(Struct, frozen=True, gc=False):
    """A repeat: it gets what the request was answered, byte for byte."""

    item: Authorised


class Following:
    """Takes what was decided, in the order of the records; `make` makes of it what is stored and told."""

    def __init__(
        self, rules: Rules, directory: Directory, workspace: UnitOfWork, shards: int, tally: Tally
    ) -> None:
        self._rules = rules
        self._directory = directory
        self._workspace = workspace
        self._shards = shards
        self._tally = tally
        self._decided: list[Passed | Worded | Again] = []
        self.item: Authorised | Unreadable | None = (
            None  # what is worked on: who catches an error asks for it
        )
        self.facts: list[StoredFact] = []
        self.messages: dict[int, list[tuple[Message, Entry]]] = defaultdict(list)
        self.late_receipts: dict[tuple[str, str], bytes] = {}

    def add(self, decided: Passed | Worded | Again) -> None:
        """The next one."""
        self._decided.append(decided)

    def make(self) -> None:
        """Seal the facts, each in the chain of its dossier; then answer, then tell. Raises for a bug."""
        passed = [one for one in self._decided if isinstance(one, Passed)]
        for one in passed:
            self.item = one.item
            self._seal(one)
        for one in passed:
            self.item = one.item
            self._answer(one)
        for decided in self._decided:
            self.item = decided.item
            match decided:
                case Passed():
                    self._tell(decided)
                case Worded():
                    self._send(decided.message, decided.entry)
                case Again():
                    self._repeat(decided.item)
        self._decided = []

    def _seal(self, passed: Passed) -> None:
        held = passed.held
        for index, step in enumerate(passed.steps):
            to = self._rules.receivers(step.before, step.after, step.fact, self._directory)
            place = FactPlace(held.id, passed.sequence + index, held.head, held.key)
            stored, plain = store_fact(step.fact, index, passed.origin, place, to)
            held.head = stored.hash
            self.facts.append(stored)
            passed.stored.append(StoredFor(stored, plain, to))
            agency = self._rules.unheard(step.fact, step.after, self._directory)
            if agency is not None:
                self._tally.unheard.append((agency, held.id))

    def _answer(self, passed: Passed) -> None:
        item, key = passed.item, (passed.item.sender.name, passed.item.envelope.id)
        timers = [one for one in self._rules.timers(passed.state).values() if one.kind != "near"]
        passed.receipt = receipts.accepted(
            owner=item.sender.name, request_id=item.envelope.id, dossier_id=passed.held.id,
            code=self._rules.code(passed.state), facts=[made.fact for made in passed.stored],
            deadline=min(timers, key=_due_at) if timers else None,
            time_ms=item.record.timestamp, now=item.now,
        )  # fmt: skip
        encoded = passed.receipt.encode()
        self._workspace.inbox[key].receipt = encoded
        if passed.is_redrive:
            self.late_receipts[key] = encoded

    def _tell(self, passed: Passed) -> None:
        item, dossier_id, ruleset = passed.item, passed.held.id, passed.origin.law.ruleset
        for step, made in zip(passed.steps, passed.stored, strict=True):
            fact = made.fact
            self._send(facts_message(fact, ruleset), FactEntry(dossier_id, fact.sequence))
            subject, time = self._rules.code(step.after) or dossier_id, rfc3339(fact.time)
            for receiver in made.receivers:
                message = receiver_message(
                    fact_id=fact.id, fact_type=fact.type, dossier_id=dossier_id, sequence=fact.sequence,
                    time=time, ruleset=ruleset, receiver=receiver, subject=subject,
                    cause=item.envelope.id, data=made.plain,
                )  # fmt: skip
                self._send(message, CopyEntry(receiver, dossier_id, fact.sequence, subject))
        assert passed.receipt is not None
        self._send(passed.receipt, ReceiptEntry(item.sender.name, item.envelope.id))

    def _repeat(self, item: Authorised) -> None:
        answered = self._workspace.answered((item.sender.name, item.envelope.id))
        if answered is not None and answered.receipt is not None:
            entry = ReceiptEntry(item.sender.name, item.envelope.id)
            self._send(decode_message(answered.receipt), entry)

    def _send(self, message: Message, entry: Entry | None) -> None:
        if message.topic == _OWN_TOPIC:
            return
        shard = shard_of_key(message.key, self._shards)
        self.messages[shard].append((message, entry or WholeEntry.of(message)))
