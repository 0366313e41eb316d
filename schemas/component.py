"""Components that nobody hands in again, and papers that disagree with a database (15.5, 15.6.b, 17.10)."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.person_data import PersonField
from schemas.types import (
    ComponentCode,
    DossierCode,
    IdentityNumber,
    Instant,
    Line,
    ProcedureCode,
    Reference,
    TaxCode,
    Text,
)


def _day(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError("a date must be written as in RFC 3339")
    if not isinstance(value, str | date):
        raise ValueError("a date is text")  # noqa: TRY004  (pydantic reports ValueError only)
    return value


Day = Annotated[date, Field(strict=False), BeforeValidator(_day)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of the signed copy."""


class ReusedPaper(Wire):
    """A digitised paper with legal value out of another dossier (17.10): when, how long, for what, whose.

    `valid_until` left out: without end. `procedures` left out: for every procedure. The owner is named by
    the number under which that dossier was lodged.
    """

    dossier: DossierCode
    outcome: Literal["result_issued", "declined", "withdrawn", "open"]
    digest: Digest
    number: Line | None = None
    issued_on: Day
    valid_until: Day | None = None
    procedures: tuple[ProcedureCode, ...] = Field(default=(), max_length=50)
    owner_number: IdentityNumber | None = None
    owner_tax_code: TaxCode | None = None

    @model_validator(mode="after")
    def _names_its_owner(self) -> Self:
        if self.owner_number is None and self.owner_tax_code is None:
            raise ValueError("owner_number or owner_tax_code is needed")
        return self


class ReusedData(Wire):
    """Fields that a lookup of this dossier brought (`person_data.received`); `check` names the lookup."""

    check: Reference
    fields: tuple[PersonField, ...] = Field(min_length=1, max_length=20)


class _Reuse(Wire):
    component: ComponentCode
    paper: ReusedPaper | None = None
    data: ReusedData | None = None
    officer: Officer | None = None


class ReuseComponent(_Reuse, Request):
    """Take a component from what the administration has already; the applicant hands in nothing (15.6.b).

    Exactly one of `paper` and `data`; a counter names the officer who moved it into the electronic dossier.
    """

    type: ClassVar[str] = "onestop.component.reuse.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal"})

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.paper is None) == (self.data is None):
            raise ValueError("exactly one of paper and data is needed")
        return self


class ComponentReused(_Reuse, Fact):
    """The component is in the dossier and may not be asked of the applicant again (15.5)."""

    type: ClassVar[str] = "onestop.component.reused.v1"
    reused_at: Instant


class Difference(Wire):
    """One field that disagrees; neither value is changed by the hub."""

    field: Line
    on_paper: Text
    in_database: Text | None = None


class _Mismatch(Wire):
    component: ComponentCode
    database: Line
    check: Reference | None = None
    differences: tuple[Difference, ...] = Field(min_length=1, max_length=30)
    officer: Officer


class RecordMismatch(_Mismatch, Request):
    """A paper and a database disagree: the paper is taken, the database is corrected by sector law only."""

    type: ClassVar[str] = "onestop.mismatch.record.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "agency"})


class MismatchRecorded(_Mismatch, Fact):
    """The disagreement is on record; the paper counts for this dossier (15.6.b)."""

    type: ClassVar[str] = "onestop.mismatch.recorded.v1"
