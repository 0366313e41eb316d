"""Ledger: order per dossier: facts, hash chain, topics, and each client's own requests (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.support.ledger.evidence import Delivered, Fact, Journals
from tests.support.ledger.verdict import Finding


def check(journals: Journals) -> Iterator[Finding]:
    """Findings about order."""
    dossiers: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in journals.hub.facts:
        dossiers[fact.dossier].append(fact)
    for dossier, facts in dossiers.items():
        yield from _chain(dossier, sorted(facts, key=lambda fact: fact.sequence))
    yield from _topic("dossier.facts", journals.hub.fact_topic, is_dense=True)
    yield from _topic("out", journals.hub.out_topics, is_dense=False)
    yield from _topic("received", journals.received, is_dense=False)
    yield from _clients(journals)


def _chain(dossier: str, facts: list[Fact]) -> Iterator[Finding]:
    if [fact.sequence for fact in facts] != list(range(1, len(facts) + 1)):
        yield Finding("misordered", f"{dossier}: sequences {[fact.sequence for fact in facts]}")
    previous: str | None = None
    for fact in facts:
        if fact.hash != fact.computed:
            yield Finding("altered", f"{dossier} {fact.sequence}: the stored hash is not that of the bytes")
        if fact.previous != previous:
            yield Finding("misordered", f"{dossier} {fact.sequence}: does not name the fact before it")
        previous = fact.hash


def _topic(name: str, messages: Iterable[Delivered], *, is_dense: bool) -> Iterator[Finding]:
    """First deliveries of a dossier to a reader come in the order of their sequence, on one partition."""
    seen: set[tuple[str, str]] = set()
    last: dict[tuple[str, str], Delivered] = {}
    for message in messages:
        if message.sequence is None or (message.reader, message.id) in seen:
            continue
        seen.add((message.reader, message.id))
        place = (message.reader, message.dossier)
        before = last.get(place)
        last[place] = message
        expected = before.sequence if before is not None and before.sequence is not None else 0
        if message.sequence <= expected or (is_dense and message.sequence != expected + 1):
            yield Finding(
                "misordered",
                f"{name} {message.reader} {message.dossier}: {message.sequence} after {expected} "
                f"(partition {message.partition}, offset {message.offset})",
            )
        if before is not None and before.partition != message.partition:
            yield Finding("misordered", f"{name} {message.reader} {message.dossier}: on two partitions")


def _clients(journals: Journals) -> Iterator[Finding]:
    """What a client sent under one subject was applied in that order (but for what has stray copies)."""
    applied: dict[tuple[str, str], int] = {}
    for fact in journals.hub.facts:
        key = (fact.source.removeprefix("/participants/"), fact.request)
        applied[key] = min(fact.sequence, applied.get(key, fact.sequence))
    last: dict[tuple[str, str], tuple[int, str]] = {}
    for sent in sorted(journals.sent, key=lambda sent: (sent.participant, sent.position)):
        sequence = applied.get((sent.participant, sent.id))
        if sent.kind != "plain" or sequence is None or sent.is_stray:
            continue
        before, earlier = last.get((sent.participant, sent.subject), (0, ""))
        if sequence < before:
            place = f"{sent.participant} {sent.subject}"
            yield Finding("misordered", f"{place}: {sent.id} became {sequence}, {earlier} before it {before}")
        last[(sent.participant, sent.subject)] = (sequence, sent.id)
