"""One batch: what is decided, what is written and what is told, without broker and database."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from hub.dossier.decision import Refused
from hub.dossier.state.model import IdentityCheck
from hub.engine.errors import CodesMissingError
from hub.facts.entries import ReceiptEntry
from hub.facts.message import decode_message
from hub.facts.parking import decode_record, open_record
from hub.inbound.authorise import Authorised
from tests.support.batches import NOW, NOW_MS, Memory, receipts, record, sent, submit
from tests.support.requests import ACCEPT, APPLICANT, ONE_STOP, WITHDRAW, acceptance, submission

REF = "ref:HS-0001"


def lodged(memory: Memory, subject: str = REF, event_id: str = "e0") -> str:
    """A stored dossier; its id."""
    decision = memory.commit(memory.decide(submit(event_id, subject, submission())))
    return decision.facts[0].dossier_id


# Repeats


def test_a_duplicate_within_a_batch_has_one_effect_and_the_same_receipt_twice() -> None:
    decision = Memory().decide(
        submit("e1", REF, submission()), submit("e1", REF, submission(), headers=[("traceparent", b"00-x")])
    )
    assert len(decision.facts) == 1
    first, second = [m for m in sent(decision, "out.counter-a") if b".receipt." in dict(m.headers)["ce_type"]]
    assert first == second
    assert decision.tally.repeated == 1
    assert list(decision.inbox_dossier) == [("counter-a", "e1")]


def test_an_id_used_for_something_else_in_the_same_batch_is_refused_and_keeps_its_first_answer() -> None:
    decision = Memory().decide(
        submit("e1", REF, submission()), submit("e1", REF, submission(return_channel="online"))
    )
    accepted, refused = receipts(decision)
    assert refused["code"] == "security.id_reused"
    assert refused["fields"] == ["ce_id"]
    assert decision.tally.refused == {("counter-a", "security.id_reused"): 1}
    stored = decision.workspace.inbox[("counter-a", "e1")].receipt
    assert stored is not None
    assert orjson.loads(decode_message(stored).value) == accepted


def test_the_refusal_of_a_reused_id_has_an_id_of_its_own() -> None:
    memory = Memory()
    lodged(memory, event_id="e1")
    reused = [submit("e1", REF, submission(sets=n)) for n in (2, 3)]
    ids = {dict(m.headers)["ce_id"] for m in sent(memory.decide(*reused), "out.counter-a")}
    assert len(ids) == 2


def test_a_stored_answer_is_sent_again_as_its_stored_bytes() -> None:
    memory = Memory()
    lodged(memory, event_id="e1")
    stored = memory.inbox[("counter-a", "e1")].receipt
    again = memory.decide(submit("e1", REF, submission()))
    entries = [entry for messages in again.messages.values() for _, entry in messages]
    assert entries == [ReceiptEntry("counter-a", "e1")]
    assert [m.encode() for messages in again.messages.values() for m, _ in messages] == [stored]
    assert again.facts == []
    assert again.inbox_dossier == {}


# New dossiers


def test_a_refused_submission_leaves_no_dossier() -> None:
    decision = Memory().decide(submit("e1", REF, submission(procedure="9.999999")))
    assert receipts(decision)[0]["code"] == "rule.3.8"
    assert decision.workspace.held == {}
    assert decision.workspace.aliases == {}
    assert decision.facts == []
    assert decision.inbox_dossier == {("counter-a", "e1"): None}


def test_the_reference_of_a_refused_submission_is_free_in_the_same_batch() -> None:
    decision = Memory().decide(
        submit("e1", REF, submission(procedure="9.999999")),
        submit("e2", REF, submission()),
        submit("e3", REF, submission()),
    )
    assert [receipt.get("code") for receipt in receipts(decision)] == ["rule.3.8", None, "reference.in_use"]
    assert len(decision.workspace.held) == 1


def test_a_reference_belongs_to_its_participant() -> None:
    decision = Memory().decide(
        submit("e1", REF, submission()), submit("e1", REF, submission(), sender="counter-b")
    )
    assert len(decision.workspace.held) == 2
    assert set(decision.workspace.aliases) == {"ref:counter-a:HS-0001", "ref:counter-b:HS-0001"}


def test_ids_are_derived_so_a_batch_decided_again_says_the_same() -> None:
    memory = Memory()
    request = submit("e1", REF, submission())
    one, two = memory.decide(request), memory.decide(request)
    assert [fact.id for fact in one.facts] == [fact.id for fact in two.facts]
    assert receipts(one) == receipts(two)


def test_an_acceptance_asks_for_leased_codes_before_it_is_decided() -> None:
    memory = Memory()
    memory.change(lodged(memory), owner=IdentityCheck("matched", "check"))
    with pytest.raises(CodesMissingError):
        memory.decide(record(ACCEPT, REF, acceptance(), "e1"))


def test_a_refused_acceptance_asks_for_no_code() -> None:
    memory = Memory()
    lodged(memory)
    decision = memory.decide(record(ACCEPT, REF, acceptance(), "e1"))
    assert receipts(decision)[0]["code"] == "identity.not_checked"


def test_the_acceptance_behind_the_last_code_of_the_day_is_refused_by_name() -> None:
    memory = Memory()
    dossier = lodged(memory)
    memory.change(dossier, owner=IdentityCheck("matched", "check"))
    memory.codes.add(ONE_STOP, NOW.date(), 9999, 1)
    last = memory.decide(record(ACCEPT, REF, acceptance(), "e1"))
    assert receipts(last)[0]["code"] == f"{ONE_STOP}-261123-9999"
    behind = memory.decide(record(ACCEPT, REF, acceptance(), "e2"))
    assert (receipts(behind)[0]["code"], receipts(behind)[0]["rule"]) == ("codes.used_up", "15.3")
    assert (behind.parked, behind.bugs) == ([], [])


def test_a_one_stop_outside_of_the_profile_is_refused_at_acceptance_by_name() -> None:
    memory = Memory()
    dossier = lodged(memory)
    memory.change(dossier, owner=IdentityCheck("matched", "check"), organisation="nonsense")
    decision = memory.decide(record(ACCEPT, dossier, acceptance(), "e1", sender="everywhere"))
    assert receipts(decision, "everywhere")[0]["code"] == "codes.not_allowed"
    assert (decision.parked, decision.bugs) == ([], [])


def test_a_submission_beyond_the_calendar_is_refused_by_name() -> None:
    memory = Memory()
    for channel, year in (("online", 2033), ("online", 2031)):
        late = datetime(year, 1, 3, 2, 0, tzinfo=UTC)
        times = {"timestamp": int(late.timestamp() * 1000)}
        decision = memory.decide(submit(f"e{year}", REF, submission(channel=channel), **times))
        (receipt,) = receipts(decision)
        assert receipt["code"] == "calendar.year"
        assert (decision.parked, decision.bugs, decision.workspace.held) == ([], [], {})


def test_an_acceptance_whose_due_time_lies_beyond_the_calendar_is_refused_and_another_goes_on() -> None:
    """The dossier is as it was, nothing waits behind it, and the same batch serves another one-stop act."""
    memory = Memory()
    dossier = lodged(memory)
    memory.change(dossier, owner=IdentityCheck("matched", "check"))
    last_day = int(datetime(2030, 12, 31, 2, 0, tzinfo=UTC).timestamp() * 1000)
    decision = memory.decide(
        record(ACCEPT, dossier, acceptance(), "e1", timestamp=last_day),
        submit("e2", "ref:another", submission(channel="in_person"), timestamp=last_day),
    )
    refused, served = receipts(decision)
    assert refused["code"] == "calendar.year"
    assert served["facts"]
    assert (decision.parked, decision.bugs) == ([], [])


# The overlay of a batch that is not committed yet


def test_a_batch_goes_on_from_the_uncommitted_one_before_it() -> None:
    memory = Memory()
    first = memory.decide(submit("e1", REF, submission()))
    second = memory.decide(record(WITHDRAW, REF, {}, "e2"), before=first.workspace)
    (submitted,), (withdrawn,) = first.facts, second.facts
    assert (submitted.sequence, withdrawn.sequence) == (1, 2)
    assert orjson.loads(withdrawn.content)["previous"] == submitted.hash.hex()
    (held,) = second.workspace.held.values()
    assert held.read_head == submitted.hash, "the write compares with what the first batch leaves"
    assert not held.is_new


def test_a_repeat_of_an_uncommitted_request_gets_its_receipt() -> None:
    memory = Memory()
    first = memory.decide(submit("e1", REF, submission()))
    second = memory.decide(submit("e1", REF, submission()), before=first.workspace)
    assert second.facts == []
    assert receipts(second) == receipts(first)


def test_deciding_behind_a_batch_does_not_change_it() -> None:
    memory = Memory()
    first = memory.decide(submit("e1", REF, submission()))
    (before,) = first.workspace.held.values()
    state, head = before.state, before.head
    memory.decide(record(WITHDRAW, REF, {}, "e2"), before=first.workspace)
    assert (before.state, before.head, before.sequence) == (state, head, 1)


# Parking and redrive


def test_a_bug_parks_the_request_and_those_behind_it_but_no_other_dossier() -> None:
    memory = Memory()
    dossier = lodged(memory)
    memory.rules.faulty = {WITHDRAW}
    broken, behind = record(WITHDRAW, REF, {}, "e1"), record(ACCEPT, REF, acceptance(), "e2")
    decision = memory.decide(broken, behind, submit("e3", "ref:HS-0002", submission()))
    assert [(p.dossier_id, p.request_id, p.reason) for p in decision.parked] == [
        (dossier, "e1", "bug.ZeroDivisionError"),
        (dossier, "e2", "queued"),
    ]
    assert [receipt["request"] for receipt in receipts(decision)] == ["e3"]
    assert decision.bugs == [(WITHDRAW, "ZeroDivisionError")]
    assert decision.tally.parked == 2
    assert decision.workspace.held[dossier].parked == 2
    assert decision.inbox_dossier[("counter-a", "e1")] == dossier
    assert decision.workspace.inbox[("counter-a", "e1")].receipt is None


def test_a_parked_record_is_sealed_and_opens_to_the_record_as_it_came() -> None:
    memory = Memory()
    memory.rules.faulty = {"onestop.dossier.submit.v1"}
    request = submit("e1", REF, submission())
    decision = memory.decide(request)
    (parked,), (held,) = decision.parked, decision.workspace.held.values()
    assert APPLICANT["name"].encode() not in parked.record
    assert open_record(parked.record, held.key, held.id) == request


def test_a_repeat_of_a_parked_request_waits_for_the_answer_of_the_first() -> None:
    memory = Memory()
    lodged(memory)
    memory.rules.faulty = {WITHDRAW}
    memory.commit(memory.decide(record(WITHDRAW, REF, {}, "e1")))
    again = memory.decide(record(WITHDRAW, REF, {}, "e1"))
    assert (again.parked, again.messages, again.tally.repeated) == ([], {}, 1)


def test_a_parked_submission_keeps_its_reference() -> None:
    memory = Memory()
    memory.rules.faulty = {"onestop.dossier.submit.v1"}
    memory.commit(memory.decide(submit("e1", REF, submission())))
    memory.rules.faulty = set()
    behind = memory.decide(record(WITHDRAW, REF, {}, "e2"), submit("e3", REF, submission()))
    assert [p.reason for p in behind.parked] == ["queued"]
    assert receipts(behind)[0]["code"] == "reference.in_use"


def parked_pair(memory: Memory) -> tuple[str, Authorised, Authorised]:
    """A withdrawal parked by a bug with an acceptance behind it."""
    dossier = lodged(memory)
    memory.rules.faulty = {WITHDRAW}
    pair = record(WITHDRAW, REF, {}, "e1"), record(ACCEPT, REF, acceptance(), "e2")
    memory.commit(memory.decide(*pair))
    first, second = (memory.read(item) for item in pair)
    assert isinstance(first, Authorised)
    assert isinstance(second, Authorised)
    return dossier, first, second


def test_redriven_requests_are_decided_in_the_order_of_their_arrival() -> None:
    memory = Memory()
    dossier, first, second = parked_pair(memory)
    memory.rules.faulty = {ACCEPT}
    one = memory.decision()
    one.redrive(first, dossier, 7)
    one.finish()
    assert one.redriven == [7]
    assert [fact.type for fact in one.facts] == ["onestop.dossier.withdrawn.v1"]
    assert one.workspace.held[dossier].parked == 1
    assert list(one.late_receipts) == [("counter-a", "e1")]
    assert one.inbox_dossier == {}, "the inbox row is there already; only its receipt is late"
    memory.commit(one)

    memory.rules.faulty = set()
    two = memory.decision()
    two.redrive(second, dossier, 8)
    two.finish()
    assert receipts(two)[0]["state"] == "withdrawn"


def test_a_redrive_that_fails_again_says_so_and_answers_nothing() -> None:
    memory = Memory()
    dossier, first, _ = parked_pair(memory)
    decision = memory.decision()
    decision.redrive(first, dossier, 7)
    decision.finish()
    assert decision.bugs == [(WITHDRAW, "ZeroDivisionError")]
    assert decision.late_receipts == {}
    assert decision.facts == []


def test_a_redriven_request_that_is_not_granted_any_more_is_refused() -> None:
    memory = Memory()
    dossier, first, _ = parked_pair(memory)
    not_granted = Refused("security.not_granted")
    item = Authorised(first.record, first.sender, first.envelope, first.now, None, not_granted)
    decision = memory.decision()
    decision.redrive(item, dossier, 7)
    decision.finish()
    assert receipts(decision)[0]["code"] == "security.not_granted"
    assert (decision.redriven, decision.bugs, decision.facts) == ([7], [], [])
    assert list(decision.late_receipts) == [("counter-a", "e1")]
    assert decision.workspace.held[dossier].parked == 1, "the next one waits for its own redrive"


def test_the_receipt_after_a_redrive_is_what_a_repeat_gets() -> None:
    memory = Memory()
    dossier, first, _ = parked_pair(memory)
    memory.rules.faulty = set()
    redriven = memory.decision()
    redriven.redrive(first, dossier, 7)
    redriven.finish()
    memory.commit(redriven)
    again = memory.decide(record(WITHDRAW, REF, {}, "e1"))
    assert receipts(again) == receipts(redriven)


# Dead letters


def test_bytes_that_are_no_envelope_are_kept_as_they_came() -> None:
    bad = submit("e1", REF, b"\xff\x00 no JSON")
    decision = Memory().decide(bad, submit("e2", REF, submission()))
    (letter,) = decision.dead_letters
    assert decode_record(letter.record) == bad
    assert (letter.topic, letter.offset, letter.time_ms) == ("in.counter-a", bad.offset, NOW_MS)
    refused, accepted = receipts(decision)
    assert (refused["code"], refused["request"]) == ("envelope.bad_text", "e1")
    assert accepted["request"] == "e2"
    assert sent(decision, "out.counter-a")[0].key == f"in.counter-a-0-{bad.offset}"
    assert ("counter-a", "e1") not in decision.inbox_dossier
    assert decision.tally.malformed == {("counter-a", "envelope.bad_text"): 1}


def test_a_record_that_kills_the_process_becomes_a_dead_letter_although_it_can_be_read() -> None:
    memory = Memory()
    deadly = submit("e1", REF, submission())
    decision = memory.decision()
    decision.poison(memory.read(deadly))
    decision.finish()
    assert [letter.reason for letter in decision.dead_letters] == ["poison.crash"]
    assert receipts(decision)[0]["code"] == "poison.crash"
    assert decision.facts == []


# Receipts


def test_an_accepted_receipt_says_what_the_request_became() -> None:
    decision = Memory().decide(submit("e1", REF, submission(channel="online")))
    (fact,) = decision.facts
    (receipt,) = receipts(decision)
    assert receipt == {
        "request": "e1",
        "dossier": fact.dossier_id,
        "facts": [{"id": fact.id, "type": "onestop.dossier.submitted.v1", "sequence": 1}],
        "next_deadline": receipt["next_deadline"],
    }
    message = sent(decision, "out.counter-a")[-1]
    assert message.key == fact.dossier_id
    headers = dict(message.headers)
    assert headers["ce_type"] == b"onestop.receipt.accepted.v1"
    assert headers["ce_source"] == b"/participants/hub"
    assert headers["ce_time"] == b"2026-11-23T02:00:00.000Z"


def test_a_refused_receipt_is_these_bytes() -> None:
    decision = Memory().decide(record(WITHDRAW, "ref:unknown", {}, "e1"))
    (message,) = sent(decision, "out.counter-a")
    assert message.key == "ref:unknown"
    assert message.value.decode() == (
        '{"request":"e1","code":"unknown_dossier",'
        '"message_vi":"Không tìm thấy hồ sơ theo mã hồ sơ hoặc mã tham chiếu đã nêu.",'
        '"message_en":"No dossier is known under this id, code or reference.",'
        '"advice_vi":"Kiểm tra lại mã; nếu hồ sơ chưa được nộp thì gửi thông điệp nộp hồ sơ trước.'
        ' Mã tham chiếu riêng (ref:) chỉ dùng được cho hệ thống đã đặt ra mã đó.",'
        '"advice_en":"Check the code; if the dossier was not submitted yet, submit it first.'
        ' A reference (ref:) serves only the system that made it up.","fields":["ce_subject"]}'
    )


def test_nothing_of_a_bug_but_its_kind_is_kept_or_told() -> None:
    memory = Memory()
    lodged(memory)
    memory.rules.faulty = {WITHDRAW}
    decision = memory.decide(record(WITHDRAW, REF, {}, "e1"))
    assert "Thử" not in repr(decision.bugs) + decision.parked[0].reason
