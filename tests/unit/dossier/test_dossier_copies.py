"""Digitised copies and signed results in the rules: Art. 15.6.c, 17.1, 17.10."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from hub.dossier.decision import Context, Refused, Sender
from hub.dossier.errors import ContextError
from hub.dossier.rules.copies import packages_of
from hub.dossier.rules.digitising import required
from hub.dossier.standing import possible_now
from hub.dossier.state.codec import from_json, to_json
from hub.dossier.state.evolve import evolve
from hub.dossier.state.model import Dossier
from hub.dossier.verification import CopyOutcome, SignedBy, UnverifiedCopy, VerifiedCopy, VerifiedFile
from schemas.copy import CertifyCopy, CopyCertified, CopyRegistered, RegisterCopy
from schemas.dossier import Component, DossierForwarded
from schemas.result import IssueResult, ResultIssued, ResultPaper
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, MONDAY, OFFICER, ONE_STOP, RESULT_CODE, Story

PACKAGE, CERTIFIED, OTHER, MANIFEST, SCAN = ("1" * 64, "2" * 64, "3" * 64, "a" * 64, "f" * 64)
PAPERS = build.papers()
FIRST = PAPERS[0].code


def marked(is_marked: bool = True) -> tuple[Component, ...]:
    """The first paper has to have its digitised copy."""
    return (PAPERS[0].model_copy(update={"digitised": is_marked}), *PAPERS[1:])


def signed(organisation: str = ONE_STOP, account: str | None = "canbo.mau") -> SignedBy:
    return SignedBy(organisation, account, MONDAY, MONDAY - timedelta(minutes=5), MONDAY + timedelta(days=3))


def verified(**changes: Any) -> VerifiedCopy:
    values: dict[str, Any] = {
        "purpose": "copy",
        "dossier": build.DOSSIER_ID,
        "component": FIRST,
        "manifest": MANIFEST,
        "files": (VerifiedFile(SCAN, 2000, "application/pdf", 3),),
        "officer": signed(),
    }
    return VerifiedCopy(**{**values, **changes})


class WithCopies(Story):
    """A story whose context holds outcomes of verification."""

    outcomes: dict[str, CopyOutcome]

    def context(self, sender: Sender, now: Any) -> Context:
        return msgspec.structs.replace(super().context(sender, now), copies=self.outcomes)


def story_of(made: Story) -> WithCopies:
    story = WithCopies(made.law, made.dossier, made.facts, made.requests, made.owner)
    story.outcomes = {PACKAGE: verified()}
    return story


def accepted() -> WithCopies:
    return story_of(build.accepted(components=marked()))


def registration(**changes: Any) -> RegisterCopy:
    values: dict[str, Any] = {"component": FIRST, "package": PACKAGE, "files": (SCAN,), "officer": OFFICER}
    return RegisterCopy(**{**values, **changes})


def certification(**changes: Any) -> CertifyCopy:
    return CertifyCopy(**{"component": FIRST, "package": CERTIFIED, "officer": OFFICER, **changes})


# Registration


@pytest.mark.rule("15.6.c1")
def test_a_signed_copy_is_registered_with_what_was_verified() -> None:
    story = accepted()
    (fact,) = story.accepts(registration(), COUNTER)
    assert isinstance(fact, CopyRegistered)
    assert (fact.component, fact.package, fact.manifest) == (FIRST, PACKAGE, MANIFEST)
    assert [(file.digest, file.size, file.pages) for file in fact.files] == [(SCAN, 2000, 3)]
    assert (fact.officer, fact.organisation, fact.signed_at) == (OFFICER, ONE_STOP, MONDAY)
    assert story.now.digitised[FIRST].package == PACKAGE


@pytest.mark.rule("15.6.c2")
@pytest.mark.parametrize("code", ["signature.digest", "signature.chain", "document.missing"])
def test_a_copy_that_does_not_hold_is_refused_with_the_verifiers_reason(code: str) -> None:
    story = accepted()
    story.outcomes[PACKAGE] = UnverifiedCopy(code)
    assert story.refuses(registration(), COUNTER) == Refused(code, "15.6.c2", ("/package",))


@pytest.mark.rule("15.6.c2")
@pytest.mark.parametrize("late", [timedelta(days=4), -timedelta(minutes=6)])
def test_a_signature_is_received_in_its_time_only(late: timedelta) -> None:
    outcome = verified(
        officer=msgspec.structs.replace(
            signed(), good_from=MONDAY - late, good_until=MONDAY - late + timedelta(days=3)
        )
    )
    story = accepted()
    story.outcomes[PACKAGE] = outcome
    assert story.refuses(registration(), COUNTER).code == "signature.signing_time"


@pytest.mark.rule("15.6.c1")
@pytest.mark.parametrize(
    ("outcome", "request_", "fields"),
    [
        ({"dossier": "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0002"}, {}, ("/package",)),
        ({"component": PAPERS[1].code}, {}, ("/package",)),
        ({"purpose": "result"}, {}, ("/package",)),
        ({}, {"files": (OTHER,)}, ("/files",)),
        ({}, {"files": (SCAN, OTHER)}, ("/files",)),
        ({}, {"component": "KQ.G99.999999"}, ("/component",)),
    ],
    ids=["another dossier", "another component", "a result", "another file", "a file too much", "not held"],
)
def test_a_manifest_is_good_for_its_own_copy_only(
    outcome: dict[str, Any], request_: dict[str, Any], fields: tuple[str, ...]
) -> None:
    story = accepted()
    story.outcomes[PACKAGE] = verified(**outcome)
    refused = story.refuses(registration(**request_), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("rule.15.6.c1", "15.6.c1", fields)


@pytest.mark.rule("15.6.c1")
@pytest.mark.parametrize("signer", [signed(account="nguoi.khac"), signed(organisation="H07.34.99")])
def test_the_signer_is_the_officer_named_and_of_the_senders_organisation(signer: SignedBy) -> None:
    story = accepted()
    story.outcomes[PACKAGE] = verified(officer=signer)
    assert story.refuses(registration(), COUNTER).code == "rule.15.6.c1.officer"


def test_a_missing_outcome_is_a_bug_of_the_engine() -> None:
    story = accepted()
    with pytest.raises(ContextError):
        story.send(registration(package=OTHER), COUNTER)


def test_the_engine_is_told_which_packages_a_request_needs() -> None:
    assert packages_of(registration()) == (PACKAGE,)
    assert packages_of(certification()) == (CERTIFIED,)
    assert packages_of(result(PACKAGE, OTHER)) == (PACKAGE, OTHER)
    assert packages_of(build.issue()) == packages_of(build.forwarding()) == ()


# Forwarding


@pytest.mark.rule("15.6.c2")
def test_nothing_is_forwarded_before_every_required_copy_is_signed() -> None:
    story = accepted()
    refused = story.refuses(build.forwarding(), COUNTER)
    assert (refused.code, refused.rule) == ("rule.15.6.c2", "15.6.c2")
    assert refused.possible == ("onestop.copy.register.v1",)
    story.accepts(registration(), COUNTER)
    (fact,) = story.accepts(build.forwarding(), COUNTER)
    assert isinstance(fact, DossierForwarded)
    assert [item.digitised for item in fact.components] == [True, False]
    assert [(copy.component, copy.package, copy.manifest) for copy in fact.copies] == [
        (FIRST, PACKAGE, MANIFEST)
    ]


@pytest.mark.rule("15.6.c2")
def test_a_dossier_without_digitised_components_is_forwarded_as_before() -> None:
    story = build.accepted()
    assert required(story.now, story.context(COUNTER, MONDAY)) == ()
    story.accepts(build.forwarding(), COUNTER)


@pytest.mark.rule("15.6.c2")
def test_a_profile_may_want_every_paper_digitised() -> None:
    story = build.accepted()
    story.law = build.law_with(intake={"scan_scope": "all"})
    assert required(story.now, story.context(COUNTER, MONDAY)) == tuple(item.code for item in PAPERS)
    assert story.refuses(build.forwarding(), COUNTER).code == "rule.15.6.c2"


@pytest.mark.rule("15.6.c2")
def test_a_supplement_does_not_take_back_that_a_paper_has_to_be_digitised() -> None:
    story = build.submitted(components=marked())
    story.accepts(build.supplement_request(), COUNTER)
    story.accepts(build.supplement(components=marked(is_marked=False)), COUNTER)
    assert [item.is_digitised for item in story.now.components] == [True, False]


def test_a_better_scan_takes_the_place_of_the_first() -> None:
    story = accepted()
    story.accepts(registration(), COUNTER)
    story.outcomes[OTHER] = verified(manifest="b" * 64)
    story.accepts(registration(package=OTHER), COUNTER)
    assert story.now.digitised[FIRST].package == OTHER


# Certification


def received() -> WithCopies:
    story = accepted()
    story.accepts(registration(), COUNTER)
    story.accepts(build.forwarding(), COUNTER)
    story.accepts(build.receipt(), AGENCY)
    story.outcomes[CERTIFIED] = verified(agency=signed(AGENCY_CODE, None))
    return story


@pytest.mark.rule("17.1")
def test_the_agency_certifies_the_registered_copy_once() -> None:
    story = received()
    assert "onestop.copy.certify.v1" in possible_now(story.now)
    (fact,) = story.accepts(certification(), AGENCY)
    assert isinstance(fact, CopyCertified)
    assert (fact.agency, fact.manifest) == (AGENCY_CODE, MANIFEST)
    assert story.now.digitised[FIRST].is_certified
    assert story.refuses(certification(), AGENCY).code == "state.conflict"
    assert story.refuses(registration(), COUNTER).code == "state.conflict"


def test_copies_are_stored_with_the_state_and_nothing_personal_of_them() -> None:
    story = received()
    story.accepts(certification(), AGENCY)
    stored = to_json(story.now)
    assert from_json(stored) == story.now
    assert not [value for value in build.PERSONAL_VALUES if value in stored.decode()]
    replayed: Dossier | None = None
    for fact, moment, sender in story.facts:
        replayed = evolve(replayed, fact, moment, sender, story.law)
    assert replayed == story.dossier


@pytest.mark.rule("17.1")
@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (verified(), "signature.not_signed_by_agency"),
        (verified(agency=signed("H07.21", None)), "signature.wrong_role"),
        (verified(agency=signed(AGENCY_CODE, None), manifest="b" * 64), "rule.17.1"),
        (UnverifiedCopy("signature.signature_value"), "signature.signature_value"),
        (
            verified(
                agency=SignedBy(AGENCY_CODE, None, MONDAY, MONDAY - timedelta(9), MONDAY - timedelta(8))
            ),
            "signature.signing_time",
        ),
    ],
)
def test_a_certification_needs_the_agencys_own_timely_signature(outcome: CopyOutcome, code: str) -> None:
    story = received()
    story.outcomes[CERTIFIED] = outcome
    assert story.refuses(certification(), AGENCY).code == code


@pytest.mark.rule("17.1")
def test_what_was_not_registered_is_not_certified() -> None:
    story = received()
    assert story.refuses(certification(component=PAPERS[1].code), AGENCY).fields == ("/component",)


# Results


def result(*packages: str | None) -> IssueResult:
    codes = [RESULT_CODE, "KQ.G15.000039"]
    named = tuple(
        ResultPaper(code=code, number="01/XN", package=package)
        for code, package in zip(codes, packages, strict=False)
    )
    return IssueResult(papers=named, signer=OFFICER)


def decided(**changes: Any) -> WithCopies:
    story = story_of(build.in_process())
    values = {
        "purpose": "result",
        "component": RESULT_CODE,
        "officer": signed(AGENCY_CODE),
        "agency": signed(AGENCY_CODE, None),
    }
    story.outcomes[OTHER] = verified(**{**values, **changes})
    return story


@pytest.mark.rule("17.10")
def test_a_result_signed_by_the_competent_person_and_the_agency_is_issued() -> None:
    fact, _ = decided().accepts(result(OTHER), AGENCY)
    assert isinstance(fact, ResultIssued)
    assert fact.papers[0].package == OTHER


@pytest.mark.rule("17.10")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"officer": signed(AGENCY_CODE, "nguoi.khac")}, "rule.17.10.signer"),
        ({"officer": signed("H07.21")}, "signature.wrong_role"),
        ({"agency": None}, "signature.not_signed_by_agency"),
        ({"agency": signed("H07.21", None)}, "signature.wrong_role"),
        ({"purpose": "copy"}, "rule.17.10.manifest"),
        ({"component": "KQ.G15.000039"}, "rule.17.10.manifest"),
        ({"dossier": "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0002"}, "rule.17.10.manifest"),
        (
            {"agency": SignedBy(AGENCY_CODE, None, MONDAY, MONDAY - timedelta(9), MONDAY - timedelta(8))},
            "signature.signing_time",
        ),
    ],
)
def test_a_result_that_the_wrong_one_signed_is_refused(changes: dict[str, Any], code: str) -> None:
    refused = decided(**changes).refuses(result(OTHER), AGENCY)
    assert (refused.code, refused.rule, refused.fields) == (code, "17.10", ("/papers/0/package",))


@pytest.mark.rule("17.10")
def test_the_verifiers_reason_is_the_results_reason() -> None:
    story = decided()
    story.law = build.law_with(returning={"result_papers": "any"})
    story.outcomes[OTHER] = UnverifiedCopy("signature.chain")
    assert story.refuses(result(None, OTHER), AGENCY) == Refused(
        "signature.chain", "17.10", ("/papers/1/package",)
    )


@pytest.mark.rule("17.10")
def test_a_profile_may_want_every_result_signed() -> None:
    story = decided()
    story.law = build.law_with(returning={"result_signature": "required"})
    refused = story.refuses(build.issue(), AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.10.signature", ("/papers/0/package",))
    story.accepts(result(OTHER), AGENCY)
