"""What applicants are told of a dossier: made of its state, which holds no name, number or address (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from hub.dossier.state.model import APPLICANT, Dossier
from hub.regulation.clock import local_day
from hub.regulation.law import Law
from hub.regulation.organisations import Organisations

_RUNNING = frozenset({"accepted", "forwarded", "received", "in_process"})
_FINISHED = frozenset({"returned", "declined"})
_WITHOUT_END = frozenset({"declined", "withdrawn"})
Side = Literal["one_stop", "agency"]
SIDES: tuple[Side, ...] = ("one_stop", "agency")
"""Whom applicants rate on the page; the post is rated at the counter."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text of the page by its key; a moment, an organisation or a sum is put in by the page."""

    key: str
    values: dict[str, str | datetime | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """One dossier as its page shows it."""

    code: str
    procedure: str
    status: Phrase
    next_steps: tuple[Phrase, ...]
    due: Phrase | None
    reasons: tuple[Phrase, ...]
    place: str
    """Name of the one-stop, or its code."""
    hours: str | None
    """When it is open; None while nobody has to come."""
    bring: tuple[Phrase, ...]
    is_over: bool = False
    """Nobody will have to come any more."""
    unrated: tuple[Side, ...] = ()
    """Who may be rated now (3.1): the sides of a finished dossier that were not rated yet."""
    rating_scale: int = 0


Name = Callable[[str], str]


def names_on(organisations: Organisations, day: date) -> Name:
    """How organisations are called on a day; one that was never imported by its code."""

    def name(code: str) -> str:
        found = organisations.on(code, day)
        return found.name_vi if found is not None else code

    return name


def standing_of(dossier: Dossier, law: Law, organisations: Organisations, now: datetime) -> Standing:
    """Of a dossier that has its code."""
    name = names_on(organisations, local_day(now))
    procedure = law.catalogue.find(dossier.procedure)
    has_to_come = _has_to_come(dossier)
    return Standing(
        code=dossier.code or "",
        procedure=procedure.name if procedure is not None else dossier.procedure,
        status=Phrase(f"status_{dossier.status}"),
        next_steps=tuple(_next_steps(dossier, name)),
        due=_due(dossier),
        reasons=tuple(_reasons(dossier, name, now)),
        place=name(dossier.organisation),
        hours=_hours(law) if has_to_come else None,
        bring=tuple(_bring(dossier, law)) if has_to_come else (),
        is_over=dossier.status == "returned" or dossier.status in _WITHOUT_END,
        unrated=tuple(_unrated(dossier)),
        rating_scale=law.profile.feedback.rating_scale,
    )


def _has_to_come(dossier: Dossier) -> bool:
    is_for_pick_up = dossier.status == "result_issued" and dossier.return_channel == "in_person"
    return (
        is_for_pick_up
        or dossier.status == "awaiting_supplement"
        or bool(dossier.to_return_again)
        or bool(_fees(dossier))
        or (dossier.status in _WITHOUT_END and _has_papers(dossier))
    )


def _has_papers(dossier: Dossier) -> bool:
    return any(holder != APPLICANT for holder in dossier.custody.values())


def _fees(dossier: Dossier) -> int:
    return sum(one.total for one in dossier.payments.values() if one.status == "requested")


def _next_steps(dossier: Dossier, name: Name) -> Iterator[Phrase]:
    if dossier.to_return_again:
        yield Phrase("next_corrected")
    elif dossier.status == "result_issued":
        yield Phrase(f"next_result_{dossier.return_channel}")
    else:
        yield Phrase(f"next_{dossier.status}", {"agency": name(dossier.agency)})
    if fees := _fees(dossier):
        yield Phrase("next_fee", {"amount": fees})


def _due(dossier: Dossier) -> Phrase | None:
    if dossier.status == "awaiting_supplement":
        return Phrase("due_paused")
    if dossier.status not in _RUNNING or dossier.due_at is None:
        return None
    if dossier.apology_due_at is not None:
        return Phrase("due_proposed", {"moment": dossier.apology_due_at})
    return Phrase("due_at", {"moment": dossier.due_at})


def _reasons(dossier: Dossier, name: Name, now: datetime) -> Iterator[Phrase]:
    """Only of one that is not at its end: why its time is not the first one, or is over."""
    if dossier.status not in _RUNNING:
        return
    if dossier.measure is not None and dossier.measure < now:
        yield Phrase("reason_overdue", {"moment": dossier.measure})
    if dossier.apologies:
        yield Phrase("reason_apology", {"agency": name(dossier.agency)})
    if dossier.supplements_appraisal and dossier.counted_from is not None:
        yield Phrase("reason_supplement", {"moment": dossier.counted_from})
    for opinion in dossier.opinions.values():
        if not opinion.is_given:
            yield Phrase("reason_opinion", {"agency": name(opinion.of), "moment": opinion.answer_by})
    for leg in dossier.legs.values():
        if leg.status == "started":
            yield Phrase("reason_leg", {"agency": name(leg.of)})
    if any(not one.is_recorded for one in dossier.verifications.values()):
        yield Phrase("reason_verification")
    if dossier.papers_of_open_losses:
        yield Phrase("reason_loss")


def _bring(dossier: Dossier, law: Law) -> Iterator[Phrase]:
    yield Phrase("bring_receipt")
    yield Phrase("bring_identity")
    if dossier.status == "awaiting_supplement":
        yield from _asked_for(dossier, law)
    else:
        yield Phrase("bring_deed")
    if fees := _fees(dossier):
        yield Phrase("bring_fee", {"amount": fees})
    if dossier.open_originals and dossier.status != "awaiting_supplement":
        yield Phrase("bring_original")


def _asked_for(dossier: Dossier, law: Law) -> Iterator[Phrase]:
    """The points of Form 02: papers by their published names, others by their number there."""
    procedure = law.catalogue.find(dossier.procedure)
    names = {one.code: one.name for one in procedure.components} if procedure is not None else {}
    for number, component in dossier.open_points:
        if component in names:
            yield Phrase("bring_paper", {"paper": names[component]})
        else:
            yield Phrase("bring_point", {"number": number})


def _unrated(dossier: Dossier) -> Iterator[Side]:
    if dossier.status in _FINISHED:
        yield from (side for side in SIDES if side not in dossier.ratings)


def _hours(law: Law) -> str:
    """The sessions of the profile: `07:00-11:00, 13:00-17:00`."""
    return ", ".join(f"{one.opens:%H:%M}-{one.closes:%H:%M}" for one in law.profile.hours.sessions)
