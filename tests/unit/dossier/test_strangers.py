"""Who has no part in a dossier learns nothing of it: not even that there is one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from hub.dossier.decision import Sender
from schemas.generate import EXAMPLES
from schemas.registry import REQUESTS
from tests.support.batches import AGENCY_SYSTEM, STRANGER, STRANGERS, Memory, receipts, record, submit
from tests.support.dossiers import MONDAY
from tests.support.requests import SUBMIT, WITHDRAW, submission

REF, CODE, NO_CODE = "ref:HS-0001", "000.12.34.H07-261123-0001", "000.12.34.H07-261123-0999"
NO_ID = "0199aaaa-bbbb-8ccc-8ddd-eeeeffff0001"
OPEN_TO = [
    (name, stranger)
    for stranger in STRANGERS
    for name, model in REQUESTS.items()
    if model.roles & stranger.roles
]


def lodged() -> tuple[Memory, str]:
    """A stored dossier that has an official code too; its id."""
    memory = Memory()
    (fact,) = memory.commit(memory.decide(submit("e0", REF, submission()))).facts
    memory.aliases[f"code:{CODE}"] = fact.dossier_id
    return memory, fact.dossier_id


def returned(memory: Memory, dossier: str) -> None:
    memory.change(dossier, status="returned")


def parked(memory: Memory, dossier: str) -> None:
    memory.dossiers[dossier] = replace(memory.dossiers[dossier], parked=1)


def parked_from_the_start(memory: Memory, dossier: str) -> None:
    memory.dossiers[dossier] = replace(memory.dossiers[dossier], parked=1, state=None, head=None, sequence=0)


def untouched(memory: Memory, dossier: str) -> None:
    assert dossier in memory.dossiers


SITUATIONS: tuple[Callable[[Memory, str], None], ...] = (
    untouched, returned, parked, parked_from_the_start, Memory.erase,
)  # fmt: skip


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))["data"]


def answer(memory: Memory, name: str, subject: str, stranger: Sender = STRANGER) -> bytes:
    """The receipt to a stranger with its headers, less what the request itself has said; and no effect."""
    decision = memory.decide(record(name, subject, example(name), "e1", sender=stranger.name))
    ((message, _),) = [both for entries in decision.messages.values() for both in entries]
    assert (decision.facts, decision.parked, decision.workspace.aliases) == ([], [], {})
    assert decision.inbox_dossier == {(stranger.name, "e1"): None}
    headers = [(key, value.decode()) for key, value in message.headers if key != "ce_id"]
    return orjson.dumps([message.key, headers, message.value.decode()]).replace(subject.encode(), b"*")


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize(("name", "stranger"), OPEN_TO)
def test_a_foreign_dossier_is_answered_as_one_that_does_not_exist(
    name: str, stranger: Sender, situation: Callable[[Memory, str], None]
) -> None:
    memory, dossier = lodged()
    situation(memory, dossier)
    for known, unknown in ((CODE, NO_CODE), (dossier, NO_ID)):
        assert answer(memory, name, known, stranger) == answer(memory, name, unknown, stranger)


def test_a_portal_of_other_organisations_lodges_nothing_at_this_one() -> None:
    memory = Memory()
    decision = memory.decide(record(SUBMIT, REF, submission(), "e1", sender="portal-elsewhere"))
    assert receipts(decision, "portal-elsewhere")[0]["code"] == "security.foreign_organisation"


def test_every_type_that_is_open_to_organisations_is_tried() -> None:
    by_organisations = [model for model in REQUESTS.values() if model.roles & {"counter", "agency"}]
    tried = {name for name, stranger in OPEN_TO if stranger is STRANGER}
    assert len(tried) == len(by_organisations) > 15
    assert {stranger.name for _, stranger in OPEN_TO} > {"portal-elsewhere", "postal-elsewhere"}


def test_who_has_a_part_in_the_dossier_is_told_its_state() -> None:
    memory, dossier = lodged()
    returned(memory, dossier)
    decision = memory.decide(record(WITHDRAW, dossier, {}, "e1"))
    assert receipts(decision)[0]["state"] == "returned"


def test_who_has_a_part_but_not_this_one_is_told_so_without_the_state() -> None:
    memory, _ = lodged()
    name = "onestop.case.assign.v1"
    decision = memory.decide(record(name, CODE, example(name), "e1", sender=AGENCY_SYSTEM.name))
    assert receipts(decision, AGENCY_SYSTEM.name)[0]["code"] == "rule.19.4"
    name = "onestop.dossier.receive.v1"
    refused = memory.decide(record(name, CODE, example(name), "e2"))
    assert receipts(refused)[0]["code"] == "security.foreign_organisation"
    assert "state" not in receipts(refused)[0]


def test_a_receiver_of_papers_has_a_part_from_the_hand_over_on() -> None:
    memory, dossier = lodged()
    stored = memory.dossiers[dossier]
    assert stored.state is not None
    state = memory.rules.load(stored.state)
    assert not memory.rules.may_know(state, STRANGER, MONDAY)
    holder = replace(state, custody={"paper": "000.99.99.H07"})
    assert memory.rules.may_know(holder, STRANGER, MONDAY)


def test_a_stranger_who_names_a_known_code_for_a_new_dossier_is_asked_for_a_reference() -> None:
    memory, _ = lodged()
    name = "onestop.dossier.submit.v1"
    codes = [
        receipts(memory.decide(record(name, subject, example(name), "e1", sender="stranger")), "stranger")
        for subject in (CODE, NO_CODE)
    ]
    assert [answer[0]["code"] for answer in codes] == ["reference.needed"] * 2
