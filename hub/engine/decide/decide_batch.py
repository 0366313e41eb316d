"""Decide one batch: records and a read of the store in, everything to write and to publish out.

Each record is taken by itself, in the order of its partition; what follows of those that were accepted is
made for all of them at the end (`hub/engine/decide/following.py`). Pure but for the keys and nonces of
sealed fields: nothing waits, and nothing outside is touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from hub.budget.allowance import Use
from hub.budget.letters import Letters
from hub.dossier.decision import Accepted, Context, Refused
from hub.dossier.errors import WaitError
from hub.dossier.state.matter import State
from hub.engine.decide.code_blocks import CodeBlocks, CodeOffer
from hub.engine.decide.following import Again, FactStep, Following, Passed, Worded
from hub.engine.decide.prefetch_copies import CopyPrefetch
from hub.engine.decide.prefetch_sources import SourcePrefetch
from hub.engine.decide.rules import Brought, Kept, Rules
from hub.engine.decide.tally import DeadLetter, Forged, Tally
from hub.engine.decide.unit_of_work import InboxEntry, LoadedDossier, UnitOfWork, View
from hub.engine.errors import CodesMissingError
from hub.errors import AlteredRowError, BeyondLawError, UntrustedRowError
from hub.facts import receipts
from hub.facts.entries import Entry, ReceiptEntry
from hub.facts.fact_bytes import Origin, StoredFact
from hub.facts.integrity import ERASED
from hub.facts.message import Message
from hub.facts.parking import DOCUMENTS_AWAY, ParkedItem, seal_record
from hub.facts.sealing import MasterKey
from hub.inbound.authorise import Authorised, Unreadable, named_by
from hub.inbound.directory import Directory
from hub.inbound.envelope import Malformed


@dataclass(frozen=True, slots=True)
class Tools:
    """What every batch of a process is decided with."""

    rules: Rules
    directory: Directory
    master: MasterKey
    codes: CodeBlocks
    shards: int
    copies: CopyPrefetch = field(default_factory=CopyPrefetch)
    sources: SourcePrefetch = field(default_factory=SourcePrefetch)
    letters: Letters = field(default_factory=Letters)


_NO_LETTERS: Mapping[str, Use] = {}


class BatchDecision:
    """One batch while it is decided; its workspace is the overlay of the next one until it is committed."""

    def __init__(
        self, batch_id: str, tools: Tools, view: View, before: UnitOfWork | None,
        letters_before: Mapping[str, Use] = _NO_LETTERS,
    ) -> None:  # fmt: skip
        """`letters_before`: the dead letters of the batch that is being written, which nobody counted yet."""
        self.id = batch_id
        self.workspace = UnitOfWork(tools.rules, tools.master, view, before)
        self._tools = tools
        self.rules = tools.rules
        self.store_key = tools.master.store
        self.inbox_dossier: dict[tuple[str, str], str | None] = {}
        self.dead_letters: list[DeadLetter] = []
        self.letters: dict[str, Use] = {}
        self._letters_before = letters_before
        self.parked: list[ParkedItem] = []
        self.redriven: list[int] = []
        self.positions: dict[str, tuple[str, int]] = {}
        """Topic and partition of the last request of each dossier that is written."""
        self.tally = Tally()
        self.following = Following(tools.rules, tools.directory, self.workspace, tools.shards, self.tally)
        self.bugs: list[tuple[str, str]] = []
        self.waiting: list[str] = []
        self.untrusted: list[UntrustedRowError] = []

    def take(self, item: Authorised | Unreadable) -> None:
        """Decide one record, in the order of its partition."""
        if isinstance(item, Unreadable):
            self._bury(item)
            return
        answered = self.workspace.answered((item.sender.name, item.envelope.id))
        if answered is not None and answered.is_altered:
            self._withhold(item)
        elif answered is not None:
            self._repeat(item, answered)
        elif item.refusal is not None:
            self._tools.directory.must_believe(item.sender.name)
            self._refuse(item, item.refusal, None)
        else:
            self._request(item)

    @property
    def facts(self) -> Sequence[StoredFact]:
        """Facts to store, in the order of their dossiers' chains."""
        return self.following.facts

    @property
    def messages(self) -> Mapping[int, Sequence[tuple[Message, Entry]]]:
        """What is published, by shard, in order."""
        return self.following.messages

    @property
    def late_receipts(self) -> Mapping[tuple[str, str], bytes]:
        """Receipts of requests that had been parked."""
        return self.following.late_receipts

    def finish(self) -> None:
        """Make what follows of the records that were taken. Raises for a bug around the rules."""
        self.following.make()

    def redrive(self, item: Authorised, dossier_id: str, position: int) -> None:
        """Decide a parked request again; is it in `bugs` or in `waiting` then, nothing may be written."""
        held = self.workspace.find(dossier_id, item.sender.name)
        assert held is not None
        if held.altered is not None:
            raise AlteredRowError(f"dossier {dossier_id}")
        self.redriven.append(position)
        held.count_parked(-1)
        if item.refusal is not None:
            self._tools.directory.must_believe(item.sender.name)
            self._refuse(item, item.refusal, held, is_redrive=True)
        else:
            self._decide(item, held, is_redrive=True)

    def poison(self, item: Authorised | Unreadable) -> None:
        """Make the record a dead letter although it could be read: it has killed the process."""
        if isinstance(item, Unreadable):
            self._bury(Unreadable(item.record, item.owner, item.now, Malformed("poison.crash", item.why.id)))
            return
        why = Malformed("poison.crash", item.envelope.id)
        self._bury(Unreadable(item.record, item.sender.name, item.now, why))

    def park(self, item: Authorised | Unreadable, bug: str) -> None:
        """Park a request that fails outside of its rules, or bury it when it concerns no dossier."""
        if isinstance(item, Unreadable) or item.request is None or item.refusal is not None:
            self.poison(item)
            return
        subject, sender = item.envelope.subject, item.sender.name
        held = self.workspace.find(*named_by(item))
        if held is None and item.request.subject != "dossier" and subject.startswith("ref:"):
            held = self.workspace.open(item)
        if held is None or self.workspace.answered((sender, item.envelope.id)) is not None:
            self.poison(item)
            return
        self.bugs.append((item.request.type, bug))
        self._park(item, held, f"bug.{bug}")

    # Answers that need no rule

    def _bury(self, item: Unreadable) -> None:
        record, why = item.record, item.why
        own, before = (letters.get(item.owner, Use()) for letters in (self.letters, self._letters_before))
        kept = self._tools.letters.encode(record, item.owner, before.plus(own.records, own.bytes))
        self.letters[item.owner] = own.plus(1, len(kept))
        letter = DeadLetter(record.topic, record.partition, record.offset, record.timestamp, why.code, kept)
        self.dead_letters.append(letter)
        place = _place(item)
        self.tally.bury(item.owner, why.code, place)
        message = receipts.refused(
            owner=item.owner, request_id=why.id, key=place,
            refusal=Refused(why.code, fields=why.fields, faults=why.faults),
            time_ms=record.timestamp, now=item.now, place=place, is_first=False,
        )  # fmt: skip
        self.following.add(Worded(item, message, None))

    def _repeat(self, item: Authorised, answered: InboxEntry) -> None:
        if not self.store_key.is_repeat(answered.digest, item.envelope.digest):
            refusal = Refused("security.id_reused", fields=("ce_id",))
            self.tally.refuse(item.sender.name, refusal.code, item.envelope.id, None)
            message = self._refusal(item, refusal, item.envelope.subject, is_first=False)
            self.following.add(Worded(item, message, None))
            return
        self.tally.repeated += 1
        self.following.add(Again(item))

    def _withhold(self, item: Authorised) -> None:
        """The stored answer was altered: nobody knows any more what the right one is, and none is given."""
        self.untrusted.append(AlteredRowError(f"inbox {item.sender.name} {item.envelope.id}"))

    # Requests

    def _request(self, item: Authorised) -> None:
        """The right to know of the dossier comes first: without it, all answers are those about none."""
        subject = item.envelope.subject
        kind = item.request.subject if item.request is not None else "dossier"
        if kind != "dossier" and not subject.startswith("ref:"):
            self._refuse(item, Refused("reference.needed", fields=("ce_subject",)), None)
            return
        caller = item.sender.name
        if kind == "matter":
            about, caller = named_by(item)
        else:
            about = subject
        held = self.workspace.find(about, caller)
        if held is not None and held.altered is not None:
            self._park(item, held, "altered")
            self.untrusted.append(AlteredRowError(f"dossier {held.id}"))
            return
        gone = self.workspace.find_erased(about, caller) if held is None else None
        state = (
            held.state if held is not None else self.workspace.state_of(gone) if gone is not None else None
        )
        may_know = (
            self.rules.may_know(state, item.sender, item.now)
            if state is not None
            else subject.startswith("ref:")
        )
        if gone is not None and may_know:
            self._refuse(item, Refused("dossier.erased", fields=("ce_subject",), state="erased"), None)
            self._forget(item)
        elif kind in {"matter", "none"} and gone is not None:
            self._refuse(item, Refused("security.foreign_organisation"), None)
        elif kind == "dossier" and (held is None or not may_know):
            self._refuse(item, Refused("unknown_dossier", fields=("ce_subject",)), None)
        elif kind == "new" and (held is not None or gone is not None):
            self._refuse(
                item, Refused("reference.in_use", fields=("ce_subject",)), held if may_know else None
            )
        else:
            held = held if held is not None else self.workspace.open(item)
            if held.parked:
                self._park(item, held, "queued")
            else:
                self._decide(item, held, is_redrive=False)

    def _decide(self, item: Authorised, held: LoadedDossier, *, is_redrive: bool) -> None:
        request = item.request
        assert request is not None
        self.positions[held.id] = (item.record.topic, item.record.partition)
        unit = self.rules.code_unit(held.state, request, item.now)
        offer = CodeOffer(self._tools.codes, unit, item.now) if unit is not None else None
        try:
            private = self._private(held) if self.rules.needs_private(held.state, request) else None
            copies = self._tools.copies.of(item, self.rules.packages_of(request))
            sources = self._tools.sources.of(request, self._tools.master)
            brought = Brought(offer, private, copies, sources)
            context = self.rules.context(item, held.state, request, held.id, brought)
            decision = self.rules.decide(held.state, request, context)
            steps = self._steps(decision, held.state, context) if isinstance(decision, Accepted) else []
        except BeyondLawError as beyond:
            decision, steps = Refused(beyond.code), []
        except AlteredRowError as altered:
            if is_redrive:
                raise
            self.untrusted.append(altered)
            self._park(item, held, "untrusted")
            return
        except (CodesMissingError, UntrustedRowError):
            raise
        except WaitError:
            self.waiting.append(request.type)
            self._park(item, held, DOCUMENTS_AWAY)
            return
        except Exception as error:  # noqa: BLE001  a bug in a rule parks the dossier, never the partition
            self.bugs.append((request.type, type(error).__name__))
            self._park(item, held, f"bug.{type(error).__name__}")
            return
        if isinstance(decision, Refused):
            self._refuse(item, decision, held, is_redrive=is_redrive)
            return
        if offer is not None:
            offer.take()
        origin = Origin(
            item.envelope.source, item.envelope.id, item.record.timestamp, item.now, context.law.versions,
            decision.rules,
        )  # fmt: skip
        self._accept(item, held, origin, steps, is_redrive=is_redrive)

    def _private(self, held: LoadedDossier) -> bytes | None:
        return held.key.open(held.private, held.id.encode()) if held.private is not None else None

    def _steps(self, decision: Accepted, state: State | None, context: Context) -> list[FactStep]:
        steps: list[FactStep] = []
        for fact in decision.facts:
            after = self.rules.evolve(state, fact, context)
            steps.append(FactStep(fact, state, after))
            state = after
        return steps

    def _accept(
        self,
        item: Authorised,
        held: LoadedDossier,
        origin: Origin,
        steps: list[FactStep],
        *,
        is_redrive: bool,
    ) -> None:
        for step in steps:
            kept = self.rules.kept_of(step.fact)
            if kept is not None:
                self._keep(held, kept)
        before, state = held.state, steps[-1].after if steps else held.state
        assert state is not None
        first = held.sequence + 1
        if steps:
            held.state, held.sequence, held.is_changed = state, held.sequence + len(steps), True
        code = self.rules.code(state)
        if code is not None and (before is None or code != self.rules.code(before)):
            self.workspace.learn_code(held, code)
        self.tally.accept(item.sender.name, item.envelope.type)
        self._answered(item, held, None, is_redrive=is_redrive)
        self.following.add(Passed(item, held, origin, steps, first, state, is_redrive))

    def _keep(self, held: LoadedDossier, kept: Kept) -> None:
        held.private = held.key.seal(kept.private, held.id.encode())
        if kept.digits is not None:
            self.workspace.learn_name(held, self.store_key.look_up.phone_alias(held.id, kept.digits))

    def _refuse(
        self,
        item: Authorised,
        refusal: Refused,
        held: LoadedDossier | None,
        *,
        is_redrive: bool = False,
    ) -> None:
        if held is not None and held.is_new and not held.sequence and not is_redrive:
            self.workspace.close(item, held)
            held = None
        key = held.id if held is not None else item.envelope.subject
        dossier = held.id if held is not None else None
        self.tally.refuse(item.sender.name, refusal.code, item.envelope.id, dossier)
        if refusal.code.startswith("signature.") and item.request is not None:
            packages = self.rules.packages_of(item.request)
            self.tally.forged.append(
                Forged(item.sender.name, refusal.code, item.envelope.id, dossier, packages)
            )
        message = self._refusal(item, refusal, key)
        self._answered(item, held, message.encode(), is_redrive=is_redrive)
        self.following.add(Worded(item, message, ReceiptEntry(item.sender.name, item.envelope.id)))

    def _refusal(self, item: Authorised, refusal: Refused, key: str, *, is_first: bool = True) -> Message:
        return receipts.refused(
            owner=item.sender.name, request_id=item.envelope.id, key=key, refusal=refusal,
            time_ms=item.record.timestamp, now=item.now, place=_place(item), is_first=is_first,
        )  # fmt: skip

    def _answered(
        self, item: Authorised, held: LoadedDossier | None, receipt: bytes | None, *, is_redrive: bool
    ) -> None:
        """From now on the request is known; what an accepted one is answered comes with its facts."""
        key = (item.sender.name, item.envelope.id)
        dossier_id = held.id if held is not None else None
        digest = self.store_key.digest(item.envelope.digest)
        self.workspace.inbox[key] = InboxEntry(digest, receipt, dossier_id)
        if not is_redrive:
            self.inbox_dossier[key] = dossier_id
        elif receipt is not None:
            self.following.late_receipts[key] = receipt

    def _forget(self, item: Authorised) -> None:
        """Nothing is kept of what a request about an erased dossier says: its id alone tells repeats."""
        key = (item.sender.name, item.envelope.id)
        self.workspace.inbox[key] = replace(self.workspace.inbox[key], digest=ERASED)

    def _park(self, item: Authorised, held: LoadedDossier, reason: str) -> None:
        key = (item.sender.name, item.envelope.id)
        held.count_parked(1)
        self.positions[held.id] = (item.record.topic, item.record.partition)
        sealed = seal_record(item.record, held.key, held.id)
        self.parked.append(ParkedItem(held.id, item.sender.name, item.envelope.id, reason, sealed))
        self.tally.parked += 1
        digest = self.store_key.digest(item.envelope.digest)
        self.workspace.inbox[key] = InboxEntry(digest, None, held.id)
        self.inbox_dossier[key] = held.id


def _place(item: Authorised | Unreadable) -> str:
    return f"{item.record.topic}-{item.record.partition}-{item.record.offset}"
