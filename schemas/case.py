"""The agency's own work on a forwarded dossier (Art. 9.3-9.5, 17.1, 17.2)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.together import Ruled, Together
from schemas.types import Instant, Line, OrganisationCode, Text, in_words

_ROLES: frozenset[Role] = frozenset({"agency"})


class AssignCase(Request):
    """The agency's head assigns an officer (Art. 17.1)."""

    type: ClassVar[str] = "onestop.case.assign.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES
    assignee: Officer


class CaseAssigned(Fact):
    """An officer has the case."""

    type: ClassVar[str] = "onestop.case.assigned.v1"
    assignee: Officer
    agency: OrganisationCode


class _Step(Wire):
    step: Line
    note: Text | None = None


class StepCase(_Step, Request):
    """One step of the agency's internal process is reached (Art. 9.5)."""

    type: ClassVar[str] = "onestop.case.step.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class CaseProgressed(_Step, Fact):
    """One step of the internal process was reached."""

    type: ClassVar[str] = "onestop.case.progressed.v1"
    agency: OrganisationCode


AppraisalOutcome = Literal["eligible", "to_supplement", "not_eligible"]
"""Đủ điều kiện; chưa đủ điều kiện, cần bổ sung (17.4); không đủ điều kiện (17.8)."""


class SectorTime(Wire):
    """The working days that the law of the sector sets for the notice, and where it says so (Art. 17.4)."""

    working_days: int = Field(ge=1, le=250)
    basis: Line


class _Appraisal(Wire):
    officer: Officer
    outcome: AppraisalOutcome
    findings: Annotated[Text, in_words("rule.17.2.findings")] | None = None
    notice_time: SectorTime | None = None


class AppraiseCase(_Appraisal, Request, Ruled):
    """The officer has appraised the dossier (Art. 17.2): eligible, to supplement (17.4), or not (17.8).

    What stands against the dossier is told in `findings`. The day of `to_supplement` starts the three working
    days for Form 02, or those of `notice_time`. The last appraisal counts.
    """

    rules: ClassVar[tuple[Together, ...]] = (
        Together(
            ("findings",),
            least=1,
            when=("outcome", ("to_supplement", "not_eligible")),
            rule="rule.17.2.findings",
        ),
        Together(("notice_time",), most=0, when=("outcome", ("eligible", "not_eligible"))),
    )

    type: ClassVar[str] = "onestop.case.appraise.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class CaseAppraised(_Appraisal, Fact):
    """The dossier is appraised; Form 02 has to follow until `notice_limit`."""

    type: ClassVar[str] = "onestop.case.appraised.v1"
    agency: OrganisationCode
    appraised_at: Instant
    notice_limit: Instant | None = None
