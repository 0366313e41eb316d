"""Ledger: facts reach their topics, and their effects outside happen once (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.support.ledger.evidence import CounterpartName, Journals
from tests.support.ledger.verdict import Finding

_OUTSIDE: Mapping[str, CounterpartName] = {
    "onestop.pickup.ordered.v1": "postal",
    "onestop.pickup.cancelled.v1": "postal",
    "onestop.identity.check_requested.v1": "population",
}


def check(journals: Journals) -> Iterator[Finding]:
    """Findings about messages and effects."""
    yield from _fact_topic(journals)
    yield from _out_topics(journals)
    yield from _effects(journals)


def _fact_topic(journals: Journals) -> Iterator[Finding]:
    published = {message.id: message for message in journals.hub.fact_topic}
    recorded = {fact.id for fact in journals.hub.facts}
    for fact in journals.hub.facts:
        message = published.get(fact.id)
        if message is None:
            yield Finding("lost", f"fact {fact.id} {fact.type} is not on dossier.facts")
        elif message.digest != fact.computed:
            yield Finding("altered", f"fact {fact.id} {fact.type} has other bytes on dossier.facts")
    for fact_id in published.keys() - recorded:
        yield Finding("phantom", f"fact {fact_id} is on dossier.facts but not recorded")


def _out_topics(journals: Journals) -> Iterator[Finding]:
    messages = {
        (message.reader, message.dossier, message.sequence)
        for message in journals.hub.out_topics
        if not message.is_receipt
    }
    told = set()
    for fact in journals.hub.facts:
        for receiver in fact.receivers:
            told.add((receiver, fact.dossier, fact.sequence))
            if (receiver, fact.dossier, fact.sequence) not in messages:
                yield Finding("lost", f"fact {fact.id} {fact.type} is not on out.{receiver}")
    for reader, dossier, sequence in messages - told:
        yield Finding("phantom", f"out.{reader} tells of {dossier} {sequence}, which is no fact for it")


def _effects(journals: Journals) -> Iterator[Finding]:
    done: defaultdict[CounterpartName, Counter[str]] = defaultdict(Counter)
    for effect in journals.effects:
        if not effect.is_repeat:
            done[effect.counterpart][effect.key] += 1
        elif effect.counterpart in journals.strict_counterparts:
            yield Finding("duplicated", f"{effect.counterpart}: {effect.key} was asked for twice")
    wanted = set(_wanted(journals))
    asked = {(message.reader, message.effect) for message in journals.hub.out_topics if message.effect}
    for name, key in sorted(wanted):
        if done[name][key] == 0:
            yield Finding("lost", f"{name}: no effect of {key}")
    for name, counts in done.items():
        for key, count in counts.items():
            if count > 1:
                yield Finding("duplicated", f"{name}: {count} effects of {key}")
            if (name, key) not in asked:
                yield Finding("phantom", f"{name}: effect of {key}, which nobody asked for")
    yield from _messages_of(journals)


def _wanted(journals: Journals) -> Iterator[tuple[CounterpartName, str]]:
    """Keys that counterparts must have, from the messages on their topics."""
    settled = {message.settles for message in journals.hub.out_topics if message.settles is not None}
    for message in journals.hub.out_topics:
        if message.id in settled:
            continue
        counterpart = _OUTSIDE.get(message.type)
        if counterpart is not None and message.reader == counterpart and message.effect is not None:
            yield counterpart, message.effect


def _messages_of(journals: Journals) -> Iterator[Finding]:
    known = {(message.reader, message.id) for message in journals.hub.out_topics}
    for effect in journals.effects:
        if effect.message is not None and (effect.counterpart, effect.message) not in known:
            yield Finding("phantom", f"{effect.counterpart}: {effect.key} names message {effect.message}")
