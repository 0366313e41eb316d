"""Who is told (events.md, section 5): by role and organisation, never for having sent the submission."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from hub.dossier.decision import Sender
from hub.engine.decide.routing import AUDIENCES, Audience, receivers
from hub.inbound.directory import Directory
from schemas.base import Fact
from schemas.component import ComponentReused, Difference, RecordMismatch, ReusedData, ReusedPaper
from schemas.copy import CopyFile
from schemas.form import FormMade, MadePaper
from schemas.identity import IdentityMatched, IdentityMismatched, IdentityUnavailable
from schemas.personal import personal_paths
from schemas.registry import FACTS
from schemas.sync import SyncRecorded
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, COUNTER, MONDAY, POPULATION, PORTAL, POSTAL

EVERYBODY = (
    COUNTER,
    AGENCY,
    PORTAL,
    POSTAL,
    POPULATION,
    build.OTHER_COUNTER,
    build.OTHER_AGENCY,
)
ANSWER: dict[str, Any] = {"check": "c", "party": "owner", "asked_at": MONDAY}
DIFFERS: dict[str, Any] = {
    "component": build.papers()[0].code,
    "database": "sector",
    "differences": (Difference(field="number", on_paper="07"),),
    "officer": build.OFFICER,
}
FOR_THE_DESK: tuple[Fact, ...] = (
    IdentityMatched(**ANSWER),
    IdentityMismatched(**ANSWER),
    IdentityUnavailable(**ANSWER, reason="x", reason_vi="x", reason_en="x"),
    SyncRecorded(counterpart="portal", message="m", outcome="delivered", at=MONDAY),
)


@pytest.mark.parametrize("fact", FOR_THE_DESK, ids=lambda fact: fact.type)
def test_a_portal_that_lodged_a_dossier_is_not_told_what_its_one_stop_is_told(fact: Fact) -> None:
    lodged = build.submitted(sender=PORTAL, channel="online").now
    assert lodged.submitted_by == "portal"
    assert receivers(lodged, lodged, fact, Directory(EVERYBODY)) == ("counter-mau",)


def test_an_agency_is_told_what_the_database_says_of_a_dossier_that_it_has_and_of_no_other() -> None:
    everybody = Directory(EVERYBODY)
    for fact in FOR_THE_DESK[:3]:
        accepted, forwarded = build.accepted().now, build.forwarded().now
        assert receivers(accepted, accepted, fact, everybody) == ("counter-mau",)
        assert receivers(forwarded, forwarded, fact, everybody) == ("counter-mau", "agency-mau")


def test_a_portal_is_told_of_a_reused_paper_and_not_of_data_that_a_lookup_brought() -> None:
    accepted = build.accepted().now
    files = (CopyFile(digest="a" * 64, size=1, media_type="application/pdf", pages=1),)
    paper = ReusedPaper(
        dossier="H07.34.12-251103-0007",
        package="b" * 64,
        kind="copy",
        component=build.papers()[0].code,
        manifest="c" * 64,
        files=files,
    )
    data = ReusedData(check="c", fields=("residence_detail",))
    told = [
        receivers(accepted, accepted, fact, Directory((COUNTER, PORTAL)))
        for fact in (
            ComponentReused(component=paper.component, paper=paper, reused_at=MONDAY),
            ComponentReused(component=paper.component, data=data, reused_at=MONDAY),
        )
    ]
    assert told == [("counter-mau", "portal"), ("counter-mau",)]


def test_a_counter_that_lost_its_one_stop_is_not_told_of_what_it_lodged() -> None:
    lodged = build.submitted().now
    moved = Sender(COUNTER.name, COUNTER.roles, frozenset({build.OTHER_ONE_STOP}))
    assert receivers(lodged, lodged, FOR_THE_DESK[0], Directory((moved,))) == ()


def test_every_fact_has_its_audience() -> None:
    assert {fact.type for fact in AUDIENCES} == FACTS.keys()
    assert {audience for told in AUDIENCES.values() for audience in told} <= set(get_args(Audience))


def test_an_agency_is_told_nothing_of_a_dossier_that_was_not_forwarded_to_it() -> None:
    accepted, forwarded = build.accepted(), build.forwarded()
    for story, names in ((accepted, ("counter-mau",)), (forwarded, ("counter-mau", "agency-mau"))):
        (fact,) = story.accepts(RecordMismatch(**DIFFERS), COUNTER)
        assert receivers(story.now, story.now, fact, Directory(EVERYBODY)) == names


@pytest.mark.parametrize(
    ("fact", "to", "names"),
    [
        ("dossier.accepted", None, ("counter-mau",)),
        ("pickup.progressed", None, ("counter-mau",)),
        ("paper.handed_over", None, ("counter-mau", "agency-mau")),
        ("reminder.issued", "H07.21", ("counter-mau", "agency-mau", "agency-khac")),
    ],
)
def test_papers_are_told_to_those_whose_papers_they_are(
    fact: str, to: str | None, names: tuple[str, ...]
) -> None:
    made = FormMade(
        fact=fact, issued_at=MONDAY, to=to, papers=(MadePaper(form="05", digest="0" * 64, size=1),)
    )
    forwarded, notifier = build.forwarded().now, Sender("notices", frozenset({"notifier"}), frozenset())
    told = receivers(forwarded, forwarded, made, Directory((*EVERYBODY, notifier)))
    assert told == (names if fact != "dossier.accepted" else (*names, "notices"))


def test_what_the_population_database_said_of_a_person_is_in_one_fact_alone() -> None:
    """A new fact with values of a lookup has to be looked at here, and at who gets it."""
    holders = {
        name
        for name, fact in FACTS.items()
        for path in personal_paths(fact)
        if path.startswith(("/data", "/relatives")) or path.endswith("/in_database")
    }
    assert holders == {"onestop.person_data.received.v1", "onestop.mismatch.recorded.v1"}
    assert AUDIENCES[FACTS["onestop.person_data.received.v1"]] == {"one_stop"}


@pytest.mark.parametrize("role", ["population", "portal", "postal"])
def test_one_that_is_bound_to_the_organisation_is_told_and_the_unbound_one_is_not(role: str) -> None:
    bound = Sender("bound", frozenset({role}), frozenset({build.ONE_STOP}))
    foreign = Sender("foreign", frozenset({role}), frozenset({"000.99.99.H07"}))
    unbound = Sender("unbound", frozenset({role}), frozenset())
    everybody = Directory([bound, foreign, unbound])
    assert everybody.serving(role, build.ONE_STOP) == ("bound",)
    assert everybody.serving(role, "000.88.88.H07") == ("unbound",)
    assert Directory([foreign]).serving(role, "000.88.88.H07") == ()
