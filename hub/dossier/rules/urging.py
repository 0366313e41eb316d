"""Urging (Art. 6.3.b, 7.1): the one-stop reminds who has to act on a limit that comes or has passed."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.late import limits_of, seconds_late
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.state.model import Dossier
from hub.regulation.clock import local_day
from schemas.reminder import IssueReminder, ReminderIssued


@rule("6.3.b", "A reminder says what is asked")
def reminder_is_in_words(_dossier: Dossier, request: IssueReminder, _context: Context) -> Refused | None:
    """Blank words urge nobody."""
    if request.content.strip():
        return None
    return Refused("rule.6.3.b.blank", rule="6.3.b", fields=("/content",))


@rule("6.3.b", "What is urged about is a limit that runs, or has passed without the act")
def limit_is_known(dossier: Dossier, request: IssueReminder, _context: Context) -> Refused | None:
    """Of another agency than the one-stop itself."""
    if request.timer in limits_of(dossier):
        return None
    known = tuple(sorted(limits_of(dossier)))
    return Refused("rule.6.3.b.unknown", rule="6.3.b", fields=("/timer",), possible=known)


@rule("6.3.b", "The one-stop urges when the limit comes or has passed")
def limit_has_come(dossier: Dossier, request: IssueReminder, context: Context) -> Refused | None:
    """From the day on which it ends, or so many working days earlier (`lead_working_days`)."""
    law, (_, limit) = context.law, limits_of(dossier)[request.timer]
    lead = law.profile.urging.lead_working_days
    first = law.calendar.working_day_before(limit, lead) if lead else local_day(limit)
    if local_day(context.now) >= first:
        return None
    return Refused("rule.6.3.b.early", rule="6.3.b", fields=("/timer",))


@rule("7.1", "An urging letter has its number, and the head of the one-stop signs it by order")
def letter_is_by_order(_dossier: Dossier, request: IssueReminder, _context: Context) -> Refused | None:
    """Of the head of the competent authority, whom it names."""
    if request.letter is None:
        return None
    texts = {"/letter/number": request.letter.number, "/letter/by_order_of": request.letter.by_order_of}
    faults = tuple(path for path, text in texts.items() if not text.strip())
    return Refused("rule.7.1", rule="7.1", fields=faults) if faults else None


_ISSUE: tuple[Check[Dossier, IssueReminder], ...] = (
    reminder_is_in_words,
    letter_is_by_order,
    limit_is_known,
    limit_has_come,
)


def issue(dossier: Dossier, request: IssueReminder, context: Context) -> Decision:
    """The reminder, or the letter, goes to the agency whose part it is."""
    if (refused := first_refusal(_ISSUE, dossier, request, context)) is not None:
        return refused
    holder, limit = limits_of(dossier)[request.timer]
    fact = ReminderIssued(
        timer=request.timer,
        officer=request.officer,
        content=request.content,
        letter=request.letter,
        by=dossier.organisation,
        to=holder,
        limit=limit,
        overdue_s=seconds_late(context.now, limit),
        article="6.3.b" if request.letter is None else "7.1",
    )
    return Accepted((fact,), ids_of(_ISSUE))
