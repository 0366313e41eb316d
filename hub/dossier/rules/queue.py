"""The queue of a one-stop on one day (Điều 5.1.a, 5.1.d): numbers are drawn, and called by its desks."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.room import MOST
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import foreign_organisation, may_serve
from hub.dossier.state.matter import Matter, WaitingTicket
from hub.regulation.clock import local_day
from hub.regulation.desks import Desk, fields_of
from schemas.ticket import LAST_NUMBER, CallTicket, IssueTicket, TicketCalled, TicketIssued


def _desks(organisation: str, context: Context) -> tuple[Desk, ...]:
    """Those that are on record for this day; none where nobody has entered any."""
    return context.registers.organisations.desks_of(organisation, local_day(context.now))


def _waiting(matter: Matter | None) -> dict[int, WaitingTicket]:
    """Who waits, by number, in their order."""
    return {int(number): one for number, one in matter.waiting.items()} if matter is not None else {}


@rule("5.1.d", "A number is drawn at the one-stop by its own machine, or on the page that serves it")
def drawer_serves_it(_matter: Matter | None, request: IssueTicket, context: Context) -> Refused | None:
    """Nobody fills the queue of another one-stop."""
    sender, organisation = context.sender, request.organisation
    is_its_own = "counter" in sender.roles and organisation in sender.organisations
    return None if is_its_own or may_serve(sender, "public", organisation) else foreign_organisation()


@rule(
    "5.1.a", "A number is for a field that a desk of the one-stop serves, or for guidance where one gives it"
)
def field_has_a_desk(_matter: Matter | None, request: IssueTicket, context: Context) -> Refused | None:
    """Asked where desks are on record; else nobody would ever call it."""
    desks = _desks(request.organisation, context)
    has_priority = request.priority is not None
    if not desks or any(one.serves(request.field, has_priority=has_priority) for one in desks):
        return None
    return Refused("rule.5.1.a", rule="5.1.a", fields=("/field",), possible=fields_of(desks))


@rule("5.1.d", "The numbers of a day follow each other from 1 on, and each is given once")
def next_number(matter: Matter | None) -> int:
    """Whichever machine asks."""
    return 1 if matter is None else matter.numbers + 1


_ISSUE: tuple[Check[Matter | None, IssueTicket], ...] = (drawer_serves_it, field_has_a_desk)


def issue(matter: Matter | None, request: IssueTicket, context: Context) -> Decision:
    """A number, with the desks that can call it."""
    if (refused := first_refusal(_ISSUE, matter, request, context)) is not None:
        return refused
    waiting = _waiting(matter)
    if len(waiting) >= MOST:
        return Refused("queue.full")
    number = next_number(matter)
    if number > LAST_NUMBER:
        return Refused("queue.used_up")
    drawn = WaitingTicket(context.now, request.field, request.priority)
    served = [one for one in _desks(request.organisation, context) if _serves(one, drawn)]
    same = {at: one for at, one in waiting.items() if one.field == drawn.field}
    fact = TicketIssued(
        organisation=request.organisation,
        field=request.field,
        priority=request.priority,
        number=number,
        desks=tuple(one.desk for one in served),
        ahead=_in_order(same | {number: drawn}, context).index(number),
    )
    return Accepted((fact,), (*ids_of(_ISSUE), next_number.id))


@rule("5.1.d", "A number is called by the one-stop at which it was drawn")
def caller_is_the_one_stop(_matter: Matter | None, request: CallTicket, context: Context) -> Refused | None:
    """Its own software, in its name."""
    sender = context.sender
    is_its_own = "counter" in sender.roles and request.organisation in sender.organisations
    return None if is_its_own else foreign_organisation()


@rule("5.1.a", "A number is called to a desk that is on record at the one-stop")
def desk_is_on_record(_matter: Matter | None, request: CallTicket, context: Context) -> Refused | None:
    """Asked where desks are on record."""
    names = tuple(one.desk for one in _desks(request.organisation, context))
    if not names or request.desk in names:
        return None
    return Refused("rule.5.1.a.desk", rule="5.1.a", fields=("/desk",), possible=names)


@rule(
    "5.1.a",
    "A desk calls who waits for its fields: whom it is kept for or the profile favours, then by number",
)
def line_of(matter: Matter | None, request: CallTicket, context: Context) -> tuple[int, ...]:
    """The numbers that this desk calls, in the order in which it does."""
    desk = next((one for one in _desks(request.organisation, context) if one.desk == request.desk), None)
    served = {at: one for at, one in _waiting(matter).items() if desk is None or _serves(desk, one)}
    return _in_order(served, context)


_CALL: tuple[Check[Matter | None, CallTicket], ...] = (caller_is_the_one_stop, desk_is_on_record)


def call(matter: Matter | None, request: CallTicket, context: Context) -> Decision:
    """The next one of those who wait; nobody is no error of the desk, and is refused by name."""
    if (refused := first_refusal(_CALL, matter, request, context)) is not None:
        return refused
    line = line_of(matter, request, context)
    if not line:
        return Refused("rule.5.1.a.nobody", rule="5.1.a", fields=("/desk",))
    called = _waiting(matter)[line[0]]
    fact = TicketCalled(
        organisation=request.organisation,
        desk=request.desk,
        officer=request.officer,
        number=line[0],
        field=called.field,
        priority=called.priority,
        issued_at=called.since,
        waited_s=max(0, int((context.now - called.since).total_seconds())),
    )
    return Accepted((fact,), (*ids_of(_CALL), line_of.id))


def _serves(desk: Desk, one: WaitingTicket) -> bool:
    return desk.serves(one.field, has_priority=one.priority is not None)


def _in_order(waiting: dict[int, WaitingTicket], context: Context) -> tuple[int, ...]:
    """Who has a ground comes first, where the profile says so at every desk; then the number counts."""
    favours = context.law.profile.queue.priority == "first"
    return tuple(sorted(waiting, key=lambda at: (favours and waiting[at].priority is None, at)))
