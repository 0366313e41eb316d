"""Verification, its appointments and its file: Art. 17.3."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.dossier.rules.copies import packages_of
from hub.dossier.turn import open_requests
from hub.dossier.verification import SignedBy, UnverifiedCopy, VerifiedCopy, VerifiedFile
from schemas.result import ResultIssued
from schemas.verification import Participant, VerificationRecorded, VerificationScheduled
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, MONDAY, OTHER_AGENCY, Story, at

TUESDAY = at("2026-10-06 08:30")
PACKAGE, SCAN = "1" * 64, "f" * 64


def file_of(name: str = "XM-01", organisation: str = AGENCY_CODE, **changes: Any) -> VerifiedCopy:
    """The verified package of a verification's file."""
    officer = SignedBy(organisation, "canbo.mau", TUESDAY, MONDAY, TUESDAY + timedelta(days=1))
    files = (VerifiedFile(SCAN, 2000, "application/pdf", 3),)
    values: dict[str, Any] = {"purpose": "copy", "dossier": build.DOSSIER_ID, "officer": officer}
    return VerifiedCopy(**{**values, "component": name, "manifest": "a" * 64, "files": files, **changes})


def with_file(outcome: VerifiedCopy | UnverifiedCopy) -> Story:
    story = build.in_process()
    story.copies = {PACKAGE: outcome}
    return story


@pytest.mark.rule("17.3.b")
def test_an_appointment_has_time_place_participants_and_content() -> None:
    story = build.in_process()
    (fact,) = story.accepts(build.appointment(TUESDAY), AGENCY)
    assert isinstance(fact, VerificationScheduled)
    assert (fact.verification, fact.at, fact.agency) == ("XM-01", TUESDAY, AGENCY_CODE)
    (asked,) = [one for one in open_requests(story.now) if "XM-01" in one.what]
    assert (asked.of, asked.since) == (AGENCY_CODE, TUESDAY)
    for field, value in (("place", " "), ("content", "\n")):
        refused = story.refuses(build.appointment(TUESDAY, **{field: value}), AGENCY)
        assert (refused.code, refused.fields) == ("rule.17.3.b.blank", (f"/{field}",))
    nobody = build.appointment(
        TUESDAY, participants=(Participant(name="Lê Thị Thí Dụ"), Participant(name=" "))
    )
    assert story.refuses(nobody, AGENCY).fields == ("/participants/1/name",)


@pytest.mark.rule("17.3.b")
def test_an_appointment_lies_ahead_and_may_be_moved() -> None:
    story = build.in_process()
    refused = story.refuses(build.appointment(MONDAY), AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.3.b.past", ("/at",))
    story.accepts(build.appointment(TUESDAY), AGENCY)
    later = TUESDAY + timedelta(hours=2)
    story.accepts(build.appointment(later), AGENCY)
    assert story.now.verifications["XM-01"].at == later


def test_only_the_competent_agency_verifies() -> None:
    story = build.in_process()
    for sender in (COUNTER, OTHER_AGENCY):
        refused = story.refuses(build.appointment(TUESDAY), sender)
        assert refused.code == "security.foreign_organisation"
    assert build.accepted().refuses(build.verified(MONDAY), AGENCY).code == "rule.19.4"


@pytest.mark.rule("17.3.b")
def test_a_result_waits_until_the_verification_is_on_file() -> None:
    story = build.in_process()
    story.accepts(build.appointment(TUESDAY), AGENCY)
    assert story.refuses(build.issue(), AGENCY).code == "rule.17.3.b.open"
    (fact,) = story.accepts(build.verified(TUESDAY), AGENCY, TUESDAY)
    assert isinstance(fact, VerificationRecorded)
    assert (fact.outcome, fact.exception, fact.files) == ("confirmed", "Điều 9 Luật mẫu", ())
    assert not [one for one in open_requests(story.now) if "XM-01" in one.what]
    assert isinstance(story.accepts(build.issue(), AGENCY, TUESDAY)[0], ResultIssued)


@pytest.mark.rule("17.3.b")
def test_what_is_on_file_is_neither_moved_nor_recorded_again() -> None:
    story = build.in_process()
    story.accepts(build.verified(MONDAY), AGENCY)
    for request in (build.appointment(TUESDAY), build.verified(MONDAY)):
        assert story.refuses(request, AGENCY).code == "state.verification_recorded"
    assert story.accepts(build.verified(MONDAY, "XM-02"), AGENCY)


@pytest.mark.rule("17.3.b")
def test_a_record_says_what_was_found_and_when() -> None:
    story = build.in_process()
    refused = story.refuses(build.verified(MONDAY, findings=" "), AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.3.b.findings", ("/findings",))
    for moment in (MONDAY + timedelta(seconds=1), MONDAY - timedelta(days=1)):
        refused = story.refuses(build.verified(moment), AGENCY)
        assert (refused.code, refused.fields) == ("rule.17.3.b.time", ("/verified_at",))


@pytest.mark.rule("17.3.b")
def test_a_verification_has_a_file_or_the_law_that_provides_otherwise() -> None:
    story = build.in_process()
    for missing, fields in ((None, ("/package", "/exception")), (" ", ("/exception",))):
        refused = story.refuses(build.verified(MONDAY, exception=missing), AGENCY)
        assert (refused.code, refused.fields) == ("rule.17.3.b.file", fields)
    not_held = build.verified(MONDAY, exception=None, outcome="not_held", findings="Vắng mặt có lý do")
    assert story.accepts(not_held, AGENCY)


@pytest.mark.rule("17.3.b")
def test_the_file_is_named_with_what_was_verified_of_it() -> None:
    story = with_file(file_of())
    request = build.verified(TUESDAY, exception=None, package=PACKAGE)
    assert packages_of(request) == (PACKAGE,)
    assert packages_of(build.verified(TUESDAY)) == ()
    (fact,) = story.accepts(request, AGENCY, TUESDAY)
    assert isinstance(fact, VerificationRecorded)
    assert [(file.digest, file.pages) for file in fact.files] == [(SCAN, 3)]


@pytest.mark.rule("17.3.b")
@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (file_of("XM-02"), "rule.17.3.b.other_file"),
        (file_of(organisation="H07.21"), "rule.17.3.b.other_file"),
        (file_of(dossier="0199aaaa-bbbb-7ccc-8ddd-eeeeffff0002"), "rule.17.3.b.other_file"),
        (file_of(purpose="result"), "rule.17.3.b.other_file"),
        (UnverifiedCopy("signature.digest"), "signature.digest"),
    ],
)
def test_a_file_of_something_else_is_none(outcome: VerifiedCopy | UnverifiedCopy, code: str) -> None:
    request = build.verified(TUESDAY, exception=None, package=PACKAGE)
    refused = with_file(outcome).refuses(request, AGENCY, TUESDAY)
    assert (refused.code, refused.rule, refused.fields) == (code, "17.3.b", ("/package",))


@pytest.mark.rule("17.3.b")
def test_a_file_is_signed_about_when_it_is_received() -> None:
    request = build.verified(TUESDAY, exception=None, package=PACKAGE)
    late = TUESDAY + timedelta(days=2)
    assert with_file(file_of()).refuses(request, AGENCY, late).code == "signature.signing_time"
