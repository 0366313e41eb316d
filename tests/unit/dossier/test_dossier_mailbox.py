"""Dossiers and results by e-mail: Art. 13.4."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from hub.dossier import parties
from hub.dossier.errors import ContextError
from hub.regulation.organisations import Organisations
from hub.regulation.registered import Registers
from schemas.dossier import DossierSubmitted, SubmitDossier
from schemas.result import IssueResult, ResultReturned
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, COUNTER, MONDAY, ONE_STOP, OTHER_ONE_STOP, PROCEDURE, Story, at
from tests.support.lawbooks import completed_law
from tests.support.registers import NEW_CENTRE, merged

MAILBOX, ADDRESS = "mot-cua@vi-du.example", "nguoi.nop@vi-du.example"
ALLOWED = f"""
[procedures."{PROCEDURE}".email]
provision = "Điều 7 Nghị định mẫu"
like = "online"
"""
LASTING: dict[str, Any] = {"in_force_until": None, "successors": ()}
OFFICES = Organisations(
    [
        one.model_copy(update=LASTING | ({"mailbox": MAILBOX} if one.code == ONE_STOP else {}))
        for one in merged().records
    ]
)


def story() -> Story:
    """Nothing is lodged yet; the procedure allows e-mail and the one-stop has a mailbox."""
    return Story(law=completed_law(ALLOWED), registers=Registers(OFFICES))


def by_email(**changes: Any) -> SubmitDossier:
    values: dict[str, Any] = {
        "channel": "email", "return_channel": "email", "result_form": "electronic", "mailbox": MAILBOX,
        "sender_address": ADDRESS,
    }  # fmt: skip
    return build.submission(**values | changes)


@pytest.mark.rule("13.4")
def test_where_no_provision_allows_email_nothing_is_lodged_so() -> None:
    one = Story(registers=Registers(OFFICES))
    refused = one.refuses(by_email(), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("rule.13.4", "13.4", ("/channel",))
    refused = story().refuses(build.submission(return_channel="email"), COUNTER)
    assert (refused.code, refused.fields) == ("rule.13.4", ("/return_channel",))


@pytest.mark.rule("13.4")
def test_a_dossier_comes_through_the_mailbox_that_the_office_has_published() -> None:
    (fact,) = story().accepts(by_email(mailbox=MAILBOX.upper()), COUNTER)
    assert isinstance(fact, DossierSubmitted)
    assert (fact.mailbox, fact.sender_address) == (MAILBOX.upper(), ADDRESS)
    assert fact.intake_limit == at("2026-10-06 09:00"), "as the profile says, by the clock of what is online"
    refused = story().refuses(by_email(mailbox="khac@vi-du.example"), COUNTER)
    assert (refused.code, refused.fields) == ("rule.13.4.mailbox", ("/mailbox",))
    assert refused.possible == (MAILBOX,)
    assert story().refuses(by_email(mailbox=None), COUNTER).code == "rule.13.4.mailbox"


@pytest.mark.rule("13.4")
def test_an_office_without_a_published_mailbox_takes_none_in() -> None:
    one = Story(law=completed_law(ALLOWED))
    refused = one.refuses(by_email(), COUNTER)
    assert (refused.code, refused.fields) == ("rule.13.4.no_mailbox", ("/organisation",))
    counter = changed(COUNTER, organisations=frozenset({OTHER_ONE_STOP}))
    assert story().refuses(by_email(organisation=OTHER_ONE_STOP), counter).code == "rule.13.4.no_mailbox"


@pytest.mark.rule("13.4")
@pytest.mark.parametrize("address", [None, MAILBOX])
def test_it_is_on_record_from_whom_it_came(address: str | None) -> None:
    refused = story().refuses(by_email(sender_address=address), COUNTER)
    assert (refused.code, refused.fields) == ("rule.13.4.sender", ("/sender_address",))


@pytest.mark.rule("13.4")
def test_only_an_electronic_result_is_asked_for_by_email() -> None:
    refused = story().refuses(by_email(result_form="paper_and_electronic"), COUNTER)
    assert (refused.code, refused.fields) == ("rule.13.4.electronic", ("/result_form",))
    story().accepts(by_email(result_form="paper_and_electronic", return_channel="post"), COUNTER)


@pytest.mark.rule("13")
def test_what_came_by_email_goes_back_over_the_counter_by_post_or_by_email() -> None:
    refused = story().refuses(by_email(return_channel="online"), COUNTER)
    assert (refused.code, refused.possible) == ("rule.13", ("in_person", "post", "email"))


@pytest.mark.rule("13.4")
def test_the_result_goes_to_the_address_that_the_dossier_came_from_and_to_no_other() -> None:
    one = story()
    one.accepts(by_email(components=()), COUNTER)
    electronic = build.issue().papers[0].model_copy(update={"mode": "electronic"})
    result = IssueResult(papers=(electronic,), signer=build.OFFICER)
    one.law = replace(one.law, profile=build.law_with(returning={"result_signature": "named"}).profile)
    one.dossier = changed(one.now, status="in_process", due_at=MONDAY)
    one.accepts(result, AGENCY)
    back = build.result_return("email")
    refused = one.refuses(back.model_copy(update={"address": "khac@vi-du.example"}), COUNTER)
    assert (refused.code, refused.fields) == ("rule.13.4.address", ("/address",))
    assert one.refuses(back, COUNTER).code == "rule.13.4.address"
    fact = one.accepts(back.model_copy(update={"address": ADDRESS.upper()}), COUNTER)[0]
    assert isinstance(fact, ResultReturned)
    assert (fact.channel, fact.address) == ("email", ADDRESS.upper())


def test_the_address_is_kept_sealed_with_the_applicant_and_brought_to_the_return() -> None:
    one = story()
    (fact,) = one.accepts(by_email(), COUNTER)
    assert isinstance(fact, DossierSubmitted)
    assert parties.opened(parties.kept(fact)) == parties.Parties(build.OWNER, sender_address=ADDRESS)
    one.facts = []
    one.dossier = changed(one.now, status="result_issued", result_papers=(build.RESULT_CODE,))
    with pytest.raises(ContextError):
        one.send(build.result_return("email"), COUNTER)


def test_an_import_warns_of_one_stops_without_a_mailbox_while_procedures_are_lodged_by_email() -> None:
    assert not [one for one in OFFICES.warnings() if "13.4" in one]
    assert [one for one in OFFICES.warnings((PROCEDURE,)) if "13.4" in one] == [
        f"{NEW_CENTRE}: 13.4: procedures in force come by e-mail too ({PROCEDURE}), and no mailbox is given"
    ]
