"""The applicant's account on the portal or the provincial system (tài khoản số, Art. 15.6.a)."""

from __future__ import annotations

from typing import ClassVar, Literal

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.together import Ruled, Together
from schemas.types import Account, IdentityNumber, Instant, OrganisationCode, TaxCode, TravelDocument

AccountSystem = Literal["national_portal", "provincial_system"]
"""Cổng Dịch vụ công quốc gia, or Hệ thống thông tin giải quyết thủ tục hành chính tỉnh."""


class AccountHolder(Ruled):
    """By which number the account is known: a citizen's, a foreigner's document, an organisation's code."""

    rules: ClassVar[tuple[Together, ...]] = (
        Together(("identity_number", "travel_document", "tax_code", "organisation"), least=1, most=1),
    )
    identity_number: IdentityNumber | None = None
    travel_document: TravelDocument | None = None
    tax_code: TaxCode | None = None
    organisation: OrganisationCode | None = None


class _Account(Wire):
    system: AccountSystem
    account: Account
    holder: AccountHolder
    made_by: Literal["officer", "applicant"]
    officer: Officer | None = None


class RecordAccount(_Account, Request):
    """The applicant had no account and has one now; where a proxy lodges, still the applicant's own (15.6.a).

    `made_by`: an officer, or the applicant, also when an officer showed how. A counter names the officer in
    both cases.
    """

    type: ClassVar[str] = "onestop.account.record.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal"})


class AccountCreated(_Account, Fact):
    """The applicant has this account; number, account and officer are sealed."""

    type: ClassVar[str] = "onestop.account.created.v1"
    recorded_at: Instant
