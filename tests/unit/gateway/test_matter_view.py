"""GET /v1/dossiers/{id} of a matter: what its parties are shown, and no more."""

from __future__ import annotations

import json

from hub.gateway.dossiers import matter_view
from hub.gateway.openapi import DOSSIER
from schemas.ticket import IssueTicket
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, OFFICER, ONE_STOP
from tests.support.matters import MatterStory, lodging, passing_on, settlement


def test_a_settlement_shows_whose_it_is_and_until_when_the_next_is() -> None:
    story = MatterStory()
    story.accepts(settlement(), COUNTER)
    shown = matter_view(story.now, "id-1", 1, COUNTER)
    assert (shown["status"], shown["matter"], shown["organisation"], shown["agency"]) == (
        "matter", "fees", ONE_STOP, AGENCY_CODE,
    )  # fmt: skip
    assert shown["deadlines"] == [{"kind": "settlement", "due_at": "2027-01-22T10:00:00.000Z"}]
    assert shown["possible"] == ["onestop.fees.settle.v1"]
    assert set(DOSSIER["required"]) <= shown.keys()


def test_a_complaint_shows_nothing_of_who_complains_and_what_this_caller_may_ask() -> None:
    story = MatterStory()
    story.accepts(lodging(), COUNTER)
    story.accepts(passing_on(AGENCY_CODE), COUNTER)
    both = [matter_view(story.now, "id-1", 2, sender) for sender in (COUNTER, AGENCY)]
    assert both[0]["possible"] == ["onestop.complaint.answer.v1", "onestop.complaint.forward.v1"]
    assert both[1]["possible"] == ["onestop.complaint.answer.v1"]
    said = json.dumps(both, ensure_ascii=False)
    assert not [word for word in ("Nguyễn Thị Mẫu", OFFICER.name, "niêm yết") if word in said]


def test_a_queue_shows_whose_it_is_and_that_numbers_are_drawn_and_called() -> None:
    story = MatterStory()
    story.accepts(IssueTicket(organisation=ONE_STOP, field="Hộ tịch", priority="elderly"), COUNTER)
    shown = matter_view(story.now, "id-1", 1, COUNTER)
    assert (shown["matter"], shown["organisation"]) == ("queue", ONE_STOP)
    assert shown["possible"] == ["onestop.ticket.call.v1", "onestop.ticket.issue.v1"]
    assert "elderly" not in json.dumps(shown)
