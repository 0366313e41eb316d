"""What a result makes reusable (17.10): certified copies and signed result papers, nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.dossier.verification import SignedBy
from hub.engine.decide.routing import receivers
from hub.inbound.directory import Directory
from schemas.component import ComponentReusable
from schemas.copy import CertifyCopy, RegisterCopy
from schemas.result import CorrectedPaper, CorrectResult, IssueResult, ResultIssued, ResultPaper
from tests.support import dossiers as build
from tests.support.dossiers import (
    AGENCY,
    AGENCY_CODE,
    COUNTER,
    MONDAY,
    OFFICER,
    ONE_STOP,
    PORTAL,
    POSTAL,
    RESULT_CODE,
    Story,
    at,
)
from tests.support.reuse import kept_paper

REGISTERED, CERTIFIED, RESULT = "1" * 64, "2" * 64, "3" * 64
FIRST, SECOND = (paper.code for paper in build.papers())
ISSUED_AT = at("2026-10-06 10:00")


def signed(organisation: str, account: str | None = "canbo.mau") -> SignedBy:
    return SignedBy(organisation, account, MONDAY, MONDAY - timedelta(minutes=5), MONDAY + timedelta(days=3))


def package(manifest: str, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "purpose": "copy",
        "dossier": build.DOSSIER_ID,
        "component": FIRST,
        "manifest": manifest * 64,
        "officer": signed(ONE_STOP),
        "agency": None,
    }
    return kept_paper(**{**values, **changes})


def at_the_agency() -> Story:
    """In process with two registered copies, of which the agency certified the first."""
    story = build.accepted()
    story.copies = {
        REGISTERED: package("a"),
        CERTIFIED: package("a", agency=signed(AGENCY_CODE, None)),
        "4" * 64: package("b", component=SECOND),
        RESULT: package(
            "c",
            purpose="result",
            component=RESULT_CODE,
            officer=signed(AGENCY_CODE),
            agency=signed(AGENCY_CODE, None),
        ),
    }
    for component, digest in ((FIRST, REGISTERED), (SECOND, "4" * 64)):
        registration = RegisterCopy(component=component, package=digest, files=("f" * 64,), officer=OFFICER)
        story.accepts(registration, COUNTER)
    story.accepts(build.forwarding(), COUNTER)
    build.hand_on(story)
    story.accepts(build.receipt(), AGENCY)
    story.accepts(CertifyCopy(component=FIRST, package=CERTIFIED, officer=OFFICER), AGENCY)
    return story


def result(*packages: str | None) -> IssueResult:
    papers = tuple(
        ResultPaper(code=RESULT_CODE if number == 0 else f"KQ.{number}", number="01/XN", package=digest)
        for number, digest in enumerate(packages)
    )
    return IssueResult(papers=papers, signer=OFFICER)


@pytest.mark.rule("17.10")
def test_a_result_makes_the_certified_copies_and_its_signed_papers_reusable() -> None:
    story = at_the_agency()
    story.law = build.law_with(returning={"result_papers": "any"})
    issued, *reusable = story.accepts(result(RESULT, None), AGENCY, ISSUED_AT)
    assert isinstance(issued, ResultIssued)
    told: dict[str, Any] = {"agency": AGENCY_CODE, "reusable_from": ISSUED_AT}
    assert reusable == [
        ComponentReusable(kind="copy", component=FIRST, package=CERTIFIED, manifest="a" * 64, **told),
        ComponentReusable(kind="result", component=RESULT_CODE, package=RESULT, manifest="c" * 64, **told),
    ]


@pytest.mark.rule("17.10")
def test_nothing_becomes_reusable_without_a_successful_result() -> None:
    declined = at_the_agency()
    facts = declined.accepts(build.refusal(), AGENCY)
    assert not any(isinstance(fact, ComponentReusable) for fact in facts)
    unsigned = build.in_process()
    (only,) = unsigned.accepts(result(None), AGENCY)
    assert isinstance(only, ResultIssued)


def test_one_stop_and_agency_are_told_what_is_reusable_and_the_portal_and_the_post_are_not() -> None:
    story = at_the_agency()
    *_, fact = story.accepts(result(RESULT), AGENCY, ISSUED_AT)
    directory = Directory((COUNTER, AGENCY, PORTAL, POSTAL, build.OTHER_COUNTER, build.OTHER_AGENCY))
    assert receivers(story.now, story.now, fact, directory) == ("counter-mau", "agency-mau")


@pytest.mark.rule("17.10")
def test_a_corrected_paper_is_reusable_from_its_correction_and_signed_as_a_result_is() -> None:
    story = at_the_agency()
    story.accepts(result(None), AGENCY, ISSUED_AT)
    new = ResultPaper(code=RESULT_CODE, number="02/XN", package=RESULT)
    wrong = CorrectedPaper(code=RESULT_CODE, number="01/XN", kind="replaced", new=new)
    request = CorrectResult(papers=(wrong,), fault="agency", reason="Sai ngày", signer=OFFICER)
    later = at("2026-10-07 10:00")
    _, reusable = story.accepts(request, AGENCY, later)
    assert isinstance(reusable, ComponentReusable)
    assert (reusable.package, reusable.reusable_from) == (RESULT, later)
    forged = story.copies[RESULT]
    story.copies = {**story.copies, RESULT: package("c", component=RESULT_CODE)}
    assert forged != story.copies[RESULT]
    refused = story.refuses(request, AGENCY, later)
    assert (refused.code, refused.fields) == ("rule.17.10.manifest", ("/papers/0/new/package",))
