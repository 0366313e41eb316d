"""The tracking feed as it stands on the wire, read tolerantly; pure (contract part I, 1.4)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.postal.cash import cash_in
from adapters.postal.json_values import read_json, whole
from schemas.rfc3339 import read_rfc3339

FIRST_ID: Final = "0" * 24
"""`lastId` of the very first call."""

_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_MINUTES = re.compile(r"BBGN:\s*([\w./-]{1,60})")
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,64}")
# 10^11 seconds are the year 5138, 10^11 milliseconds are March 1973.
_MILLISECONDS_FROM = 10**11
_OLDEST, _SKEW = timedelta(days=360), timedelta(minutes=4)
"""A little less than the hub takes (QĐ 45/2016 Đ7: a time with legal effect), since it decides later."""
_FIRST_YEAR, _END_OF_YEARS = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""What a report can hold."""


@dataclass(frozen=True, slots=True)
class Record:
    """One event of the feed: `id` is its `$oid`, `code` the raw StatusCode, `at` from EventTime or the id.

    `is_timed`: `at` is the EventTime. One after the record's own time is none: nothing is recorded before it
    happens.
    """

    id: str
    order: str
    code: str
    at: datetime
    item: str | None
    minutes: str | None
    cash: int | None
    is_timed: bool = True

    @property
    def recorded_at(self) -> datetime:
        """When the operator wrote the record, by its id."""
        return datetime.fromtimestamp(int(self.id[:8], 16), UTC)

    def time_as_of(self, now: datetime) -> tuple[datetime, bool]:
        """The time that a report can hold, and whether it is the EventTime.

        The record's own time stands in for one that the hub cannot take, and the time of reading for both.
        """
        for at in (self.at, self.recorded_at):
            if now - _OLDEST <= at <= now + _SKEW:
                return at, self.is_timed and at == self.at
        return now, False


@dataclass(frozen=True, slots=True)
class Page:
    """One page: readable records in the operator's order, the last id of the page, and its raw length."""

    records: tuple[Record, ...]
    last_id: str | None
    returned: int
    unreadable: int


def parse_page(body: bytes) -> Page:
    """Read a page; `ValueError` when it is none. A record that cannot be read is counted, not fatal."""
    documents = _documents(read_json(body))
    ids = [_id_of(document) for document in documents]
    records = [_record(document) for document in documents]
    readable = tuple(record for record in records if record is not None)
    known_ids = [identity for identity in ids if identity is not None]
    return Page(
        readable,
        known_ids[-1] if known_ids else None,
        len(documents),
        len(records) - len(readable),
    )


def _documents(answer: Any) -> list[Any]:
    match answer:
        case {"_embedded": {"rh:doc": [*documents]}}:
            return documents
        case {"_returned": 0}:
            return []
        case _:
            raise ValueError("no _embedded rh:doc")


def _id_of(document: Any) -> str | None:
    holder = document.get("_id") if isinstance(document, dict) else None
    identity = holder.get("$oid") if isinstance(holder, dict) else None
    return identity if isinstance(identity, str) and _OBJECT_ID.fullmatch(identity) else None


def _record(document: Any) -> Record | None:
    identity = _id_of(document)
    if identity is None:
        return None
    order, code = document.get("OrderNumber"), _code_of(document.get("StatusCode"))
    if not isinstance(order, str) or not _PRINTABLE.fullmatch(order) or code is None:
        return None
    notes = document.get("Notes")
    notes = unicodedata.normalize("NFC", notes) if isinstance(notes, str) else ""
    minutes, item = _MINUTES.search(notes), document.get("ItemCode")
    at = event_instant(document.get("EventTime"))
    recorded_at = datetime.fromtimestamp(int(identity[:8], 16), UTC)
    if at is not None and at > recorded_at + _SKEW:
        at = None
    return Record(
        id=identity,
        order=order,
        code=code,
        at=at or recorded_at,
        item=item if isinstance(item, str) and _PRINTABLE.fullmatch(item) else None,
        minutes=minutes[1] if minutes else None,
        cash=cash_in(notes),
        is_timed=at is not None,
    )


def _code_of(value: Any) -> str | None:
    number = whole(value)
    if number is not None:
        return str(number)
    return value if isinstance(value, str) and _PRINTABLE.fullmatch(value) else None


def event_instant(value: Any) -> datetime | None:
    """EventTime in seconds, milliseconds or as text of RFC 3339; None for a missing or absurd one.

    Text without a zone is none: it may be Viet Nam's time or UTC, and a deadline can hang on which.
    """
    if isinstance(value, Mapping) and len(value) == 1:
        value = value.get("$date", value)
    number = whole(value)
    at = _written_out(value) if number is None else _counted(number)
    return at if at is not None and _FIRST_YEAR <= at < _END_OF_YEARS else None


def _counted(number: int) -> datetime | None:
    seconds, milliseconds = divmod(number, 1000) if number >= _MILLISECONDS_FROM else (number, 0)
    if not 0 < seconds < _END_OF_YEARS.timestamp():
        return None
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)


def _written_out(value: object) -> datetime | None:
    try:
        return read_rfc3339(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
