"""Requests about no dossier, and a story of one matter; every person here is synthetic."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.dossier.decide import decide
from hub.dossier.decision import Accepted, Context, Decision, Refused, Sender
from hub.dossier.state.codec import state_from_json, to_json
from hub.dossier.state.folding import evolve_state
from hub.dossier.state.matter import Matter, State
from hub.regulation.law import Law
from hub.regulation.registered import NONE, Registers
from schemas.base import Fact, Request
from schemas.feedback import AnswerComplaint, ForwardComplaint, LodgeComplaint
from schemas.settlement import SettledSum, SettleFees
from tests.support.dossiers import AGENCY_CODE, OFFICER, ONE_STOP, at, law

OCTOBER = at("2026-10-12 09:00")
"""In the time for the third quarter of 2026."""


def settled(kind: Any = "fee", collected: int = 360_000, handed_over: int | None = None) -> SettledSum:
    there = collected if handed_over is None else handed_over
    return SettledSum(kind=kind, receipts=12, collected=collected, handed_over=there)


def settlement(quarter: str = "2026-Q3", **changes: Any) -> SettleFees:
    """The fees of a quarter, handed over to the last đồng."""
    values: dict[str, Any] = {
        "organisation": ONE_STOP, "agency": AGENCY_CODE, "quarter": quarter, "sums": (settled(),),
        "officer": OFFICER, **changes,
    }  # fmt: skip
    return SettleFees(**values)


def lodging(**changes: Any) -> LodgeComplaint:
    """Somebody complains about an agency, without any dossier."""
    values: dict[str, Any] = {
        "organisation": ONE_STOP, "kind": "reflection", "about": "agency", "way": "counter",
        "text": "Không niêm yết thủ tục", "complainant": "Nguyễn Thị Mẫu", "concerns": AGENCY_CODE,
    }  # fmt: skip
    return LodgeComplaint(**values | changes)


def passing_on(to: str, **changes: Any) -> ForwardComplaint:
    """To who is competent."""
    values: dict[str, Any] = {"complaint": "K1", "to": to, "summary": "Không niêm yết", "officer": OFFICER}
    return ForwardComplaint(**values | changes)


def answering(told_at: datetime, **changes: Any) -> AnswerComplaint:
    """The complainant was told."""
    values: dict[str, Any] = {
        "complaint": "K1", "outcome": "upheld", "answer": "Đã niêm yết đầy đủ", "told_by": "letter",
        "told_at": told_at, "officer": OFFICER,
    }  # fmt: skip
    return AnswerComplaint(**values | changes)


@dataclass
class MatterStory:
    """One matter and what happens to it."""

    law: Law = field(default_factory=law)
    state: State | None = None
    facts: list[tuple[Fact, datetime, str]] = field(default_factory=list)
    registers: Registers = NONE

    def context(self, sender: Sender, now: datetime) -> Context:
        return Context(self.law, sender, now, now, "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0009", "request-1",
                       registers=self.registers)  # fmt: skip

    def send(self, request: Request, sender: Sender, now: datetime) -> Decision:
        decision = decide(self.state, request, self.context(sender, now))
        if isinstance(decision, Accepted):
            for fact in decision.facts:
                self.state = evolve_state(self.state, fact, now, sender.name, self.law)
                self.facts.append((fact, now, sender.name))
            assert state_from_json(to_json(self.now)) == self.state
        return decision

    def accepts(self, request: Request, sender: Sender, now: datetime = OCTOBER) -> tuple[Fact, ...]:
        decision = self.send(request, sender, now)
        assert isinstance(decision, Accepted), decision
        return decision.facts

    def refuses(self, request: Request, sender: Sender, now: datetime = OCTOBER) -> Refused:
        before = self.state
        decision = self.send(request, sender, now)
        assert isinstance(decision, Refused), decision
        assert self.state is before
        return decision

    @property
    def now(self) -> Matter:
        assert isinstance(self.state, Matter)
        return self.state
