"""Test support: reports of invented numbers as papers.

`python -m tests.support.report_papers`, a part of `make docs`, stores the pictures.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

from PIL import Image

from hub.regulation.clock import VIETNAM
from hub.regulation.organisations import Organisation, Organisations
from hub.reports.asked import CountedReport
from hub.reports.formula_sets import installed_formulas
from hub.reports.gains import gains
from hub.reports.life import Life, Spell
from hub.reports.measures import InPeriod, Period
from hub.reports.paper import as_pdf
from hub.reports.report import Figures
from hub.reports.settlement import rows_of
from hub.reports.work import WorkSheet, late_row
from tests.support.dossiers import law
from tests.support.forms import PICTURES, looks_like, pages_of

BEGIN = datetime(2026, 10, 1, tzinfo=VIETNAM)
PERIOD = Period(BEGIN, datetime(2026, 11, 1, tzinfo=VIETNAM), datetime(2026, 11, 1, tzinfo=VIETNAM))
FORMULAS = installed_formulas()["766-2026@1"]
ONE_STOP, AGENCIES = "000.12.34.H07", ("000.12.35.H07", "000.12.36.H07")
_NAMES = {
    ONE_STOP: "Bộ phận Một cửa xã Mẫu",
    AGENCIES[0]: "Ủy ban nhân dân xã Mẫu",
    AGENCIES[1]: "Văn phòng Đăng ký đất đai Mẫu",
}
REPORTS = ("766", "gains", "work", "late", "settlement", "officers")


SETTLED = [
    {
        "organisation": ONE_STOP, "agency": agency, "quarter": "2026-Q3", "settle_by": limit,
        "sums": [
            {"kind": "fee", "receipts": 41, "collected": 1_230_000, "handed_over": 1_230_000},
            {"kind": "service_fee", "receipts": 12, "collected": 300_000, "handed_over": 275_000},
        ],
    }
    for agency, limit in zip(
        AGENCIES, ("2026-10-30T10:00:00Z", "2026-10-15T10:00:00Z"), strict=True
    )
]  # fmt: skip


def known() -> Organisations:
    """Names as they were imported."""
    return Organisations(
        [
            Organisation(
                code=code, kind="section" if code == ONE_STOP else "department", level="commune",
                name_vi=name, parent=AGENCIES[0] if code == ONE_STOP else None,
                in_force_from=date(2023, 1, 1),
            )
            for code, name in _NAMES.items()
        ]
    )  # fmt: skip


def lives() -> list[Life]:
    """Sixty dossiers: every sixth late, every third online, every tenth still open."""
    found = []
    for number in range(60):
        accepted = datetime(2026, 10, 5 + number % 20, 9, tzinfo=VIETNAM)
        due = accepted.replace(day=accepted.day + 3, hour=17)
        ended = due.replace(day=due.day + 1) if number % 6 == 0 else due.replace(hour=10)
        one = Life(
            f"id-{number}", "1.004873", ONE_STOP, AGENCIES[number % 2],
            ("in_person", "post", "online")[number % 3], f"{ONE_STOP}-2610{accepted.day:02}-{number:04}",
            law().versions, "3 WORKING_DAY", accepted, due,
        )  # fmt: skip
        one.issued_at = None if number % 10 == 9 else ended
        one.has_electronic_result = number % 3 != 0
        one.has_copy, one.has_reuse = number % 2 == 0, number % 4 == 0
        one.has_population_data, one.has_duty, one.is_paid_online = True, number % 2 == 0, number % 8 == 0
        one.apologies, one.opinions = int(number % 12 == 0), int(number % 30 == 0)
        one.late_forwards, one.lowest_score = int(number % 15 == 0), 0.2 if number % 20 == 7 else 1.0
        if number % 18 == 0:
            one.spells = [Spell(accepted, accepted.replace(day=accepted.day + 1))]
        found.append(one)
    return found


def seen() -> list[InPeriod]:
    return [InPeriod(one, PERIOD, has_results=True, dislike_most=FORMULAS.dislike_most) for one in lives()]


def made(kind: str) -> CountedReport:
    """A report of these dossiers."""
    rows: list[dict[str, object]]
    if kind in {"766", "gains"}:
        figures = Figures(FORMULAS, lambda _: "all")
        for one in seen():
            figures.add(one, law().calendar)
        lines = figures.lines({}, english=False)
        rows = [asdict(one) for one in (lines if kind == "766" else gains(lines, FORMULAS))]
        return CountedReport(kind, PERIOD, rows, organisation=ONE_STOP, formulas=FORMULAS, known=known())
    if kind == "late":
        rows = [row for one in seen() if (row := late_row(one)) is not None]
        rows[0] |= {"words": "Chờ kết quả xác minh thực địa của cơ quan phối hợp"}
        return CountedReport(kind, PERIOD, rows, organisation=ONE_STOP, known=known())
    if kind == "settlement":
        rows = [row for one in SETTLED for row in rows_of(one, datetime(2026, 10, 20, 9, tzinfo=VIETNAM))]
        return CountedReport(kind, PERIOD, rows, organisation=ONE_STOP, known=known())
    accounts = {f"id-{number}": ("cc-01", "cc-02", "cc-03")[number % 3] for number in range(60)}
    is_work = kind == "work"
    sheet = WorkSheet(lambda life: life.agency if is_work else accounts[life.dossier])
    for one in seen():
        sheet.add(one)
    if is_work:
        return CountedReport(kind, PERIOD, sheet.rows(), "agency", ONE_STOP, known=known())
    names = {"cc-01": "Lê Thị Mẫu", "cc-02": "Phạm Văn Giả", "cc-03": "Trần Thị Thử"}
    rows = [
        {
            "sent_by": AGENCIES[number == 2], "organisation": ONE_STOP, "account": row["group"],
            "name": names[str(row["group"])], "position": "officer", "days": 31, **row,
        }
        for number, row in enumerate(sheet.rows())
    ]  # fmt: skip
    return CountedReport(kind, PERIOD, rows, organisation=ONE_STOP, known=known())


def pages(kind: str) -> list[Image.Image]:
    return pages_of(as_pdf(made(kind)))


def main() -> None:
    """Store anew the pictures that have changed: look at each before it is committed."""
    for kind in REPORTS:
        for number, picture in enumerate(pages(kind)):
            if not looks_like(picture, f"report-{kind}-{number}.png"):
                picture.save(PICTURES / f"report-{kind}-{number}.png", optimize=True)


if __name__ == "__main__":
    main()
