"""Batches on stored rows that were erased or altered: what is kept, and what is not decided on."""

from __future__ import annotations

import msgspec
import orjson
import pytest
from msgspec.structs import replace

from hub.dossier.state.model import VERSION
from hub.engine.decide.isolate_failures import Attempts
from hub.engine.errors import HeldBackError
from hub.errors import UntrustedRowError
from hub.facts.integrity import ERASED
from hub.facts.parking import StoredRecord, open_record
from hub.facts.sealing import MasterKey
from hub.inbound.authorise import Authorised
from tests.support.batches import Memory, receipts, record, sent, submit
from tests.support.requests import WITHDRAW, submission

REF = "ref:HS-0001"


def lodged(memory: Memory, event_id: str = "e0") -> str:
    """A stored dossier; its id."""
    decision = memory.commit(memory.decide(submit(event_id, REF, submission())))
    return decision.facts[0].dossier_id


# Erased dossiers


@pytest.mark.parametrize("subject", [REF, None])
def test_an_erased_dossier_takes_no_request_and_no_new_submission_and_gets_no_key(
    subject: str | None,
) -> None:
    memory = Memory()
    dossier = lodged(memory)
    memory.erase(dossier)
    requests = [record(WITHDRAW, subject or dossier, {}, "e1"), submit("e2", REF, submission())]
    decision = memory.decide(*requests)
    answers = [(receipt["code"], receipt["state"]) for receipt in receipts(decision)]
    assert answers == [("dossier.erased", "erased")] * 2
    assert (decision.workspace.held, decision.workspace.aliases, decision.facts) == ({}, {}, [])
    assert list(decision.inbox_dossier) == [("counter-a", "e1"), ("counter-a", "e2")]


def test_after_an_erasure_a_repeat_is_known_by_its_id_and_gets_its_receipt() -> None:
    memory = Memory()
    dossier = lodged(memory, event_id="e1")
    first = memory.inbox[("counter-a", "e1")].receipt
    memory.erase(dossier)
    again = memory.decide(submit("e1", REF, submission()))
    assert [m.encode() for m in sent(again, "out.counter-a")] == [first]
    assert again.facts == []


def test_of_a_request_about_an_erased_dossier_nothing_is_kept_to_guess_at() -> None:
    memory = Memory()
    dossier = lodged(memory)
    memory.erase(dossier)
    decision = memory.commit(memory.decide(submit("e1", REF, submission())))
    assert decision.workspace.inbox[("counter-a", "e1")].digest == ERASED
    again = memory.decide(submit("e1", REF, submission()))
    assert [receipt["code"] for receipt in receipts(again)] == ["dossier.erased"]


def test_the_stored_digest_of_a_request_tells_nothing_without_the_key() -> None:
    memory, other = Memory(), Memory(master=MasterKey(bytes(32)))
    request = submit("e1", REF, submission())
    item = memory.read(request)
    assert isinstance(item, Authorised)
    one, two = (kept.decide(request).workspace.inbox[("counter-a", "e1")].digest for kept in (memory, other))
    assert len({one, two, item.envelope.digest}) == 3


# Altered rows


def altered(memory: Memory, dossier: str) -> None:
    memory.dossiers[dossier] = replace(memory.dossiers[dossier], is_altered=True)


def test_requests_of_an_altered_dossier_are_parked_whoever_sends_them_under_a_key_of_their_own() -> None:
    memory = Memory()
    dossier = lodged(memory)
    altered(memory, dossier)
    decision = memory.decide(record(WITHDRAW, REF, {}, "e1"), submit("e2", "ref:HS-2", submission()))
    (parked,) = decision.parked
    assert (parked.dossier_id, parked.reason) == (dossier, "altered")
    quarantine = memory.master.quarantine(dossier)
    assert open_record(parked.record, quarantine, dossier).value == b"{}"
    assert [str(error) for error in decision.untrusted] == [
        f"dossier {dossier}: the row does not fit its check: it was altered"
    ]
    assert [receipt["request"] for receipt in receipts(decision)] == ["e2"]
    assert decision.bugs == [], "the engine's brake for bugs is not for this"


def test_an_altered_dossier_is_not_redriven() -> None:
    memory = Memory()
    dossier = lodged(memory)
    item = memory.read(record(WITHDRAW, REF, {}, "e1"))
    assert isinstance(item, Authorised)
    altered(memory, dossier)
    with pytest.raises(UntrustedRowError):
        memory.decision().redrive(item, dossier, 7)


# Rows of a newer version


def held_back(memory: Memory, item: StoredRecord) -> HeldBackError:
    """What holds the partition of this record; nothing is answered, parked or buried."""
    decision = memory.decision()
    attempts: Attempts = Attempts([memory.read(item)], lambda: [memory.read(item)])
    with pytest.raises(HeldBackError) as raised:
        attempts.decide(lambda: decision)
    assert (decision.messages, decision.parked, decision.dead_letters, decision.facts) == ({}, [], [], [])
    return raised.value


def test_a_state_of_a_newer_version_holds_the_partition_of_the_request() -> None:
    memory = Memory()
    dossier = lodged(memory)
    stored = memory.dossiers[dossier]
    assert stored.state is not None
    newer = orjson.dumps(orjson.loads(stored.state) | {"v": VERSION + 1})
    memory.dossiers[dossier] = replace(stored, state=newer)
    held = held_back(memory, record(WITHDRAW, REF, {}, "e1"))
    assert held.position == ("in.counter-a", 0)
    known = f"version {VERSION + 1}, this program knows versions up to {VERSION}"
    assert str(held) == f"dossier {dossier}: {known}"


def test_a_receipt_of_a_newer_version_holds_the_partition_of_its_repeat() -> None:
    memory = Memory()
    lodged(memory, event_id="e1")
    key = ("counter-a", "e1")
    memory.inbox[key] = replace(memory.inbox[key], receipt=msgspec.msgpack.encode({"v": 2}))
    assert "version" in str(held_back(memory, submit("e1", REF, submission())))


def test_a_name_that_was_led_elsewhere_holds_the_partition_of_the_request() -> None:
    memory = Memory()
    dossier = lodged(memory)
    memory.altered_aliases.add("ref:counter-a:HS-0001")
    held = held_back(memory, record(WITHDRAW, REF, {}, "e1"))
    assert held.cause.row == f"alias of dossier {dossier}"
