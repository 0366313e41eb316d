"""Another agency's own one-stop (16.3), and procedures of different levels (17.7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.dossier.standing import has_part
from hub.engine.decide.routing import receivers
from hub.inbound.directory import Directory
from hub.regulation.organisations import Organisations, from_csv
from hub.regulation.registered import Registers
from schemas.dossier import DossierReceived, DossierWatched
from tests.support import dossiers as build
from tests.support.dossiers import (
    AGENCY,
    AGENCY_CODE,
    COUNTER,
    HUB,
    ONE_STOP,
    OTHER_COUNTER,
    OTHER_ONE_STOP,
    RESULT_CODE,
    Story,
)

EVERYBODY = Directory((COUNTER, AGENCY, OTHER_COUNTER))
HEAD = "code,kind,level,name_vi,parent,in_force_from\n"
OWN = f"""\
H07.34,committee,commune,Ủy ban nhân dân xã Mẫu,,2024-01-01
{ONE_STOP},section,commune,Bộ phận Một cửa xã Mẫu,H07.34,2024-01-01
"""
UPPER = f"""\
H07,office,province,Văn phòng UBND tỉnh,,2024-01-01
{AGENCY_CODE},department,province,Sở Mẫu,,2024-01-01
"""
CENTRE = f"{OTHER_ONE_STOP},centre,province,Trung tâm,H07,2024-01-01\n"
SECOND = "H07.34.98,centre,province,Trung tâm hai,H07,2024-01-01\n"


def story(*rows: str) -> Story:
    """An accepted dossier; with rows, under a register of them."""
    one = build.accepted()
    if rows:
        text = HEAD + "".join(rows)
        one.registers = Registers(organisations=from_csv(text, None, Organisations()))
    return one


@pytest.mark.rule("16.3")
def test_a_dossier_for_another_agency_goes_to_that_agencys_own_one_stop() -> None:
    one = story()
    before = one.now
    asked = build.forwarding(OTHER_ONE_STOP, one_stop=OTHER_ONE_STOP)
    (fact,) = one.accepts(asked, COUNTER)
    assert receivers(before, one.now, fact, EVERYBODY) == ("counter-mau", "agency-mau", "counter-khac")
    assert has_part(one.now, OTHER_COUNTER)
    (got,) = one.accepts(build.receipt(), OTHER_COUNTER)
    assert isinstance(got, DossierReceived)
    assert one.refuses(build.result_return(), OTHER_COUNTER).code == "security.foreign_organisation"


@pytest.mark.rule("16.3")
def test_the_one_stop_that_sends_is_not_that_of_another_agency() -> None:
    for code in (ONE_STOP, AGENCY_CODE):
        refused = story().refuses(build.forwarding(one_stop=code), COUNTER)
        assert (refused.code, refused.fields) == ("rule.16.3.same", ("/one_stop",))
    assert story().refuses(build.forwarding(OTHER_ONE_STOP), COUNTER).code == "rule.16"


@pytest.mark.rule("16.3")
def test_by_the_register_it_is_a_one_stop_of_that_agencys_level() -> None:
    known = OWN, UPPER, CENTRE
    for code, said in (("H07.34.77", "organisation.unknown"), ("H07", "rule.16.3.level")):
        refused = story(*known).refuses(build.forwarding(one_stop=code), COUNTER)
        assert (refused.code, refused.fields) == (said, ("/one_stop",))
    assert story(*known).accepts(build.forwarding(one_stop=OTHER_ONE_STOP), COUNTER)


@pytest.mark.rule("17.7.a")
def test_the_one_stop_of_an_upper_agency_watches_and_gets_nothing_of_the_applicant() -> None:
    one = story()
    before = one.now
    forwarded, watched = one.accepts(build.forwarding(one_stop=OTHER_ONE_STOP), COUNTER)
    assert isinstance(watched, DossierWatched)
    assert (watched.watched_by, watched.organisation, watched.agency) == (
        OTHER_ONE_STOP,
        ONE_STOP,
        AGENCY_CODE,
    )
    assert receivers(before, one.now, watched, EVERYBODY) == ("counter-khac",)
    assert receivers(before, one.now, forwarded, EVERYBODY) == ("counter-mau", "agency-mau")
    assert has_part(one.now, OTHER_COUNTER)
    assert one.refuses(build.receipt(), OTHER_COUNTER).code == "security.foreign_organisation"
    due = one.now.timers["due"].due_at
    (missed,) = one.accepts(build.firing(one.now, "due"), HUB, due)
    assert receivers(one.now, one.now, missed, EVERYBODY) == ("counter-mau", "agency-mau", "counter-khac")


@pytest.mark.rule("17.7.a")
def test_by_the_register_the_only_one_of_the_upper_level_watches_and_of_several_one_is_named() -> None:
    one = story(OWN, UPPER, CENTRE)
    (_, watched) = one.accepts(build.forwarding(), COUNTER)
    assert isinstance(watched, DossierWatched)
    assert watched.watched_by == OTHER_ONE_STOP
    two = story(OWN, UPPER, CENTRE, SECOND)
    refused = two.refuses(build.forwarding(), COUNTER)
    assert (refused.code, refused.possible) == ("rule.17.7.a", (OTHER_ONE_STOP, "H07.34.98"))
    assert two.accepts(build.forwarding(one_stop="H07.34.98"), COUNTER)[1:]
    lenient = story(OWN, UPPER, CENTRE, SECOND)
    lenient.law = build.law_with(interlinked={"upper_one_stop": "if_named"})
    assert lenient.accepts(build.forwarding(), COUNTER)
    own = OWN + f"{AGENCY_CODE},committee,commune,Ủy ban nhân dân xã,,2024-01-01\n"
    same = story(own, UPPER.splitlines()[0] + "\n", CENTRE)
    assert not same.accepts(build.forwarding(), COUNTER)[1:]


@pytest.mark.rule("17.7.b")
def test_the_papers_of_the_result_go_to_the_one_stop_that_took_the_dossier_in() -> None:
    one = build.issued()
    refused = one.refuses(build.hand_over(AGENCY_CODE, OTHER_ONE_STOP, RESULT_CODE), AGENCY)
    assert (refused.code, refused.possible) == ("rule.17.7.b", (ONE_STOP,))
    assert one.accepts(build.hand_over(AGENCY_CODE, ONE_STOP, RESULT_CODE), AGENCY)


@pytest.mark.rule("16")
def test_after_a_merger_the_successor_of_a_watching_one_stop_watches() -> None:
    one = story(OWN, UPPER, CENTRE)
    one.accepts(build.forwarding(), COUNTER)
    ended = CENTRE.replace("2024-01-01\n", "2024-01-01,2026-01-01,H07.34.98\n")
    head = HEAD.replace("in_force_from", "in_force_from,in_force_until,successors")
    rows = "".join(row + ",,\n" for row in (OWN + UPPER + SECOND).splitlines())
    one.registers = replace(one.registers, organisations=from_csv(head + rows + ended, None, Organisations()))
    one.accepts(build.receipt(), AGENCY)
    assert one.now.watched_by == "H07.34.98"
