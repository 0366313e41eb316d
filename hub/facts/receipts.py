"""The one answer to a request, as a message on its owner's topic (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson

from hub.dossier.decision import Refused
from hub.dossier.state.model import Timer
from hub.dossier.texts import refusal_texts
from hub.facts.fact_bytes import StoredFact, rfc3339
from hub.facts.message import HUB_SOURCE, Message, cloud_event
from hub.identifiers import derived_id
from schemas.receipt import RECEIPT_ACCEPTED, RECEIPT_REFUSED


def accepted(
    *,
    owner: str,
    request_id: str,
    dossier_id: str,
    code: str | None,
    facts: Sequence[StoredFact],
    deadline: Timer | None,
    time_ms: int,
    now: datetime,
) -> Message:
    """`receipt.accepted`: the facts that the request became and the next deadline of the dossier."""
    body: dict[str, object] = {"request": request_id, "dossier": dossier_id}
    if code is not None:
        body["code"] = code
    body["facts"] = [{"id": fact.id, "type": fact.type, "sequence": fact.sequence} for fact in facts]
    if deadline is not None:
        body["next_deadline"] = {"kind": deadline.kind, "due_at": rfc3339(deadline.due_at)}
    event_id = derived_id(time_ms, "receipt", owner, request_id)
    return _receipt(owner, event_id, RECEIPT_ACCEPTED, dossier_id, body, now)


def refused(
    *,
    owner: str,
    request_id: str | None,
    key: str,
    refusal: Refused,
    time_ms: int,
    now: datetime,
    place: str,
    is_first: bool = True,
) -> Message:
    """`receipt.refused`: code, rule, texts in Vietnamese and English, paths of fields; never a value.

    `place` (topic, partition, offset) makes the receipt's id when the request has none, or when its id was
    already answered (`is_first` is False).
    """
    texts = refusal_texts(refusal.code)
    body: dict[str, object] = {
        "request": request_id,
        "code": refusal.code,
        "rule": refusal.rule,
        "message_vi": texts.vi,
        "message_en": texts.en,
        "advice_vi": texts.advice_vi,
        "advice_en": texts.advice_en,
        "fields": refusal.fields,
        "faults": tuple(fault.model_dump(exclude_defaults=True) for fault in refusal.faults),
        "state": refusal.state,
        "possible": refusal.possible,
    }
    compact = {name: value for name, value in body.items() if value not in (None, ()) or name == "request"}
    event_id = derived_id(time_ms, "receipt", owner, (request_id if is_first else None) or place)
    return _receipt(owner, event_id, RECEIPT_REFUSED, key, compact, now)


def _receipt(
    owner: str, event_id: str, kind: str, key: str, body: dict[str, object], now: datetime
) -> Message:
    headers = cloud_event(
        event_id=event_id,
        source=HUB_SOURCE,
        event_type=kind,
        subject=key,
        time=rfc3339(now),
    )
    return Message(f"out.{owner}", key, headers, orjson.dumps(body))
