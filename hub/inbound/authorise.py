"""Decode and authorise: from a record to a request that may be decided, or to its answer (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct
from pydantic import ValidationError

from hub.dossier.decision import Refused, Sender
from hub.inbound.attributes import each
from hub.inbound.directory import HUB, Directory
from hub.inbound.envelope import Envelope, Malformed, Record, Unstamped, decode, participant_of
from hub.legal_time import LegalClock
from hub.regulation.clock import local_day
from schemas.base import Request
from schemas.counting import MAX_VALUES, has_more_values
from schemas.reasons import faults_of
from schemas.receipt import Fault

_AHEAD = timedelta(minutes=5)
_BEHIND = -timedelta(days=3650)
_MAX_FAULTS_READ = 250
"""pydantic hands out all faults or none, and each costs time."""


class Authorised(Struct, frozen=True, gc=False):
    """A record with its owner: a request to decide, or (`refusal`) one that is refused before any rule."""

    record: Record
    sender: Sender
    envelope: Envelope
    now: datetime
    request: Request | None
    refusal: Refused | None


def named_by(item: Authorised) -> tuple[str, str]:
    """What a request is about, as a subject and who calls it so: a matter is named by the hub itself."""
    request = item.request
    if request is not None and request.subject == "matter":
        return f"ref:{request.matter(local_day(item.now))}", HUB.name
    return item.envelope.subject, item.sender.name


class Unreadable(Struct, frozen=True, gc=False):
    """A record that becomes a dead letter; its owner gets a refusal."""

    record: Record
    owner: str
    now: datetime
    why: Malformed


@dataclass(frozen=True, slots=True)
class Reading:
    """What understanding needs to know about the world."""

    directory: Directory
    clock: LegalClock
    environment: Literal["live", "test"]
    requests: Mapping[str, type[Request]]
    topic_prefix: str = ""


def authorise(record: Record, reading: Reading) -> Authorised | Unreadable:
    """Read one record of an `in.` topic; never raises, whatever the bytes are."""
    owner = participant_of(record.topic, reading.topic_prefix)
    now = reading.clock.at(record.timestamp)
    envelope = decode(record)
    if isinstance(record, Unstamped):
        return Unreadable(record, owner, now, Malformed("envelope.unstamped", envelope.id))
    if isinstance(envelope, Malformed):
        return Unreadable(record, owner, now, envelope)
    sender = reading.directory.find(owner) or Sender(owner, frozenset(), frozenset())
    refusal = _refused_unread(envelope, sender, now, reading)
    if refusal is not None:
        return Authorised(record, sender, envelope, now, None, refusal)
    try:
        model = reading.requests[envelope.type]
        request = model.__pydantic_validator__.validate_json(envelope.data)
    except ValidationError as error:
        return _invalid(record, sender, envelope, now, error)
    return Authorised(record, sender, envelope, now, request, None)


def _refused_unread(envelope: Envelope, sender: Sender, now: datetime, reading: Reading) -> Refused | None:
    if envelope.source != f"/participants/{sender.name}":
        return _refused("security.foreign_source", "ce_source", f"/participants/{sender.name}")
    if envelope.environment is not None and envelope.environment != reading.environment:
        return _refused("security.wrong_environment", "ce_environment", reading.environment)
    model = reading.requests.get(envelope.type)
    if model is None:
        return Refused("schema.unknown_type", fields=("ce_type",))
    if model.roles.isdisjoint(sender.roles):
        return Refused("security.not_granted", fields=("ce_type",))
    if not _BEHIND <= envelope.time - now <= _AHEAD:
        return Refused("envelope.bad_time", fields=("ce_time",), faults=each(("ce_time",), "range"))
    if has_more_values(envelope.data, MAX_VALUES):
        return Refused("schema.too_many_values")
    return None


def _refused(code: str, name: str, allowed: str) -> Refused:
    return Refused(code, fields=(name,), faults=(Fault(path=name, reason="choice", choices=(allowed,)),))


def _invalid(
    record: Record, sender: Sender, envelope: Envelope, now: datetime, error: ValidationError
) -> Authorised | Unreadable:
    if error.error_count() > _MAX_FAULTS_READ:
        return Authorised(record, sender, envelope, now, None, Refused("schema.invalid"))
    details = error.errors(include_input=False, include_url=False)
    kinds = {detail["type"] for detail in details}
    if "json_invalid" in kinds:
        return Unreadable(record, sender.name, now, Malformed("envelope.no_json", envelope.id))
    code = "schema.unknown_field" if "extra_forbidden" in kinds else "schema.invalid"
    faults = faults_of(details)
    refusal = Refused(code, fields=tuple(fault.path for fault in faults), faults=faults)
    return Authorised(record, sender, envelope, now, None, refusal)
