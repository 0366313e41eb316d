"""Ledger: the lines of a client's journal: requests, what became of sending them, and what came back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tests.support.ledger.evidence import (
    Copy,
    Delivered,
    Kind,
    Sent,
    content_digest,
    marker_of,
    request_digest,
)

_SYNC = "onestop.sync.recorded.v1"
EFFECT_KEYS: Mapping[str, tuple[str, str]] = {
    "onestop.pickup.ordered.v1": ("order", ""),
    "onestop.pickup.cancelled.v1": ("order", "/cancel"),
    "onestop.identity.check_requested.v1": ("check", ""),
}
"""Messages that ask a counterpart for an effect: the field that names it, and what is put behind the name."""


def effect_key(event_type: str, data: Mapping[str, Any]) -> str | None:
    """The key of the effect that a message asks for, or None."""
    name, suffix = EFFECT_KEYS.get(event_type, ("", ""))
    return f"{data[name]}{suffix}" if name else None


@dataclass(frozen=True, slots=True)
class Letter:
    """A request to send, with the bytes that every copy of it has."""

    id: str
    type: str
    subject: str
    value: bytes
    kind: Kind = "plain"
    marker: str | None = None

    @property
    def digest(self) -> str:
        """What tells repeats from reuse of the id."""
        return request_digest(self.type, self.subject, self.value)


def request_line(letter: Letter, position: int) -> dict[str, Any]:
    """Written before the first copy is sent."""
    return {
        "kind": "request", "n": position, "id": letter.id, "type": letter.type, "subject": letter.subject,
        "digest": letter.digest, "class": letter.kind, "marker": letter.marker,
        "value": letter.value.decode(),
    }  # fmt: skip


def letter_of(line: Mapping[str, Any]) -> Letter:
    """The letter of `request_line`."""
    return Letter(
        line["id"], line["type"], line["subject"], line["value"].encode(), line["class"], line["marker"]
    )


def result_line(letter: Letter, copy: Copy) -> dict[str, Any]:
    """Written after a copy was sent, or when nobody knows."""
    return {
        "kind": "result", "id": letter.id, "digest": letter.digest, "result": copy.result,
        "partition": copy.partition, "offset": copy.offset,
    }  # fmt: skip


def delivered(reader: str, record: Any) -> Delivered:
    """A Kafka record of an `out.` topic or of `dossier.facts` as evidence."""
    headers = {name: value.decode() for name, value in record.headers}
    value = record.value or b""
    kind = headers["ce_type"]
    is_read = ".receipt." in kind or kind in EFFECT_KEYS or kind == _SYNC
    data = orjson.loads(value) if is_read and reader != "dossier.facts" else {}
    sequence = headers.get("ce_sequence")
    return Delivered(
        reader=reader, id=headers["ce_id"], type=kind, dossier=(record.key or b"").decode(),
        digest=content_digest(value), partition=record.partition, offset=record.offset,
        sequence=int(sequence) if sequence else None, cause=headers.get("ce_causationid"),
        request=data.get("request"), code=data.get("code") if "receipt.refused" in kind else None,
        facts=tuple((fact["id"], fact["sequence"]) for fact in data.get("facts", ())),
        marker=marker_of(value),
        effect=effect_key(kind, data) if reader in {"postal", "population"} else None,
        settles=data.get("message") if kind == _SYNC and data.get("outcome") != "delivered" else None,
    )  # fmt: skip


def received_line(message: Delivered) -> dict[str, Any]:
    """Written, with the requests that it set off before it, before its offset is committed."""
    return {
        "kind": "received", "id": message.id, "type": message.type, "dossier": message.dossier,
        "digest": message.digest, "partition": message.partition, "offset": message.offset,
        "sequence": message.sequence, "cause": message.cause, "request": message.request,
        "code": message.code, "facts": message.facts, "marker": message.marker,
    }  # fmt: skip


def sent_of(participant: str, lines: Iterable[Mapping[str, Any]]) -> list[Sent]:
    """All requests of a journal, with the copies of each."""
    copies: defaultdict[tuple[str, str], list[Copy]] = defaultdict(list)
    requests = []
    for line in lines:
        if line["kind"] == "result":
            copy = Copy(line["result"], line["partition"], line["offset"])
            copies[(line["id"], line["digest"])].append(copy)
        elif line["kind"] == "request":
            requests.append(line)
    return [
        Sent(
            participant,
            line["n"],
            line["id"],
            line["type"],
            line["subject"],
            line["digest"],
            line["class"],
            line["marker"],
            tuple(copies[(line["id"], line["digest"])]),
        )
        for line in requests
    ]


def received_of(participant: str, lines: Iterable[Mapping[str, Any]]) -> list[Delivered]:
    """All messages that a journal says were received."""
    return [
        Delivered(
            reader=participant,
            id=line["id"],
            type=line["type"],
            dossier=line["dossier"],
            digest=line["digest"],
            partition=line["partition"],
            offset=line["offset"],
            sequence=line["sequence"],
            cause=line["cause"],
            request=line["request"],
            code=line["code"],
            facts=tuple((i, s) for i, s in line["facts"]),
            marker=line["marker"],
        )
        for line in lines
        if line["kind"] == "received"
    ]


def unresolved(lines: Iterable[Mapping[str, Any]]) -> list[Letter]:
    """Requests that no copy is known of at the broker, in their order: to be sent again, byte for byte."""
    all_lines = list(lines)
    known = Counter(
        (line["id"], line["digest"])
        for line in all_lines
        if line["kind"] == "result" and line["result"] == "ok"
    )
    requests = [line for line in all_lines if line["kind"] == "request"]
    return [letter_of(line) for line in requests if not known[(line["id"], line["digest"])]]
