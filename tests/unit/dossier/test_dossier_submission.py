"""Submission: Art. 2.8, 3.8, 13, 14.3, 15.2."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from hub.dossier.decision import Refused
from hub.regulation.law import Law
from schemas.dossier import Component, DossierSubmitted, SubmitDossier
from schemas.party import Party, Proxy
from tests.support import dossiers as build
from tests.support.dossiers import COUNTER, MONDAY, OTHER_COUNTER, OWNER, PORTAL, Story, at, law
from tests.support.lawbooks import SHIPPED_CATALOGUE


def test_a_counter_submission_becomes_a_fact_and_a_dossier() -> None:
    story = Story()
    (fact,) = story.accepts(build.submission(), COUNTER)
    assert isinstance(fact, DossierSubmitted)
    assert fact.submitted_at == MONDAY
    assert fact.intake_limit is None
    assert story.now.status == "submitted"
    assert story.now.submitted_by == "counter-mau"
    assert story.now.law == ("bentre-45-2023@2", SHIPPED_CATALOGUE, "vn-2026.1")
    assert story.now.timers == {}


@pytest.mark.rule("15.2")
def test_an_online_dossier_must_be_answered_within_8_working_hours() -> None:
    story = build.submitted(at("2026-10-09 16:00"), PORTAL, channel="online")
    timer = story.now.timers["intake"]
    assert timer.kind == "intake"
    assert timer.due_at == at("2026-10-12 16:00")  # Friday 16:00 + 8 working hours over the weekend


@pytest.mark.rule("15.2")
def test_a_dossier_at_the_counter_has_no_intake_limit() -> None:
    assert build.submitted().now.intake_limit is None


@pytest.mark.rule("qd45-2023.2.2")
def test_nothing_is_taken_in_before_the_regulation_is_in_force() -> None:
    profile = replace(law().profile, in_force_from=date(2026, 10, 6))
    early = Story(law=replace(law(), profile=profile))
    assert early.refuses(build.submission(), COUNTER).code == "rule.qd45-2023.2.2"
    early.accepts(build.submission(), COUNTER, at("2026-10-06 00:00"))


@pytest.mark.rule("3.8")
def test_an_unknown_procedure_is_refused() -> None:
    refused = Story().refuses(build.submission(procedure="9.999999", components=()), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("rule.3.8", "3.8", ("/procedure",))


@pytest.mark.rule("3.8")
def test_a_repealed_procedure_is_refused_from_its_last_day_on() -> None:
    catalogue = law().catalogue.repealing("next", build.PROCEDURE, date(2026, 10, 6))
    changed = Law(law().profile, law().calendar, catalogue)
    Story(law=changed).accepts(build.submission(), COUNTER, at("2026-10-05 23:59"))
    assert Story(law=changed).refuses(build.submission(), COUNTER, at("2026-10-06 00:00")).code == "rule.3.8"


@pytest.mark.rule("13.1")
def test_nobody_lodges_in_person_on_a_portal() -> None:
    refused = Story().refuses(build.submission(channel="in_person"), PORTAL)
    assert refused == Refused("rule.13.1", "13.1", ("/channel",), possible=("online", "post"))
    Story().accepts(build.submission(channel="in_person"), COUNTER)


@pytest.mark.rule("13")
def test_a_channel_that_is_not_published_is_refused_with_the_published_ones() -> None:
    request = build.submission(procedure=build.PROCEDURE_WITHOUT_POST, channel="post")
    refused = Story().refuses(request, COUNTER)
    assert (refused.code, refused.fields) == ("rule.13", ("/channel",))
    assert refused.possible == ("in_person", "online")
    Story().accepts(build.submission(channel="post"), COUNTER)


@pytest.mark.rule("13")
def test_the_way_of_return_may_differ_from_the_way_of_submission_unless_the_profile_says_so() -> None:
    mixed = build.submission(return_channel="post")
    Story().accepts(mixed, COUNTER)
    refused = Story(law=build.law_with(intake={"channel_mix": "same"})).refuses(mixed, COUNTER)
    assert (refused.code, refused.fields) == ("rule.13", ("/return_channel",))


@pytest.mark.rule("13")
def test_a_published_list_of_ways_of_return_binds() -> None:
    procedure = replace(
        law().catalogue.procedures[build.PROCEDURE], returning={"OFFLINE": frozenset({"AT_HOME"})}
    )
    catalogue = type(law().catalogue)("other", {procedure.code: procedure})
    story = Story(law=replace(law(), catalogue=catalogue))
    refused = story.refuses(build.submission(), COUNTER)
    assert (refused.code, refused.possible) == ("rule.13", ("post",))
    story.accepts(build.submission(return_channel="post"), COUNTER)


@pytest.mark.rule("2.8")
def test_a_proxy_with_a_deed_may_lodge_a_dossier() -> None:
    assert build.submitted(proxy=build.PROXY).now.has_proxy


@pytest.mark.rule("2.8")
def test_a_proxy_without_a_deed_is_refused() -> None:
    blank = build.PROXY.model_copy(update={"deed": "  "})
    refused = Story().refuses(build.submission(proxy=blank), COUNTER)
    assert (refused.code, refused.fields) == ("rule.2.8", ("/proxy/deed",))


@pytest.mark.rule("2.8")
def test_nobody_is_their_own_proxy() -> None:
    same = Proxy(name="Nguyễn Thị Mẫu", identity_number="083190000001", basis="hired", deed="HĐ-1")
    refused = Story().refuses(build.submission(proxy=same), COUNTER)
    assert (refused.code, refused.fields) == ("rule.2.8", ("/proxy/identity_number",))


@pytest.mark.parametrize("number", [{"tax_code": "0100233488"}, {"travel_document": "X0000002"}], ids=str)
@pytest.mark.rule("2.8")
def test_a_hired_enterprise_or_a_foreigner_may_be_the_proxy(number: dict[str, str]) -> None:
    proxy = Proxy(name="Công ty TNHH Làm Thay Mẫu", basis="hired", deed="HĐ-01/2026", **number)
    story = build.submitted(proxy=proxy)
    assert story.now.has_proxy


@pytest.mark.rule("2.8")
def test_an_enterprise_is_not_its_own_proxy_and_two_without_a_number_are_not_one() -> None:
    enterprise = Proxy(
        name="Công ty TNHH Mẫu Thử", tax_code="0100233488", basis="authorised", deed="UQ-02/2026"
    )
    refused = Story().refuses(build.submission(applicant=build.ENTERPRISE, proxy=enterprise), COUNTER)
    assert (refused.code, refused.fields) == ("rule.2.8", ("/proxy/tax_code",))
    build.submitted(applicant=build.FOREIGNER, proxy=enterprise)


def test_a_proxy_has_some_number() -> None:
    with pytest.raises(ValidationError):
        Proxy(name="Không Số Mẫu", basis="hired", deed="HĐ-03/2026")


@pytest.mark.rule("14.3")
def test_a_component_beyond_the_published_list_is_refused_by_its_path() -> None:
    foreign = Component(code="KQ.G99.999999", originals=1)
    refused = Story().refuses(build.submission(components=(*build.papers(), foreign)), COUNTER)
    assert (refused.code, refused.fields) == ("rule.14.3", ("/components/2/code",))


@pytest.mark.rule("14.3")
def test_more_originals_or_copies_than_published_are_refused() -> None:
    (paper,) = build.papers(count=1)
    many = paper.model_copy(update={"originals": 2, "copies": 1})
    refused = Story().refuses(build.submission(components=(many,)), COUNTER)
    assert refused.fields == ("/components/0/originals", "/components/0/copies")


@pytest.mark.rule("14.3")
def test_an_incomplete_dossier_may_be_lodged() -> None:
    Story().accepts(build.submission(components=()), COUNTER)


def test_a_counter_lodges_only_for_its_own_one_stop_and_the_portal_for_any() -> None:
    assert Story().refuses(build.submission(), OTHER_COUNTER).code == "security.foreign_organisation"
    Story().accepts(build.submission(channel="online"), PORTAL)


def test_a_reference_belongs_to_one_dossier() -> None:
    assert build.submitted().refuses(build.submission(), COUNTER).code == "reference.in_use"


@pytest.mark.rule("15.2")
@pytest.mark.parametrize(
    ("before", "starts", "limit"),
    [
        (timedelta(hours=3), "portal", "2026-10-05 17:00"),  # received on the portal at 06:00, before opening
        (timedelta(days=3), "portal", "2026-10-05 09:00"),  # on Friday at 09:00
        (timedelta(hours=3), "provincial", "2026-10-06 09:00"),
        (timedelta(minutes=-4), "portal", "2026-10-06 09:00"),  # a clock that is ahead lengthens nothing
        (timedelta(days=3650), "portal", "2026-10-06 09:00"),  # beyond the calendar
    ],
)
def test_the_8_hours_begin_when_the_portal_received_it(before: timedelta, starts: str, limit: str) -> None:
    story = Story(sent_before=before, law=build.law_with(intake={"online_starts": starts}))
    online = build.submission(channel="online", return_channel="online")
    (fact,) = story.accepts(online, PORTAL, MONDAY)
    assert isinstance(fact, DossierSubmitted)
    assert story.now.intake_limit == at(limit)
    assert fact.submitted_at == MONDAY


@pytest.mark.rule("15.2")
def test_at_the_counter_no_such_hours_run() -> None:
    story = Story(sent_before=timedelta(hours=3))
    (fact,) = story.accepts(build.submission(), COUNTER, MONDAY)
    assert isinstance(fact, DossierSubmitted)
    assert (fact.received_at, fact.intake_limit) == (None, None)


@pytest.mark.rule("15.6.a")
def test_a_households_tax_code_is_the_number_of_its_owner_where_both_are_given() -> None:
    def household(tax_code: str, number: str | None = OWNER.identity_number) -> SubmitDossier:
        owner = Party(kind="enterprise", name="Hộ kinh doanh Mẫu", tax_code=tax_code, identity_number=number)
        return build.submission(applicant=owner)

    refused = Story().refuses(household("083190000009"), COUNTER)
    assert (refused.code, refused.fields) == ("rule.15.6.a.household", ("/applicant/tax_code",))
    Story().accepts(household("083190000001"), COUNTER)
    Story().accepts(household("083190000009", None), COUNTER)
    Story().accepts(household("0100233488"), COUNTER)
    proxy = build.PROXY.model_copy(update={"tax_code": "083190000009"})
    refused = Story().refuses(build.submission(proxy=proxy), COUNTER)
    assert refused.fields == ("/proxy/tax_code",)
