"""A record that fails outside of its rules: parked or buried alone, and the rest of its batch is decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.budget.allowance import Use
from hub.dossier.state.model import IdentityCheck
from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.decide.isolate_failures import Attempts, Items
from hub.engine.decide.rules import Rules
from hub.engine.errors import CodesMissingError, HeldBackError
from hub.errors import StopError
from hub.facts.parking import StoredRecord, decode_record
from hub.facts.sealing import SEED_UNREADABLE
from hub.inbound.authorise import Authorised, Unreadable
from hub.settings.budget import BudgetSettings
from tests.support.batches import Memory, receipts, record, submit
from tests.support.requests import ACCEPT, OFFICER, WITHDRAW, acceptance, submission

SUPPLEMENT = "onestop.dossier.request_supplement.v1"
REF, OTHER_REF = "ref:HS-0001", "ref:HS-0002"


def decide(memory: Memory, *records: StoredRecord) -> BatchDecision:
    return attempts_on(memory, *records).decide(memory.decision)


def attempts_on(memory: Memory, *records: StoredRecord) -> Attempts:
    def read() -> Items:
        return [memory.read(item) for item in records]

    return Attempts(read(), read)


def test_a_failure_behind_the_rules_parks_its_request_and_the_rest_of_the_batch_is_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = Memory()
    memory.commit(memory.decide(submit("e0", REF, submission()), submit("e9", OTHER_REF, submission())))
    broken_id = memory.aliases["ref:counter-a:HS-0001"]
    real = memory.rules.kept_of
    fails = iter([True])

    def kept_of(fact: Any) -> Any:
        if next(fails, False):
            raise KeyError("the bug of the test")
        return real(fact)

    monkeypatch.setattr(memory.rules, "kept_of", kept_of)
    decision = decide(memory, record(WITHDRAW, REF, {}, "e1"), record(WITHDRAW, OTHER_REF, {}, "e2"))
    assert [(item.dossier_id, item.request_id, item.reason) for item in decision.parked] == [
        (broken_id, "e1", "bug.KeyError")
    ]
    assert [receipt["request"] for receipt in receipts(decision)] == ["e2"]
    assert [fact.dossier_id for fact in decision.facts] == [memory.aliases["ref:counter-a:HS-0002"]]
    held = decision.workspace.held[broken_id]
    assert (held.sequence, held.parked, held.head) == (1, 1, memory.dossiers[broken_id].head)
    assert decision.bugs == [(WITHDRAW, "KeyError")]


def test_a_submission_that_fails_behind_the_rules_waits_with_its_new_dossier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = Memory()

    def kept_of(_: Any) -> Any:
        raise KeyError("the bug of the test")

    monkeypatch.setattr(memory.rules, "kept_of", kept_of)
    decision = decide(memory, submit("e1", REF, submission()))
    assert [item.reason for item in decision.parked] == ["bug.KeyError"]
    assert decision.facts == []
    assert decision.messages == {}
    assert list(decision.workspace.aliases) == ["ref:counter-a:HS-0001"]


def test_a_request_for_a_state_that_cannot_be_read_becomes_a_dead_letter_and_the_rest_is_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = Memory()
    memory.commit(memory.decide(submit("e0", REF, submission())))

    def load(_: bytes) -> Any:
        raise ValueError("the bug of the test")

    monkeypatch.setattr(memory.rules, "load", load)
    decision = decide(memory, record(WITHDRAW, REF, {}, "e1"), submit("e2", OTHER_REF, submission()))
    assert [letter.reason for letter in decision.dead_letters] == ["poison.crash"]
    assert decision.parked == []
    assert [(receipt["request"], receipt.get("code")) for receipt in receipts(decision)] == [
        ("e1", "poison.crash"),
        ("e2", None),
    ]


def test_when_no_dead_letter_can_be_made_either_the_engine_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()

    def refused(**_: Any) -> Any:
        raise ValueError("the bug of the test")

    monkeypatch.setattr("hub.facts.receipts.refused", refused)
    with pytest.raises(StopError, match="no record can be answered: ValueError"):
        decide(memory, record(WITHDRAW, REF, {}, "e1"))


def test_others_get_their_turn_while_a_batch_is_decided() -> None:
    memory = Memory()
    attempts = attempts_on(memory, *(submit(f"e{n}", f"ref:HS-{n}", submission()) for n in range(70)))
    turns = [attempts.go_on(memory.decision) for _ in range(3)]
    assert turns[:2] == [None, None]
    assert turns[2] is not None
    assert len(receipts(turns[2])) == 70


def test_what_fails_far_into_a_batch_whose_first_records_are_let_go_of_costs_its_own_record_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory, calls, real = Memory(), iter(range(1000)), Rules.receivers

    def receivers(self: Rules, before: Any, after: Any, fact: Any, directory: Any) -> Any:
        if next(calls) == 70:
            raise KeyError("the bug of the test")
        return real(self, before, after, fact, directory)

    monkeypatch.setattr(Rules, "receivers", receivers)
    submissions = [submit(f"e{n}", f"ref:HS-{n}", submission()) for n in range(100)]
    items = [memory.read(one) for one in submissions]
    attempts = Attempts(items, lambda: [memory.read(one) for one in submissions])
    decision = attempts.decide(memory.decision)
    assert [(item.request_id, item.reason) for item in decision.parked] == [("e70", "bug.KeyError")]
    others = [f"e{n}" for n in range(100) if n != 70]
    assert sorted(receipt["request"] for receipt in receipts(decision)) == sorted(others)
    assert [name for (_, name), entry in decision.workspace.inbox.items() if entry.receipt] == others


def test_what_fails_while_messages_are_made_costs_its_own_record_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = Memory()
    memory.commit(memory.decide(submit("e0", REF, submission()), submit("e9", OTHER_REF, submission())))
    broken_id = memory.aliases["ref:counter-a:HS-0001"]
    real = memory.rules.receivers
    fails = iter([True])

    def receivers(before: Any, after: Any, fact: Any, directory: Any) -> Any:
        if next(fails, False):
            raise KeyError("the bug of the test")
        return real(before, after, fact, directory)

    monkeypatch.setattr(memory.rules, "receivers", receivers)
    decision = decide(memory, record(WITHDRAW, REF, {}, "e1"), record(WITHDRAW, OTHER_REF, {}, "e2"))
    assert [(item.dossier_id, item.reason) for item in decision.parked] == [(broken_id, "bug.KeyError")]
    assert [receipt["request"] for receipt in receipts(decision)] == ["e2"]
    assert [fact.dossier_id for fact in decision.facts] == [memory.aliases["ref:counter-a:HS-0002"]]
    held = decision.workspace.held[broken_id]
    assert (held.sequence, held.parked, held.head) == (1, 1, memory.dossiers[broken_id].head)


def test_what_cannot_be_trusted_when_facts_are_made_holds_the_partition_of_its_own_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = Memory()
    memory.commit(memory.decide(submit("e0", REF, submission()), submit("e9", OTHER_REF, submission())))
    real = memory.rules.receivers

    def receivers(before: Any, after: Any, fact: Any, directory: Any) -> Any:
        if after.notices:
            raise SEED_UNREADABLE
        return real(before, after, fact, directory)

    def from_own_partitions(batch: list[StoredRecord]) -> list[Authorised | Unreadable]:
        return [memory.read(replace(one, partition=number)) for number, one in enumerate(batch)]

    monkeypatch.setattr(memory.rules, "receivers", receivers)
    told = submission(notices={"email": "mau@mau.example"})
    memory.commit(memory.decide(submit("e1", "ref:HS-0003", told)))
    asked = {"officer": OFFICER, "stage": "intake", "gaps": [{"reason": "Thiếu chữ ký"}]}
    batch = [record(WITHDRAW, REF, {}, "e2"), record(SUPPLEMENT, "ref:HS-0003", asked, "e3"),
             record(WITHDRAW, OTHER_REF, {}, "e4")]  # fmt: skip
    with pytest.raises(HeldBackError) as held:
        Attempts(from_own_partitions(batch), lambda: from_own_partitions(batch)).decide(memory.decision)
    assert held.value.position == ("in.counter-a", 1)


def test_after_a_lease_of_codes_no_record_is_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    refs = [f"ref:HS-{number:04d}" for number in range(1, 4)]
    memory.commit(memory.decide(*(submit(f"s{ref}", ref, submission()) for ref in refs)))
    for dossier in list(memory.dossiers):
        memory.change(dossier, owner=IdentityCheck("matched", "check"))
    decided: list[str] = []
    real = memory.rules.decide

    def counted(state: Any, request: Any, context: Any) -> Any:
        decision = real(state, request, context)
        decided.append(context.request_id)
        return decision

    monkeypatch.setattr(memory.rules, "decide", counted)
    attempts = attempts_on(memory, *(record(ACCEPT, ref, acceptance(), f"a{ref}") for ref in refs))
    leases = 0
    while True:
        try:
            decision = attempts.decide(memory.decision)
            break
        except CodesMissingError as missing:
            memory.codes.add(missing.unit, missing.day, leases + 1, 1)
            leases += 1
    assert leases == 3
    assert decided == [f"a{ref}" for ref in refs]
    assert [receipt["code"][-4:] for receipt in receipts(decision)] == ["0001", "0002", "0003"]


def test_the_letters_of_the_batch_that_is_being_written_count_against_the_budget_too() -> None:
    memory = Memory()
    most = BudgetSettings().letters
    kept: list[bool] = []
    for before in (most - 1, most):
        decision = memory.decision(letters_before={"counter-a": Use(before, 10 * before)})
        for number in range(2):
            decision.take(memory.read(submit(f"e{number}", REF, b"\xff\x00 no JSON")))
        kept += [decode_record(letter.record).value is not None for letter in decision.dead_letters]
    assert kept == [True, False, False, False]
