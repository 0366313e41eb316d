"""Organisations by the imported register: 3.10, 4.5-4.7, 16, 20.2, and mergers while dossiers are open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hub.dossier.decision import Sender
from hub.regulation.catalogue import Catalogue
from hub.regulation.law import Law
from schemas.dossier import DossierForwarded, DossierTakenOver, Followed
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY_CODE, COUNTER, ONE_STOP, PROCEDURE, Story, at
from tests.support.registers import BRANCH, CSV, NEW_AGENCY, NEW_CENTRE, OFFICE, listed, registers

BEFORE, AFTER = at("2025-06-30 09:00"), at("2025-07-01 09:00")
NEW_COUNTER = Sender("counter-moi", frozenset({"counter"}), frozenset({NEW_CENTRE}))
NEW_AGENCY_SYSTEM = Sender("agency-moi", frozenset({"agency"}), frozenset({NEW_AGENCY}))
BOTH = Sender("counter-hai", frozenset({"counter"}), frozenset({ONE_STOP, NEW_CENTRE, OFFICE, AGENCY_CODE}))


def law_then(**intake: str) -> Law:
    """The law, with its procedures in force at the merger already."""
    known = build.law_with(intake=intake)
    earlier = {
        code: replace(one, in_force_from=date(2024, 1, 1)) for code, one in known.catalogue.procedures.items()
    }
    return replace(known, catalogue=Catalogue(known.catalogue.version, earlier))


def story(lists: str | None = None, text: str = CSV, **intake: str) -> Story:
    return Story(law=law_then(**intake), registers=registers(text, lists))


@pytest.mark.rule("3.10")
def test_without_an_imported_register_any_code_passes_as_before() -> None:
    Story(law=law_then()).accepts(build.submission(), COUNTER, AFTER)


@pytest.mark.rule("3.10")
def test_a_submission_to_an_organisation_that_nobody_knows_is_refused_by_name() -> None:
    stranger = Sender("counter-la", frozenset({"counter"}), frozenset({"H07.99"}))
    refused = story().refuses(build.submission(organisation="H07.99"), stranger, BEFORE)
    assert (refused.code, refused.rule, refused.fields) == (
        "organisation.unknown", "3.10", ("/organisation",),
    )  # fmt: skip


@pytest.mark.rule("3.10")
def test_a_submission_to_a_merged_one_stop_names_its_successor() -> None:
    story().accepts(build.submission(), COUNTER, BEFORE)
    refused = story().refuses(build.submission(), COUNTER, AFTER)
    assert (refused.code, refused.possible) == ("organisation.ended", (NEW_CENTRE,))
    early = story().refuses(build.submission(organisation=NEW_CENTRE), NEW_COUNTER, BEFORE)
    assert (early.code, early.possible) == ("organisation.ended", ())


@pytest.mark.rule("3.10")
def test_only_a_one_stop_takes_dossiers_in() -> None:
    refused = story().refuses(build.submission(organisation=OFFICE), BOTH, BEFORE)
    assert refused.code == "organisation.no_one_stop"


@pytest.mark.rule("16")
def test_the_agency_is_there_and_competent_for_the_procedure() -> None:
    asked = build.submission(organisation=NEW_CENTRE)
    ended = story().refuses(asked, NEW_COUNTER, AFTER)
    assert (ended.code, ended.fields, ended.possible) == (
        "organisation.ended", ("/agency",), (NEW_AGENCY,),
    )  # fmt: skip
    other = build.submission(procedure="1.000656")
    story().accepts(other, COUNTER, BEFORE)
    moved = build.submission(procedure="1.000656", organisation=NEW_CENTRE, agency=NEW_AGENCY)
    assert story().refuses(moved, NEW_COUNTER, AFTER).code == "organisation.not_competent"


@pytest.mark.rule("4.5")
def test_a_procedure_of_the_exempt_list_is_lodged_at_the_agency_itself() -> None:
    lists = listed(f"own_office,{PROCEDURE}")
    refused = story(lists).refuses(build.submission(), COUNTER, BEFORE)
    assert (refused.code, refused.possible) == ("rule.4.5", (AGENCY_CODE,))
    story(lists).accepts(build.submission(organisation=AGENCY_CODE), BOTH, BEFORE)
    refused = story().refuses(build.submission(organisation=AGENCY_CODE), BOTH, BEFORE)
    assert refused.code == "organisation.no_one_stop"


@pytest.mark.rule("4.6")
def test_a_vertical_branch_handles_at_the_one_stop_what_is_listed() -> None:
    asked = build.submission(agency=BRANCH)
    assert story(listed("vertical,1.000656")).refuses(asked, COUNTER, BEFORE).code == "rule.4.6"
    story(listed(f"vertical,{PROCEDURE}")).accepts(asked, COUNTER, BEFORE)
    story().accepts(asked, COUNTER, BEFORE)


@pytest.mark.rule("4.7")
def test_a_dossier_of_another_area_needs_the_list_of_procedures_beyond_boundaries() -> None:
    elsewhere = CSV.replace("Sở Tư pháp,,83", "Ủy ban nhân dân xã,,83/28756")
    assert story(None, elsewhere).refuses(build.submission(), COUNTER, BEFORE).code == "rule.4.7"
    story(listed(f"beyond_boundaries,{PROCEDURE}"), elsewhere).accepts(build.submission(), COUNTER, BEFORE)
    story(None, elsewhere, boundaries="free").accepts(build.submission(), COUNTER, BEFORE)


@pytest.mark.rule("20.2")
def test_the_post_is_for_listed_procedures_where_the_list_is_imported() -> None:
    by_post = build.submission(channel="post", return_channel="in_person")
    back = build.submission(return_channel="post")
    for asked, field in ((by_post, "/channel"), (back, "/return_channel")):
        refused = story(listed("post,1.000656")).refuses(asked, COUNTER, BEFORE)
        assert (refused.code, refused.fields) == ("rule.20.2", (field,))
        story(listed(f"post,{PROCEDURE}")).accepts(asked, COUNTER, BEFORE)
        story().accepts(asked, COUNTER, BEFORE)


@pytest.mark.rule("10")
def test_a_one_stop_may_have_opening_hours_of_its_own() -> None:
    rows = (
        "code,kind,level,parent,name_vi,opening_hours,in_force_from",
        f"{OFFICE},office,province,,Văn phòng,,2020-01-01",
        f"{ONE_STOP},centre,province,{OFFICE},Trung tâm,1-6 07:30-11:30,2020-01-01",
        f"{AGENCY_CODE},department,province,,Sở,,2020-01-01",
    )
    strict = build.law_with(hours={"outside_hours_acts": "refuse"})
    one = Story(law=strict, registers=registers("\n".join(rows)))
    assert one.refuses(build.submission(), COUNTER, at("2026-10-05 07:15")).code == "rule.10"
    assert one.refuses(build.submission(), COUNTER, at("2026-09-02 08:00")).code == "rule.10"  # a day off
    one.accepts(build.submission(), COUNTER, at("2026-10-10 08:00"))  # a Saturday


def opened() -> Story:
    """Lodged, and the applicant is known, on the last day before the merger."""
    one = story()
    one.accepts(build.submission(), COUNTER, BEFORE)
    one.accepts(build.verification(), COUNTER, BEFORE)
    check = one.now.owner.check
    assert check is not None
    one.accepts(build.identity_answer(check), build.POPULATION, BEFORE)
    return one


@pytest.mark.rule("16")
def test_a_dossier_that_is_open_across_the_merger_goes_on_with_the_successors() -> None:
    one = opened()
    assert one.refuses(build.acceptance(), COUNTER, AFTER).code == "security.foreign_organisation"
    taken, accepted, *_ = one.accepts(build.acceptance(), NEW_COUNTER, AFTER)
    assert taken == DossierTakenOver(
        organisation=NEW_CENTRE,
        agency=NEW_AGENCY,
        followed=(
            Followed(former=ONE_STOP, successor=NEW_CENTRE),
            Followed(former=AGENCY_CODE, successor=NEW_AGENCY),
        ),
    )
    assert (one.now.organisation, one.now.agency) == (NEW_CENTRE, NEW_AGENCY)
    assert getattr(accepted, "organisation", None) == NEW_CENTRE
    assert set(one.now.custody.values()) == {NEW_CENTRE}
    old = one.refuses(build.forwarding(), NEW_COUNTER, AFTER)
    assert (old.code, old.possible) == ("organisation.ended", (NEW_AGENCY,))
    (forwarded, *_) = one.accepts(build.forwarding(NEW_AGENCY), NEW_COUNTER, AFTER)
    assert isinstance(forwarded, DossierForwarded)
    one.accepts(build.receipt(), NEW_AGENCY_SYSTEM, AFTER)


@pytest.mark.rule("16")
def test_a_dossier_goes_to_nobody_who_has_lost_the_competence() -> None:
    one = opened()
    one.accepts(build.acceptance(), COUNTER, BEFORE)
    one.registers = registers(CSV.replace(f"{PROCEDURE};1.000656", "1.000656"))
    refused = one.refuses(build.forwarding(), COUNTER, BEFORE)
    assert (refused.code, refused.fields) == ("organisation.not_competent", ("/to",))
