"""`hub report`: what the law wants counted, out of stored facts, each number down to its dossiers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args

import orjson
import typer

from hub.cli.shared import fail, with_store
from hub.facts.private_file import write_private
from hub.facts.sealing import store_key_of
from hub.participants import register_editions
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.printing.tables import AsJson, note, print_record, print_rows, say, say_json
from hub.regulation import organisations
from hub.regulation.clock import VIETNAM, local_day
from hub.regulation.lawbook import load_book
from hub.regulation.organisations import Organisations
from hub.reports.counting import Counting, group_of
from hub.reports.files import COLUMNS, as_csv, as_xlsx
from hub.reports.formula_sets import FormulaSet, Indicator, installed_formulas
from hub.reports.life import Life
from hub.reports.measures import Period
from hub.reports.report import By, Figure, period_of
from hub.reports.stored import lives
from hub.reports.work import COUNTS
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Reports of the law, counted over stored facts.")
_NEWEST = "766-2026@1"
_EXPLAINED = ("dossier", "counts_as", "of", "accepted_at", "due_at", "ended_at")
_MORE = ("organisation", "procedure", "supplements")


First = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first day of the period")]
Last = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="last day of the period")]
Whose = Annotated[
    str | None, typer.Option("--organisation", help="only dossiers of this one-stop or competent agency")
]


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
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", help="NAME=N: a number that the hub cannot know; may be repeated"),
    ] = None,
    explain: Annotated[
        str | None, typer.Option(help="number of an indicator: list its dossiers instead")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="write a .json, .csv or .xlsx; it must not be there yet")
    ] = None,
    formulas: Annotated[str, typer.Option(help="version of the formulas")] = _NEWEST,
    english: Annotated[bool, typer.Option("--english", help="titles in English")] = False,
    as_json: AsJson = False,
) -> None:
    """Count the indicators of QĐ 766/QĐ-TTg for a period, with the points that they earn."""
    formula_set = _formulas(formulas)
    given = _inputs(inputs or [], formula_set)
    one = formula_set.find(explain) if explain is not None else None
    if into is not None and (into.suffix not in {".json", ".csv", ".xlsx"} or into.exists()):
        fail("--into names a file .json, .csv or .xlsx that is not there yet", 2)

    async def work(tree: Settings, connection: Connection) -> tuple[Period, list[Figure]]:
        source = await _source(tree, connection, first, last, organisation, formula_set)
        if one is not None:
            await _explain(source.counting, source.lives, one, as_json=as_json)
            return source.period, []
        group = group_of(by.value, await _known(tree, connection))
        tally = await source.counting.tally(source.lives, group)
        return source.period, tally.lines(given, english=english)

    period, lines = with_store("report", work)
    if one is None:
        _tell(period, lines, formula_set, into, organisation, as_json=as_json)


@app.command("work")
def report_work(
    first: First, last: Last,
    by: Annotated[CountedBy, typer.Option(help="a line for each of these")] = CountedBy.AGENCY,
    organisation: Whose = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Count what each agency, channel or one-stop did in a period (7.2, 20.1, 22.1)."""

    async def work(tree: Settings, connection: Connection) -> list[dict[str, object]]:
        source = await _source(tree, connection, first, last, organisation)
        sheet = await source.counting.work(source.lives, group_of(by.value, await _known(tree, connection)))
        return sheet.rows()

    rows = with_store("report", work)
    columns = ("group", "received", "carried_over", "ended", "ended_late", "open", "open_late")
    more = tuple(name for name in COUNTS if name not in columns)
    print_rows(
        rows, columns, as_json=as_json, none="no dossier was open or accepted in the period", more=more
    )


@app.command("late")
def report_late(first: First, last: Last, organisation: Whose = None, as_json: AsJson = False) -> None:
    """List the dossiers that were late in a period, for the report of the head of a one-stop (7.1)."""

    async def work(tree: Settings, connection: Connection) -> list[dict[str, object]]:
        source = await _source(tree, connection, first, last, organisation)
        return [row async for row in source.counting.late(source.lives)]

    rows = with_store("report", work)
    columns = ("dossier", "agency", "due_at", "ended_at")
    more = ("supplements", "apologies", "opinions", "procedure", "organisation")
    print_rows(rows, columns, as_json=as_json, none="no dossier was late in the period", more=more)


@dataclass(frozen=True, slots=True)
class _Source:
    """What a report is made of."""

    period: Period
    counting: Counting
    lives: AsyncIterator[Life]


async def _source(
    tree: Settings, connection: Connection, first: datetime, last: datetime, organisation: str | None,
    formula_set: FormulaSet | None = None,
) -> _Source:  # fmt: skip
    book = load_book(tree.profile, tree.regulation)
    clock = await read_clock(connection, tree.environment)
    period = _period(first.date(), last.date(), clock.of(datetime.now(UTC)))
    counting = Counting(formula_set or _formulas(_NEWEST), period, book, organisation)
    return _Source(period, counting, lives(connection, store_key_of(tree), period.until))


async def _known(tree: Settings, connection: Connection) -> Organisations:
    stored = await register_editions.stored(connection, store_key_of(tree), "organisations")
    return organisations.from_json(stored.content) if stored is not None else Organisations()


def _formulas(name: str) -> FormulaSet:
    known = installed_formulas()
    if name not in known:
        fail(f"no formulas {name}: one of {', '.join(sorted(known))}", 2)
    return known[name]


def _inputs(texts: Sequence[str], formula_set: FormulaSet) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in formula_set.inputs or not (number.isascii() and number.isdigit()):
            fail(f"--input {text}: NAME=N with one of {', '.join(sorted(formula_set.inputs))}", 2)
        found[name] = int(number)
    return found


def _period(first: date, last: date, now: datetime) -> Period:
    today = local_day(now)
    if first > last:
        fail("--from is the day of --to or one before it", 2)
    if first > today:
        fail(f"the period begins on {first}, and today is {today}: there is nothing to count yet", 2)
    begin, end = (datetime.combine(day, time(), VIETNAM) for day in (first, last + timedelta(days=1)))
    return period_of(begin, end, now)


async def _explain(counting: Counting, found: Any, one: Indicator, *, as_json: bool) -> None:
    """A line for each dossier as it is read."""
    if one.denominator_inputs:
        note(f"{one.number}: {one.denominator_note}")
    count = 0
    if not as_json:
        say("\t".join((*_EXPLAINED, *_MORE)))
    async for row in counting.explain(found, one):
        count += 1
        if as_json:
            say_json(orjson.dumps(row).decode())
        else:
            say("\t".join(_cell(row[name]) for name in (*_EXPLAINED, *_MORE)))
    note(f"{count} dossiers count for {one.number}: {one.en}")


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return "" if value is None else str(value)


def _tell(
    period: Period,
    lines: Sequence[Figure],
    formulas: FormulaSet,
    into: Path | None,
    organisation: str | None,
    *,
    as_json: bool,
) -> None:
    rows = [asdict(line) for line in lines]
    if not rows:
        whose = f" of {organisation}" if organisation is not None else ""
        note(f"no dossier{whose} was open or accepted in the period: there is nothing to count")
    if period.until < period.end:
        note(f"the period is not over: counted up to {period.until.astimezone(VIETNAM):%Y-%m-%d %H:%M}")
    if into is not None:
        write_private(into, _file(into.suffix, rows, period, formulas), is_new=True)
        print_record({"file": str(into), "lines": len(rows), "formulas": formulas.ref}, as_json=as_json)
        return
    columns = ("group", "number", "title", "value", "unit", "points", "most")
    more = ("numerator", "denominator", "remark")
    print_rows([_plain(row) for row in rows], columns, as_json=as_json, none="nothing to count", more=more)


def _file(suffix: str, rows: Sequence[dict[str, Any]], period: Period, formulas: FormulaSet) -> bytes:
    if suffix == ".csv":
        return as_csv(rows)
    if suffix == ".xlsx":
        return as_xlsx(rows, period, formulas.decision)
    whole = {
        "formulas": formulas.ref,
        "decision": formulas.decision,
        "from": period.begin.isoformat(),
        "to": period.end.isoformat(),
        "counted_until": period.until.isoformat(),
        "lines": [_plain({name: row[name] for name in COLUMNS}) for row in rows],
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2) + b"\n"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}
