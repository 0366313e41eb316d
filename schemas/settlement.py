"""Fees that a one-stop collects for an agency, settled quarter by quarter (Art. 9.10): about no dossier."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from schemas.base import Fact, Request, Role, Subject, Wire
from schemas.party import Officer
from schemas.payment import FeeKind
from schemas.types import Amount, Instant, Line, OrganisationCode, Text

Quarter = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-Q[1-4]$")]
"""A quarter of the calendar, as `2026-Q3`."""


class SettledSum(Wire):
    """One kind of charge: how many receipts, and the đồng collected by the one-stop and handed over."""

    kind: FeeKind
    receipts: Annotated[int, Field(ge=0, le=10_000_000)]
    collected: Amount
    handed_over: Amount


class _Settlement(Wire):
    organisation: OrganisationCode
    agency: OrganisationCode
    quarter: Quarter
    sums: Annotated[tuple[SettledSum, ...], Field(min_length=1, max_length=3)]
    difference: Text | None = None
    document: Line | None = None
    officer: Officer
    corrects: bool = False


class SettleFees(_Settlement, Request):
    """One-stop or agency records what was collected and handed over in a quarter that is over (Art. 9.10).

    `organisation` is the one-stop that collects for `agency`; where both sums differ, `difference` says why.
    A settled quarter is settled again only with `corrects`. `document` names the settlement list.
    """

    type: ClassVar[str] = "onestop.fees.settle.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "agency"})
    subject: ClassVar[Subject] = "matter"

    def matter(self, _day: date) -> str:
        """All quarters of the two."""
        return f"fees/{self.organisation}/{self.agency}"


class _Watch(Wire):
    organisation: OrganisationCode
    agency: OrganisationCode
    quarter: Quarter

    def matter(self, _day: date) -> str:
        """The same as of the settlements."""
        return f"fees/{self.organisation}/{self.agency}"


class WatchFees(_Watch, Request):
    """The hub's own: in a quarter that is over a one-stop collected for an agency the first time (9.10)."""

    type: ClassVar[str] = "onestop.fees.watch.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"hub"})
    subject: ClassVar[Subject] = "matter"


class FeesWatched(_Watch, Fact):
    """The first quarter of the two is watched: until `settle_by` it is settled."""

    type: ClassVar[str] = "onestop.fees.watched.v1"
    settle_by: Instant


class FeesSettled(_Settlement, Fact):
    """The quarter is settled; `by` recorded it.

    `collected` and `handed_over` are the sums of all kinds. `settle_by` was its limit, and `next_by` is that
    of the next quarter, where the profile sets one.
    """

    type: ClassVar[str] = "onestop.fees.settled.v1"
    collected: Annotated[int, Field(ge=0)]
    handed_over: Annotated[int, Field(ge=0)]
    by: OrganisationCode
    settle_by: Instant | None = None
    next_by: Instant | None = None
