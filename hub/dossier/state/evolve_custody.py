"""Who holds which paper, and the two clocks of the transfer: electronic and paper (16.1, 16.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from hub.dossier.rules.custody import hand_over_of
from hub.dossier.rules.duties import PAPERS_BACK
from hub.dossier.rules.transfer import hand_on_limit, has_two_clocks, held_papers, papers_held_by
from hub.dossier.standing import AT_AGENCY
from hub.dossier.state.model import APPLICANT, POST, Dossier, HandOver, Timer
from hub.dossier.state.timers import TimerStep, electronic_timer, forward_timer, without
from hub.regulation.law import Law
from schemas.paper import PaperHandedOver, PaperReceived


def handed_over(dossier: Dossier, fact: PaperHandedOver, _step: TimerStep) -> dict[str, Any]:
    """The giver answers for them until the receiver confirms."""
    return set_out(dossier, hand_over_of(fact))


def set_out(dossier: Dossier, hand_over: HandOver) -> dict[str, Any]:
    """Papers leave a hand; the clock of the paper, and that of papers that go back, end with the last."""
    changes: dict[str, Any] = {"hand_overs": (*dossier.hand_overs, hand_over)}
    return changes | _ended_clock(dossier, changes)


def paper_received(dossier: Dossier, fact: PaperReceived, step: TimerStep) -> dict[str, Any]:
    """The receiver has them."""
    return arrived(dossier, hand_over_of(fact), step)


def arrived(dossier: Dossier, confirmed: HandOver, step: TimerStep) -> dict[str, Any]:
    """Papers are in the next hand; what comes to the one-stop after acceptance is handed on from then."""
    changes: dict[str, Any] = {
        "hand_overs": tuple(item for item in dossier.hand_overs if item != confirmed),
        "custody": {**dossier.custody, **dict.fromkeys(confirmed.papers, confirmed.receiver)},
    }
    changes |= _ended_clock(dossier, changes)
    comes_in = confirmed.receiver == dossier.organisation and confirmed.giver in {APPLICANT, POST}
    is_on = dossier.status == "accepted" or dossier.status in AT_AGENCY
    if comes_in and is_on and dossier.paper_limit is None and has_two_clocks(step.law):
        after = replace(dossier, **changes)
        changes |= _hand_on_clock(after, after.timers, step.at, step.law)
    return changes


def _ended_clock(dossier: Dossier, changes: dict[str, Any]) -> dict[str, Any]:
    if PAPERS_BACK in dossier.timers and not papers_held_by(replace(dossier, **changes), dossier.agency):
        return {"timers": without(dossier, PAPERS_BACK)}
    if dossier.paper_limit is None or held_papers(replace(dossier, **changes)):
        return {}
    return {"paper_limit": None, "timers": without(dossier, "forward")}


def custody_with(dossier: Dossier, papers: Iterable[str], handed_in: Iterable[str]) -> dict[str, str]:
    """New papers are with the applicant, or with the one-stop when they were given at its counter."""
    new = dict.fromkeys(papers, APPLICANT)
    return {**new, **dossier.custody, **dict.fromkeys(handed_in, dossier.organisation)}


def forward_clocks(accepted: Dossier, accepted_at: datetime, law: Law) -> dict[str, Any]:
    """Of a dossier as accepted: one clock, or that of the electronic dossier and that of the paper."""
    if not has_two_clocks(law):
        one = forward_timer(accepted, bool(accepted.paper_codes), accepted_at, law)
        return {"timers": {**accepted.timers, **one}}
    timers = {**accepted.timers, **electronic_timer(accepted, accepted_at, law)}
    return _hand_on_clock(accepted, timers, accepted_at, law)


def _hand_on_clock(
    dossier: Dossier, timers: Mapping[str, Timer], held_from: datetime, law: Law
) -> dict[str, Any]:
    limit = hand_on_limit(dossier, held_from, law)
    if limit is None:
        return {"timers": timers}
    at = limit.astimezone(UTC)
    return {"paper_limit": at, "timers": {**timers, "forward": Timer("forward", at)}}
