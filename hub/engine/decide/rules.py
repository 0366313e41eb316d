"""The dossier's rules as the engine uses them, each request by the law that it goes by (pure)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Self

from msgspec import Struct

from hub.dossier import matters, parties
from hub.dossier.decide import decide
from hub.dossier.decision import CAN_TELL, NEEDS_APPLICANT, NEEDS_CODE, Context, Decision, NextCode, Sender
from hub.dossier.rules.copies import packages_of
from hub.dossier.rules.succession import after_taking_over, take_over
from hub.dossier.source import SourceDossier
from hub.dossier.standing import has_part
from hub.dossier.state.codec import state_from_json, to_json
from hub.dossier.state.evolve import evolve
from hub.dossier.state.evolve_matter import OPENING
from hub.dossier.state.folding import evolve_state
from hub.dossier.state.matter import Matter, State
from hub.dossier.state.model import Dossier, Timer
from hub.dossier.state.near import rows_of
from hub.dossier.verification import CopyOutcome
from hub.engine.decide.code_blocks import CodeBlocks
from hub.engine.decide.routing import matter_receivers, receivers, unheard_agency
from hub.facts.look_up_key import last_digits
from hub.inbound.authorise import Authorised
from hub.inbound.directory import Directory
from hub.regulation.clock import local_day
from hub.regulation.codes import make_dossier_code
from hub.regulation.errors import UnknownCalendarError
from hub.regulation.law import Law
from hub.regulation.lawbook import LawBook
from hub.regulation.registered import NONE as NO_REGISTERS
from hub.regulation.registered import Registers
from schemas.base import Fact, Request
from schemas.dossier import AcceptDossier, DossierSubmitted
from schemas.registry import REQUESTS
from schemas.replanning import ReplanLimits
from schemas.result import ReturnResult


def code_blocks(book: LawBook) -> CodeBlocks:
    """Leased blocks of dossier codes, in the shape that is in force on the day of acceptance."""

    def compose(unit: str, day: date, serial: int) -> str:
        return make_dossier_code(book.in_force(day).profile.dossier_code, unit, day, serial)

    def last_of(day: date) -> int:
        return book.in_force(day).profile.dossier_code.max_serial

    return CodeBlocks(compose, local_day, last_of)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Brought(Struct, frozen=True, gc=False):
    """What a request needs that neither it nor the state holds.

    `private` is what `Rules.kept_of` gave for an earlier fact, when `Rules.needs_private` asks for it;
    `copies` the outcome of verification of each package that `Rules.packages_of` names; `sources` the other
    dossiers that the request names, as the store has them.
    """

    next_code: NextCode | None
    private: bytes | None
    copies: Mapping[str, CopyOutcome] = {}
    sources: Mapping[str, SourceDossier] = {}


class Kept(Struct, frozen=True, gc=False):
    """What is kept of a fact beside its dossier's state: sealed bytes, and the digits that lead to it."""

    private: bytes
    digits: str | None


class Rules:
    """The same arguments always give the same answer: no I/O, no clock."""

    def __init__(self, book: LawBook) -> None:
        self._book = book
        self._registers = NO_REGISTERS
        self.requests: Mapping[str, type[Request]] = REQUESTS

    def with_registers(self, registers: Registers) -> Self:
        """The same rules with what operators have imported; itself where that is the same."""
        if registers is self._registers:
            return self
        other = copy.copy(self)
        other._registers = registers  # noqa: SLF001  its own
        return other

    def load(self, stored: bytes) -> State:
        """The stored state, of this or an older version; raises UnknownLawError when its law is not here."""
        state = state_from_json(stored)
        if type(state) is Dossier:
            self._book.of(state.law)
        return state

    def dump(self, state: State) -> bytes:
        """The state as stored bytes."""
        return to_json(state)

    def code_unit(self, state: State | None, request: Request, now: datetime) -> str | None:
        """An acceptance takes a code of its one-stop, after a merger of the one that follows it."""
        if type(request) not in NEEDS_CODE or type(state) is not Dossier:
            return None
        return self._registers.organisations.heir(state.organisation, local_day(now))

    def needs_private(self, state: State | None, request: Request) -> bool:
        """A transfer tells who the applicant is; checks, reuse and accounts are held against it.

        So does what an applicant who agreed to a way can have to be told of, and a return by e-mail.
        """
        kind = type(request)
        if kind in NEEDS_APPLICANT:
            return True
        if kind is ReturnResult:
            return getattr(request, "channel", None) == "email"
        return kind in CAN_TELL and type(state) is Dossier and bool(state.notice_ways)

    packages_of = staticmethod(packages_of)

    def may_know(self, state: State, sender: Sender, now: datetime) -> bool:
        """Whoever speaks for somebody in the dossier or matter, or for who follows one of a dossier's."""
        if type(state) is Matter:
            return matters.takes_part(state, sender)
        if has_part(state, sender):
            return True
        taken = take_over(state, self._registers.organisations, local_day(now))
        return taken is not None and has_part(after_taking_over(state, taken), sender)

    def kept_of(self, fact: Fact) -> Kept | None:
        """Of a submission the applicant, the proxy, and where the applicant agreed to be told."""
        if not isinstance(fact, DossierSubmitted):
            return None
        return Kept(parties.kept(fact), last_digits(fact.applicant.phone))

    def law_of(self, state: State | None, request: Request, now: datetime) -> Law:
        """The law in force for a submission and for an acceptance, which fixes it; else the dossier's own.

        What is about no dossier goes by the law in force.
        """
        if type(state) is not Dossier or (state.accepted_at is None and isinstance(request, AcceptDossier)):
            return self._book.in_force(local_day(now))
        return self._book.of(state.law)

    def context(
        self, item: Authorised, state: State | None, request: Request, dossier_id: str, brought: Brought
    ) -> Context:
        """What the rules may know of this request beside the dossier and the request itself."""
        named = parties.opened(brought.private) if brought.private is not None else None
        return Context(
            self.law_of(state, request, item.now),
            item.sender,
            item.now,
            _legal(item.envelope.time, item),
            dossier_id,
            item.envelope.id,
            brought.next_code,
            named.applicant if named is not None else None,
            brought.copies,
            brought.sources,
            named.proxy if named is not None else None,
            self._registers,
            named.notices if named is not None else None,
            self._later(state, request) if request.__class__ is ReplanLimits else None,
            named.sender_address if named is not None else None,
        )

    def _later(self, state: State | None, request: ReplanLimits) -> Law | None:
        """That of a new calendar; raises UnknownCalendarError where this program does not have it.

        The order is one of many: were it waited for, nothing else would come of its partition, as timers do.
        """
        if type(state) is not Dossier:
            return None
        if request.calendar not in self._book.calendars:
            raise UnknownCalendarError(f"there is no calendar {request.calendar}")
        return self._book.of(state.law._replace(calendar=request.calendar))

    def decide(self, state: State | None, request: Request, context: Context) -> Decision:
        """Accepted with facts, or refused; raises only for a bug."""
        return decide(state, request, context)

    def evolve(self, state: State | None, fact: Fact, context: Context) -> State:
        """The state after one fact."""
        if type(state) is Matter or type(fact) in OPENING:
            return evolve_state(state, fact, context.now, context.sender.name, context.law)
        return evolve(state, fact, context.now, context.sender.name, context.law)

    def timers(self, state: State) -> Mapping[str, Timer]:
        """What the store waits for by name: open limits, and their warnings that are to come."""
        return rows_of(state.timers)

    def code(self, state: State) -> str | None:
        """Mã số hồ sơ; a matter has none."""
        return state.code if type(state) is Dossier else None

    def unheard(self, fact: Fact, after: State, directory: Directory) -> str | None:
        """By `hub.engine.decide.routing`."""
        return unheard_agency(fact, after, directory) if type(after) is Dossier else None

    def receivers(
        self, before: State | None, after: State, fact: Fact, directory: Directory
    ) -> tuple[str, ...]:
        """By the table of `hub.engine.decide.routing`."""
        if type(after) is Matter:
            return matter_receivers(after, fact, directory)
        assert type(before) is not Matter
        return receivers(before, after, fact, directory)


def _legal(moment: datetime, item: Authorised) -> datetime:
    """The sender's own time, moved as the time of receipt was; in `live` nothing is moved."""
    received = _received(item.record.timestamp)
    return moment if item.now == received else moment + (item.now - received)


@lru_cache(maxsize=1024)
def _received(timestamp_ms: int) -> datetime:
    """What a batch of the broker shares."""
    return _EPOCH + timedelta(milliseconds=timestamp_ms)
