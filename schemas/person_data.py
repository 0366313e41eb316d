"""Data of the National Population Database that a dossier may use (15.5, 15.6.b; NĐ 47/2020 Art. 9, 41)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.types import (
    AddressLine,
    IdentityNumber,
    Instant,
    Line,
    OldIdentityNumber,
    PersonName,
    Reference,
)

Relation = Literal["head_of_household", "father", "mother", "spouse", "representative"]
"""Chủ hộ, cha, mẹ, vợ hoặc chồng, người đại diện: the family and household members that a lookup names."""

PersonField = Literal[
    "sex", "ethnicity", "religion", "marital_status", "blood_group", "nationality",
    "residence_province", "residence_ward", "residence_detail",
    "current_province", "current_ward", "current_detail",
    "head_of_household", "father", "mother", "spouse", "representative",
]  # fmt: skip
"""What can be asked for beyond number, name and birth; ethnicity and religion are sensitive (NĐ 356/2025)."""


class PersonDatum(Wire):
    """One field as the database has it: codes of QCVN 109:2017 (`sex` 1 male, 2 female) or plain text."""

    field: PersonField
    value: AddressLine


class Relative(Wire):
    """A member of the person's family or household; `to_head` is the code of QuanHe, as `CH01`."""

    relation: Relation
    name: PersonName
    to_head: Line | None = None
    identity_number: IdentityNumber | None = None
    old_identity_number: OldIdentityNumber | None = None


class _PersonData(Wire):
    check: Reference
    asked_at: Instant
    query: Reference
    purpose: Line
    usable_until: Instant
    data: tuple[PersonDatum, ...] = Field(default=(), max_length=30)
    relatives: tuple[Relative, ...] = Field(default=(), max_length=20)


class ReportPersonData(_PersonData, Request):
    """A lookup found exactly the person of `check`, and the licence allows these fields.

    It is the match and the data in one. `query` is MaYeuCau, `purpose` MaDVC; both stand in the provider's
    log too (NĐ 47/2020 Art. 45). After `usable_until` the data may not be used any more (Art. 41).
    """

    type: ClassVar[str] = "onestop.person_data.report.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"population"})


class PersonDataReceived(_PersonData, Fact):
    """Shared data for this dossier alone: values are sealed; only the one-stop that asked gets them."""

    type: ClassVar[str] = "onestop.person_data.received.v1"
    party: Literal["owner", "proxy"]
