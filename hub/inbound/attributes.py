"""The rules of an event's attributes, whatever way it came in: what is wrong with each, in one word (pure).

Attributes have the names that they have as headers over Kafka (`ce_id`, `content-type`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from hub.inbound.json_event import STRUCTURED
from schemas.receipt import Fault
from schemas.rfc3339 import read_rfc3339
from schemas.types import IDENTITY_SHAPE

JSON = "application/json"
REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject")
CONTENT_TYPES = ("content-type", "ce_datacontenttype")
"""The second is what the JavaScript SDK writes beside the first."""
_VERSION = "1.0"
_MAX_ID, _MAX_SUBJECT = 64, 128
_IDENTITY_LENGTHS = (9, 12)
_LOOKED_AT = 64
"""Headers among which a misnamed attribute is looked for: a record can have hundreds of thousands."""


def media_type(content_type: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return content_type.split(";", maxsplit=1)[0].strip().lower()


def is_id(text: str) -> bool:
    """Whether it can be the id of a request: 1 to 64 printable ASCII characters without spaces."""
    return 1 <= len(text) <= _MAX_ID and text.isascii() and text.isprintable() and " " not in text


def _is_subject(text: str) -> bool:
    return len(text) <= _MAX_SUBJECT and text.isprintable() and " " not in text


def is_identity_shaped(text: str) -> bool:
    """Whether a subject or key looks like the number of a person."""
    name = text.removeprefix("ref:")
    return len(name) in _IDENTITY_LENGTHS and IDENTITY_SHAPE.fullmatch(name) is not None


def time_of(text: str) -> datetime | None:
    """The moment in UTC, or None for what is no time by RFC 3339."""
    try:
        moment = read_rfc3339(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def each(names: Iterable[str], reason: str) -> tuple[Fault, ...]:
    """The same reason at every one of these."""
    return tuple(Fault(path=name, reason=reason) for name in names)


def content_type_fault(name: str) -> Fault:
    """What is taken instead of another content type."""
    taken = (JSON, STRUCTURED) if name == "content-type" else (JSON,)
    return Fault(path=name, reason="choice", choices=taken)


def faults_of_attributes(headers: Mapping[str, str], time: datetime | None) -> tuple[Fault, ...]:
    """What is missing or wrong, in the order of the published table; empty for a good event.

    `time` is what `time_of` made of `ce_time`.
    """
    found = [fault for name in REQUIRED if (fault := _fault(name, headers.get(name), time)) is not None]
    found += [
        content_type_fault(name)
        for name in CONTENT_TYPES
        if name in headers and headers[name] != JSON and media_type(headers[name]) != JSON
    ]
    return tuple(found)


def has_all_right(headers: Mapping[str, str], time: datetime | None) -> bool:
    """Whether there is no fault, for the many of which that is so: True only then, False perhaps too."""
    try:
        return (
            time is not None
            and headers["ce_specversion"] == _VERSION
            and headers.get("content-type", JSON) == JSON
            and headers.get("ce_datacontenttype", JSON) == JSON
            and is_id(headers["ce_id"])
            and _is_subject(headers["ce_subject"])
            and bool(headers["ce_source"] and headers["ce_type"])
        )
    except KeyError:
        return False


def code_of(faults: Sequence[Fault]) -> str:
    """The code of a refusal with these: what is missing comes before what is wrong."""
    if any(fault.reason in ("missing", "name") for fault in faults):
        return "envelope.missing_attribute"
    names = {fault.path for fault in faults}
    if names <= {"ce_time"}:
        return "envelope.bad_time"
    return "envelope.content_type" if names <= {*CONTENT_TYPES} else "envelope.wrong_attribute"


def _fault(name: str, text: str | None, time: datetime | None) -> Fault | None:
    if text is None:
        return Fault(path=name, reason="missing")
    match name:
        case "ce_specversion" if text != _VERSION:
            return Fault(path=name, reason="choice", choices=(_VERSION,))
        case "ce_id" if not is_id(text):
            return Fault(path=name, reason="length" if len(text) > _MAX_ID else "pattern")
        case "ce_subject" if not _is_subject(text):
            return Fault(path=name, reason="length" if len(text) > _MAX_SUBJECT else "pattern")
        case "ce_time" if time is None:
            return Fault(path=name, reason="date")
        case _:
            return None


def named_rightly(
    faults: Sequence[Fault], found: Sequence[tuple[str, object]], prefix: str
) -> tuple[Fault, ...]:
    """The same; of a missing attribute that stands there as another header, the name that it has to have."""
    names = [name for name, _ in found[:_LOOKED_AT]]
    seen = {_plain(name) for name in names if name != f"{prefix}{_plain(name)}"}
    return tuple(
        Fault(path=fault.path, reason="name", others=(prefix + fault.path.removeprefix("ce_"),))
        if fault.reason == "missing" and fault.path.removeprefix("ce_") in seen
        else fault
        for fault in faults
    )


def _plain(name: str) -> str:
    """`id` of `ce-id`, `CE_ID`, `cloudEvents:id`; else nothing that is an attribute's name."""
    lower = name.lower()
    for prefix in ("ce_", "ce-", "cloudevents:", "cloudevents_", "cloudevents-"):
        if lower.startswith(prefix):
            return lower.removeprefix(prefix)
    return ""
