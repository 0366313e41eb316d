"""Loss, mislaying and damage of papers: who had them, who pays, who apologises (Art. 21.2, 21.3)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.types import Amount, ComponentCode, Day, Holder, Instant, Line, Reference, Text, in_words

LossKind = Literal["lost", "mislaid", "damaged"]
"""mất, thất lạc, hư hỏng."""
Basis = Literal["21.2", "21.3"]
"""21.3 where the post had the papers: then the norms on the post apply beside."""

_ROLES: frozenset[Role] = frozenset({"counter", "agency"})


class RecordLoss(Request):
    """Papers of the dossier are lost, mislaid or damaged: all of them were with one holder.

    What the post reports as lost or damaged the hub records itself, where the order names its papers.
    """

    type: ClassVar[str] = "onestop.loss.record.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES
    kind: LossKind
    papers: tuple[ComponentCode, ...] = Field(min_length=1, max_length=100)
    noticed_at: Instant
    circumstances: Annotated[Text, in_words("rule.21.2.circumstances")]
    officer: Officer


class LossRecorded(Fact):
    """Papers are lost, mislaid or damaged; `holder` had them by the chain of hand-overs and answers for them.

    `loss` names it in this dossier. Without `officer` the hub records what the post reported of `order`.
    """

    type: ClassVar[str] = "onestop.loss.recorded.v1"
    loss: Reference
    kind: LossKind
    papers: tuple[ComponentCode, ...]
    holder: Holder
    basis: Basis
    noticed_at: Instant
    circumstances: Text | None = None
    officer: Officer | None = None
    order: Reference | None = None


class PaperOutcome(Wire):
    """What became of a paper; `holder` has the one that was issued again or found, else who had it still."""

    paper: ComponentCode
    outcome: Literal["found", "reissued", "repaired", "not_restored"]
    holder: Holder | None = None


class CostItem(Wire):
    """A cost of having papers issued again, with its receipt; what the applicant paid is refunded."""

    what: Line
    amount: Amount
    receipt: Line | None = None
    paid_by: Literal["responsible", "applicant"] = "responsible"
    refunded: bool = False


class Compensation(Wire):
    """What the post paid by its own norms: `charge` is the price of the service that was used."""

    charge: Amount
    amount: Amount
    agreed_on: Day
    paid_on: Day


class LossApology(Wire):
    """Who apologised to the applicant for who is responsible, and when; `document` is its number."""

    officer: Officer
    at: Instant
    document: Line | None = None


class _Settlement(Wire):
    loss: Reference
    responsible: Holder
    reason: Text | None = None
    papers: tuple[PaperOutcome, ...] = Field(min_length=1, max_length=100)
    costs: tuple[CostItem, ...] = Field(default=(), max_length=50)
    compensation: Compensation | None = None
    apology: LossApology | None = None
    referred_to: Line | None = None
    officer: Officer


class SettleLoss(_Settlement, Request):
    """A loss is made good: who is responsible, what became of each paper, all costs, the apology.

    `responsible` is the recorded holder; another one needs a `reason`. `referred_to` is who deals with a
    breach of the law.
    """

    type: ClassVar[str] = "onestop.loss.settle.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class LossSettled(_Settlement, Fact):
    """The loss is settled; `costs_total` is what the responsible bears, beside a compensation of the post."""

    type: ClassVar[str] = "onestop.loss.settled.v1"
    holder: Holder
    basis: Basis
    costs_total: Annotated[int, Field(ge=0)]
    settled_at: Instant
