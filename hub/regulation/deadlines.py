"""Legal time limits: what a profile, a calendar and a handling time make of the moment of an act."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hub.regulation.calendar import WorkingCalendar
from hub.regulation.catalogue import HandlingTime, TimeUnit
from hub.regulation.clock import in_viet_nam
from hub.regulation.profile import Profile
from hub.regulation.sections import ComplaintKind, Relation

_DAY_UNITS = frozenset({TimeUnit.WORKING_DAY, TimeUnit.DAY})


def due_time(
    calendar: WorkingCalendar,
    profile: Profile,
    handling: HandlingTime,
    accepted_at: datetime,
    same_day_cutoff: time | None = None,
) -> datetime:
    """When the result is due (15.1.a, Form 01), in Viet Nam's zone.

    `same_day_cutoff` is the procedure's: with one day of handling, a dossier accepted until then is due at
    closing of the same day. Raises CalendarYearError when the period leaves the calendar.
    """
    mode, amount = profile.due.mode, handling.amount
    if _is_same_day(profile, handling, same_day_cutoff):
        return _same_day_due(calendar, accepted_at, same_day_cutoff or time.max)
    match handling.unit:
        case TimeUnit.WORKING_DAY:
            return calendar.add_working_days(accepted_at, amount, mode)
        case TimeUnit.DAY:
            return calendar.add_days(accepted_at, int(amount), mode)
        case TimeUnit.MONTH:
            return calendar.add_months(accepted_at, int(amount), mode)
        case TimeUnit.HOUR:
            return _due_in_hours(calendar, profile, amount, accepted_at)


def intake_limit(calendar: WorkingCalendar, profile: Profile, received_at: datetime) -> datetime:
    """Until when an online dossier must be answered: 8 working hours from receipt (15.2)."""
    return calendar.add_working_hours(received_at, profile.intake.online_limit_working_hours)


def forward_paper_limit(calendar: WorkingCalendar, profile: Profile, accepted_at: datetime) -> datetime:
    """Until when paper must be handed on (16.2, 16.3).

    Closing of the same day; accepted after the cut-off, or on a day off: opening of the next working day
    and the grace.
    """
    local = in_viet_nam(accepted_at)
    if calendar.is_working_day(local) and local.time() <= profile.forward.paper_cutoff:
        return calendar.closing(local)
    opening = calendar.opening(calendar.working_day_after(local, 1))
    return opening + timedelta(minutes=profile.forward.paper_grace_minutes)


def forward_electronic_limit(
    calendar: WorkingCalendar, profile: Profile, accepted_at: datetime
) -> datetime | None:
    """Until when the electronic dossier must go (16.1); None where the profile has one clock for both."""
    minutes = profile.forward.electronic_working_minutes
    return None if minutes is None else calendar.add_working_minutes(accepted_at, minutes)


def latest_apology_day(calendar: WorkingCalendar, profile: Profile, due: datetime) -> date:
    """The last day for Form 04: the last working day strictly before the due day (17.9)."""
    return calendar.working_day_before(due, profile.reschedule.apology_lead_working_days)


def apology_limit(
    calendar: WorkingCalendar, profile: Profile, accepted_at: datetime, due: datetime
) -> datetime:
    """Until when Form 04 is in time: closing of `latest_apology_day`, or `due` if it precedes acceptance."""
    limit = calendar.closing(latest_apology_day(calendar, profile, due))
    return limit if limit >= accepted_at else in_viet_nam(due)


def supplement_notice_limit(
    calendar: WorkingCalendar,
    profile: Profile,
    appraised_on: date,
    due: datetime | None = None,
    working_days: int | None = None,
) -> datetime:
    """Until when the agency must ask for supplements: 3 working days, and not after due (17.4).

    `working_days` are those that the law of the sector sets instead.
    """
    days = working_days or profile.supplement.notice_working_days
    limit = calendar.closing(calendar.working_day_after(appraised_on, days))
    return limit if due is None else min(limit, in_viet_nam(due))


def told_limit(calendar: WorkingCalendar, profile: Profile, since: datetime) -> datetime | None:
    """Until when the applicant is told of what was decided (15.2.a, 17.9); None where that is not watched."""
    minutes = profile.notices.told_working_minutes
    return None if minutes is None else calendar.add_working_minutes(since, minutes)


def papers_back_limit(calendar: WorkingCalendar, profile: Profile, since: datetime) -> datetime | None:
    """Until when papers go back with Form 02 or a refusal (17.4, 17.8); None where that is not watched."""
    days = profile.returning.papers_back_working_days
    return None if days is None else calendar.closing(calendar.working_day_after(since, days))


def due_after_supplement(
    calendar: WorkingCalendar,
    profile: Profile,
    handling: HandlingTime,
    *,
    due: datetime,
    requested_at: datetime,
    completed_at: datetime,
    same_day_cutoff: time | None = None,
) -> datetime:
    """The due time once the dossier is full again (17.4): counted anew, or moved by the time waited."""
    if profile.supplement.after == "restart":
        return due_time(calendar, profile, handling, completed_at, same_day_cutoff)
    return calendar.add_working_hours(due, calendar.working_hours_between(requested_at, completed_at))


def postal_transit_limit(
    calendar: WorkingCalendar,
    profile: Profile,
    taken_at: date,
    relation: Relation,
) -> datetime:
    """Midnight after the last day of transit, J+n working days (Thông tư 17/2017 Điều 7)."""
    transit = profile.postal.transit[relation]
    return calendar.end_of_day(calendar.working_day_after(taken_at, transit.normal))


def next_invitation_day(calendar: WorkingCalendar, profile: Profile, invited_on: date) -> date:
    """First day of the next invitation after a failed delivery (Thông tư 17/2017 Điều 5)."""
    return calendar.working_day_after(invited_on, profile.postal.invitation_gap_working_days)


def complaint_limit(
    calendar: WorkingCalendar, profile: Profile, recorded_at: datetime, kind: ComplaintKind
) -> datetime:
    """Until when a complaint is answered, in days of the calendar by its kind (6.2.đ)."""
    answer_days = profile.feedback.answer_days
    of_kind = {
        "reflection": answer_days.reflection,
        "petition": answer_days.petition,
        "complaint": answer_days.complaint,
        "denunciation": answer_days.denunciation,
    }
    return calendar.add_days(recorded_at, of_kind[kind], profile.due.mode)


def postal_complaint_limit(
    calendar: WorkingCalendar, profile: Profile, recorded_at: datetime, relation: Relation
) -> datetime:
    """Until when a complaint about the post is answered (Thông tư 17/2017 Điều 8)."""
    is_far = relation in {"inter_province", "between_major_cities"}
    complaint_answer_working_days = profile.postal.complaint_answer_working_days
    if is_far:
        count = complaint_answer_working_days.inter_province
    else:
        count = complaint_answer_working_days.same_province
    return calendar.closing(calendar.working_day_after(recorded_at, count))


def postal_complaint_end(calendar: WorkingCalendar, profile: Profile, carried_at: datetime) -> datetime:
    """Until when one may complain about the post (Thông tư 17/2017 Điều 8)."""
    return calendar.add_months(carried_at, profile.postal.complaint_months, profile.due.mode)


def _is_same_day(profile: Profile, handling: HandlingTime, cutoff: time | None) -> bool:
    return (
        cutoff is not None
        and profile.due.one_day_with_cutoff == "same_day"
        and handling.amount == 1
        and handling.unit in _DAY_UNITS
    )


def _same_day_due(calendar: WorkingCalendar, accepted_at: datetime, cutoff: time) -> datetime:
    local = in_viet_nam(accepted_at)
    if calendar.is_working_day(local) and local.time() <= cutoff:
        return calendar.closing(local)
    return calendar.closing(calendar.working_day_after(local, 1))


def _due_in_hours(
    calendar: WorkingCalendar, profile: Profile, hours: Decimal, accepted_at: datetime
) -> datetime:
    if profile.due.hour_unit == "working":
        return calendar.add_working_hours(accepted_at, hours)
    return calendar.next_opening(accepted_at + timedelta(seconds=int(hours * 3600)))
