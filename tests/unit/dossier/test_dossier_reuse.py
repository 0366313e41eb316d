"""Reuse of shared data and papers (15.5, 15.6.b, 17.10): what is used, and not asked for again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hub.dossier.rules.reuse import data_may_be_used
from hub.dossier.state import codec
from hub.dossier.state.model import SharedData
from hub.engine.decide.routing import receivers
from hub.inbound.directory import Directory
from schemas.component import MismatchRecorded, ReuseComponent, ReusedData
from schemas.dossier import Gap
from schemas.identity import IdentityCheckRequested, IdentityMatched
from schemas.person_data import PersonDataReceived, PersonDatum, Relative, ReportPersonData
from schemas.personal import split
from tests.support import dossiers as build
from tests.support import reuse
from tests.support.dossiers import COUNTER, MONDAY, OFFICER, POPULATION, PORTAL, Story, law_with

DATA = (PersonDatum(field="sex", value="2"), PersonDatum(field="residence_ward", value="28756"))
HEAD = Relative(relation="head_of_household", name="Trần Thị Chủ Hộ Giả", identity_number="000165000009")


def half_lodged(**changes: Any) -> Story:
    """Lodged with the first of the procedure's papers only."""
    return build.submitted(components=build.papers(count=1), **changes)


def known(**changes: Any) -> Story:
    """Half lodged, and the applicant is identified."""
    return reuse.beside(build.identified(components=build.papers(count=1), **changes))


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
    story = build.forwarded(channel="online")
    fact = build.person_data(MONDAY, MONDAY, data=DATA)
    directory = Directory((COUNTER, PORTAL, POPULATION, build.AGENCY, build.OTHER_COUNTER, build.POSTAL))
    assert receivers(story.now, story.now, fact, directory) == ("counter-mau",)


def test_the_check_names_the_role_that_asks_and_the_wanted_data() -> None:
    story = half_lodged()
    request = build.verification().model_copy(update={"wanted": ("sex",)})
    (fact,) = story.accepts(request, COUNTER)
    assert isinstance(fact, IdentityCheckRequested)
    assert (fact.asked_by, fact.wanted) == ("counter", ("sex",))


@pytest.mark.rule("15.6.b1")
def test_whoever_is_not_given_the_data_asks_for_the_match_alone() -> None:
    story = half_lodged()
    (fact,) = story.accepts(build.verification(), PORTAL)
    assert isinstance(fact, IdentityCheckRequested)
    assert (fact.asked_by, fact.wanted) == ("portal", ())
    (fact,) = story.accepts(build.verification(), COUNTER)
    assert isinstance(fact, IdentityCheckRequested)
    assert fact.wanted is None
    refused = story.refuses(build.verification().model_copy(update={"wanted": ("sex",)}), PORTAL)
    assert (refused.code, refused.fields) == ("identity.data_not_for_role", ("/wanted",))


@pytest.mark.rule("14.3")
def test_a_component_beyond_the_list_cannot_be_reused() -> None:
    request = reuse.reuse("KHONG-CO-TRONG-DANH-MUC")
    assert known().refuses(request, COUNTER).code == "rule.14.3"


@pytest.mark.rule("15.6.b1")
def test_a_component_that_is_there_or_was_reused_is_not_reused_again() -> None:
    story = known()
    held = reuse.reuse(build.papers()[0].code)
    assert story.refuses(held, COUNTER).code == "state.component_held"
    story.accepts(reuse.reuse(missing()), COUNTER)
    assert story.refuses(reuse.reuse(missing()), COUNTER).code == "state.component_held"


@pytest.mark.rule("15.6.b1")
def test_a_counter_names_its_officer_and_the_portal_need_not() -> None:
    story = known()
    nameless = reuse.reuse(missing()).model_copy(update={"officer": None})
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
    (fact,) = story.accepts(reuse.mismatch(build.papers()[0].code), COUNTER)
    assert isinstance(fact, MismatchRecorded)
    assert fact.differences[0].on_paper == "28757"
    assert story.now.components == before
    assert story.now.mismatches == (build.papers()[0].code,)
    opened, _ = split(MismatchRecorded, fact.model_dump(mode="json"))
    assert "28757" not in str(opened)
    assert story.refuses(reuse.mismatch(missing()), COUNTER).code == "rule.15.6.b2.paper"


@pytest.mark.rule("15.6.b2")
def test_the_agency_learns_of_a_mismatch_without_what_the_lookup_brought() -> None:
    story = build.forwarded()
    directory = Directory((COUNTER, build.AGENCY))
    first = build.papers()[0].code
    story.accepts(build.verification(), COUNTER)
    check = story.now.owner.check
    assert check is not None
    story.accepts(person_data(check), POPULATION)
    (fact,) = story.accepts(reuse.mismatch(first).model_copy(update={"check": check}), COUNTER)
    assert isinstance(fact, MismatchRecorded)
    assert [(item.field, item.on_paper, item.in_database) for item in fact.differences] == [
        ("residence_ward", "28757", None)
    ]
    assert receivers(story.now, story.now, fact, directory) == ("counter-mau", "agency-mau")
    (quoting,) = story.accepts(reuse.mismatch(first), COUNTER)
    assert isinstance(quoting, MismatchRecorded)
    assert quoting.differences[0].in_database == "28756"
    assert receivers(story.now, story.now, quoting, directory) == ("counter-mau",)


def test_a_mismatch_is_no_ground_against_acceptance() -> None:
    story = build.identified()
    story.accepts(reuse.mismatch(build.papers()[0].code), COUNTER)
    story.accepts(build.acceptance(), COUNTER)


@pytest.mark.rule("15.6.b2")
def test_after_a_mismatch_the_database_cannot_stand_for_that_paper() -> None:
    story = reuse.beside(build.submitted())
    check = asked(story)
    story.accepts(person_data(check, usable_until=MONDAY + timedelta(days=9)), POPULATION)
    story.accepts(reuse.mismatch(missing()), COUNTER)
    held = tuple(item for item in story.now.components if item.code != missing())
    story.dossier = replace(story.now, components=held)
    assert story.refuses(data(check), COUNTER).code == "rule.15.6.b2"
    story.accepts(reuse.reuse(missing()), COUNTER)


@pytest.mark.rule("15.6.b2")
@pytest.mark.parametrize("scope", ["component", "dossier"])
def test_a_mismatch_bars_the_database_for_its_paper_or_for_the_whole_dossier(scope: str) -> None:
    story = half_lodged()
    story.law = law_with(intake={"mismatch_paper": scope})
    check = asked(story)
    story.accepts(person_data(check, usable_until=MONDAY + timedelta(days=9)), POPULATION)
    story.accepts(reuse.mismatch(build.papers()[0].code), COUNTER)
    if scope == "dossier":
        assert story.refuses(data(check), COUNTER).code == "rule.15.6.b2"
    else:
        story.accepts(data(check), COUNTER)


@pytest.mark.rule("15.5")
def test_what_was_reused_is_not_asked_for_again_except_to_verify_it() -> None:
    story = known()
    story.accepts(reuse.reuse(missing()), COUNTER)
    other = Gap(component=build.papers()[0].code, reason="Thiếu chữ ký")
    for again in (
        Gap(component=missing(), reason="Nộp lại bản giấy"),
        Gap(component=missing(), reason="Nộp bản mới", purpose="update"),
    ):
        refused = story.refuses(build.supplement_request(gaps=(other, again)), COUNTER)
        assert (refused.code, refused.fields) == ("rule.15.5", ("/gaps/1/component",))
    verify = Gap(component=missing(), reason="Xác minh tính xác thực", purpose="verify")
    story.accepts(build.supplement_request(gaps=(other, verify)), COUNTER)


def test_nothing_is_reused_after_acceptance() -> None:
    assert build.accepted().refuses(reuse.reuse(missing()), COUNTER).code == "state.conflict"


def test_a_reuse_names_exactly_one_source() -> None:
    with pytest.raises(ValueError, match=r"one of the fields is needed|do not go together"):
        ReuseComponent(component=missing(), officer=OFFICER)
    with pytest.raises(ValueError, match=r"one of the fields is needed|do not go together"):
        ReuseComponent(
            component=missing(), paper=reuse.reuse(missing()).paper, data=data("c").data, officer=OFFICER
        )
