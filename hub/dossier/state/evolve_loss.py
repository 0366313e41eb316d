"""What the facts of a loss make of a dossier: who answers for which papers, and who has what came instead."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from hub.dossier.state.model import Dossier, Loss
from hub.dossier.state.timers import TimerStep
from schemas.loss import LossRecorded, LossSettled


def loss_recorded(dossier: Dossier, fact: LossRecorded, _step: TimerStep) -> dict[str, Any]:
    """The papers stay with their last holder, who answers for them."""
    return {"losses": {**dossier.losses, fact.loss: Loss(fact.kind, fact.holder, fact.papers)}}


def loss_settled(dossier: Dossier, fact: LossSettled, _step: TimerStep) -> dict[str, Any]:
    """What was issued again or found is where the settlement says; no hand-over of before is open for it."""
    gone = tuple(one.paper for one in fact.papers if one.outcome == "not_restored")
    moved = {one.paper: one.holder for one in fact.papers if one.holder is not None and one.paper not in gone}
    ended = {*gone, *moved}
    left = [
        (item, tuple(paper for paper in item.papers if paper not in ended)) for item in dossier.hand_overs
    ]
    settled = replace(dossier.losses[fact.loss], is_open=False, gone=gone)
    return {
        "losses": {**dossier.losses, fact.loss: settled},
        "custody": {**dossier.custody, **moved},
        "hand_overs": tuple(replace(item, papers=papers) for item, papers in left if papers),
    }
