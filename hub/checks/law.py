"""The law as data: days off are known far enough ahead for due times, and the catalogue is on record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from hub.checks.check import Check, Finding
from hub.checks.store import Connect
from hub.facts.integrity import StoreKey
from hub.participants.register_editions import stored
from hub.regulation import published
from hub.regulation.clock import local_day
from hub.regulation.lawbook import LawBook
from hub.regulation.published import Publication

LEAST_DAYS = 548
"""Eighteen months, as the first alert on `hub_calendar_days_left`: long procedures end so far ahead."""


def calendar_check(book: LawBook) -> Check:
    """By the calendar that is in force when it is asked."""

    async def look() -> Sequence[Finding]:
        today = local_day(datetime.now(UTC))
        return calendar_findings(book.in_force(today).calendar.last_day, today)

    return Check("calendar", "days off are known for the next 18 months", look, ends_start=False)


def calendar_findings(last_day: date, today: date) -> list[Finding]:
    """What is wrong as of today (pure)."""
    left = (last_day - today).days
    if left >= LEAST_DAYS:
        return []
    remedy = "install a version of the hub, or a calendar of the site, with the next year's days off"
    return [Finding(f"days off are known for {left} days only, until {last_day.isoformat()}", remedy)]


def catalogue_check(connect: Connect, book: LawBook, key: Callable[[], StoreKey]) -> Check:
    """Whether what is in force today was published on record (3.8, 6.2.a); nothing waits for it."""

    async def look() -> Sequence[Finding]:
        edition = await stored(await connect(), key(), "catalogue")
        on_record = published.from_json(edition.content) if edition is not None else Publication()
        in_force = book.in_force(local_day(datetime.now(UTC))).versions.catalogue
        return catalogue_findings(on_record, published.of_book(book), in_force)

    looks_at = "the catalogue in force is on record with its decision"
    return Check("catalogue", looks_at, look, ends_start=False, is_advice=True)


def catalogue_findings(on_record: Publication, installed: Publication, in_force: str) -> list[Finding]:
    """What of the version in force is not on record as it is installed (pure)."""
    there = {(one.procedure, one.catalogue): one for one in on_record.procedures}
    lacking = [
        one
        for one in installed.procedures
        if one.catalogue == in_force and there.get((one.procedure, one.catalogue)) != one
    ]
    if not lacking:
        return []
    reason = f"{len(lacking)} procedures of the catalogue in force ({in_force}) are not on record"
    return [Finding(reason, "publish it with the announcing decision: `hub catalogue publish`")]
