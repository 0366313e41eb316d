"""Mergers: what an organisation had open goes on with who follows it, from the next act on (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from msgspec.structs import replace

from hub.dossier.decision import Accepted, Context, Decision
from hub.dossier.rules.rule import rule
from hub.dossier.state.model import APPLICANT, POST, Dossier
from hub.regulation.clock import local_day
from hub.regulation.organisations import Organisations
from schemas.dossier import DossierTakenOver, Followed

_PARTS = ("pickups", "opinions", "legs", "losses", "questions", "complaints")
"""Fields of the state that hold, by name, something that organisations have a part in."""
_CODES = ("organisation", "giver", "of", "by", "to", "holder", "handler")
"""What names an organisation there."""
TAKEN_OVER = ("organisation", "agency", "sent_to", "watched_by", "custody", "hand_overs", *_PARTS)
"""What a successor changes in the state."""


def take_over(dossier: Dossier, known: Organisations, day: date) -> DossierTakenOver | None:
    """Who goes on in place of those of a dossier that are not there any more; None when all are."""
    if not known:
        return None
    heirs = {code: known.heir(code, day) for code in _named(dossier)}
    followed = tuple(Followed(former=code, successor=heir) for code, heir in heirs.items() if heir != code)
    if not followed:
        return None
    return DossierTakenOver(
        organisation=heirs[dossier.organisation], agency=heirs[dossier.agency], followed=followed
    )


def _named(dossier: Dossier) -> Iterator[str]:
    """Every organisation that has a part in it."""
    yield dossier.organisation
    yield dossier.agency
    yield from (code for code in (dossier.sent_to, dossier.watched_by) if code is not None)
    holders = [*dossier.custody.values()]
    for hand_over in dossier.hand_overs:
        holders += hand_over.giver, hand_over.receiver
    yield from (holder for holder in holders if holder not in {APPLICANT, POST})
    for part in _PARTS:
        for one in getattr(dossier, part).values():
            yield from (code for name in _CODES if (code := getattr(one, name, None)) is not None)


def after_taking_over(dossier: Dossier, fact: DossierTakenOver) -> Dossier:
    """With successors in the place of those before; code, officers and earlier facts stay as they were."""
    now = {one.former: one.successor for one in fact.followed}
    return replace(
        dossier,
        organisation=fact.organisation,
        agency=fact.agency,
        sent_to=now.get(dossier.sent_to or "", dossier.sent_to),
        watched_by=now.get(dossier.watched_by or "", dossier.watched_by),
        custody={paper: now.get(holder, holder) for paper, holder in dossier.custody.items()},
        hand_overs=tuple(
            replace(one, giver=now.get(one.giver, one.giver), receiver=now.get(one.receiver, one.receiver))
            for one in dossier.hand_overs
        ),
        **{part: {name: _with(one, now) for name, one in getattr(dossier, part).items()} for part in _PARTS},
    )


def _with(one: Any, now: Mapping[str, str]) -> Any:
    """One part of the state, with successors in the place of those before."""
    found = {name: getattr(one, name, None) for name in _CODES}
    return replace(
        one, **{name: now[code] for name, code in found.items() if code is not None and code in now}
    )


@rule("16", "What a merged organisation had open goes on with the one that follows it")
def successor_goes_on(dossier: Dossier, context: Context) -> tuple[DossierTakenOver, ...]:
    """One fact, on record before what the act itself makes; the law of the acceptance stays (3.7)."""
    taken = take_over(dossier, context.registers.organisations, local_day(context.now))
    return (taken,) if taken is not None else ()


def with_take_over(decision: Decision, taken: DossierTakenOver) -> Decision:
    """What is accepted begins with the fact; what is refused leaves no trace."""
    if not isinstance(decision, Accepted):
        return decision
    return Accepted((taken, *decision.facts), (successor_goes_on.id, *decision.rules))
