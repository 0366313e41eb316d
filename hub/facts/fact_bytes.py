"""From an accepted fact to its stored, sealed, chained bytes, and to the messages that tell of it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson
from msgspec import Struct

from hub.facts.message import HUB_SOURCE, Message, cloud_event
from hub.facts.sealing import DossierKey
from hub.facts.term_keys import FARTHEST
from hub.identifiers import derived_id
from hub.regulation.law import FIRST_CALENDAR, FIRST_CATALOGUE, LawVersions
from schemas.base import Fact
from schemas.person_data import PersonDataReceived
from schemas.personal import personal_paths, put_back, split


class StoredFact(Struct, frozen=True, gc=False):
    """One fact as it lies in the fact table; `hash` is SHA-256 of `content`, and the next fact names it."""

    id: str
    dossier_id: str
    sequence: int
    type: str
    time: datetime
    content: bytes
    hash: bytes


class Origin(Struct, frozen=True, gc=False):
    """Where the facts of one request come from: `time_ms` is the time of receipt, `now` its legal time."""

    source: str
    request_id: str
    time_ms: int
    now: datetime
    law: LawVersions
    rules: tuple[str, ...]


class FactPlace(Struct, frozen=True, gc=False):
    """Where the next fact goes in its dossier; `previous` is the head (None for the first fact)."""

    dossier_id: str
    sequence: int
    previous: bytes | None
    key: DossierKey


@lru_cache(maxsize=1024)
def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds, as the wire has it: `2026-03-10T00:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def store_fact(
    fact: Fact, index: int, origin: Origin, place: FactPlace, receivers: tuple[str, ...]
) -> tuple[StoredFact, bytes]:
    """The fact to store and its plain data (JSON bytes); `index` counts the facts of one request.

    The hash is over the stored bytes, in which personal fields are sealed with the dossier's key.
    """
    fact_id = derived_id(origin.time_ms, "fact", origin.source, origin.request_id, str(index))
    model = type(fact)
    plain: bytes = model.__pydantic_serializer__.to_json(fact, exclude_none=True)
    body: dict[str, Any] = {
        "id": fact_id,
        "type": fact.type,
        "dossier": place.dossier_id,
        "sequence": place.sequence,
        "time": rfc3339(origin.now),
        "source": origin.source,
        "request": origin.request_id,
        "ruleset": origin.law.ruleset,
        "catalogue": origin.law.catalogue,
        "calendar": origin.law.calendar,
        "rules": origin.rules,
        "previous": place.previous.hex() if place.previous else None,
        "to": receivers,
    }
    if personal_paths(model):
        opened, personal = split(model, orjson.loads(plain))
        body["data"] = opened
        if personal:
            last = last_day_of(fact, origin.now)
            if last is None:
                sealed = place.key.seal(orjson.dumps(personal), fact_id.encode())
            else:
                sealed = place.key.seal_until(orjson.dumps(personal), fact_id.encode(), last)
                body["sealed_until"] = last.isoformat()
            body["sealed"] = b64encode(sealed).decode()
    else:
        body["data"] = orjson.Fragment(plain)
    stored = orjson.dumps(body)
    return (
        StoredFact(
            fact_id, place.dossier_id, place.sequence, fact.type, origin.now, stored, sha256(stored).digest()
        ),
        plain,
    )


def last_day_of(fact: Fact, now: datetime) -> date | None:
    """The day (UTC) after which nobody may open the personal fields; None: they have no end of their own."""
    if not isinstance(fact, PersonDataReceived):
        return None
    return min(fact.usable_until, now + FARTHEST).astimezone(UTC).date()


def open_fact(stored: bytes, key: DossierKey | None) -> dict[str, Any]:
    """The body of a stored fact with its personal fields put back; what cannot be opened any more stays out.

    Then `sealed` is left in the body.
    """
    return open_body(orjson.loads(stored), key)


def open_body(body: dict[str, Any], key: DossierKey | None) -> dict[str, Any]:
    """As `open_fact`, of a body that was read already; it is changed."""
    sealed = body.get("sealed")
    if sealed is None or key is None:
        return body
    bound_to, until = body["id"].encode(), body.get("sealed_until")
    if until is None:
        personal: bytes | None = key.open(b64decode(sealed), bound_to)
    else:
        personal = key.open_until(b64decode(sealed), bound_to, date.fromisoformat(until))
    if personal is not None:
        del body["sealed"]
        put_back(body["data"], orjson.loads(personal))
    return body


def law_of(body: Mapping[str, Any]) -> LawVersions:
    """The law that decided a stored fact; those of before it was named whole are of the first."""
    catalogue, calendar = body.get("catalogue", FIRST_CATALOGUE), body.get("calendar", FIRST_CALENDAR)
    return LawVersions(body["ruleset"], catalogue, calendar)


def facts_message(fact: StoredFact, ruleset: str) -> Message:
    """The record of `dossier.facts`: the stored bytes, as they are."""
    headers = cloud_event(
        event_id=fact.id,
        source=HUB_SOURCE,
        event_type=fact.type,
        subject=fact.dossier_id,
        time=rfc3339(fact.time),
        extensions=(("ce_sequence", b"%d" % fact.sequence), ("ce_ruleset", ruleset.encode())),
    )
    return Message("dossier.facts", fact.dossier_id, headers, fact.content)


def receiver_message(
    *, fact_id: str, fact_type: str, dossier_id: str, sequence: int, time: str, ruleset: str,
    receiver: str, subject: str, cause: str, data: bytes,
) -> Message:  # fmt: skip
    """What one receiver gets of one fact: a projection with a derived id, the same whenever it is made again.

    `sequence` grows with every message of the dossier to this receiver, which drops what it has seen.
    """
    headers = cloud_event(
        event_id=receiver_message_id(fact_id, receiver),
        source=HUB_SOURCE,
        event_type=fact_type,
        subject=subject,
        time=time,
        extensions=(
            ("ce_sequence", b"%d" % sequence),
            ("ce_ruleset", ruleset.encode()),
            ("ce_causationid", cause.encode()),
        ),
    )
    return Message(f"out.{receiver}", dossier_id, headers, data)


def receiver_message_id(fact_id: str, receiver: str) -> str:
    """The id of what a receiver gets of a fact."""
    return derived_id(int(fact_id[:8] + fact_id[9:13], 16), "out", fact_id, receiver)
