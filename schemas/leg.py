"""Parts of an interlinked dossier (hồ sơ liên thông): planned, passed on and finished (Art. 17.6)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from schemas.base import Fact, Request, Role, Wire
from schemas.copy import HeldCopy
from schemas.dossier import Component
from schemas.leg_plan import LegName, LegPlan
from schemas.party import Officer, Party
from schemas.types import DossierCode, Instant, Line, OrganisationCode, ProcedureCode, Text, in_words

_ROLES: frozenset[Role] = frozenset({"agency"})

LegOrder = Literal["sequence", "at_once"]
"""One after the other with the paper (17.6.a); all are told at once (17.6.b)."""
LegOutcome = Literal["done", "not_done"]


class PlannedLeg(LegPlan):
    """`finish_by` is its limit as long as nobody before it is late."""

    finish_by: Instant


class LegsPlanned(Fact):
    """All agencies of an interlinked dossier are told of it: who leads, and task and limit of each."""

    type: ClassVar[str] = "onestop.leg.planned.v1"
    lead: OrganisationCode
    order: LegOrder
    code: DossierCode
    procedure: ProcedureCode
    due_at: Instant
    legs: tuple[PlannedLeg, ...]


class StartLeg(Request):
    """On paper: dossier and results so far are passed on to the agency of the next part (Art. 17.6.a).

    Whoever finished the part before passes on, or the lead; `slip` is number and day
    of the Phiếu chuyển xử lý.
    """

    type: ClassVar[str] = "onestop.leg.start.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES
    leg: LegName
    officer: Officer
    slip: Annotated[Line, in_words("rule.17.6.a.slip")]


class LegStarted(Fact):
    """A part's time runs; the agency `of` gets what it needs of the dossier, and no way to the applicant.

    On paper `slip` is the transfer slip with which the officer of `passed_by` passed it on.
    """

    type: ClassVar[str] = "onestop.leg.started.v1"
    leg: LegName
    of: OrganisationCode
    lead: OrganisationCode
    slip: Line | None = None
    passed_by: OrganisationCode | None = None
    officer: Officer | None = None
    code: DossierCode
    procedure: ProcedureCode
    components: tuple[Component, ...]
    copies: tuple[HeldCopy, ...] = ()
    applicant: Party
    started_at: Instant
    finish_by: Instant


class _End(Wire):
    leg: LegName
    officer: Officer
    outcome: LegOutcome
    result: Annotated[Text, in_words("rule.17.6.b.result")]
    letter: Line | None = None


class FinishLeg(_End, Request):
    """The agency of a part enters its result (Art. 17.6); one on paper the lead does, with its `letter`."""

    type: ClassVar[str] = "onestop.leg.finish.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class LegFinished(_End, Fact):
    """A part's result, told to the one-stop, the lead and who needs it next.

    A late one is followed by `rule.violated`.
    """

    type: ClassVar[str] = "onestop.leg.finished.v1"
    of: OrganisationCode
    needed_by: tuple[OrganisationCode, ...] = ()
