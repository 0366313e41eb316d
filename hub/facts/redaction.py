"""Messages of facts without their personal fields (pure)."""

from __future__ import annotations

from datetime import datetime

import orjson

from hub.facts.message import Message
from schemas.person_data import PersonDataReceived
from schemas.personal import drop
from schemas.registry import FACTS

MARK = ("ce_erased", b"true")


def without_personal(message: Message) -> Message:
    """A fact's message as a replay sends it after an erasure: same id, marked (pure).

    A message of no fact, a receipt, holds nothing personal and stays as it is.
    """
    fact = FACTS.get(_header(message, "ce_type"))
    if fact is None or MARK in message.headers:
        return message
    value = orjson.dumps(drop(fact, orjson.loads(message.value)))
    return Message(message.topic, message.key, (*message.headers, MARK), value)


def is_past_use(message: Message, now: datetime) -> bool:
    """Whether these are licensed data that may not be used any more (NĐ 47/2020 Art. 41; pure)."""
    if _header(message, "ce_type") != PersonDataReceived.type:
        return False
    return datetime.fromisoformat(orjson.loads(message.value)["usable_until"]) <= now


def _header(message: Message, name: str) -> str:
    return next((value.decode() for key, value in message.headers if key == name), "")
