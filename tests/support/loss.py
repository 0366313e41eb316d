"""Builders of requests about lost papers; every person here is synthetic."""

from __future__ import annotations

from typing import Any

from schemas.loss import CostItem, LossApology, PaperOutcome, RecordLoss, SettleLoss
from tests.support.dossiers import MONDAY, OFFICER, ONE_STOP


def loss(*papers: str, **changes: Any) -> RecordLoss:
    """Papers that nobody finds."""
    values: dict[str, Any] = {
        "kind": "lost",
        "papers": papers,
        "noticed_at": MONDAY,
        "circumstances": "Không tìm thấy khi bàn giao",
        "officer": OFFICER,
    }
    return RecordLoss(**{**values, **changes})


def outcome(paper: str, what: str = "reissued", holder: str | None = ONE_STOP) -> PaperOutcome:
    values: dict[str, Any] = {"paper": paper, "outcome": what, "holder": holder}
    return PaperOutcome(**values)


def settlement(*papers: PaperOutcome, **changes: Any) -> SettleLoss:
    """The one-stop is responsible, pays and apologises."""
    values: dict[str, Any] = {
        "loss": "L1",
        "responsible": ONE_STOP,
        "papers": papers,
        "costs": (CostItem(what="Lệ phí cấp lại", amount=8000),),
        "apology": LossApology(officer=OFFICER, at=MONDAY),
        "officer": OFFICER,
    }
    return SettleLoss(**{**values, **changes})
