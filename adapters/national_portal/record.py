"""What the messages of one dossier add up to: all that DongBoHoSoMC repeats each time (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from adapters.national_portal.status_codes import Situation
from schemas.party import Party
from schemas.payment import PaymentItem
from schemas.result import ResultPaper
from schemas.types import Channel, ReturnChannel


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class File(_Kept):
    """A digitised copy of a component or a result paper, by its content.

    `is_reused` when it comes from another dossier of the applicant.
    """

    component: str
    sha256: str
    name: str
    is_reused: bool = False


class Bill(_Kept):
    """A payment that was asked for; `asked_at` is part of the number under which the portal looks it up."""

    payment: str
    items: tuple[PaymentItem, ...]
    total: int
    asked_at: datetime
    status: Literal["requested", "paid", "refused"] = "requested"
    is_paid_on_portal: bool = False


class Supplement(_Kept):
    """One request for supplements (Form 02), and when they came; `components` are those asked for."""

    request: str
    content: str
    officer: str
    components: tuple[str, ...]
    asked_at: datetime
    due_before: datetime | None = None
    received_at: datetime | None = None
    due_after: datetime | None = None


class Record(_Kept):
    """The dossier as the portal is to see it; `portal_code` when it was lodged there.

    `situation` leaves open payments aside: see `shown`. Holds personal data.
    """

    situation: Situation
    resumes_as: Situation | None = None
    procedure: str
    organisation: str
    agency: str
    channel: Channel
    return_channel: ReturnChannel
    applicant: Party
    summary: str | None = None
    code: str | None = None
    portal_code: str | None = None
    submitted_at: datetime
    accepted_at: datetime | None = None
    due_at: datetime | None = None
    finished_at: datetime | None = None
    returned_at: datetime | None = None
    declined_at: datetime | None = None
    electronic: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    results: tuple[ResultPaper, ...] = ()
    bills: tuple[Bill, ...] = ()
    supplements: tuple[Supplement, ...] = ()

    @property
    def wire_code(self) -> str | None:
        """MaHoSo: the portal's own code where it has given one, else the official one."""
        return self.portal_code or self.code

    @property
    def open_bill(self) -> Bill | None:
        """The payment that is waited for."""
        return next((bill for bill in self.bills if bill.status != "paid"), None)

    @property
    def shown(self) -> Situation:
        """The situation that is shown: an open payment holds a dossier that is being worked on."""
        if self.open_bill is not None and self.situation in {"registered", "accepted", "in_process"}:
            return "awaiting_payment"
        return self.situation

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected to happen."""
        return self.declined_at is not None or self.situation in {"withdrawn", "stopped", "returned"}


class Line(_Kept):
    """One line of CapNhatTienDoHoSoMC: one fact, once."""

    situation: Situation
    content: str
    officer: str | None = None
    unit: str
    at: datetime
    due_at: datetime | None = None
