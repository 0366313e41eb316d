"""Reuse of shared data and papers (15.5, 15.6.b, 17.10): what is used, and not asked for again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from hub.directory import Directory
from hub.dossier import codec
from hub.dossier.reuse import data_may_be_used
from hub.dossier.state import Holding, SharedData
from hub.routing import receivers
from schemas.component import (
    ComponentReused,
    MismatchRecorded,
    ReuseComponent,
    ReusedData,
    ReusedPaper,
)
from schemas.dossier import Gap
from schemas.identity import IdentityCheckRequested, IdentityMatched
from schemas.person_data import PersonDataReceived, PersonDatum, Relative, ReportPersonData
from schemas.personal import split
from tests.support import dossiers as build
from tests.support.dossiers import COUNTER, MONDAY, OFFICER, POPULATION, PORTAL, Story, mismatch

DATA = (PersonDatum(field="sex", value="2"), PersonDatum(field="residence_ward", value="28756"))
HEAD = Relative(relation="head_of_household", name="Trần Thị Chủ Hộ Giả", identity_number="000165000009")


def half_lodged(**changes: Any) -> Story:
    """Lodged with the first of the procedure's papers only."""
    return build.submitted(components=build.papers(count=1), **changes)


def missing() -> str:
    """The component that `half_lodged` left out."""
    return build.papers()[1].code


def person_data(check: str, **changes: Any) -> ReportPersonData:
    values: dict[str, Any] = {
        "check": check,
        "asked_at": MONDAY,
        "query": check,
        "purpose": build.PROCEDURE,
        "usable_until": MONDAY + timedelta(days=1),
        "data": DATA,
        "relatives": (HEAD,),
    }
    return ReportPersonData(**{**values, **changes})


def asked(story: Story) -> str:
    """Ask about the owner; the id of the check."""
    story.accepts(build.verification(), COUNTER)
    check = story.now.owner.check
    assert check is not None
    return check


def informed() -> tuple[Story, str]:
    """Half lodged, and shared data received."""
    story = half_lodged()
    check = asked(story)
    story.accepts(person_data(check), POPULATION)
    return story, check


def paper(**changes: Any) -> ReuseComponent:
    values: dict[str, Any] = {
        "dossier": "H07.34.12-260803-0002",
        "outcome": "result_issued",
        "digest": "0" * 64,
        "issued_on": date(2026, 8, 6),
        "valid_until": date(2026, 10, 5),
        "procedures": (f"{build.PROCEDURE}.000.00.00.H07",),
        "owner_number": build.OWNER.identity_number,
    }
    return ReuseComponent(component=missing(), paper=ReusedPaper(**{**values, **changes}), officer=OFFICER)


def data(check: str, *fields: Any) -> ReuseComponent:
    return ReuseComponent(
        component=missing(), data=ReusedData(check=check, fields=fields or ("sex",)), officer=OFFICER
    )


@pytest.mark.rule("15.6.b1")
def test_a_lookup_that_found_the_person_is_a_match_and_its_data_in_one() -> None:
    story = half_lodged()
    check = asked(story)
    matched, received = story.accepts(person_data(check), POPULATION)
    assert isinstance(matched, IdentityMatched)
    assert isinstance(received, PersonDataReceived)
    assert (received.party, received.data, received.relatives) == ("owner", DATA, (HEAD,))
    assert story.now.owner.outcome == "matched"
    assert story.now.shared_data == {
        check: SharedData(MONDAY + timedelta(days=1), ("sex", "residence_ward", "head_of_household"))
    }


def test_no_value_of_shared_data_stays_in_the_state_and_all_of_them_are_sealed_in_the_fact() -> None:
    story, _ = informed()
    stored = codec.to_json(story.now).decode()
    assert codec.from_json(stored.encode()) == story.now
    fact = story.facts[-1][0]
    opened, personal = split(PersonDataReceived, fact.model_dump(mode="json"))
    for value in ("28756", HEAD.name, "000165000009"):
        assert value not in stored
        assert value not in str(opened)
        assert value in str(personal)


@pytest.mark.rule("15.6.b1")
def test_data_that_come_after_their_end_tell_the_match_alone() -> None:
    story = half_lodged()
    report = person_data(asked(story), usable_until=MONDAY)
    (fact,) = story.accepts(report, POPULATION)
    assert isinstance(fact, IdentityMatched)
    assert story.now.shared_data == {}
    assert data_may_be_used(report, story.context(POPULATION, MONDAY - timedelta(seconds=1)))


def test_data_of_a_check_that_was_answered_or_never_asked_are_refused() -> None:
    story, check = informed()
    assert story.refuses(person_data(check), POPULATION).code == "identity.already_answered"
    assert story.refuses(person_data("never-asked"), POPULATION).code == "identity.unknown_check"


def test_shared_data_go_to_the_counters_of_the_one_stop_and_to_nobody_else() -> None:
    story = half_lodged(sender=PORTAL, channel="online")
    before = story.now
    fact = PersonDataReceived(
        check="c", asked_at=MONDAY, query="c", purpose="p", usable_until=MONDAY, data=DATA, party="owner"
    )
    directory = Directory((COUNTER, PORTAL, POPULATION, build.AGENCY, build.OTHER_COUNTER))
    assert receivers(before, story.now, fact, directory) == ("counter-mau",)
    recorded = MismatchRecorded(**dict(mismatch(missing())))
    assert receivers(before, story.now, recorded, directory) == ("counter-mau",)


def test_the_check_names_the_role_that_asks_and_the_wanted_data() -> None:
    story = half_lodged()
    request = build.verification().model_copy(update={"wanted": ("sex",)})
    (fact,) = story.accepts(request, COUNTER)
    assert isinstance(fact, IdentityCheckRequested)
    assert (fact.asked_by, fact.wanted) == ("counter", ("sex",))
    (fact,) = story.accepts(request, PORTAL)
    assert isinstance(fact, IdentityCheckRequested)
    assert fact.asked_by == "portal"


@pytest.mark.rule("17.10")
def test_a_valid_paper_of_a_successful_dossier_comes_in_electronically() -> None:
    story = half_lodged()
    (fact,) = story.accepts(paper(), COUNTER)
    assert isinstance(fact, ComponentReused)
    assert fact.reused_at == MONDAY
    assert story.now.components[-1] == Holding(missing(), 0, 0, electronic=True)
    assert missing() not in story.now.paper_codes
    assert story.now.reused == (missing(),)
    assert codec.from_json(codec.to_json(story.now)) == story.now


@pytest.mark.rule("17.10")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"outcome": "declined"}, "rule.17.10.outcome"),
        ({"outcome": "withdrawn"}, "rule.17.10.outcome"),
        ({"outcome": "open"}, "rule.17.10.outcome"),
        ({"valid_until": date(2026, 10, 4)}, "rule.17.10.expired"),
        ({"issued_on": date(2026, 10, 6)}, "rule.17.10.expired"),
        ({"procedures": (build.PROCEDURE_OF_THE_DAY,)}, "rule.17.10.scope"),
        ({"owner_number": "083190000077"}, "rule.17.10.owner"),
        ({"owner_tax_code": "0100233488"}, "rule.17.10.owner"),
    ],
)
def test_a_paper_that_failed_ran_out_or_belongs_elsewhere_is_refused(
    changes: dict[str, Any], code: str
) -> None:
    refused = half_lodged().refuses(paper(**changes), COUNTER)
    assert (refused.code, refused.rule) == (code, "17.10")


@pytest.mark.rule("17.10")
def test_a_paper_without_an_end_and_for_every_procedure_is_reusable() -> None:
    half_lodged().accepts(paper(valid_until=None, procedures=()), COUNTER)


def test_a_foreigner_cannot_reuse_a_paper_by_a_number_that_is_not_theirs() -> None:
    story = half_lodged(applicant=build.FOREIGNER)
    assert story.refuses(paper(), COUNTER).code == "rule.17.10.owner"


def test_an_enterprise_reuses_its_paper_by_tax_code() -> None:
    story = half_lodged(applicant=build.ENTERPRISE)
    story.accepts(paper(owner_number=None, owner_tax_code="0100233488"), COUNTER)


@pytest.mark.rule("14.3")
def test_a_component_beyond_the_list_cannot_be_reused() -> None:
    request = paper().model_copy(update={"component": "KHONG-CO-TRONG-DANH-MUC"})
    assert half_lodged().refuses(request, COUNTER).code == "rule.14.3"


@pytest.mark.rule("15.6.b1")
def test_a_component_that_is_there_or_was_reused_is_not_reused_again() -> None:
    story = half_lodged()
    held = paper().model_copy(update={"component": build.papers()[0].code})
    assert story.refuses(held, COUNTER).code == "state.component_held"
    story.accepts(paper(), COUNTER)
    assert story.refuses(paper(), COUNTER).code == "state.component_held"


@pytest.mark.rule("15.6.b1")
def test_a_counter_names_its_officer_and_the_portal_need_not() -> None:
    story = half_lodged()
    nameless = paper().model_copy(update={"officer": None})
    assert story.refuses(nameless, COUNTER).code == "rule.15.6.b1.officer"
    story.accepts(nameless, PORTAL)


@pytest.mark.rule("15.6.b1")
def test_data_stand_for_a_component_while_they_may_be_used() -> None:
    story, check = informed()
    assert story.refuses(data("another-check"), COUNTER).fields == ("/data/check",)
    assert story.refuses(data(check, "sex", "religion"), COUNTER).fields == ("/data/fields/1",)
    too_late = story.refuses(data(check), COUNTER, MONDAY + timedelta(days=1))
    assert too_late.code == "rule.15.6.b1"
    story.accepts(data(check, "sex", "head_of_household"), COUNTER)


@pytest.mark.rule("15.6.b2")
def test_a_mismatch_is_recorded_for_a_taken_paper_and_changes_no_value() -> None:
    story = half_lodged()
    before = story.now.components
    (fact,) = story.accepts(mismatch(build.papers()[0].code), COUNTER)
    assert isinstance(fact, MismatchRecorded)
    assert fact.differences[0].on_paper == "28757"
    assert story.now.components == before
    assert story.now.mismatches == (build.papers()[0].code,)
    opened, _ = split(MismatchRecorded, fact.model_dump(mode="json"))
    assert "28757" not in str(opened)
    assert story.refuses(mismatch(missing()), COUNTER).code == "rule.15.6.b2.paper"


def test_a_mismatch_is_no_ground_against_acceptance() -> None:
    story = build.identified()
    story.accepts(mismatch(build.papers()[0].code), COUNTER)
    story.accepts(build.acceptance(), COUNTER)


@pytest.mark.rule("15.6.b2")
def test_after_a_mismatch_the_database_cannot_stand_for_that_paper() -> None:
    story = build.submitted()
    check = asked(story)
    story.accepts(person_data(check, usable_until=MONDAY + timedelta(days=9)), POPULATION)
    story.accepts(mismatch(missing()), COUNTER)
    story.accepts(build.supplement_request(), COUNTER)
    story.accepts(build.supplement(components=build.papers(count=1)), COUNTER)
    assert story.refuses(data(check), COUNTER).code == "rule.15.6.b2"
    story.accepts(paper(), COUNTER)


@pytest.mark.rule("15.5")
def test_what_was_reused_is_not_asked_for_again_except_to_update_or_verify_it() -> None:
    story = half_lodged()
    story.accepts(paper(), COUNTER)
    other = Gap(component=build.papers()[0].code, reason="Thiếu chữ ký")
    again = Gap(component=missing(), reason="Nộp lại bản giấy")
    refused = story.refuses(build.supplement_request(gaps=(other, again)), COUNTER)
    assert (refused.code, refused.fields) == ("rule.15.5", ("/gaps/1/component",))
    verify = Gap(component=missing(), reason="Xác minh tính xác thực", purpose="verify")
    story.accepts(build.supplement_request(gaps=(other, verify)), COUNTER)


def test_nothing_is_reused_after_acceptance() -> None:
    assert build.accepted().refuses(paper(), COUNTER).code == "state.conflict"


def test_a_reuse_names_exactly_one_source() -> None:
    with pytest.raises(ValueError, match="exactly one of paper and data"):
        ReuseComponent(component=missing(), officer=OFFICER)
    with pytest.raises(ValueError, match="exactly one of paper and data"):
        ReuseComponent(component=missing(), paper=paper().paper, data=data("c").data, officer=OFFICER)


@pytest.mark.parametrize("day", [20000, "2026-08-06T00:00:00", True])
def test_a_day_is_written_as_a_date(day: object) -> None:
    with pytest.raises(ValueError, match="issued_on"):
        paper(issued_on=day)
