"""Where a dossier stands: shown to those who were told of it, without a person in it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import orjson
from msgspec.structs import replace

from hub.dossier.state.codec import from_json, to_json
from hub.dossier.state.model import Opinion
from tests.support.gateways import Site, Visitor
from tests.support.matters import settlement
from tests.support.requests import AGENCY, ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.stored_states import write_state


async def test_the_one_stop_sees_its_dossier_by_id_and_reference(counter: Visitor) -> None:
    receipt = await counter.receipt(SUBMIT, "ref:dossier-1", submission())
    found = (await counter.client.get(f"/v1/dossiers/{receipt['dossier']}")).json()
    assert found["status"] == "submitted"
    assert found["sequence"] == 1
    assert "onestop.dossier.withdraw.v1" in found["possible"]
    assert "onestop.case.assign.v1" not in found["possible"]
    assert (await counter.client.get("/v1/dossiers/ref:dossier-1")).json() == found


async def test_what_is_possible_follows_the_state(counter: Visitor) -> None:
    receipt = await counter.receipt(SUBMIT, "ref:dossier-2", submission())
    await counter.receipt(WITHDRAW, "ref:dossier-2", {})
    found = (await counter.client.get(f"/v1/dossiers/{receipt['dossier']}")).json()
    assert found["status"] == "withdrawn"
    assert "onestop.dossier.withdraw.v1" not in found["possible"]


async def test_no_person_is_shown(counter: Visitor) -> None:
    receipt = await counter.receipt(SUBMIT, "ref:dossier-3", submission())
    text = (await counter.client.get(f"/v1/dossiers/{receipt['dossier']}")).text
    assert "Nguyễn Văn Thử" not in text
    assert "083090000001" not in text


async def test_a_foreign_dossier_and_one_that_is_not_there_look_the_same(
    site: Site, counter: Visitor, agency: Visitor
) -> None:
    receipt = await counter.receipt(SUBMIT, "ref:dossier-4", submission())
    other = await site.join("counter-foreign", ["counter"], ["000.99.99.H07"])
    missing = await other.client.get(f"/v1/dossiers/{uuid.uuid4()}")
    for stranger in (other, agency):
        foreign = await stranger.client.get(f"/v1/dossiers/{receipt['dossier']}")
        assert (foreign.status_code, foreign.content) == (404, missing.content)
    assert (await other.client.get("/v1/dossiers/ref:dossier-4")).status_code == 404


async def test_odd_names_of_dossiers_are_unknown(counter: Visitor) -> None:
    for name in (
        "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
        "%00",
        "..%2f..%2fetc",
        "x'--",
        "H07%20",
        "%ED%A0%80",
    ):
        assert (await counter.client.get(f"/v1/dossiers/{name}")).status_code == 404, name


async def test_a_dossier_under_a_law_that_the_gateway_does_not_have_is_not_shown(
    site: Site, counter: Visitor
) -> None:
    dossier = str((await counter.receipt(SUBMIT, "ref:dossier-9", submission()))["dossier"])
    stored = await site.hub.database.fetchval("select state from dossier where id = $1", dossier)
    state = orjson.loads(stored)
    later = state | {"law": ["bentre-45-2023@9", *state["law"][1:]]}
    await write_state(site.hub, dossier, orjson.dumps(later))
    answer = await counter.client.get(f"/v1/dossiers/{dossier}")
    assert (answer.status_code, answer.json()["code"]) == (503, "gateway.unavailable")
    await write_state(site.hub, dossier, stored)
    assert (await counter.client.get(f"/v1/dossiers/{dossier}")).status_code == 200


async def test_a_dossier_in_which_an_opinion_is_awaited_is_shown_and_who_may_give_it(
    site: Site, counter: Visitor
) -> None:
    dossier = str((await counter.receipt(SUBMIT, "ref:dossier-10", submission()))["dossier"])
    stored = from_json(await site.hub.database.fetchval("select state from dossier where id = $1", dossier))
    asked = {"YK-01": Opinion("H07.21", stored.agency, datetime(2027, 1, 4, tzinfo=UTC))}
    await write_state(site.hub, dossier, to_json(replace(stored, status="received", opinions=asked)))
    found = (await counter.client.get(f"/v1/dossiers/{dossier}")).json()
    assert found["status"] == "received"
    assert "onestop.opinion.give.v1" in found["possible"]  # what comes on paper, the one-stop enters


async def test_a_case_file_is_given_in_words_to_who_was_told_and_names_no_person(
    counter: Visitor, agency: Visitor
) -> None:
    receipt = await counter.receipt(SUBMIT, "ref:dossier-11", submission())
    for name in (receipt["dossier"], "ref:dossier-11"):
        answer = await counter.client.get(f"/v1/explanations/{name}")
        assert (answer.status_code, "Nguyễn Văn Thử" in answer.text) == (200, False)
    file = answer.json()
    assert [line["text"] for line in file["timeline"]] == ["Hồ sơ được nộp"]
    assert (file["status"]["name"], file["next"]["type"]) == ("submitted", "onestop.dossier.accept.v1")
    assert "identity.not_checked" in {lack["code"] for lack in file["next"]["missing"]}
    english = await counter.client.get(f"/v1/explanations/{name}", params={"language": "en"})
    assert english.json()["timeline"][0]["text"] == "Dossier submitted"

    unknown = await counter.client.get(f"/v1/explanations/{uuid.uuid4()}")
    foreign = await agency.client.get(f"/v1/explanations/{receipt['dossier']}")
    assert (foreign.status_code, foreign.content) == (404, unknown.content)
    odd = await counter.client.get(f"/v1/explanations/{name}", params={"language": "fr"})
    assert (odd.status_code, odd.json()["code"]) == (400, "http.invalid_parameter")


async def test_the_facts_of_a_case_file_go_on_behind_a_number(counter: Visitor) -> None:
    receipt = await counter.receipt(SUBMIT, "ref:dossier-12", submission())
    first = (await counter.client.get(f"/v1/explanations/{receipt['dossier']}")).json()
    assert (len(first["timeline"]), first["next_after"]) == (1, None)
    rest = await counter.client.get(f"/v1/explanations/{receipt['dossier']}", params={"after": 1})
    assert (rest.json()["timeline"], rest.json()["status"]["name"]) == ([], "submitted")


async def test_a_matter_is_shown_by_its_id_to_both_sides_and_to_nobody_else(
    site: Site, counter: Visitor, agency: Visitor
) -> None:
    data = settlement(organisation=ONE_STOP, agency=AGENCY).model_dump(mode="json")
    receipt = await counter.receipt("onestop.fees.settle.v1", "ref:QT-1", data)
    where = f"/v1/dossiers/{receipt['dossier']}"
    for side in (counter, agency):
        answer = await side.client.get(where)
        found = answer.json()
        assert (answer.status_code, found["status"], found["matter"]) == (200, "matter", "fees")
        assert (found["organisation"], found["agency"]) == (ONE_STOP, AGENCY)
        assert found["possible"] == ["onestop.fees.settle.v1"]
        assert "Lê Thị Thí Dụ" not in answer.text
        explained = await side.client.get(f"/v1/explanations/{receipt['dossier']}")
        assert explained.json()["code"] == "matter.no_dossier"
    assert (await counter.client.get("/v1/dossiers/ref:QT-1")).status_code == 404  # not its own name
    other = await site.join("counter-no-part", ["counter"], ["000.99.99.H07"])
    missing = await other.client.get(f"/v1/dossiers/{uuid.uuid4()}")
    foreign = await other.client.get(where)
    assert (foreign.status_code, foreign.content) == (404, missing.content)
    queue = {"organisation": ONE_STOP, "field": "Hộ tịch", "priority": "pregnant"}
    drawn = await counter.receipt("onestop.ticket.issue.v1", "ref:XH-1", queue)
    shown = await counter.client.get(f"/v1/dossiers/{drawn['dossier']}")
    assert (shown.json()["matter"], "pregnant" in shown.text) == ("queue", False)
    assert (await agency.client.get(f"/v1/dossiers/{drawn['dossier']}")).status_code == 404
