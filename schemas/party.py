"""People and organisations as they stand in requests and facts."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from schemas.base import Wire
from schemas.types import (
    Account,
    AddressLine,
    BirthDate,
    BirthYear,
    Email,
    IdentityNumber,
    Line,
    OldIdentityNumber,
    OrganisationCode,
    PersonName,
    Phone,
    TaxCode,
    TravelDocument,
    VnpostDistrict,
    VnpostProvince,
)


class Party(Wire):
    """An applicant: a citizen by number, CMND or travel document, or an organisation by its tax code."""

    kind: Literal["citizen", "enterprise", "state_body", "organisation"]
    name: PersonName
    identity_number: IdentityNumber | None = None
    old_identity_number: OldIdentityNumber | None = None
    travel_document: TravelDocument | None = None
    tax_code: TaxCode | None = None
    organisation: OrganisationCode | None = None
    birth_date: BirthDate | None = None
    birth_year: BirthYear | None = None
    phone: Phone | None = None
    email: Email | None = None
    address: AddressLine | None = None

    @model_validator(mode="after")
    def _is_identified(self) -> Self:
        personal = (self.identity_number, self.old_identity_number, self.travel_document)
        if self.kind == "citizen" and all(number is None for number in personal):
            raise ValueError("a citizen needs identity_number, old_identity_number or travel_document")
        if self.kind == "enterprise" and self.tax_code is None:
            raise ValueError("an enterprise needs tax_code")
        return self


class Proxy(Wire):
    """Who lodges for the applicant, hired or authorised (Art. 2.7, 15.6.a), with the deed."""

    name: PersonName
    identity_number: IdentityNumber
    basis: Literal["hired", "authorised"]
    deed: Line


class Officer(Wire):
    """An official who acts: the account in the sending system and the full name."""

    account: Account
    name: PersonName


class PostalParty(Wire):
    """One end of a postal order, complete for the operator (VNPost order/post)."""

    name: PersonName
    phone: Phone
    address: AddressLine
    province: VnpostProvince
    district: VnpostDistrict = 0
    email: Email | None = None


class Custodian(Wire):
    """Who holds a paper: an organisation, the post or the applicant, with the full name (Art. 12.2)."""

    kind: Literal["organisation", "post", "applicant"]
    organisation: OrganisationCode | None = None
    name: PersonName

    @model_validator(mode="after")
    def _names_its_organisation(self) -> Self:
        if (self.kind == "organisation") != (self.organisation is not None):
            raise ValueError("organisation stands exactly with kind organisation")
        return self
