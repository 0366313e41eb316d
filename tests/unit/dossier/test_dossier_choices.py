"""What the profile leaves to choose: the other values than those of QĐ 45/2023."""

from __future__ import annotations

from typing import Any

import pytest

from hub.dossier.rules.submission import answer_limit
from hub.regulation.law import Law
from schemas.dossier import AcceptDossier, DossierAccepted, NamedTime
from tests.support import dossiers as build
from tests.support.dossiers import COUNTER, MONDAY, PORTAL, Story, at, law, law_with

SUNDAY, NIGHT = at("2026-10-04 09:00"), at("2026-10-05 17:01")


def under(chosen: Law, **changes: Any) -> Story:
    """A dossier of somebody whom the officer checks by hand, lodged under this law."""
    story = Story(law=chosen, owner=build.FOREIGNER)
    sender = PORTAL if changes.get("channel") == "online" else COUNTER
    story.accepts(build.submission(applicant=build.FOREIGNER, **changes), sender)
    return build.seen(story)


def form_of(story: Story) -> str | None:
    (fact,) = story.accepts(build.acceptance(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    return fact.form


@pytest.mark.rule("10")
@pytest.mark.parametrize("moment", [SUNDAY, NIGHT])
def test_a_one_stop_that_keeps_to_its_hours_takes_nothing_in_outside_of_them(moment: Any) -> None:
    strict = law_with(hours={"outside_hours_acts": "refuse"})
    assert Story(law=strict).refuses(build.submission(), COUNTER, moment).code == "rule.10"
    assert under(strict).refuses(build.acceptance(), COUNTER, moment).code == "rule.10"
    Story(law=strict).accepts(build.submission(channel="online"), PORTAL, moment)
    assert form_of(under(strict)) == "01"
    Story().accepts(build.submission(), COUNTER, moment)


@pytest.mark.rule("15.3")
def test_an_online_dossier_may_get_its_code_without_form_01() -> None:
    code_only = law_with(intake={"online_receipt": "code_only"})
    assert form_of(under(code_only, channel="online")) is None
    assert form_of(under(code_only)) == "01"
    assert form_of(under(law(), channel="online")) == "01"


@pytest.mark.rule("15.2")
def test_a_dossier_by_email_is_answered_as_one_online_or_as_one_at_the_counter() -> None:
    assert answer_limit("email", MONDAY, law()) == answer_limit("online", MONDAY, law())
    assert answer_limit("email", MONDAY, law_with(intake={"email_as": "counter"})) is None


@pytest.mark.rule("16.2")
def test_an_electronic_dossier_for_another_agency_may_have_the_time_of_paper() -> None:
    as_paper = law_with(forward={"other_agency_electronic": "as_paper"})
    electronic = tuple(item.model_copy(update={"electronic": True}) for item in build.papers())
    own = {"agency": build.ONE_STOP}
    for chosen, changes, has_timer in ((as_paper, {}, True), (as_paper, own, False), (law(), {}, False)):
        story = under(chosen, channel="online", components=electronic, **changes)
        story.accepts(build.acceptance(components=electronic), COUNTER)
        due_at = story.now.timers["forward_electronic"].due_at
        assert (due_at == build.at("2026-10-05 17:00")) is has_timer
        assert "forward" not in story.now.timers


WITHOUT_TIME = "1.115740"
"""Its published words name a time that no program can read."""


def without_time() -> Story:
    """Lodged, with all that the list has, under a procedure without any usable time."""
    return build.identified(procedure=WITHOUT_TIME, components=build.papers(WITHOUT_TIME))


def named(source: str = "Quyết định 12/QĐ-UBND ngày 05/01/2026", **changes: Any) -> AcceptDossier:
    return build.acceptance(
        WITHOUT_TIME, named_time=NamedTime(time="15 WORKING_DAY", source=source), **changes
    )


@pytest.mark.rule("15.1.a")
def test_where_no_usable_time_is_published_an_officer_names_it_with_where_it_stands() -> None:
    story = without_time()
    assert story.refuses(build.acceptance(WITHOUT_TIME), COUNTER).code == "handling_time.unpublished"
    refused = story.refuses(named(" "), COUNTER)
    assert (refused.code, refused.fields) == ("handling_time.named", ("/named_time/source",))
    (fact,) = story.accepts(named(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert fact.named_time is not None
    assert (fact.handling, fact.due_at) == ("15 WORKING_DAY", build.at("2026-10-26 17:00"))


@pytest.mark.rule("15.1.a")
def test_nobody_names_a_time_beside_a_published_one_or_where_the_profile_lets_nobody() -> None:
    beside = build.acceptance(named_time=NamedTime(time="30 DAY", source="Quyết định"))
    refused = build.identified().refuses(beside, COUNTER)
    assert (refused.code, refused.fields) == ("handling_time.published", ("/named_time",))
    assert refused.possible
    strict = without_time()
    strict.law = law_with(intake={"unpublished_time": "refuse"})
    assert strict.refuses(named(), COUNTER).code == "handling_time.published"
