"""The ledger's check on small journals written by hand: clean ones pass, each kind of wrong is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.ledger.check import check
from tests.support.ledger.evidence import (
    Copy,
    CounterpartName,
    Delivered,
    Effect,
    Fact,
    HubSide,
    Journals,
    Kill,
    Sent,
)
from tests.support.ledger.verdict import Class, Verdict

SUBMIT, ORDER = "onestop.dossier.submit.v1", "onestop.pickup.order.v1"
SUBMITTED, ORDERED = "onestop.dossier.submitted.v1", "onestop.pickup.ordered.v1"
ACCEPTED, REFUSED = "onestop.receipt.accepted.v1", "onestop.receipt.refused.v1"


def sent(position: int, request: str, event_type: str, *copies: Copy, participant: str = "counter") -> Sent:
    return Sent(
        participant, position, request, event_type, "ref:1", f"digest-{request}", "plain", None, copies
    )


def fact(sequence: int, fact_id: str, event_type: str, request: str, *receivers: str) -> Fact:
    previous = f"hash-{sequence - 1}" if sequence > 1 else None
    digest = f"hash-{sequence}"
    source = "/participants/counter"
    return Fact("d1", sequence, fact_id, event_type, source, request, digest, digest, previous, receivers)


def told(
    reader: str, message: str, event_type: str, offset: int, sequence: int, effect: str | None = None
) -> Delivered:
    return Delivered(
        reader, message, event_type, "d1", f"bytes-{message}", 0, offset, sequence, effect=effect
    )


def receipt(
    request: str, offset: int, *facts: tuple[str, int], code: str | None = None, reader: str = "counter"
) -> Delivered:
    kind = REFUSED if code else ACCEPTED
    return Delivered(reader, f"receipt-{request}", kind, "d1", f"bytes-{request}", 0, offset,
                     request=request, code=code, facts=facts)  # fmt: skip


def published(number: int, fact_id: str, event_type: str) -> Delivered:
    return Delivered("dossier.facts", fact_id, event_type, "d1", f"hash-{number}", 0, number - 1, number)


OK = Copy("ok", 0, 0)
TO_COUNTER = (
    told("counter", "m1", SUBMITTED, 0, 1),
    receipt("r1", 1, ("f1", 1)),
    receipt("r2", 2, ("f2", 2)),
    receipt("r3", 3, code="state.conflict"),
)
TO_POST = told("postal", "m2", ORDERED, 0, 2, "d1__C1")

CLEAN = Journals(
    sent=(
        sent(1, "r1", SUBMIT, OK, OK),
        sent(2, "r2", ORDER, Copy("unknown"), OK),
        sent(3, "r3", ORDER, OK),
        sent(1, "r4", "onestop.pickup.report.v1", OK, participant="postal"),
    ),
    received=(*TO_COUNTER, TO_POST),
    hub=HubSide(
        inbox={("counter", f"r{number}"): f"digest-r{number}" for number in (1, 2, 3)},
        facts=(fact(1, "f1", SUBMITTED, "r1", "counter"), fact(2, "f2", ORDERED, "r2", "postal")),
        fact_topic=(published(1, "f1", SUBMITTED), published(2, "f2", ORDERED)),
        out_topics=(
            *TO_COUNTER,
            TO_POST,
            receipt("r4", 1, code="state.conflict", reader="postal"),
        ),
        in_log={("counter", "r1", "digest-r1"): 2, ("counter", "r2", "digest-r2"): 1,
                ("counter", "r3", "digest-r3"): 1, ("postal", "r4", "digest-r4"): 1},
        redrives=1,
        conflicts={"head_miss": 1},
    ),
    effects=(Effect("postal", "d1__C1", "m2"),),
    kills=(Kill("engine-1", "SIGKILL", "2026-11-23T10:00:00+00:00"),),
    readers=frozenset({"counter"}),
    counterparts=frozenset({"postal"}),
)  # fmt: skip


def hub(**changes: object) -> Journals:
    return replace(CLEAN, hub=replace(CLEAN.hub, **changes))  # type: ignore[arg-type]  # named in the tests


def kinds(verdict: Verdict) -> set[Class]:
    return {finding.kind for finding in verdict.findings}


def test_journals_that_agree_are_clean() -> None:
    verdict = check(CLEAN)
    assert verdict.findings == ()
    assert verdict.is_clean
    assert verdict.counts["duplicates_suppressed"] == 1
    assert verdict.counts["sends_of_unknown_result"] == 1
    assert verdict.counts["kills.engine"] == 1
    assert dict(verdict.rows())["95 % bound per event (3/N)"] == "7.5e-01"


OUT, FACTS = CLEAN.hub.out_topics, CLEAN.hub.facts
AGAIN = replace(OUT[1], id="receipt-2", digest="other", offset=9)
DOUBLE = replace(
    FACTS[1], id="f3", sequence=3, hash="hash-3", computed="hash-3", previous="hash-2", receivers=()
)

WRONG: dict[str, tuple[Journals, Class]] = {
    "a request that left no trace": (
        replace(CLEAN, sent=(*CLEAN.sent, sent(4, "r9", ORDER, OK))), "lost"),
    "a fact of a receipt that is not recorded": (hub(facts=FACTS[:1]), "lost"),
    "a fact that is on no topic": (hub(fact_topic=CLEAN.hub.fact_topic[:1]), "lost"),
    "a message that its receiver has not got": (replace(CLEAN, received=CLEAN.received[1:]), "lost"),
    "an order that the post never had": (
        replace(CLEAN, effects=(Effect("postal", "other", "m2"),)), "lost"),
    "two effects of one order": (replace(CLEAN, effects=CLEAN.effects * 2), "duplicated"),
    "a request that became more facts than its receipt lists": (
        hub(facts=(*FACTS, DOUBLE), fact_topic=(*CLEAN.hub.fact_topic, published(3, "f3", ORDERED))),
        "duplicated"),
    "a strict counterpart that was asked twice": (
        replace(CLEAN, effects=(*CLEAN.effects, Effect("postal", "d1__C1", "m2", is_repeat=True)),
                strict_counterparts=frozenset({"postal"})), "duplicated"),
    "two receipts for one id": (
        replace(hub(out_topics=(*OUT, AGAIN)), received=(*CLEAN.received, AGAIN)), "receipts_doubled"),
    "facts of a request without a receipt": (hub(out_topics=(OUT[0], *OUT[2:])), "receipts_missing"),
    "an effect that nobody asked for": (
        replace(CLEAN, effects=(*CLEAN.effects, Effect("postal", "d9__C1"))), "phantom"),
    "a fact without a request": (
        hub(facts=(FACTS[0], replace(FACTS[1], request="r9"))), "phantom"),
    "a digest that is not that of the client": (
        hub(inbox={**CLEAN.hub.inbox, ("counter", "r1"): "other"}), "altered"),
    "stored bytes that do not have their hash": (
        hub(facts=(FACTS[0], replace(FACTS[1], computed="other"))), "altered"),
    "a message that arrived with other bytes": (
        replace(CLEAN, received=(replace(TO_COUNTER[0], digest="other"), *CLEAN.received[1:])), "altered"),
    "a hole in the sequence": (hub(facts=(FACTS[0], replace(FACTS[1], sequence=3))), "misordered"),
    "a broken hash chain": (hub(facts=(FACTS[0], replace(FACTS[1], previous="other"))), "misordered"),
    "facts on the topic in another order": (
        hub(fact_topic=tuple(reversed(CLEAN.hub.fact_topic))), "misordered"),
    "requests applied in another order than sent": (
        replace(CLEAN, sent=(replace(CLEAN.sent[0], position=8), *CLEAN.sent[1:])), "misordered"),
    "a dossier that is still parked": (hub(unfinished=("dossier marked as parked d1",)), "stuck"),
    "a send that nobody knows the end of": (
        replace(CLEAN, sent=(*CLEAN.sent, sent(4, "r9", ORDER, Copy("unknown")))), "unknown"),
    "an empty journal of a client": (replace(CLEAN, readers=frozenset({"counter", "agency"})), "invalid"),
    "an empty journal of a counterpart": (
        replace(CLEAN, counterparts=frozenset({"postal", "population"})), "invalid"),
    "a run without kills": (replace(CLEAN, kills=()), "invalid"),
    "a run without conflicts": (hub(conflicts={}), "invalid"),
    "a run without redrive": (hub(redrives=0), "invalid"),
    "a run without duplicates": (
        hub(in_log={**CLEAN.hub.in_log, ("counter", "r1", "digest-r1"): 1}), "invalid"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str) -> None:
    journals, expected = WRONG[name]
    verdict = check(journals)
    assert expected in kinds(verdict), verdict.findings
    assert not verdict.is_clean
    assert verdict.as_json()["findings"][expected] >= 1


def test_a_message_published_again_after_a_crash_is_no_fault() -> None:
    again = (replace(OUT[0], offset=7), replace(OUT[1], offset=8))
    assert check(hub(out_topics=(*OUT, *again))).findings == ()


def test_copies_on_several_partitions_have_no_order_to_keep() -> None:
    stray = replace(CLEAN.sent[0], position=8, copies=(Copy("ok", 0, 0), Copy("ok", 1, 0)))
    assert check(replace(CLEAN, sent=(stray, *CLEAN.sent[1:]))).findings == ()


def test_broken_bytes_need_a_dead_letter_and_a_receipt_for_each_copy() -> None:
    broken = Sent("counter", 5, "bad", SUBMIT, "ref:1", "digest-bad", "malformed", None, (Copy("ok", 1, 7),))
    log = {**CLEAN.hub.in_log, ("counter", "bad", "digest-bad"): 1}
    answer = Delivered(
        "counter", "receipt-bad", REFUSED, "place", "bytes-bad", 0, 5, request="bad", code="envelope.no_json"
    )
    journals = replace(hub(in_log=log), sent=(*CLEAN.sent, broken))
    assert kinds(check(journals)) == {"lost", "receipts_missing"}
    answered = replace(
        journals, received=(*CLEAN.received, answer),
        hub=replace(journals.hub, out_topics=(*OUT, answer), dead_letters=frozenset({("counter", 1, 7)})),
    )  # fmt: skip
    assert check(answered).findings == ()


def test_a_delivery_that_ended_with_an_answer_to_the_officer_needs_no_effect() -> None:
    answer = replace(OUT[0], id="m3", type="onestop.sync.recorded.v1", sequence=3, offset=9, settles="m2")
    told_of = replace(
        DOUBLE, type=answer.type, source="/participants/postal", request="r5", receivers=("counter",)
    )
    journals = hub(
        facts=(*FACTS, told_of),
        fact_topic=(*CLEAN.hub.fact_topic, published(3, "f3", answer.type)),
        out_topics=(*OUT, answer),
    )
    adapter = replace(
        journals,
        received=(*CLEAN.received, answer),
        effects=(),
        counterparts=frozenset[CounterpartName](),
        unjournaled=frozenset({"postal"}),
    )
    assert check(adapter).findings == ()
    unanswered = replace(adapter.hub, out_topics=(*OUT, replace(answer, settles=None)))
    assert kinds(check(replace(adapter, hub=unanswered))) == {"lost"}


def test_an_adapter_keeps_no_journal_of_its_requests_but_a_client_must() -> None:
    reported = replace(FACTS[1], source="/participants/postal", request="r5")
    journals = hub(facts=(FACTS[0], reported), out_topics=tuple(m for m in OUT if m.request != "r2"))
    journals = replace(
        journals, sent=tuple(s for s in CLEAN.sent if s.id != "r2"), unjournaled=frozenset({"postal"}),
        received=tuple(m for m in CLEAN.received if m.request != "r2"),
        hub=replace(journals.hub, inbox={k: v for k, v in CLEAN.hub.inbox.items() if k[1] != "r2"}),
    )  # fmt: skip
    assert check(journals).findings == ()
    assert kinds(check(replace(journals, unjournaled=frozenset()))) == {"phantom"}
