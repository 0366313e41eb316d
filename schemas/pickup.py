"""Postal pick-ups and deliveries (Art. 13.2, 20; QĐ 45/2016/QĐ-TTg; TT 17/2017/TT-BTTTT)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.party import PostalParty
from schemas.types import (
    Amount,
    ComponentCode,
    Holder,
    Instant,
    Line,
    OrganisationCode,
    ProcedureCode,
    Reference,
    Text,
)

Direction = Literal["collect", "deliver", "between"]
"""collect from the applicant, deliver the result, or between agencies."""

PickupStatus = Literal[
    "registered", "collected", "handed_over", "in_transit", "delivery_failed", "returned", "delivered",
    "cancelled", "lost", "damaged", "cod_collected", "cod_remitted", "unknown",
]  # fmt: skip


class _Order(Wire):
    direction: Direction
    sender: PostalParty
    receiver: PostalParty
    organisation: OrganisationCode
    cash_on_delivery: Amount = 0
    contents: tuple[Line, ...] = Field(min_length=1, max_length=100)
    papers: tuple[ComponentCode, ...] = Field(default=(), max_length=100)
    note: Text | None = None


class OrderPickup(_Order, Request):
    """Order the post; `organisation` is the agency whose customer code is used.

    `papers` are the codes of the papers that it carries: its reports move their custody. Without them the
    papers move by `paper.hand_over` and `paper.receive` alone.
    """

    type: ClassVar[str] = "onestop.pickup.order.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal"})


class PickupOrdered(_Order, Fact):
    """A complete order for the operator; `order` is unique for ever and carries the direction as suffix.

    Procedure and title are for an operator that wants dossiers announced; `returns_by_post` tells that the
    result will go by post too (QĐ 45/2016 Đ5).
    """

    type: ClassVar[str] = "onestop.pickup.ordered.v1"
    order: Reference
    procedure: ProcedureCode | None = None
    procedure_title: Line | None = None
    returns_by_post: bool | None = None


class CancelPickup(Request):
    """Take an order back before it was collected."""

    type: ClassVar[str] = "onestop.pickup.cancel.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal"})
    order: Reference
    reason: Text | None = None


class PickupCancelled(Fact):
    """The operator is told to drop the order."""

    type: ClassVar[str] = "onestop.pickup.cancelled.v1"
    order: Reference
    organisation: OrganisationCode
    reason: Text | None = None


class _Progress(Wire):
    order: Reference
    status: PickupStatus
    at: Instant
    raw_code: Line | None = None
    item: Reference | None = None
    minutes: Line | None = None
    amount: Amount | None = None
    note: Line | None = None


class ReportPickup(_Progress, Request):
    """What happened to an order; `at` of handed_over is the time of the minutes (QĐ 45/2016 Đ7).

    An unknown status keeps the operator's own code in `raw_code`; `minutes` is the number of the minutes.
    `amount` is the cash of cod_collected and cod_remitted, and the operator's price of registered.
    """

    type: ClassVar[str] = "onestop.pickup.report.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"postal"})


class CashSums(Wire):
    """Sums of one order in đồng after this report: to collect, collected from people, paid to the agency."""

    ordered: Amount
    collected: Annotated[int, Field(ge=0)]
    remitted: Annotated[int, Field(ge=0)]
    difference: int
    """Collected and not paid over; negative when more was paid than collected."""


class PaperMove(Wire):
    """Papers that change hands by a report of the post; not `confirmed`: the receiver has to say so."""

    giver: Holder
    receiver: Holder
    papers: tuple[ComponentCode, ...] = Field(min_length=1, max_length=100)
    confirmed: bool


class PickupProgressed(_Progress, Fact):
    """What happened to an order; `failures` counts failed deliveries, `cash` the sums (QĐ 45/2016 Đ15).

    `moves`: what the post took of the papers that the order names, and what it gives to whom.
    """

    type: ClassVar[str] = "onestop.pickup.progressed.v1"
    failures: int = Field(default=0, ge=0)
    cash: CashSums | None = None
    moves: tuple[PaperMove, ...] = ()
