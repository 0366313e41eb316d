"""People and organisations as they stand in requests and facts."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from schemas.base import Wire
from schemas.together import Ruled, Together
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
    in_words,
)


class Party(Ruled):
    """An applicant: a citizen by number, CMND or travel document, or an organisation by its tax code."""

    rules: ClassVar[tuple[Together, ...]] = (
        Together(
            ("identity_number", "old_identity_number", "travel_document"),
            least=1,
            when=("kind", ("citizen",)),
        ),
        Together(("tax_code",), least=1, when=("kind", ("enterprise",))),
    )
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


class Proxy(Ruled):
    """Who lodges for the applicant, hired or authorised (Art. 2.8, 15.6.a), with the deed.

    A citizen by number or CMND, a foreigner by travel document, an enterprise by its tax code.
    """

    rules: ClassVar[tuple[Together, ...]] = (
        Together(("identity_number", "old_identity_number", "travel_document", "tax_code"), least=1),
    )
    name: PersonName
    identity_number: IdentityNumber | None = None
    old_identity_number: OldIdentityNumber | None = None
    travel_document: TravelDocument | None = None
    tax_code: TaxCode | None = None
    basis: Literal["hired", "authorised"]
    deed: Annotated[Line, in_words("rule.2.8")]


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


class Custodian(Ruled):
    """Who holds a paper: an organisation, the post or the applicant, with the full name (Art. 12.2)."""

    rules: ClassVar[tuple[Together, ...]] = (
        Together(("organisation",), least=1, when=("kind", ("organisation",))),
        Together(("organisation",), most=0, when=("kind", ("post", "applicant"))),
    )
    kind: Literal["organisation", "post", "applicant"]
    organisation: OrganisationCode | None = None
    name: PersonName
