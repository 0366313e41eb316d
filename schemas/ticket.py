"""Numbers of the queue at a one-stop, drawn and called (Art. 5.1.a, 5.1.d): about no dossier."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Subject, Wire
from schemas.party import Officer
from schemas.types import Instant, Line, OrganisationCode, Reference

PriorityGround = Literal["elderly", "pregnant", "disabled"]
"""Người cao tuổi, phụ nữ mang thai, người khuyết tật."""
LAST_NUMBER = 99_999
TicketNumber = Annotated[int, Field(ge=1, le=LAST_NUMBER)]
"""Counted from 1 each day."""


class _Ticket(Wire):
    organisation: OrganisationCode
    field: Line | None = None
    priority: PriorityGround | None = None


class IssueTicket(_Ticket, Request):
    """Somebody draws a number at a one-stop, for a field or for guidance (Art. 5.1.a, 5.1.d).

    `field` as the desks of the one-stop have it; none is for guidance. `priority` is the ground on which
    somebody is served before others. A ticket names nobody and no dossier, so that the ground is nobody's.
    """

    type: ClassVar[str] = "onestop.ticket.issue.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "public"})
    subject: ClassVar[Subject] = "matter"

    def matter(self, day: date) -> str:
        """The queue of the one-stop on this day."""
        return f"queue/{self.organisation}/{day}"


class TicketIssued(_Ticket, Fact):
    """The number is drawn; `desks` can call it, and `ahead` are those of its field who are called before."""

    type: ClassVar[str] = "onestop.ticket.issued.v1"
    number: TicketNumber
    desks: tuple[Reference, ...] = ()
    ahead: int


class _Call(Wire):
    organisation: OrganisationCode
    desk: Reference
    officer: Officer


class CallTicket(_Call, Request):
    """A desk is free: the hub says who comes next (Art. 5.1.a, 5.1.d)."""

    type: ClassVar[str] = "onestop.ticket.call.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter"})
    subject: ClassVar[Subject] = "matter"

    def matter(self, day: date) -> str:
        """The queue of the one-stop on this day."""
        return f"queue/{self.organisation}/{day}"


class TicketCalled(_Call, Fact):
    """The number goes to the desk and waits no more; `waited_s` are the seconds since it was drawn."""

    type: ClassVar[str] = "onestop.ticket.called.v1"
    number: TicketNumber
    field: Line | None = None
    priority: PriorityGround | None = None
    issued_at: Instant
    waited_s: int
