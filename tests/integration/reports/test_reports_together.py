"""Reports that are due are counted in one pass over the store, and are those that are counted one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.errors import AlteredRowError, HubError
from hub.facts.sealing import MasterKey
from hub.forms.typesetting import typeset
from hub.participants import register_editions
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import load_book
from hub.regulation.report_days import Due, reports_of, spans
from hub.regulation.roster import Posting, Roster
from hub.reports.asked import CountedReport, Sources, WantedReport, make
from hub.reports.errors import ReportError
from hub.reports.paper import sheet_of
from hub.reports.scheduled import make_together
from hub.reports.work import COUNTS
from schemas.due import ApologySent
from schemas.party import Officer
from schemas.settlement import FeesSettled, SettledSum
from tests.support.many_one_stops import OFFICE, province
from tests.support.stored_dossiers import StoredDossier, fact_rows, store_dossiers

ONE_STOPS = ("000.12.34.H07", "000.12.44.H07", "000.12.54.H07")
AGENCIES = ("000.12.35.H07", "000.12.45.H07")
FIRST, LAST = date(2026, 7, 1), date(2026, 11, 5)
NOW = datetime(2026, 11, 5, 9, tzinfo=VIETNAM)
WORDS = "Chờ kết quả xác minh thực địa"
DOSSIERS = 90


@dataclass(frozen=True, slots=True)
class Filled:
    """A store with dossiers of three one-stops over four months, and how reports are made from it."""

    connection: Connection
    master: MasterKey

    @property
    def sources(self) -> Sources:
        return Sources(self.connection, self.master.store, load_book(), NOW)

    async def together(self, *dues: Mapping[str, Any]) -> list[CountedReport | HubError]:
        return await make_together(self.sources, self.master, dues)


@pytest.fixture
async def filled(store: Connection) -> Filled:
    master = MasterKey(bytes(range(32)))
    dossiers = [dossier(number) for number in range(DOSSIERS)]
    await store_dossiers(store, master, [master.new_key() for _ in range(3)], dossiers)
    settled = [
        (fees(one_stop, quarter), datetime(2026, 10, 20, 9, tzinfo=VIETNAM))
        for one_stop in ONE_STOPS
        for quarter in ("2026-Q2", "2026-Q3")
    ]
    columns = ("dossier_id", "sequence", "id", "type", "time", "bytes", "hash", "mac")
    rows = list(fact_rows(master, master.new_key(), str(UUID(int=7)), settled))
    await store.copy_records_to_table("fact", records=rows, columns=columns)
    by = "op", "test"
    await register_editions.add(store, master.store, "organisations", province(ONE_STOPS).as_json(), *by)
    await register_editions.add(store, master.store, "roster", posted(), *by)
    return Filled(store, master)


def dossier(number: int) -> StoredDossier:
    """Issued after a day and a half; every second is due before, every eighth has a Form 04."""
    begun = datetime(2026, 7, 1, 8, tzinfo=VIETNAM) + timedelta(days=number * 7 % 120)
    apology = ApologySent(
        officer=Officer(account="lanh-dao", name="Lãnh Đạo Thử"), agency=AGENCIES[0], reason=WORDS,
        due_at=begun, new_due_at=begun, is_late=True, measured_due_at=begun,
    )  # fmt: skip
    return StoredDossier(
        number, begun, ONE_STOPS[number % 3], AGENCIES[number % 2], days=number % 4,
        issued_after=timedelta(hours=36), account=f"cc-{number % 5}",
        facts=[(apology, begun)] if number % 8 == 0 else [],
    )  # fmt: skip


def fees(one_stop: str, quarter: str) -> FeesSettled:
    line = SettledSum(kind="fee", receipts=2, collected=30_000, handed_over=25_000)
    return FeesSettled(
        organisation=one_stop, agency=AGENCIES[0], quarter=quarter, sums=(line,), difference="Chờ đối chiếu",
        officer=Officer(account="can-bo-thu", name="Cán Bộ Thử"), collected=30_000, handed_over=25_000,
        by=one_stop,
    )  # fmt: skip


def posted() -> str:
    return Roster(
        [
            Posting(
                account=f"cc-{number}", name=f"Người Thử {number}", title="Chuyên viên",
                organisation=one_stop, level="commune", sent_by=AGENCIES[number % 2],
                in_force_from=date(2026, 1, 1),
            )
            for number, one_stop in enumerate(ONE_STOPS)
        ]
    ).as_json()  # fmt: skip


def every_due() -> list[dict[str, Any]]:
    """What the engine says of each report of these months, of each one-stop and of the office."""
    profile = load_book("bentre-45-2023@2").in_force(LAST).profile
    periods: list[Due] = [
        (report, span) for report in profile.reports for span in spans(report.every, FIRST, LAST)
    ]
    return [
        {
            "organisation": one.organisation, "report": one.report.name, "period": one.span.name,
            "rule": one.report.rule, "kind": one.report.kind, "by": one.report.by, "about": one.about,
            "first": one.span.first.isoformat(), "last": one.span.last.isoformat(),
        }
        for one in reports_of(periods, province(ONE_STOPS))
    ]  # fmt: skip


def of(made: CountedReport | HubError) -> CountedReport:
    assert isinstance(made, CountedReport), made
    return made


async def test_reports_counted_together_are_those_counted_one_by_one(filled: Filled) -> None:
    dues = every_due()
    assert {due["report"] for due in dues} == {
        "agencies", "late", "officers", "channels", "overview", "settlement",
    }  # fmt: skip
    assert len(dues) == 3 * (1 + 4 + 4 + 1 + 1) + 4
    together = [of(one) for one in await filled.together(*dues)]
    for due, made in zip(dues, together, strict=True):
        (alone,) = await filled.together(due)
        assert sheet_of(made) == sheet_of(of(alone)), due
        if due["kind"] in {"work", "settlement"}:
            days = date.fromisoformat(due["first"]), date.fromisoformat(due["last"])
            wanted = WantedReport(due["kind"], *days, due["by"], due["about"])
            assert made.rows == (await make(filled.sources, wanted)).rows, due
    by_kind = {due["report"]: (due, made) for due, made in zip(dues, together, strict=True)}
    for name, (due, made) in by_kind.items():
        assert made.rows, name
        (alone,) = await filled.together(due)
        assert typeset(sheet_of(made)) == typeset(sheet_of(of(alone))), "bit for bit"


async def test_names_beyond_those_with_a_row_are_counted_together(filled: Filled) -> None:
    """Who is posted has a row anyway; nothing is lost of the sums."""
    dues = [due for due in every_due() if due["report"] in {"officers", "agencies"}]
    bounded = await make_together(filled.sources, filled.master, dues, most_named=1)
    left_out = Counter[str]()
    for due, one, other in zip(dues, bounded, await filled.together(*dues), strict=True):
        few, whole = of(one), of(other)
        left_out[due["report"]] += few.left_out
        for name in COUNTS:
            assert sum(row[name] for row in few.rows) == sum(row[name] for row in whole.rows), (due, name)  # type: ignore[misc]  # numbers
        assert whole.left_out == 0
        assert typeset(sheet_of(few))
    assert min(left_out["officers"], left_out["agencies"]) > 0


def was_late(one: StoredDossier, month: int) -> bool:
    """In this month of 2026: open on a day of it, and after its due time."""
    begin, end = (datetime(2026, number, 1, tzinfo=VIETNAM) for number in (month, month + 1))
    due, issued = one.begun + timedelta(days=one.days), one.begun + timedelta(hours=36)
    return one.begun < end and issued >= begin and due < min(issued, end)


async def test_what_is_counted_together_is_what_the_facts_say(filled: Filled) -> None:
    """Against a plain count of the dossiers that were stored."""
    dues = [due for due in every_due() if due["period"] == "2026-09"]
    made = [of(one) for one in await filled.together(*dues)]
    found = {(due["organisation"], due["report"]): one for due, one in zip(dues, made, strict=True)}
    stored = [dossier(number) for number in range(DOSSIERS)]
    for number, one_stop in enumerate(ONE_STOPS):
        own = [one for one in stored if one.one_stop == one_stop and one.begun.month == 9]
        officers = {str(row["account"]): row["received"] for row in found[one_stop, "officers"].rows}
        accounts = {one.account for one in own} | {f"cc-{number}"}
        assert officers == {name: sum(one.account == name for one in own) for name in accounts}
        whose = [one for one in stored if one.one_stop == one_stop]
        late = {one.id: one for one in whose if was_late(one, 9)}
        words = {row["id"]: row["words"] for row in found[one_stop, "late"].rows}
        assert words == {name: WORDS if one.facts else None for name, one in late.items()}
    (whole,) = found[OFFICE, "overview"].rows
    assert whole["received"] == sum(one.begun.month == 9 for one in stored)


async def test_an_altered_fact_stops_the_reports_that_it_concerns_and_no_other(filled: Filled) -> None:
    dues = every_due()
    number = next(number for number in range(DOSSIERS) if dossier(number).begun.month == 9)
    spoilt = dossier(number).id
    put = "update fact set mac = '' where dossier_id = $1 and sequence = 1"
    await filled.connection.execute(put, spoilt)
    for due, made in zip(dues, await filled.together(*dues), strict=True):
        is_stopped = due["last"] >= "2026-09" and due["kind"] != "settlement"
        assert isinstance(made, AlteredRowError) == is_stopped, due
        if isinstance(made, AlteredRowError):
            assert made.row == f"fact {spoilt} 1"
        else:
            assert of(made).rows == of((await filled.together(due))[0]).rows


async def test_what_is_wrong_with_one_report_stops_no_other(filled: Filled) -> None:
    """A period that has not begun, altered settlements, and a key that is not the dossier's."""
    execute = filled.connection.execute
    await execute("update fact set mac = '' where type = 'onestop.fees.settled.v1' and sequence = 1")
    own = next(one for one in map(dossier, range(DOSSIERS)) if one.one_stop == ONE_STOPS[1] and not one.facts)
    foreign = "update dossier_key set wrapped = $1 where dossier_id = $2"
    await execute(foreign, filled.master.new_key().wrapped, own.id)
    dues = every_due()
    later = dues[0] | {"first": "2027-01-01", "last": "2027-03-31"}
    *found, early = await filled.together(*dues, later)
    assert isinstance(early, ReportError)
    stopped = {
        (due["organisation"], due["report"])
        for due, made in zip(dues, found, strict=True)
        if isinstance(made, AlteredRowError)
    }
    settlements = {(one_stop, "settlement") for one_stop in ONE_STOPS}
    assert stopped == settlements | {(ONE_STOPS[1], "officers")}
