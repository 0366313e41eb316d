"""Ledger: each request has its one receipt and its facts, and no fact is without a request (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.support.ledger.evidence import Delivered, Fact, Journals, Sent
from tests.support.ledger.verdict import Class, Finding

_HUB = "/participants/hub"
_REUSED = "security.id_reused"

_MARKED = frozenset(
    f"onestop.{name}.v1"
    for name in (
        "dossier.submitted", "dossier.withdrawn", "dossier.declined", "dossier.supplement_requested",
        "case.progressed", "paper.handed_over", "paper.received", "pickup.ordered", "pickup.cancelled",
        "pickup.progressed", "sync.recorded",
    )
)  # fmt: skip
"""Facts that keep the field in which our clients put their marker."""

Key = tuple[str, str]
"""Participant and request id."""


class Joined:
    """The journals by request."""

    def __init__(self, journals: Journals) -> None:
        self.journals = journals
        self.sent: dict[Key, Sent] = {
            (sent.participant, sent.id): sent for sent in journals.sent if sent.kind == "plain"
        }
        self.receipts: defaultdict[Key, dict[str, Delivered]] = defaultdict(dict)
        self.reused: defaultdict[Key, set[str]] = defaultdict(set)
        for message in journals.hub.out_topics:
            if message.is_receipt and message.request is not None:
                key = (message.reader, message.request)
                if message.code == _REUSED:
                    self.reused[key].add(message.id)
                else:
                    self.receipts[key].setdefault(f"{message.id}:{message.digest}", message)
        self.facts: defaultdict[Key, list[Fact]] = defaultdict(list)
        for fact in journals.hub.facts:
            self.facts[(fact.source.removeprefix("/participants/"), fact.request)].append(fact)


def check(journals: Journals) -> Iterator[Finding]:
    """Findings about requests, receipts and facts."""
    joined = Joined(journals)
    for key, sent in joined.sent.items():
        yield from _answered(joined, key, sent)
        yield from _applied(joined, key)
    yield from _malformed(joined)
    yield from _reuse(joined)
    yield from _phantoms(joined)
    yield from _altered(joined)
    yield from _received(joined)
    for what in journals.hub.unfinished:
        yield Finding("unknown" if what.startswith("delivery unknown") else "stuck", what)


def _answered(joined: Joined, key: Key, sent: Sent) -> Iterator[Finding]:
    receipts = joined.receipts[key]
    copies = joined.journals.hub.in_log.get((*key, sent.digest), 0)
    if not receipts:
        if sent.is_ok and not copies:
            yield Finding("lost", f"{key}: acknowledged, but not on the topic")
        elif sent.is_ok and not joined.facts[key]:
            yield Finding("lost", f"{key} {sent.type} {sent.subject}: no receipt and no fact")
        elif sent.is_ok or copies:
            yield Finding("receipts_missing", f"{key} {sent.type} {sent.subject}: no receipt")
        else:
            yield Finding("unknown", f"{key}: nobody knows whether it was sent")
    elif len(receipts) > 1:
        words = sorted(f"{message.type} {message.code or ''}" for message in receipts.values())
        yield Finding("receipts_doubled", f"{key} {sent.type} {sent.subject}: {words}")


def _applied(joined: Joined, key: Key) -> Iterator[Finding]:
    """The facts of a request are those that its receipt lists: all of them, and no others."""
    facts = {fact.id: fact for fact in joined.facts[key]}
    for receipt in joined.receipts[key].values():
        for fact_id, sequence in receipt.facts:
            fact = facts.get(fact_id)
            if fact is None or fact.sequence != sequence or fact.dossier != receipt.dossier:
                yield Finding("lost", f"{key}: fact {fact_id} of its receipt is not recorded")
    listed = {fact_id for receipt in joined.receipts[key].values() for fact_id, _ in receipt.facts}
    least = min((len(receipt.facts) for receipt in joined.receipts[key].values() if receipt.facts), default=0)
    if joined.receipts[key] and not listed and facts:
        yield Finding("phantom", f"{key}: refused, but {len(facts)} facts are recorded")
    elif listed and (len(facts) > least or facts.keys() - listed):
        yield Finding("duplicated", f"{key}: {len(facts)} facts, its receipt lists {least}")


def _malformed(joined: Joined) -> Iterator[Finding]:
    """Each copy of broken bytes that the broker has became a dead letter with a receipt of its own."""
    letters = joined.journals.hub.dead_letters
    for sent in joined.journals.sent:
        if sent.kind != "malformed":
            continue
        places = [copy for copy in sent.copies if copy.result == "ok"]
        for place in places:
            if (sent.participant, place.partition, place.offset) not in letters:
                yield Finding(
                    "lost", f"broken bytes of {sent.participant} at {place.partition}/{place.offset}"
                )
        answers = len(joined.receipts[(sent.participant, sent.id)])
        copies = joined.journals.hub.in_log.get((sent.participant, sent.id, sent.digest), 0)
        if answers < copies:
            yield Finding("receipts_missing", f"{sent.participant} {sent.id}: {answers} for {copies} copies")
        elif answers > copies:
            yield Finding("receipts_doubled", f"{sent.participant} {sent.id}: {answers} for {copies} copies")


def _reuse(joined: Joined) -> Iterator[Finding]:
    for sent in joined.journals.sent:
        if sent.kind != "reuse":
            continue
        key = (sent.participant, sent.id)
        copies = joined.journals.hub.in_log.get((*key, sent.digest), 0)
        if copies and not joined.reused[key]:
            yield Finding("receipts_missing", f"{key}: other bytes under its id were not refused")
        elif len(joined.reused[key]) > copies:
            yield Finding("receipts_doubled", f"{key}: {len(joined.reused[key])} refusals of a reused id")


def _phantoms(joined: Joined) -> Iterator[Finding]:
    unjournaled = joined.journals.unjournaled
    for key, facts in joined.facts.items():
        if key not in joined.sent and facts[0].source != _HUB and key[0] not in unjournaled:
            yield Finding("phantom", f"fact {facts[0].id} {facts[0].type} names request {key}")
    known = {(sent.participant, sent.id) for sent in joined.journals.sent}
    for key in joined.receipts:
        if key not in known and key[0] not in unjournaled:
            yield Finding("phantom", f"a receipt names request {key}")
    for key in joined.journals.hub.inbox:
        if key not in known and key[0] not in {"hub", *unjournaled}:
            yield Finding("phantom", f"the inbox has request {key}")


def _altered(joined: Joined) -> Iterator[Finding]:
    """The digest in the inbox is that of the journal; a marker comes out in what the request became."""
    for key, digest in joined.journals.hub.inbox.items():
        sent = joined.sent.get(key)
        if sent is not None and sent.digest != digest:
            yield Finding("altered", f"{key}: the inbox has another digest")
    markers = {sent.id: sent.marker for sent in joined.sent.values() if sent.marker is not None}
    for message in joined.journals.hub.out_topics:
        wanted = markers.get(message.cause or "")
        if wanted is not None and message.type in _MARKED and message.marker != wanted:
            yield Finding("altered", f"{message.reader} {message.id} {message.type} lost its marker")


def _received(joined: Joined) -> Iterator[Finding]:
    """What lies on a client's topic has reached the client, byte for byte, and nothing else has."""
    journals = joined.journals
    on_topic = {(message.reader, message.id): message for message in journals.hub.out_topics}
    at_client = {(message.reader, message.id): message for message in journals.received}
    for key, message in on_topic.items():
        if message.reader not in journals.readers:
            continue
        got = at_client.get(key)
        if got is None:
            kind: Class = "receipts_missing" if message.is_receipt else "lost"
            yield Finding(kind, f"{key} {message.type} was published but not received")
        elif got.digest != message.digest:
            yield Finding("altered", f"{key} {message.type} was received with other bytes")
    for key in at_client.keys() - on_topic.keys():
        yield Finding("phantom", f"{key} was received but is not on the topic")
    first: dict[Key, str] = {}
    for message in journals.hub.out_topics:
        if first.setdefault((message.reader, message.id), message.digest) != message.digest:
            yield Finding("altered", f"{message.reader} {message.id}: published again with other bytes")
