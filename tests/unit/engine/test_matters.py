"""Matters in batches: what is about no dossier is one chain under the hub's own name, whoever asks."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hub.dossier.state.matter import Matter
from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.decide.known import wanted_of
from hub.facts.parking import StoredRecord
from schemas.generate import EXAMPLES
from tests.support.batches import AGENCY_SYSTEM, COUNTER, Memory, receipts, record, submit
from tests.support.requests import ACCEPT, AGENCY, OFFICER, ONE_STOP, acceptance, submission

SETTLE = "onestop.fees.settle.v1"
ALIAS = f"ref:hub:fees/{ONE_STOP}/{AGENCY}"
SUM = {"kind": "fee", "receipts": 3, "collected": 90_000, "handed_over": 90_000}


def settlement(quarter: str = "2026-Q3", **changes: Any) -> dict[str, Any]:
    return {
        "organisation": ONE_STOP, "agency": AGENCY, "quarter": quarter, "sums": [SUM], "officer": OFFICER,
        **changes,
    }  # fmt: skip


def settle(event: str, sender: str = "counter-a", **changes: Any) -> StoredRecord:
    return record(SETTLE, f"ref:QT-{event}", settlement(**changes), event, sender=sender)


def told(decision: BatchDecision) -> dict[str, list[str]]:
    """Types of the facts that each participant gets."""
    found: dict[str, list[str]] = {}
    for both in decision.messages.values():
        for message, _ in both:
            kind = dict(message.headers)["ce_type"].decode()
            if "receipt" not in kind:
                found.setdefault(message.topic, []).append(kind)
    return found


def codes(decision: BatchDecision, owner: str = "counter-a") -> list[str]:
    return ["accepted" if "facts" in one else one["code"] for one in receipts(decision, owner)]


def test_whoever_settles_under_whatever_reference_writes_one_chain() -> None:
    memory = Memory()
    first = memory.decide(settle("e1"), settle("e2", AGENCY_SYSTEM.name, quarter="2026-Q2"))
    assert sorted(told(first)) == [
        "dossier.facts", "out.agency-a", "out.counter-a", "out.counter-b", "out.everywhere",
    ]  # fmt: skip
    memory.commit(first)
    assert list(memory.aliases) == [ALIAS]
    second = memory.commit(memory.decide(settle("e3", "counter-b", quarter="2026-Q1")))
    matter = memory.rules.load(memory.dossiers[memory.aliases[ALIAS]].state or b"")
    assert isinstance(matter, Matter)
    assert sorted(matter.quarters) == ["2026-Q1", "2026-Q2", "2026-Q3"]
    assert next(fact.sequence for fact in second.facts) > 2
    assert [fact.dossier_id for fact in first.facts] == [memory.aliases[ALIAS]] * len(first.facts)


def test_the_batch_that_is_being_written_is_known_to_the_next() -> None:
    memory = Memory()
    first = memory.decide(settle("e1"))
    second = memory.decide(settle("e2"), before=first.workspace)
    assert codes(second) == ["rule.9.10.settled"]


def test_what_is_read_for_it_is_its_own_name() -> None:
    wanted = wanted_of([Memory().read(settle("e1"))])
    assert (wanted.aliases, wanted.dossiers) == ([ALIAS], [])


def test_a_stranger_hears_the_same_whether_it_is_there_erased_or_not() -> None:
    memory = Memory()
    asks = settle("e1", "stranger")
    assert codes(memory.decide(asks), "stranger") == ["security.foreign_organisation"]
    assert memory.decide(asks).workspace.aliases == {}
    memory.commit(memory.decide(settle("e2")))
    assert codes(memory.decide(asks), "stranger") == ["security.foreign_organisation"]
    by_id = record(ACCEPT, memory.aliases[ALIAS], acceptance(), "e3", sender="stranger")
    assert codes(memory.decide(by_id), "stranger") == ["unknown_dossier"]
    memory.erase(memory.aliases[ALIAS])
    assert codes(memory.decide(asks), "stranger") == ["security.foreign_organisation"]
    assert codes(memory.decide(settle("e4"))) == ["dossier.erased"]


@pytest.mark.parametrize("kind", [ACCEPT, "onestop.case.assign.v1", "onestop.pickup.order.v1"])
def test_a_request_of_dossiers_that_names_a_matter_is_refused_by_name(kind: str) -> None:
    memory = Memory()
    memory.commit(memory.decide(settle("e1")))
    data = orjson.loads((EXAMPLES / f"{kind}.json").read_bytes())["data"]
    sender = "agency-a" if "case" in kind else "counter-a"
    decision = memory.decide(record(kind, memory.aliases[ALIAS], data, "e2", sender=sender))
    assert codes(decision, sender) == ["matter.not_possible"]


def test_a_reference_of_a_dossier_names_no_matter_and_the_other_way_round() -> None:
    memory = Memory()
    memory.commit(memory.decide(submit("e1", "ref:HS-1", submission())))
    settled = memory.decide(record(SETTLE, "ref:HS-1", settlement(), "e2"))
    assert codes(settled) == ["accepted"]
    by_id = memory.aliases["ref:counter-a:HS-1"]
    assert codes(memory.decide(record(SETTLE, by_id, settlement(), "e3"))) == ["reference.needed"]


def test_a_bug_parks_the_matter_and_what_follows_waits_behind_it() -> None:
    memory = Memory()
    memory.rules.faulty.add(SETTLE)
    memory.commit(memory.decide(settle("e1")))
    memory.rules.faulty.clear()
    waiting = memory.decide(settle("e2", quarter="2026-Q2"))
    assert [item.reason for item in waiting.parked] == ["queued"]
    assert COUNTER.name in {item.participant for item in waiting.parked}
