"""How each limit that runs was counted: from when, how much, over which days off of which calendar (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.dossier.rules.duties import NEW_TIME_TOLD
from hub.dossier.rules.late import who_had_to_act
from hub.dossier.rules.transfer import electronic_limit, paper_limit
from hub.dossier.state.model import POST, Dossier, Timer
from hub.explaining.due_counted import due_counted
from hub.explaining.naming import Names, day, moment
from hub.regulation.catalogue import HandlingTime
from hub.regulation.counting import Count, count
from hub.regulation.errors import CalendarYearError
from hub.regulation.law import Law
from hub.regulation.profile import Profile
from schemas.due import TimerKind

STARTS: Mapping[TimerKind, tuple[tuple[str, ...], str | None]] = {
    "intake": (("dossier.submitted", "dossier.supplemented"), None),
    "supplement_notice": (("case.appraised",), None),
    "opinion": (("opinion.requested",), "opinion"),
    "leg": (("leg.started",), "leg"),
    "transit": (("pickup.progressed",), "order"),
    "redelivery": (("pickup.progressed",), "order"),
    "original": (("original.taken",), "original"),
    "complaint": (("complaint.recorded",), "complaint"),
    "notice": (("dossier.supplement_requested", "dossier.declined", "apology.sent"), None),
    "papers_back": (("dossier.supplement_requested", "dossier.declined"), None),
}
"""Facts of which the last one started a clock, and the field that has the name of its timer."""
START_FACTS = (
    *sorted({f"onestop.{name}.v1" for names, _ in STARTS.values() for name in names}),
    "onestop.dossier.supplement_added.v1",
    "onestop.paper.received.v1",
)
"""Types of the facts that `counted_limits` looks for in the history."""
_HANDED_IN = frozenset(
    {"paper.received", "pickup.progressed", "dossier.supplemented", "dossier.supplement_added"}
)
_POST_STATUS = {"transit": "collected", "redelivery": "delivery_failed"}
_RULES: Mapping[TimerKind, str] = {
    "intake": "15.2",
    "forward": "16.2",
    "forward_electronic": "16.1",
    "apology": "17.9",
    "due": "15.1.a",
    "supplement_notice": "17.4",
    "opinion": "17.5.a",
    "leg": "17.6.b",
    "transit": "tt17-2017.7",
    "redelivery": "tt17-2017.5",
    "original": "18.2",
    "complaint": "6.2.đ",
    "notice": "15.2.a",
    "papers_back": "17.4",
    "near": "6.3.b",
}
_MOVED = {"17.4": "moved_by_supplement", "blld45-2019.112": "kept_from_earlier_calendar"}
"""How a due time that was not counted so came about, by the rule; else by Form 04."""
_HOURS, _WORKING, _DAYS = (HandlingTime.read(text) for text in ("1 HOUR", "1 WORKING_DAY", "1 DAY"))


@dataclass(frozen=True, slots=True)
class _How:
    """A key of the table `counted` with its numbers, the rule, and the unit by which days are told."""

    key: str
    rule: str
    parts: Mapping[str, object]
    unit: HandlingTime = _WORKING


def counted_limits(
    dossier: Dossier, law: Law, history: Iterable[dict[str, Any]], names: Names
) -> list[dict[str, Any]]:
    """Each limit that runs, the next one first; `history` are entries of facts, at least of `START_FACTS`."""
    facts = [entry for entry in history if entry["what"] == "fact"]
    running = sorted(dossier.timers.items(), key=lambda item: (item[1].due_at, item[0]))
    return [_limit(name, timer, dossier, law, facts, names) for name, timer in running]


def _limit(
    name: str, timer: Timer, dossier: Dossier, law: Law, facts: list[dict[str, Any]], names: Names
) -> dict[str, Any]:
    words = names.words
    found: dict[str, Any] = {
        "timer": name,
        "kind": timer.kind,
        "text": words.of("timers", timer.kind),
        "due_at": timer.due_at,
    }
    holder = who_had_to_act(dossier, timer.kind, name)
    found["of"] = holder or POST
    found["of_text"] = names.organisation(found["of"])
    if timer.kind == "due":
        return found | _due(timer, dossier, law, names)
    started = _start(name, timer, dossier, law, facts)
    how = _how(timer.kind, name, dossier, law, facts)
    found |= {"rule": how.rule, "from": started}
    return found | _explained(how, started, timer.due_at, law, names)


def _due(timer: Timer, dossier: Dossier, law: Law, names: Names) -> dict[str, Any]:
    told = due_counted(dossier, law)
    if told is None or "by" in told or timer.due_at != dossier.due_at:
        rule = told["rule"] if told is not None and "by" in told else "17.9"
        how = _How(_MOVED.get(rule, "moved"), rule, {})
        return {"rule": rule, "from": None} | _explained(how, None, timer.due_at, law, names)
    assert dossier.handling is not None
    handling = HandlingTime.read(dossier.handling)
    amount = names.words.filled("units", handling.unit.value, n=f"{handling.amount:f}")
    how = _How("handling", told["rule"], {"amount": amount}, handling)
    return {"rule": how.rule, "from": told["from"]} | _explained(how, told["from"], timer.due_at, law, names)


def _how(kind: TimerKind, name: str, dossier: Dossier, law: Law, facts: list[dict[str, Any]]) -> _How:
    profile, rule = law.profile, _RULES[kind]
    match kind:
        case "intake":
            return _How(kind, rule, {"amount": profile.intake.online_limit_working_hours}, _HOURS)
        case "forward":
            clock = f"{profile.forward.paper_cutoff:%H:%M}"
            return _How(kind, rule, {"amount": profile.forward.paper_grace_minutes, "clock": clock}, _HOURS)
        case "forward_electronic":
            minutes = profile.forward.electronic_working_minutes
            return _How(kind, rule, {"amount": minutes}, _HOURS)
        case "apology":
            return _How(kind, rule, {"amount": profile.reschedule.apology_lead_working_days})
        case "supplement_notice":
            of_sector = _last(facts, kind, None)
            if of_sector is not None and of_sector["data"].get("notice_time"):
                return _How("supplement_notice_sector", rule, {})
            return _How(kind, rule, {"amount": profile.supplement.notice_working_days})
        case "opinion":
            asked = _last(facts, kind, name)
            days = asked["data"].get("working_days") if asked is not None else None
            return _How("opinion_days", rule, {"amount": days}) if days else _How(kind, rule, {})
        case "leg":
            leg = dossier.legs[name.partition(":")[2]]
            return _How(kind, "17.6.a" if leg.by_slip else rule, {"amount": leg.working_days})
        case "transit":
            pickup = dossier.pickups[name.partition(":")[2]]
            return _How(kind, rule, {"amount": profile.postal.transit[pickup.relation].normal})
        case "redelivery":
            return _How(kind, rule, {"amount": profile.postal.invitation_gap_working_days})
        case "complaint":
            is_posts = dossier.complaints[name.partition(":")[2]].about == "post"
            return _How(kind, "tt17-2017.8" if is_posts else rule, {}, _WORKING if is_posts else _DAYS)
        case _:
            return _of_duty(kind, name, profile)


def _of_duty(kind: TimerKind, name: str, profile: Profile) -> _How:
    """What an act leaves to do; a clock without numbers of the profile says itself."""
    if kind == "notice":
        rule = "17.9" if name == NEW_TIME_TOLD else _RULES[kind]
        return _How(kind, rule, {"amount": profile.notices.told_working_minutes}, _HOURS)
    amount = profile.returning.papers_back_working_days if kind == "papers_back" else None
    return _How(kind, _RULES[kind], {"amount": amount} if amount is not None else {})


def _start(
    name: str, timer: Timer, dossier: Dossier, law: Law, facts: list[dict[str, Any]]
) -> datetime | None:
    if timer.kind in {"forward", "forward_electronic"}:
        return _transfer_start(timer, dossier, law, facts)
    found = _last(facts, timer.kind, name) if timer.kind in STARTS else None
    if found is None:
        return None
    if timer.kind in _POST_STATUS:
        return datetime.fromisoformat(found["data"]["at"])
    started: datetime = dossier.submitted_at if found["name"] == "dossier.submitted" else found["at"]
    return started


def _transfer_start(timer: Timer, dossier: Dossier, law: Law, facts: list[dict[str, Any]]) -> datetime | None:
    """Acceptance, or the moment at which paper came in later."""
    is_electronic = timer.kind == "forward_electronic"
    came = [entry["at"] for entry in reversed(facts) if entry["name"] in _HANDED_IN]
    moments: list[datetime] = [*([dossier.accepted_at] if dossier.accepted_at else []), *came]
    for moment_of in moments:
        if is_electronic:
            limit = electronic_limit(dossier, moment_of, law)
        else:
            limit = paper_limit(dossier, True, moment_of, law)
        if limit == timer.due_at:
            return moment_of
    return None


def _last(facts: list[dict[str, Any]], kind: TimerKind, timer: str | None) -> dict[str, Any] | None:
    types, field = STARTS[kind]
    wanted = timer.partition(":")[2] if timer is not None else None
    entry: dict[str, Any]
    for entry in reversed(facts):
        if entry["name"] not in types or (field is not None and entry["data"].get(field) != wanted):
            continue
        if kind in _POST_STATUS and entry["data"].get("status") != _POST_STATUS[kind]:
            continue
        return entry
    return None


def _explained(
    how: _How, started: datetime | None, due_at: datetime, law: Law, names: Names
) -> dict[str, Any]:
    words = names.words
    text = words.filled("counted", how.key, **how.parts)
    if started is not None:
        text += f"; {words.say('from')} {moment(started)}"
    counted = _count(how, started, due_at, law)
    off = counted.off if counted is not None else ()
    why = [one.name or words.of("units", one.why) for one in off]
    if off:
        days = ", ".join(f"{day(one.day)} ({said})" for one, said in zip(off, why, strict=True))
        text += f"; {words.say('not_counted')}: {days}"
    text += f"; {words.say('calendar')} {law.versions.calendar}"
    is_provisional = law.calendar.is_provisional(due_at)
    if is_provisional:
        text += f" ({words.say('provisional')})"
    return {
        "explained": text,
        "not_counted": [{"day": one.day, "why": said} for one, said in zip(off, why, strict=True)],
        "calendar": law.versions.calendar,
        "provisional": is_provisional,
    }


def _count(how: _How, started: datetime | None, due_at: datetime, law: Law) -> Count | None:
    if started is None:
        return None
    try:
        return count(law.calendar, how.unit, started, due_at)
    except CalendarYearError:
        return None
