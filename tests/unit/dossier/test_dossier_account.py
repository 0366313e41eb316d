"""The applicant's account (15.6.a): made where there was none, and always the principal's own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hub.dossier.decide import decide
from hub.dossier.decision import Refused
from hub.dossier.errors import ContextError
from hub.dossier.standing import possible_now
from hub.dossier.state import codec
from hub.engine.decide.routing import receivers
from hub.inbound.directory import Directory
from schemas.account import AccountCreated, AccountHolder
from schemas.personal import split
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, COUNTER, MONDAY, OFFICER, PORTAL, PROXY
from tests.support.reuse import account


@pytest.mark.rule("15.6.a2")
def test_an_account_that_an_officer_made_is_on_record() -> None:
    story = build.submitted()
    (fact,) = story.accepts(account(), COUNTER)
    assert fact == AccountCreated(
        system="national_portal",
        account="nguyenthimau.mau",
        holder=AccountHolder(identity_number="083190000001"),
        made_by="officer",
        officer=OFFICER,
        recorded_at=MONDAY,
    )
    assert story.now.accounts == ("national_portal",)
    assert codec.from_json(codec.to_json(story.now)) == story.now
    assert "onestop.account.record.v1" in possible_now(story.now)


def test_account_number_and_officer_are_sealed_and_stay_out_of_the_state() -> None:
    story = build.submitted()
    (fact,) = story.accepts(account(), COUNTER)
    opened, personal = split(AccountCreated, fact.model_dump(mode="json", exclude_none=True))
    assert sorted(personal) == ["/account", "/holder/identity_number", "/officer/account", "/officer/name"]
    for value in ("nguyenthimau.mau", "083190000001"):
        assert value not in str(opened)
        assert value not in codec.to_json(story.now).decode()


@pytest.mark.rule("15.6.a2")
def test_one_account_on_each_system_is_enough() -> None:
    story = build.submitted()
    story.accepts(account(), COUNTER)
    assert story.refuses(account(account="khac.mau"), COUNTER).code == "state.account_recorded"
    story.accepts(account(system="provincial_system"), COUNTER)
    assert story.now.accounts == ("national_portal", "provincial_system")


@pytest.mark.rule("15.6.a2")
def test_a_counter_names_its_officer_and_the_portal_only_where_one_made_the_account() -> None:
    for made_by in ("officer", "applicant"):
        nameless = account(officer=None, made_by=made_by)
        refused = build.submitted().refuses(nameless, COUNTER)
        assert refused == Refused("rule.15.6.a2", "15.6.a2", ("/officer",))
    assert build.submitted().refuses(account(officer=None), PORTAL).code == "rule.15.6.a2"
    build.submitted().accepts(account(officer=None, made_by="applicant"), PORTAL)


@pytest.mark.rule("15.6.a3")
def test_where_a_proxy_lodges_the_account_is_that_of_who_authorised() -> None:
    story = build.submitted(proxy=PROXY)
    of_the_proxy = account(holder=AccountHolder(identity_number=PROXY.identity_number))
    refused = story.refuses(of_the_proxy, COUNTER)
    assert refused == Refused("rule.15.6.a3", "15.6.a3", ("/holder/identity_number",))
    story.accepts(account(), COUNTER)


@pytest.mark.rule("15.6.a3")
@pytest.mark.parametrize(
    ("applicant", "holder", "is_taken"),
    [
        (build.FOREIGNER, {"travel_document": "X0000001"}, True),
        (build.FOREIGNER, {"travel_document": "X0000002"}, False),
        (build.FOREIGNER, {"identity_number": "083190000001"}, False),
        (build.ENTERPRISE, {"tax_code": "0100233488"}, True),
        (build.ENTERPRISE, {"organisation": "H07.34.12"}, False),
    ],
)
def test_an_account_goes_by_the_number_of_its_kind_of_applicant(
    applicant: Any, holder: dict[str, Any], is_taken: bool
) -> None:
    story = build.submitted(applicant=applicant)
    request = account(holder=AccountHolder(**holder))
    if is_taken:
        story.accepts(request, COUNTER)
    else:
        assert story.refuses(request, COUNTER).code == "rule.15.6.a3"


def test_only_the_one_stop_is_told_of_an_account() -> None:
    story = build.forwarded()
    (fact,) = story.accepts(account(), PORTAL)
    directory = Directory((COUNTER, PORTAL, AGENCY, build.OTHER_COUNTER, build.POPULATION))
    assert receivers(story.now, story.now, fact, directory) == ("counter-mau",)


def test_another_one_stop_and_a_finished_dossier_take_no_account() -> None:
    assert build.submitted().refuses(account(), build.OTHER_COUNTER).code == "security.foreign_organisation"
    assert build.issued().refuses(account(), COUNTER).code == "state.conflict"


def test_to_be_without_the_applicant_is_a_bug_and_no_refusal() -> None:
    story = build.submitted()
    with pytest.raises(ContextError):
        decide(story.now, account(), msgspec.structs.replace(story.context(COUNTER, MONDAY), applicant=None))


@pytest.mark.parametrize("numbers", [{}, {"identity_number": "083190000001", "tax_code": "0100233488"}])
def test_a_holder_has_exactly_one_number(numbers: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"one of the fields is needed|do not go together"):
        AccountHolder(**numbers)
