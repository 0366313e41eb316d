"""`hub report`: what the law wants counted, out of stored facts, each number down to its dossiers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_args

import orjson
import typer

from hub.cli import report_due
from hub.cli.asking import By as Operator
from hub.cli.shared import fail, operator_name, with_store
from hub.facts.private_file import write_private
from hub.facts.sealing import MasterKey, store_key_of
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, note, print_record, print_rows, say, say_json
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import load_book
from hub.reports.asked import (
    NEWEST,
    CountedReport,
    Kind,
    Sources,
    WantedReport,
    formulas_of,
    make,
    period_of_days,
)
from hub.reports.counting import Counting
from hub.reports.errors import ReportError
from hub.reports.files import FORMATS, plain
from hub.reports.formula_sets import FormulaSet, Indicator
from hub.reports.report import By
from hub.reports.scheduled import make_officers
from hub.reports.stored import lives
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Reports of the law, counted over stored facts.")
app.command("due")(report_due.due)
app.command("send")(report_due.send)
_COUNT = re.compile(r"[0-9]{1,12}", re.ASCII)
_EXPLAINED = ("dossier", "counts_as", "of", "accepted_at", "due_at", "ended_at")
_MORE = ("organisation", "procedure", "supplements")
_SHOWN = {
    "766": ("group", "number", "title", "value", "unit", "points", "most"),
    "gains": ("group", "number", "title", "gain", "points", "most", "dossiers", "each"),
    "work": ("group", "received", "carried_over", "ended", "ended_late", "open", "open_late"),
    "late": ("dossier", "agency", "due_at", "ended_at"),
    "settlement": ("organisation", "agency", "quarter", "kind", "collected", "handed_over", "difference"),
    "officers": ("sent_by", "account", "name", "received", "ended", "ended_late", "open", "open_late"),
}
"""What a terminal shows first, of each kind."""
_NONE = {
    "late": "no dossier was late in the period",
    "settlement": "no quarter was settled",
    "officers": "nobody was posted there in the period",
}


First = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first day of the period")]
Last = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="last day of the period")]
Whose = Annotated[
    str | None, typer.Option("--organisation", help="only dossiers of this one-stop or competent agency")
]
Into = Annotated[
    Path | None, typer.Option(help="write a .pdf, .xlsx, .csv or .json; it must not be there yet")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", help="NAME=N: a number that the hub cannot know; may be repeated"),
]
Formulas = Annotated[str, typer.Option(help="version of the formulas")]
English = Annotated[bool, typer.Option("--english", help="titles in English")]


class CountedBy(StrEnum):
    """What is counted by."""

    ALL = "all"
    ORGANISATION = "organisation"
    AGENCY = "agency"
    CHANNEL = "channel"
    PROCEDURE = "procedure"
    LEVEL = "level"


assert {one.value for one in CountedBy} == set(get_args(By))


@app.callback()
def _group() -> None:
    """Reports of the law, counted over stored facts."""


@app.command("766")
def report_766(
    first: First,
    last: Last,
    by: Annotated[CountedBy, typer.Option(help="a part for each of these")] = CountedBy.ALL,
    organisation: Whose = None,
    inputs: Inputs = None,
    explain: Annotated[
        str | None, typer.Option(help="number of an indicator: list its dossiers instead")
    ] = None,
    into: Into = None,
    formulas: Formulas = NEWEST,
    english: English = False,
    as_json: AsJson = False,
) -> None:
    """Count the indicators of QĐ 766/QĐ-TTg for a period, with the points that they earn."""
    given = _inputs(inputs or [], _formulas(formulas))
    asked = _asked("766", first, last, organisation, by, given, formulas, english=english)
    if explain is None:
        _tell(_made(asked, into), into, as_json=as_json)
        return
    one = _formulas(formulas).find(explain)

    async def work(tree: Settings, connection: Connection) -> None:
        await _explain(await _sources(tree, connection), asked, one, as_json=as_json)

    with_store("report", work)


@app.command("gains")
def report_gains(
    first: First,
    last: Last,
    by: Annotated[CountedBy, typer.Option(help="a part for each of these")] = CountedBy.ALL,
    organisation: Whose = None,
    inputs: Inputs = None,
    into: Into = None,
    formulas: Formulas = NEWEST,
    english: English = False,
    as_json: AsJson = False,
) -> None:
    """List what would raise the points of QĐ 766/QĐ-TTg most, the greatest first."""
    given = _inputs(inputs or [], _formulas(formulas))
    asked = _asked("gains", first, last, organisation, by, given, formulas, english=english)
    _tell(_made(asked, into), into, as_json=as_json)


@app.command("work")
def report_work(
    first: First, last: Last,
    by: Annotated[CountedBy, typer.Option(help="a line for each of these")] = CountedBy.AGENCY,
    organisation: Whose = None,
    into: Into = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Count what each agency, channel or one-stop did in a period (7.2, 20.1, 22.1)."""
    _tell(_made(_asked("work", first, last, organisation, by), into), into, as_json=as_json)


@app.command("late")
def report_late(
    first: First, last: Last, organisation: Whose = None, into: Into = None, as_json: AsJson = False
) -> None:
    """List the dossiers that were late in a period, for the report of the head of a one-stop (7.1)."""
    _tell(_made(_asked("late", first, last, organisation), into), into, as_json=as_json)


@app.command("settlement")
def report_settlement(
    first: First, last: Last, organisation: Whose = None, into: Into = None, as_json: AsJson = False
) -> None:
    """List what was collected and handed over in each quarter of a period, as it was settled (9.10)."""
    _tell(_made(_asked("settlement", first, last, organisation), into), into, as_json=as_json)


@app.command("officers")
def report_officers(
    one_stop: Annotated[str, typer.Argument(help="code of the one-stop")],
    first: First,
    last: Last,
    into: Into = None,
    reason: Annotated[str, typer.Option(help="why names of officers are written; kept with your name")] = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Count the month of each posted officer, for the agencies that post them (7.3); needs the master key."""
    if not reason.strip():
        fail("--reason is needed: that names of officers were written is kept", 2)
    _may_write(into)

    async def work(tree: Settings, connection: Connection) -> CountedReport:
        master, sources = MasterKey.from_file(tree.master_key_file), await _sources(tree, connection)
        period_of_days(first.date(), last.date(), sources.now)  # a wrong period is no action on record
        who = operator.strip() or operator_name()
        await record_action(connection, who, "officers_reported", one_stop, reason.strip())
        return await make_officers(sources, master, one_stop, first.date(), last.date())

    _tell(with_store("report", work), into, as_json=as_json)


def _asked(
    kind: Kind,
    first: datetime,
    last: datetime,
    organisation: str | None,
    by: CountedBy = CountedBy.ALL,
    inputs: dict[str, int] | None = None,
    formulas: str = NEWEST,
    *,
    english: bool = False,
) -> WantedReport:
    days = first.date(), last.date()
    return WantedReport(kind, *days, by.value, organisation, inputs or {}, formulas, english)


async def _sources(tree: Settings, connection: Connection) -> Sources:
    clock = await read_clock(connection, tree.environment)
    book = load_book(tree.profile, tree.regulation)
    return Sources(connection, store_key_of(tree), book, clock.of(datetime.now(UTC)))


def _made(asked: WantedReport, into: Path | None) -> CountedReport:
    _may_write(into)

    async def work(tree: Settings, connection: Connection) -> CountedReport:
        try:
            return await make(await _sources(tree, connection), asked)
        except ReportError as error:
            fail(str(error), 2)

    return with_store("report", work)


def _may_write(into: Path | None) -> None:
    if into is not None and (into.suffix.removeprefix(".") not in FORMATS or into.exists()):
        fail("--into names a file .pdf, .xlsx, .csv or .json that is not there yet", 2)


def _formulas(name: str) -> FormulaSet:
    try:
        return formulas_of(name)
    except ReportError as error:
        fail(str(error), 2)


def _inputs(texts: Sequence[str], formula_set: FormulaSet) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in formula_set.inputs or not _COUNT.fullmatch(number):
            names = ", ".join(sorted(formula_set.inputs))
            fail(f"--input {text[:60]}: NAME=N of twelve digits at most, with one of {names}", 2)
        found[name] = int(number)
    return found


async def _explain(sources: Sources, asked: WantedReport, one: Indicator, *, as_json: bool) -> None:
    """A line for each dossier as it is read."""
    period = period_of_days(asked.first, asked.last, sources.now)
    counting = Counting(formulas_of(asked.formulas), period, sources.book, asked.organisation)
    if one.denominator_inputs:
        note(f"{one.number}: {one.denominator_note}")
    count = 0
    if not as_json:
        say("\t".join((*_EXPLAINED, *_MORE)))
    async for row in counting.explain(lives(sources.connection, sources.key, period.until), one):
        count += 1
        if as_json:
            say_json(orjson.dumps(row).decode())
        else:
            say("\t".join(str(plain(row[name]) or "") for name in (*_EXPLAINED, *_MORE)))
    note(f"{count} dossiers count for {one.number}: {one.en}")


def _tell(made: CountedReport, into: Path | None, *, as_json: bool) -> None:
    period = made.period
    if not made.rows and made.kind in {"766", "gains", "work"}:
        whose = f" of {made.organisation}" if made.organisation is not None else ""
        note(f"no dossier{whose} was open or accepted in the period: there is nothing to count")
    if period.until < period.end:
        note(f"the period is not over: counted up to {period.until.astimezone(VIETNAM):%Y-%m-%d %H:%M}")
    if into is not None:
        write_private(into, FORMATS[into.suffix.removeprefix(".")](made), is_new=True)
        formulas = {"formulas": made.formulas.ref} if made.formulas is not None else {}
        print_record({"file": str(into), "lines": len(made.rows), **formulas}, as_json=as_json)
        return
    columns = _SHOWN[made.kind]
    more = tuple(name for name in made.columns if name not in columns)
    rows = [{name: plain(value) for name, value in row.items()} for row in made.rows]
    none = _NONE.get(made.kind, "no dossier was open or accepted in the period")
    print_rows(rows, columns, as_json=as_json, none=none, more=more)
