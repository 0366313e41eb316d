"""A merger while a dossier is open, as the engine takes it: who may know, who is told, what is on record."""

from __future__ import annotations

import orjson

from hub.regulation.registered import Registers
from tests.support.batches import STRANGER, FaultyRules, Memory, receipts, record, sent
from tests.support.registers import merged
from tests.support.requests import AGENCY, ONE_STOP, SUBMIT, WITHDRAW, submission

(SUCCESSOR,) = STRANGER.organisations
HEAD = "code,kind,level,parent,name_vi,in_force_from,in_force_until,successors"
ROWS = (
    "H07.01,office,province,,Văn phòng,2020-01-01,,",
    f"{ONE_STOP},centre,province,H07.01,Trung tâm,2020-01-01,{{day}},{SUCCESSOR}",
    f"{SUCCESSOR},centre,province,H07.01,Trung tâm mới,{{day}},,",
    f"{AGENCY},department,province,,Sở,2020-01-01,,",
)


def rules(day: str) -> FaultyRules:
    """The rules with a merger on this day; requests come on 2026-11-23."""
    registers = Registers(merged("\n".join((HEAD, *ROWS)).format(day=day)))
    found = FaultyRules().with_registers(registers)
    assert found.with_registers(registers) is found
    return found


def test_the_successor_knows_the_dossier_acts_on_it_and_is_told() -> None:
    memory = Memory(rules=rules("2026-12-01"))
    lodged = memory.commit(memory.decide(record(SUBMIT, "ref:1", submission(), "e1")))
    (dossier,) = memory.dossiers
    assert len(lodged.facts) == 1
    early = memory.decide(record(WITHDRAW, dossier, {}, "e2", sender=STRANGER.name))
    assert receipts(early, STRANGER.name)[0]["code"] == "unknown_dossier"

    memory.rules = rules("2026-11-23")
    late = memory.commit(memory.decide(record(WITHDRAW, dossier, {}, "e3", sender=STRANGER.name)))
    assert [fact.type for fact in late.facts] == [
        "onestop.dossier.taken_over.v1", "onestop.dossier.withdrawn.v1",
    ]  # fmt: skip
    told = [orjson.loads(message.value) for message in sent(late, f"out.{STRANGER.name}")]
    assert {"former": ONE_STOP, "successor": SUCCESSOR} in [
        one for message in told for one in message.get("followed", ())
    ]
    stored = memory.dossiers[dossier].state
    assert stored is not None
    assert memory.rules.load(stored).organisation == SUCCESSOR
    old = memory.decide(record(WITHDRAW, dossier, {}, "e4"))
    assert receipts(old)[0]["code"] == "unknown_dossier"
