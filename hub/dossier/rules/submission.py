"""Submission (Art. 2.8, 13, 14.3): an applicant lodges a dossier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.making import maker
from hub.dossier.parties import household_differs, shared_number
from hub.dossier.rules.components import components_are_published, published
from hub.dossier.rules.hours import counter_is_open
from hub.dossier.rules.mailbox import BY_EMAIL
from hub.dossier.rules.organisations import SUBMITTED
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import foreign_organisation, may_serve
from hub.regulation.catalogue import Procedure
from hub.regulation.clock import local_day
from hub.regulation.deadlines import intake_limit
from hub.regulation.errors import CalendarYearError
from hub.regulation.law import Law
from hub.regulation.profile import Profile
from schemas.dossier import DossierSubmitted, SubmitDossier
from schemas.types import Channel, ReturnChannel

_RETURN_WORDS: Mapping[ReturnChannel, str] = {
    "in_person": "AT_SUBMISSION_PLACE",
    "post": "AT_HOME",
    "online": "ONLINE",
}
"""Ways of return in the words of the catalogue; it has none for e-mail (13.4)."""


@rule("qd45-2023.2.2", "A regulation is applied only from the day on which it is in force")
def regulation_is_in_force(_dossier: None, _request: SubmitDossier, context: Context) -> Refused | None:
    """R1.1: the profile must be in force on the day of intake."""
    if local_day(context.now) < context.law.profile.in_force_from:
        return Refused("rule.qd45-2023.2.2", rule="qd45-2023.2.2")
    return None


@rule("3.8", "Dossiers are taken in only for procedures that are published and in force")
def procedure_is_in_force(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """The catalogue must hold the procedure on this day (3.8, 19.2)."""
    if published(request.procedure, context) is None:
        return Refused("rule.3.8", rule="3.8", fields=("/procedure",))
    return None


@rule("13.1", "A dossier that is lodged in person comes from a counter of the one-stop")
def in_person_is_at_a_counter(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """Nobody lodges in person on a portal: what it sends was lodged online, or is collected by the post."""
    if request.channel == "in_person" and "counter" not in context.sender.roles:
        return Refused("rule.13.1", rule="13.1", fields=("/channel",), possible=("online", "post"))
    return None


@rule("13", "The applicant chooses among the channels that are open for the procedure")
def channel_is_open(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """A channel that the record does not name is closed; ways of return count where they are published."""
    procedure = published(request.procedure, context)
    assert procedure is not None
    if request.channel not in procedure.channels:
        return Refused("rule.13", rule="13", fields=("/channel",), possible=tuple(sorted(procedure.channels)))
    ways = ways_of_return(procedure, request.channel, context.law.profile)
    if request.return_channel not in ways:
        return Refused("rule.13", rule="13", fields=("/return_channel",), possible=ways)
    return None


def ways_of_return(procedure: Procedure, channel: Channel, profile: Profile) -> tuple[ReturnChannel, ...]:
    """What `return_channel` may be for a dossier that is lodged so (13); all where none is published.

    What came by e-mail goes back over the counter, by post or by e-mail (13.4).
    """
    published_ways = procedure.returning.get("ONLINE" if channel == "online" else "OFFLINE", frozenset())
    return _ways_of_return(published_ways, channel, profile.intake.channel_mix)


@lru_cache(maxsize=256)  # of the few that catalogues name
def _ways_of_return(
    published_ways: frozenset[str], channel: Channel, channel_mix: str
) -> tuple[ReturnChannel, ...]:
    is_email = channel == "email"
    ways: list[ReturnChannel] = [
        way
        for way, word in _RETURN_WORDS.items()
        if (not published_ways or word in published_ways) and not (is_email and way == "online")
    ]
    ways += ["email"] if is_email else []
    return tuple(way for way in ways if channel_mix == "allowed" or way == channel)


@rule("2.8", "Who lodges for another shows the deed of hiring or authorisation")
def proxy_has_deed(_dossier: None, request: SubmitDossier, _context: Context) -> Refused | None:
    """The proxy is another person than the applicant and names the deed (2.8, 15.6.a)."""
    proxy = request.proxy
    if proxy is None:
        return None
    if not proxy.deed.strip():
        return Refused("rule.2.8", rule="2.8", fields=("/proxy/deed",))
    number = shared_number(proxy, request.applicant)
    return Refused("rule.2.8", rule="2.8", fields=(f"/proxy/{number}",)) if number else None


@rule("15.6.a", "A household that trades has the personal number of its owner as its tax code")
def household_is_its_owner(_dossier: None, request: SubmitDossier, _context: Context) -> Refused | None:
    """Where both are given, of applicant and proxy; one alone cannot be compared with anything here."""
    named = (("applicant", request.applicant), ("proxy", request.proxy))
    faults = tuple(
        [f"/{name}/tax_code" for name, party in named if party is not None and household_differs(party)]
    )
    return Refused("rule.15.6.a.household", rule="15.6.a", fields=faults) if faults else None


@rule("14.3", "Nothing beyond the published components is taken at submission")
def submitted_components_are_published(
    _dossier: None, request: SubmitDossier, context: Context
) -> Refused | None:
    """What is lodged may still be incomplete, but never more than the list."""
    return components_are_published(request.procedure, request.components, context)


_SUBMIT: tuple[Check[None, SubmitDossier], ...] = (
    regulation_is_in_force,
    counter_is_open,
    procedure_is_in_force,
    *BY_EMAIL,
    in_person_is_at_a_counter,
    channel_is_open,
    proxy_has_deed,
    household_is_its_owner,
    submitted_components_are_published,
)


@rule("15.2", "An online dossier is answered within 8 working hours")
def answer_limit(channel: Channel, received_at: datetime, law: Law) -> datetime | None:
    """Until when the one-stop must accept, ask for a supplement or decline; None off line (15.1).

    E-mail counts as the profile says (`email_as`).
    """
    is_online = channel == "online" or (channel == "email" and law.profile.intake.email_as == "online")
    if not is_online:
        return None
    return intake_limit(law.calendar, law.profile, received_at).astimezone(UTC)


@rule("15.2", "The 8 working hours run from when the system received the dossier that was lodged online")
def received_by_system(channel: Channel, context: Context) -> datetime:
    """By `online_starts`: when the portal received it, as its message says, and never later than the hub did.

    A time outside the known years is none that a portal can mean.
    """
    if channel != "online" or context.law.profile.intake.online_starts == "provincial":
        return context.now
    start = min(context.event_time, context.now)
    try:
        for moment in (start, context.now):
            context.law.calendar.is_working_day(moment)
    except CalendarYearError:
        return context.now
    return start


_submitted = maker(DossierSubmitted)


def submit(request: SubmitDossier, context: Context) -> Decision:
    """Lodge a dossier; an online one must be answered within 8 working hours (15.2)."""
    sender = context.sender
    is_its_own = request.organisation in sender.organisations
    if not is_its_own and not may_serve(sender, "portal", request.organisation):
        return foreign_organisation()
    checks = (*_SUBMIT, *SUBMITTED) if context.registers.organisations else _SUBMIT
    if (refused := first_refusal(checks, None, request, context)) is not None:
        return refused
    received_at = received_by_system(request.channel, context)
    limit = answer_limit(request.channel, received_at, context.law)
    fact = _submitted(
        procedure=request.procedure,
        organisation=request.organisation,
        agency=request.agency,
        channel=request.channel,
        return_channel=request.return_channel,
        applicant=request.applicant,
        proxy=request.proxy,
        components=request.components,
        sets=request.sets,
        mailbox=request.mailbox,
        sender_address=request.sender_address,
        assisted_by=request.assisted_by,
        result_form=request.result_form,
        summary=request.summary,
        notices=request.notices,
        submitted_at=context.now,
        received_at=received_at if limit else None,
        intake_limit=limit,
    )
    clock = ids_of((received_by_system, answer_limit)) if limit else ()
    return Accepted((fact,), ids_of(checks) + clock)
