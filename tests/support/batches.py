"""Test support: batches decided without broker and database, on a view in memory."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from msgspec.structs import replace

from hub.budget.allowance import Use
from hub.dossier.decision import Context, Decision, Sender
from hub.dossier.state.matter import State
from hub.engine.decide.code_blocks import CodeBlocks
from hub.engine.decide.decide_batch import BatchDecision, Tools
from hub.engine.decide.rules import Rules, code_blocks
from hub.engine.decide.unit_of_work import InboxEntry, StoredDossier, UnitOfWork, View
from hub.facts.integrity import ERASED
from hub.facts.message import Message
from hub.facts.parking import StoredRecord
from hub.facts.sealing import MasterKey
from hub.inbound.authorise import Authorised, Reading, Unreadable, authorise
from hub.inbound.directory import Directory
from hub.legal_time import LegalClock
from hub.regulation.lawbook import LawBook, load_book
from schemas.base import Request
from tests.support.requests import AGENCY, ONE_STOP, SUBMIT

COUNTER = Sender("counter-a", frozenset({"counter"}), frozenset({ONE_STOP}))
OTHER = Sender("counter-b", frozenset({"counter"}), frozenset({ONE_STOP}))
STRANGER = Sender("stranger", frozenset({"counter", "agency"}), frozenset({"000.99.99.H07"}))
AGENCY_SYSTEM = Sender("agency-a", frozenset({"agency"}), frozenset({AGENCY}))
EVERYWHERE = Sender("everywhere", frozenset({"counter"}), frozenset({ONE_STOP, "nonsense"}))
STRANGERS = (
    STRANGER,
    *(
        Sender(f"{role}-elsewhere", frozenset({role}), STRANGER.organisations)
        for role in ("portal", "postal", "population", "payments", "notifier")
    ),
)
"""One that speaks for another organisation, and those that serve others than that of `COUNTER`."""
DIRECTORY = Directory([COUNTER, OTHER, *STRANGERS, EVERYWHERE, AGENCY_SYSTEM])
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)

_offsets = itertools.count()


class FaultyRules(Rules):
    """The real rules, but `faulty` types raise."""

    def __init__(self, book: LawBook | None = None) -> None:
        super().__init__(book or load_book())
        self.faulty: set[str] = set()

    def decide(self, state: State | None, request: Request, context: Context) -> Decision:
        if request.type in self.faulty:
            raise ZeroDivisionError("a bug with Nguyễn Văn Thử in its text")
        return super().decide(state, request, context)


def record(
    event_type: str,
    subject: str,
    data: Any,
    event_id: str,
    *,
    sender: str = "counter-a",
    headers: Iterable[tuple[str, bytes]] = (),
    **changes: Any,
) -> StoredRecord:
    """A record as a participant writes it; `headers` are added, `changes` are fields of the record."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": f"/participants/{sender}",
        "ce_type": event_type,
        "ce_time": "2026-11-23T02:00:00Z",
        "ce_subject": subject,
        "content-type": "application/json",
    }
    fields: dict[str, Any] = {
        "topic": f"in.{sender}",
        "partition": 0,
        "offset": next(_offsets),
        "timestamp": NOW_MS,
        "key": subject.encode(),
        "value": data if isinstance(data, bytes) else orjson.dumps(data),
        "headers": (*((name, text.encode()) for name, text in attributes.items()), *headers),
    }
    return StoredRecord(**(fields | changes))


@dataclass(slots=True)
class Memory:
    """A store in memory: what batches read, and `commit` writes."""

    rules: FaultyRules = field(default_factory=FaultyRules)
    master: MasterKey = field(default_factory=lambda: MasterKey(bytes(range(32))))
    inbox: dict[tuple[str, str], InboxEntry] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    dossiers: dict[str, StoredDossier] = field(default_factory=dict)
    altered_aliases: set[str] = field(default_factory=set)
    codes: CodeBlocks = field(default_factory=lambda: code_blocks(load_book()))

    def decision(
        self, before: UnitOfWork | None = None, letters_before: Mapping[str, Use] | None = None
    ) -> BatchDecision:
        """A new batch on what is stored now."""
        tools: Tools = Tools(self.rules, DIRECTORY, self.master, self.codes, 4)
        altered = frozenset(self.altered_aliases)
        view = View(dict(self.inbox), dict(self.aliases), dict(self.dossiers), altered)
        return BatchDecision(str(uuid.uuid4()), tools, view, before, letters_before or {})

    def decide(self, *records: StoredRecord, before: UnitOfWork | None = None) -> BatchDecision:
        """Decide these records as one batch."""
        decision = self.decision(before)
        for item in records:
            decision.take(self.read(item))
        decision.finish()
        return decision

    def read(self, item: StoredRecord) -> Authorised | Unreadable:
        return authorise(item, Reading(DIRECTORY, LegalClock(), "live", self.rules.requests))

    def commit(self, decision: BatchDecision) -> BatchDecision:
        """Store it, as `write_batch` would."""
        self.inbox |= decision.workspace.inbox
        self.aliases |= decision.workspace.aliases
        for held in decision.workspace.held.values():
            state = self.rules.dump(held.state) if held.state is not None else None
            self.dossiers[held.id] = StoredDossier(
                held.id, held.head, held.sequence, held.parked, state, held.key.wrapped, held.private
            )
        return decision

    def change(self, dossier: str, **changes: Any) -> None:
        """Change the stored state of a dossier."""
        stored = self.dossiers[dossier]
        assert stored.state is not None
        state = self.rules.dump(replace(self.rules.load(stored.state), **changes))
        self.dossiers[dossier] = replace(stored, state=state)

    def erase(self, dossier: str) -> None:
        """What an erasure leaves of a stored dossier."""
        stored = self.dossiers[dossier]
        self.dossiers[dossier] = replace(stored, parked=-1, wrapped_key=None, private=None)
        for key, answered in self.inbox.items():
            if answered.dossier_id == dossier:
                self.inbox[key] = replace(answered, digest=ERASED)


def sent(decision: BatchDecision, topic: str) -> list[Message]:
    """The messages of a batch to one topic, in order."""
    everything = [m for messages in decision.messages.values() for m, _ in messages]
    return [message for message in everything if message.topic == topic]


def receipts(decision: BatchDecision, owner: str = "counter-a") -> list[dict[str, Any]]:
    """The data of the receipts to one participant."""
    messages = sent(decision, f"out.{owner}")
    return [orjson.loads(m.value) for m in messages if b".receipt." in dict(m.headers)["ce_type"]]


def submit(event_id: str, subject: str, data: Any, **options: Any) -> StoredRecord:
    """A submission."""
    return record(SUBMIT, subject, data, event_id, **options)
