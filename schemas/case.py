"""The agency's own work on a forwarded dossier (Art. 9.3-9.5, 17.1)."""

from __future__ import annotations

from typing import ClassVar

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.types import Line, OrganisationCode, Text

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
