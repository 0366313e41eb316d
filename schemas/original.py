"""Originals that are taken to be copied, compared or authenticated, and given back (Art. 18.2)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.types import ComponentCode, Instant, Line, OrganisationCode, PersonName, Reference

_ROLES: frozenset[Role] = frozenset({"counter", "agency"})


class _Taking(Wire):
    component: ComponentCode
    purpose: Literal["copy", "compare", "authenticate"]
    organisation: OrganisationCode
    return_by: Instant | None = None
    sector_law: Line | None = None
    officer: Officer


class TakeOriginal(_Taking, Request):
    """An office takes the original of a component from the applicant (Art. 18.2).

    `return_by` is the time that the law of the sector sets (`sector_law` names it), if it sets one.
    """

    type: ClassVar[str] = "onestop.original.take.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class OriginalTaken(_Taking, Fact):
    """The office holds it; `original` names it from hand to hand (`paper.hand_over`, `loss.record`)."""

    type: ClassVar[str] = "onestop.original.taken.v1"
    original: Reference
    taken_at: Instant


class _Return(Wire):
    originals: tuple[Reference, ...] = Field(min_length=1, max_length=50)
    received_by: PersonName
    officer: Officer


class ReturnOriginal(_Return, Request):
    """The office that holds originals gives them back to the applicant (Art. 18.2)."""

    type: ClassVar[str] = "onestop.original.return.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class OriginalReturned(_Return, Fact):
    """The applicant has them again."""

    type: ClassVar[str] = "onestop.original.returned.v1"
    returned_at: Instant
