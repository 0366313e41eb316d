"""Payments: what is asked of the applicant, and what became of it (Art. 3.5, 5.1.đ, 6.2.b)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.together import Ruled, Together
from schemas.types import MOST_DONG, Amount, Instant, Line, Reference

FeeKind = Literal["fee", "service_fee", "price_level"]
"""phí, lệ phí, mức giá: as the catalogue publishes them."""

PaymentStatus = Literal["paid", "refused"]


class PaymentItem(Wire):
    """One published fee: `amount` is the đồng of one, `quantity` how many where it is counted by the piece.

    `basis` is the provision of the approved schedule where the published record gives no amount (directory:
    `provision` of the fee).
    """

    kind: FeeKind
    amount: Annotated[int, Field(ge=1, le=MOST_DONG)]
    quantity: int = Field(default=1, ge=1, le=99)
    basis: Line | None = None

    @property
    def total(self) -> int:
        """Đồng for all of it."""
        return self.amount * self.quantity


PaymentItems = tuple[PaymentItem, ...]


class RequestPayment(Request):
    """The one-stop or the agency asks the applicant to pay published fees."""

    type: ClassVar[str] = "onestop.payment.request.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "agency"})
    officer: Officer
    items: PaymentItems = Field(min_length=1, max_length=20)


class PaymentRequested(Fact):
    """The applicant is asked to pay; `payment` is unique for ever, `total` the sum in đồng.

    `payee_account` is the account of the one-stop, or of the agency, where the register has one.
    """

    type: ClassVar[str] = "onestop.payment.requested.v1"
    payment: Reference
    officer: Officer
    items: PaymentItems
    total: Amount
    payee_account: Line | None = None
    requested_at: Instant


class _Payment(Wire):
    status: PaymentStatus
    amount: Amount
    at: Instant
    place: Literal["portal", "gateway", "counter"]
    payee_account: Line | None = None
    transaction: Reference | None = None
    raw_code: Line | None = None


class ReportPayment(_Payment, Request, Ruled):
    """What became of a payment: of the one that was requested (`payment`), or of `items` paid unasked.

    A refused payment leaves the request open: the applicant may pay again. A `payee_account` is the
    one-stop's or the agency's (Art. 4.1).
    """

    type: ClassVar[str] = "onestop.payment.report.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"payments", "portal"})
    rules: ClassVar[tuple[Together, ...]] = (
        Together(("payment", "items"), least=1, most=1),
        Together(("payment",), least=1, when=("status", ("refused",))),
    )
    payment: Reference | None = None
    items: PaymentItems = Field(default=(), max_length=20)


class PaymentRecorded(_Payment, Fact):
    """A payment was made or refused; `items` as requested, or as paid unasked."""

    type: ClassVar[str] = "onestop.payment.recorded.v1"
    payment: Reference
    items: PaymentItems
