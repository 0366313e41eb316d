"""With what results and true copies are signed: certificates of the register, assigned officers (4.1, 17)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from hub.regulation.office_certificates import OfficeCertificate
from hub.regulation.organisations import Organisations
from hub.regulation.registered import Registers
from schemas.result import ResultPaper
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, MONDAY, OFFICER, RESULT_CODE
from tests.support.registers import delegated, merged, officers
from tests.unit.dossier.test_dossier_copies import (
    CERTIFIED,
    OTHER,
    certification,
    decided,
    received,
    result,
    signed,
    story_of,
    verified,
)


@pytest.mark.rule("17.10")
def test_a_result_without_paper_is_signed_whatever_the_agency_says_of_it() -> None:
    story = story_of(build.in_process(result_form="electronic"))
    bare = result(None).model_copy(
        update={"papers": (ResultPaper(code=RESULT_CODE, number="01/XN", mode="electronic"),)}
    )
    refused = story.refuses(bare, AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.10.signature", ("/papers/0/package",))
    story.law = build.law_with(returning={"result_signature": "named"})
    story.accepts(bare, AGENCY)


@pytest.mark.rule("17.10")
def test_what_a_one_stop_decides_its_own_officer_signs_with_the_agency() -> None:
    story = decided(officer=signed(build.ONE_STOP))
    assert story.refuses(result(OTHER), AGENCY).code == "signature.wrong_role"
    story.dossier = replace(story.now, status="accepted")
    given = delegated(f"{OFFICER.account},{AGENCY_CODE},6.2.c,{build.PROCEDURE}")
    story.registers = Registers(roster=officers(given=given))
    story.accepts(result(OTHER), build.COUNTER)


def holding(certificate: str = "b" * 64, **changes: Any) -> Registers:
    """The register has a certificate of the agency."""
    one = OfficeCertificate(
        organisation=AGENCY_CODE, certificate_sha256=certificate, in_force_from=date(2026, 1, 1), **changes
    )
    return Registers(Organisations(merged().records[-1:], certificates=(one,)))


@pytest.mark.rule("4.1")
@pytest.mark.parametrize(
    ("registers", "is_taken"),
    [
        (holding(), True),
        (holding("c" * 64), False),
        (holding(in_force_until=MONDAY.date()), False),
        (Registers(Organisations(merged().records[-1:])), True),
    ],
)
def test_an_agency_signs_with_a_certificate_that_the_register_has_for_that_day(
    registers: Registers, is_taken: bool
) -> None:
    story = decided(agency=replace(signed(AGENCY_CODE, None), certificate="b" * 64))
    story.registers = registers
    if is_taken:
        story.accepts(result(OTHER), AGENCY)
    else:
        assert story.refuses(result(OTHER), AGENCY).code == "organisation.other_certificate"
    certified = received()
    certified.outcomes[CERTIFIED] = verified(
        officer=signed(), agency=replace(signed(AGENCY_CODE, None), certificate="b" * 64)
    )
    certified.registers = registers
    if is_taken:
        certified.accepts(certification(), AGENCY)
    else:
        assert certified.refuses(certification(), AGENCY).code == "organisation.other_certificate"
