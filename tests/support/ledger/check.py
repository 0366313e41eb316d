"""Ledger: the check: three journals in, a verdict out (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.support.ledger import check_effects, check_order, check_requests
from tests.support.ledger.evidence import Journals
from tests.support.ledger.verdict import Finding, Verdict, counted


def check(journals: Journals) -> Verdict:
    """Join the journals by id; everything that is wrong becomes a finding."""
    findings = (
        *_invalid(journals),
        *check_requests.check(journals),
        *check_effects.check(journals),
        *check_order.check(journals),
    )
    return Verdict(findings, _counts(journals))


def suppressed(journals: Journals) -> int:
    """Copies of a request on the `in.` topics beyond its first: each was answered, not applied."""
    plain = {(sent.participant, sent.id, sent.digest) for sent in journals.sent if sent.kind == "plain"}
    return sum(count - 1 for key, count in journals.hub.in_log.items() if key in plain)


def _invalid(journals: Journals) -> Iterator[Finding]:
    senders = {sent.participant for sent in journals.sent}
    heard = {message.reader for message in journals.received}
    for name in sorted(journals.readers):
        if name not in senders or name not in heard:
            yield Finding("invalid", f"the journal of client {name} is empty")
    if not journals.hub.facts or not journals.hub.fact_topic or not journals.hub.out_topics:
        yield Finding("invalid", "the hub has no facts, or its topics are empty")
    working = {effect.counterpart for effect in journals.effects}
    for counterpart in sorted(journals.counterparts - working):
        yield Finding("invalid", f"the journal of counterpart {counterpart} is empty")
    if not any(kill.signal == "SIGKILL" for kill in journals.kills):
        yield Finding("invalid", "no kill was journaled")
    if suppressed(journals) == 0:
        yield Finding("invalid", "no duplicate was there to be suppressed")
    if sum(journals.hub.conflicts.values()) == 0:
        yield Finding("invalid", "no conflict came up")
    if journals.hub.redrives == 0:
        yield Finding("invalid", "nothing was redriven")


def _counts(journals: Journals) -> dict[str, int]:
    hub = journals.hub
    receipts = [message for message in hub.out_topics if message.is_receipt]
    kinds = Counter(sent.kind for sent in journals.sent)
    return {
        "requests": len(journals.sent),
        "events": sum(hub.in_log.values()),
        "dossiers": len({fact.dossier for fact in hub.facts}),
        "facts": len(hub.facts),
        "accepted": len({message.id for message in receipts if message.is_accepted}),
        "refused": len({message.id for message in receipts if not message.is_accepted}),
        "effects": sum(not effect.is_repeat for effect in journals.effects),
        "duplicates_suppressed": suppressed(journals),
        "reused_ids": kinds["reuse"],
        "malformed": kinds["malformed"],
        "sends_of_unknown_result": sum(
            copy.result == "unknown" for sent in journals.sent for copy in sent.copies
        ),
        **{f"conflicts.{kind}": count for kind, count in sorted(hub.conflicts.items())},
        "redrives": hub.redrives,
        "kills": sum(kill.signal == "SIGKILL" for kill in journals.kills),
        **counted(
            Counter(_kind(kill.target) for kill in journals.kills if kill.signal == "SIGKILL"), "kills"
        ),
        **counted(Counter(kill.crash_point for kill in journals.kills if kill.crash_point), "kills.at"),
        **counted(
            Counter(_kind(kill.target) for kill in journals.kills if kill.signal == "SIGSTOP"), "pauses"
        ),
        **counted(
            Counter(_kind(kill.target) for kill in journals.kills if kill.signal == "SIGTERM"), "restarts"
        ),
    }


def _kind(target: str) -> str:
    return target.partition("-")[0]
