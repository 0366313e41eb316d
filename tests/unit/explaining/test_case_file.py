"""A dossier in words: what happened, how limits were counted, who holds what, what is missing, for whom."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hub.dossier.decision import Sender
from hub.explaining.next_step import lacks
from hub.explaining.printed import printed
from hub.regulation.organisations import Organisation, Organisations
from schemas.case import AppraiseCase
from schemas.dossier import Gap
from schemas.opinion import RequestOpinion
from tests.support import dossiers as build
from tests.support.case_files import file_of
from tests.support.dossiers import (
    AGENCY,
    AGENCY_CODE,
    CODE,
    COUNTER,
    MONDAY,
    OFFICER,
    ONE_STOP,
    OTHER_AGENCY,
    PERSONAL_VALUES,
    PORTAL,
    Story,
    at,
    law_with,
)

OFFICES = Organisations(
    [
        Organisation(
            code=AGENCY_CODE, kind="department", level="province", name_vi="Sở Tư pháp",
            name_en="Department of Justice", in_force_from=date(2020, 1, 1),
        )
    ]
)  # fmt: skip


def opinion_asked() -> Story:
    story = build.in_process()
    asked = RequestOpinion(
        opinion="YK-01", officer=OFFICER, of="H07.21", content="Về quy hoạch", working_days=2
    )
    story.accepts(asked, AGENCY, at("2026-10-05 10:00"))
    return story


def limit(file: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = [one for one in file["limits"] if one["kind"] == kind]
    return found


def by(file: dict[str, Any], kind: str) -> list[tuple[str, str | None]]:
    (found,) = [one for one in file["possible"] if one["type"] == f"onestop.{kind}.v1"]
    return [(one["side"], one["of"]) for one in found["by"]]


def missing(file: dict[str, Any]) -> list[str | None]:
    return [one["code"] for one in file["next"]["missing"]]


def test_each_fact_is_a_line_in_words_and_nothing_personal_stands_in_the_file() -> None:
    story = opinion_asked()
    for language in ("vi", "en"):
        file = file_of(story, at("2026-10-05 11:00"), language)
        assert len(file["timeline"]) == len(story.facts)
        text = "\n".join(printed(file, language))
        assert not [value for value in PERSONAL_VALUES if value in text + str(file)]
    lines = [line["text"] for line in file["timeline"]]
    assert (lines[0], lines[-1]) == ("Dossier submitted", "Opinion asked of another agency")
    details = {one["label"]: one["text"] for one in file["timeline"][-1]["details"]}
    assert details["answer until"] == "17:00 07/10/2026"
    assert CODE in text


def test_an_organisation_has_its_name_of_the_day_where_one_was_imported() -> None:
    story = build.in_process()
    file = file_of(story, MONDAY, "vi", organisations=OFFICES)
    assert file["agency"]["text"] == f"Sở Tư pháp ({AGENCY_CODE})"
    assert file_of(story, MONDAY, "en", organisations=OFFICES)["agency"]["text"] == (
        f"Department of Justice ({AGENCY_CODE})"
    )
    assert file["organisation"]["text"] == ONE_STOP


def test_each_limit_says_from_when_how_much_by_which_rule_and_calendar_and_what_was_not_counted() -> None:
    story = build.accepted(at("2026-08-28 09:00"))
    file = file_of(story, at("2026-08-28 10:00"), "vi")
    due = limit(file, "due")
    assert (due["rule"], due["from"], due["due_at"]) == (
        "15.1.a", at("2026-08-28 09:00"), at("2026-09-07 17:00")
    )  # fmt: skip
    assert [one["day"] for one in due["not_counted"]] == [
        date(2026, 8, 29), date(2026, 8, 30), date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2),
        date(2026, 9, 5), date(2026, 9, 6),
    ]  # fmt: skip
    assert "3 ngày làm việc" in due["explained"]
    assert "02/09/2026 (Quốc khánh)" in due["explained"]
    assert f"lịch làm việc {story.law.versions.calendar}" in due["explained"]
    forward = limit(file, "forward")
    assert (forward["rule"], forward["of"], forward["from"]) == ("16.2", ONE_STOP, at("2026-08-28 09:00"))
    assert "15:00" in forward["explained"]
    assert "15.1.a" in {rule["id"] for rule in file["rules"]}


def test_a_limit_of_another_agency_is_told_with_who_has_to_act() -> None:
    file = file_of(opinion_asked(), at("2026-10-05 11:00"), "en")
    asked = limit(file, "opinion")
    assert (asked["of"], asked["rule"], asked["from"]) == ("H07.21", "17.5.a", at("2026-10-05 10:00"))
    assert asked["explained"].startswith("2 working days from the question; from 10:00 05/10/2026")
    assert [(one["kind"], one["of"]) for one in file["waits_for"]] == [("opinion", "H07.21")]


def test_what_is_missing_before_the_next_step_is_what_the_rules_would_say() -> None:
    lodged = build.submitted()
    first = file_of(lodged, MONDAY, "vi")
    assert first["next"]["type"] == "onestop.dossier.accept.v1"
    assert missing(first) == ["identity.not_checked", "rule.14.3.unconfirmed"]
    assert first["next"]["missing"][1]["papers"]
    assert all(lack["advice"] for lack in first["next"]["missing"])

    story = opinion_asked()
    story.law = law_with(handling={"appraisal": "required"})
    assert missing(file_of(story, MONDAY)) == ["rule.17.2", "rule.17.5.b.open"]
    appraisal = AppraiseCase(officer=OFFICER, outcome="eligible")
    story.accepts(appraisal, AGENCY, at("2026-10-05 12:00"))
    assert missing(file_of(story, MONDAY)) == ["rule.17.5.b.open"]


def test_open_points_of_form_02_are_missing_and_a_dossier_at_its_end_lacks_nothing() -> None:
    story = build.identified()
    story.accepts(build.supplement_request(gaps=(Gap(reason="Chưa rõ"),)), COUNTER)
    (lack,) = lacks(story.now, story.law, MONDAY)
    assert (lack.rule, lack.point, lack.code) == ("14.1", 1, None)
    assert file_of(story, MONDAY)["next"]["missing"][0]["text"].startswith("nội dung số 1")
    declined = build.identified()
    declined.accepts(build.refusal(reason="not_entitled"), COUNTER)
    end = file_of(declined, MONDAY)
    assert (end["next"]["type"], end["next"]["missing"]) == ("onestop.dossier.archive.v1", [])


def test_each_possible_act_names_whose_part_it_is_as_the_rules_do() -> None:
    file = file_of(opinion_asked(), at("2026-10-05 11:00"))
    assert by(file, "result.issue") == [("agency", AGENCY_CODE)]
    assert by(file, "dossier.decline") == [("agency", AGENCY_CODE)]
    assert ("consulted", "H07.21") in by(file, "opinion.give")
    assert by(file, "paper.hand_over") == [("agency", AGENCY_CODE)]
    at_intake = file_of(build.submitted(), MONDAY)
    assert by(at_intake, "dossier.decline") == [("one_stop", ONE_STOP)]
    assert by(at_intake, "dossier.withdraw") == [("one_stop", ONE_STOP), ("portal", None)]


def test_papers_are_told_with_who_holds_them_and_to_whom_they_are_on_their_way() -> None:
    story = build.accepted()
    papers = story.now.paper_codes
    story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, *papers), COUNTER)
    custody = file_of(story, MONDAY, "en")["custody"]
    assert {one["paper"]: (one["holder"], one["to"]) for one in custody} == dict.fromkeys(
        papers, (ONE_STOP, AGENCY_CODE)
    )
    assert all("on its way to" in one["text"] for one in custody)


def test_who_was_asked_for_an_opinion_only_is_told_no_more_than_its_own_part() -> None:
    now: datetime = at("2026-10-05 11:00")
    story = opinion_asked()
    file = file_of(story, now, "en", OTHER_AGENCY)
    assert [one["type"] for one in file["possible"] if one["own"]] == [
        one["type"] for one in file["possible"]
    ]
    assert "onestop.opinion.give.v1" in {one["type"] for one in file["possible"]}
    assert (file["next"], file["custody"]) == (None, [])
    assert [one["kind"] for one in file["waits_for"]] == ["opinion"]
    portal = file_of(story, now, "en", PORTAL)
    assert (portal["next"], portal["waits_for"], portal["custody"]) == (None, [], [])
    assert {one["kind"] for one in portal["limits"]} <= {"due", "apology"}
    own = file_of(story, now, "en", COUNTER)
    assert {one["kind"] for one in own["limits"]} >= {"due", "opinion"}
    assert own["next"] is not None
    agency = Sender("agency-mau", frozenset({"agency"}), frozenset({AGENCY_CODE}))
    assert file_of(story, now, "en", agency)["next"] is not None
