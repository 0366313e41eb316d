"""Papers of another dossier (17.10): the hub believes what it stores itself, not what the request says."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from hub.dossier.decide import decide
from hub.dossier.decision import Refused
from hub.dossier.errors import ContextError
from hub.dossier.rules.copies import packages_of
from hub.dossier.rules.reuse_paper import is_same
from hub.dossier.source import SourceDossier
from hub.dossier.state import codec
from hub.dossier.state.model import Holding
from hub.dossier.verification import UnverifiedCopy, VerifiedCopy
from schemas.component import ComponentReusable, ComponentReused, ReusedPaper
from schemas.copy import CopyFile
from schemas.party import Party
from tests.support import dossiers as build
from tests.support import reuse
from tests.support.dossiers import COUNTER, MONDAY, OWNER, PORTAL, Story, at
from tests.support.reuse import OTHER_CODE, PAPER

COMPONENT = build.papers()[1].code
REUSE = reuse.reuse(COMPONENT)


def lodged(
    other: SourceDossier | None = None, paper: VerifiedCopy | UnverifiedCopy | None = None, **changes: Any
) -> Story:
    """Lodged without its second paper by an identified applicant; the other dossier lies beside it."""
    return reuse.beside(build.identified(components=build.papers(count=1), **changes), other, paper)


@pytest.mark.rule("17.10")
def test_a_valid_paper_of_a_successful_dossier_comes_in_electronically() -> None:
    story = lodged()
    (fact,) = story.accepts(REUSE, COUNTER)
    assert isinstance(fact, ComponentReused)
    assert fact.reused_at == MONDAY
    assert fact.paper == ReusedPaper(
        dossier=OTHER_CODE,
        package=PAPER,
        kind="result",
        component=build.RESULT_CODE,
        manifest="d" * 64,
        valid_until=date(2026, 10, 5),
        files=(CopyFile(digest="f" * 64, size=2000, media_type="application/pdf", pages=1),),
    )
    assert story.now.components[-1] == Holding(COMPONENT, 0, 0, electronic=True)
    assert COMPONENT not in story.now.paper_codes
    assert story.now.reused == (COMPONENT,)
    assert codec.from_json(codec.to_json(story.now)) == story.now


def announced(**changes: Any) -> ComponentReusable:
    return reuse.other_dossier().papers[0].model_copy(update=changes)


@pytest.mark.rule("17.10")
@pytest.mark.parametrize("applicant", [OWNER, build.ENTERPRISE, build.FOREIGNER])
@pytest.mark.parametrize(
    "other",
    [
        None,
        {"applicant": None, "papers": ()},
        {"applicant": OWNER.model_copy(update={"identity_number": "083190000077"})},
        {
            "applicant": build.ENTERPRISE.model_copy(update={"tax_code": "0100233488-001"}),
            "status": "declined",
        },
        {"status": "submitted", "papers": ()},
        {"status": "in_process", "papers": ()},
        {"status": "declined", "papers": ()},
        {"status": "withdrawn", "papers": ()},
        {"status": "in_process"},
        {"status": "declined"},
        {"status": "returned", "papers": ()},
        {"status": "returned", "papers": (announced(package="e" * 64),)},
    ],
)
def test_whatever_the_other_dossier_is_who_names_none_of_its_papers_hears_one_answer(
    applicant: Party, other: dict[str, Any] | None
) -> None:
    found = reuse.other_dossier(**{"applicant": applicant, **(other or {})})
    start = build.identified if applicant is OWNER else build.submitted
    one = reuse.beside(start(components=build.papers(count=1), applicant=applicant), found)
    if applicant is not OWNER:
        build.seen(one)
    if other is None:
        one.sources = {}
    assert one.refuses(REUSE, COUNTER) == Refused("rule.17.10.paper", "17.10", ("/paper",))


@pytest.mark.rule("17.10")
@pytest.mark.parametrize("outcome", ["none", "requested", "mismatched", "unavailable"])
def test_nobody_gets_at_papers_under_a_number_that_is_not_matched(outcome: str) -> None:
    story = build.submitted(components=build.papers(count=1))
    if outcome != "none":
        story.accepts(build.verification(), COUNTER)
    if outcome in {"mismatched", "unavailable"}:
        check = story.now.owner.check
        assert check is not None
        story.accepts(build.identity_answer(check, outcome), build.POPULATION)
    assert story.refuses(REUSE, PORTAL).code == "rule.17.10.identity"


@pytest.mark.rule("17.10")
@pytest.mark.parametrize("code", ["document.missing", "signature.file_missing", "signature.digest"])
def test_a_paper_whose_package_is_gone_or_does_not_hold_is_refused_with_that_reason(code: str) -> None:
    story = lodged(paper=UnverifiedCopy(code))
    assert story.refuses(REUSE, COUNTER) == Refused(code, "17.10", ("/paper/package",))


@pytest.mark.rule("17.10")
def test_another_valid_package_of_the_same_manifest_does_not_stand_for_the_one_that_was_certified() -> None:
    """Who has no key can give a signature other bytes that verify too: a digest names bytes, not contents."""
    story = lodged()
    story.copies = {"e" * 64: reuse.kept_paper()}
    other = reuse.reuse(COMPONENT, package="e" * 64)
    assert story.refuses(other, COUNTER) == Refused("rule.17.10.paper", "17.10", ("/paper",))


@pytest.mark.rule("17.10")
def test_the_last_day_of_a_paper_counts_and_the_next_does_not() -> None:
    lodged().accepts(REUSE, COUNTER, at("2026-10-05 23:59"))
    refused = lodged().refuses(REUSE, COUNTER, at("2026-10-06 00:00"))
    assert refused == Refused("rule.17.10.expired", "17.10", ("/paper/package",))
    lodged(paper=reuse.kept_paper(valid_until=None)).accepts(REUSE, COUNTER, at("2031-01-06 09:00"))


@pytest.mark.rule("17.10")
@pytest.mark.parametrize(
    ("scope", "is_taken"),
    [
        (None, True),
        ("Toàn quốc", True),
        (build.PROCEDURE, True),
        (f"{build.PROCEDURE_OF_THE_DAY}, {build.PROCEDURE}.000.00.00.H07", True),
        (build.PROCEDURE_OF_THE_DAY, False),
        (f"Thủ tục {build.PROCEDURE_OF_THE_DAY}.000.00.00.H07 tại tỉnh Bến Tre", False),
        (f"{build.PROCEDURE}9", True),
    ],
)
def test_a_scope_that_names_procedures_serves_only_those(scope: str | None, is_taken: bool) -> None:
    story = lodged(paper=reuse.kept_paper(scope=scope))
    if is_taken:
        story.accepts(REUSE, COUNTER)
    else:
        assert story.refuses(REUSE, COUNTER) == Refused("rule.17.10.scope", "17.10", ("/paper/package",))


def test_an_enterprise_and_a_foreigner_are_checked_by_hand_and_reuse_their_papers() -> None:
    for applicant in (build.ENTERPRISE, build.FOREIGNER):
        story = build.submitted(components=build.papers(count=1), applicant=applicant)
        reuse.beside(story, reuse.other_dossier(applicant=applicant))
        assert story.refuses(REUSE, COUNTER).code == "rule.17.10.identity"
        build.seen(story).accepts(REUSE, COUNTER)


@pytest.mark.rule("17.10")
def test_the_paper_of_a_citizen_whom_the_database_does_not_know_opens_no_other_dossier() -> None:
    story = reuse.beside(build.submitted(components=build.papers(count=1)), reuse.other_dossier())
    build.seen(story)
    assert story.refuses(REUSE, COUNTER).code == "rule.17.10.identity"


def party(**changes: Any) -> Party:
    return Party(**{"kind": "citizen", "name": "Nguyễn Thị Mẫu", **changes})


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        (
            party(identity_number="083190000001"),
            party(identity_number="083190000001", name="N. T. Mẫu"),
            True,
        ),
        (party(identity_number="083190000001"), party(identity_number="083190000002"), False),
        (party(old_identity_number="320000001"), party(old_identity_number="320000001"), True),
        (party(identity_number="083190000001"), party(old_identity_number="320000001"), False),
        (
            party(identity_number="083190000001", old_identity_number="320000001"),
            party(identity_number="083190000002", old_identity_number="320000001"),
            False,
        ),
        (party(travel_document="X0000001"), party(travel_document="X0000001", name="NGUYỄN THỊ MẪU"), True),
        (party(travel_document="X0000001"), party(travel_document="X0000001", name="John Sample"), False),
        (build.ENTERPRISE, build.ENTERPRISE, True),
        (build.ENTERPRISE, build.ENTERPRISE.model_copy(update={"tax_code": "0100233488-001"}), False),
        (build.ENTERPRISE, party(identity_number="083190000001", tax_code="0100233488"), False),
    ],
)
def test_the_first_number_that_both_submissions_have_decides(
    one: Party, other: Party, is_alike: bool
) -> None:
    assert is_same(one, other) is is_alike
    assert is_same(other, one) is is_alike


def test_to_be_without_the_applicant_or_the_package_is_a_bug_and_no_refusal() -> None:
    assert packages_of(REUSE) == (PAPER,)
    left_out: tuple[dict[str, Any], ...] = ({"applicant": None}, {"copies": {}})
    for changes in left_out:
        story = lodged()
        context = story.context(COUNTER, MONDAY)
        with pytest.raises(ContextError):
            decide(story.now, REUSE, msgspec.structs.replace(context, **changes))


def test_a_reuse_of_data_needs_no_other_dossier_and_no_package() -> None:
    assert packages_of(reuse.reuse(COMPONENT, check="c")) == ()


@pytest.mark.parametrize("day", [20000, "2026-08-06T00:00:00", True])
def test_a_day_is_written_as_a_date(day: object) -> None:
    found: dict[str, Any] = {
        "kind": "copy",
        "component": "x",
        "manifest": "d" * 64,
        "valid_until": day,
        "files": (),
    }
    with pytest.raises(ValueError, match="valid_until"):
        ReusedPaper(dossier=OTHER_CODE, package=PAPER, **found)
