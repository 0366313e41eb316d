"""Who holds which paper, and the two clocks of the transfer: electronic and paper (16.1, 16.2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from hub.dossier.rules.custody import hand_over_of
from hub.dossier.rules.transfer import hand_on_limit, has_two_clocks, held_papers
from hub.dossier.standing import AT_AGENCY
from hub.dossier.state.model import APPLICANT, POST, Dossier, Timer
from hub.dossier.state.timers import TimerStep, electronic_timer, forward_timer, without
from hub.regulation.law import Law
from schemas.paper import PaperHandedOver, PaperReceived


def handed_over(dossier: Dossier, fact: PaperHandedOver, _step: TimerStep) -> dict[str, Any]:
    """The giver answers for them until the receiver confirms; the clock of the paper ends with the last."""
    changes: dict[str, Any] = {"hand_overs": (*dossier.hand_overs, hand_over_of(fact))}
    if dossier.paper_limit is not None and not held_papers(replace(dossier, **changes)):
        changes |= {"paper_limit": None, "timers": without(dossier, "forward")}
    return changes


def paper_received(dossier: Dossier, fact: PaperReceived, step: TimerStep) -> dict[str, Any]:
    """The receiver has them; what comes to the one-stop after acceptance has to be handed on from then."""
    confirmed = hand_over_of(fact)
    changes: dict[str, Any] = {
        "hand_overs": tuple(item for item in dossier.hand_overs if item != confirmed),
        "custody": {**dossier.custody, **dict.fromkeys(confirmed.papers, confirmed.receiver)},
    }
    comes_in = confirmed.receiver == dossier.organisation and confirmed.giver in {APPLICANT, POST}
    is_on = dossier.status == "accepted" or dossier.status in AT_AGENCY
    if comes_in and is_on and dossier.paper_limit is None and has_two_clocks(step.law):
        changes |= _hand_on_clock(replace(dossier, **changes), step.at, step.law)
    return changes


def custody_with(dossier: Dossier, papers: Iterable[str], handed_in: Iterable[str]) -> dict[str, str]:
    """New papers are with the applicant, or with the one-stop when they were given at its counter."""
    new = dict.fromkeys(papers, APPLICANT)
    return {**new, **dossier.custody, **dict.fromkeys(handed_in, dossier.organisation)}


def forward_clocks(accepted: Dossier, accepted_at: datetime, law: Law) -> dict[str, Any]:
    """Of a dossier as accepted: one clock, or that of the electronic dossier and that of the paper."""
    if not has_two_clocks(law):
        one = forward_timer(accepted, bool(accepted.paper_codes), accepted_at, law)
        return {"timers": {**accepted.timers, **one}}
    electronic = electronic_timer(accepted, accepted_at, law)
    return _hand_on_clock(replace(accepted, timers={**accepted.timers, **electronic}), accepted_at, law)


def _hand_on_clock(dossier: Dossier, held_from: datetime, law: Law) -> dict[str, Any]:
    limit = hand_on_limit(dossier, held_from, law)
    if limit is None:
        return {"timers": dossier.timers}
    at = limit.astimezone(UTC)
    return {"paper_limit": at, "timers": {**dossier.timers, "forward": Timer("forward", at)}}
