"""Files that operators import, as CSV or JSON: rows with their lines, every mistake by line and field."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.regulation.errors import Mistake, RegisterError

STRICT_ROW = ConfigDict(extra="forbid", frozen=True)
_SEPARATOR = ";"
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file as it stands there: the line on which it begins, and its values by field."""

    line: int
    values: Mapping[str, Any]


Tables = Mapping[str, Sequence[Row]]


def csv_rows(text: str, lists: frozenset[str], needed: Sequence[str] = ()) -> list[Row]:
    """The rows of a CSV file with a line of names; a blank cell is a value that is not given.

    Cells of the fields in `lists` hold several values with `;` between them. The columns `needed` are there.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    rows, line = [], 2
    try:
        names = reader.fieldnames or ()
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise RegisterError([Mistake(1, twice[0], "stands there twice")])
        if missing := [name for name in needed if name not in names]:
            raise RegisterError([Mistake(1, name, "there is no such column") for name in missing])
        for cells in reader:
            if None in cells or None in cells.values():
                raise RegisterError([Mistake(line, "", "the row has not as many cells as the first line")])
            rows.append(
                Row(line, {name: _cell(name, cell, lists) for name, cell in cells.items() if cell.strip()})
            )
            line = reader.line_num + 1
    except csv.Error as error:
        raise RegisterError([Mistake(line, "", f"no CSV: {error}")]) from error
    return rows


def _cell(name: str, cell: str, lists: frozenset[str]) -> object:
    if name not in lists:
        return cell.strip()
    return [part.strip() for part in cell.split(_SEPARATOR) if part.strip()]


def json_tables(text: str, names: Sequence[str]) -> Tables:
    """The tables of a JSON file: one object whose members are arrays of objects."""
    text = text.removeprefix("\ufeff")
    try:
        found = json.loads(text, object_pairs_hook=each_once)
        lines = _lines_of(text) if isinstance(found, dict) else {}
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 0
        raise RegisterError([Mistake(line, "", f"no JSON: {error}")]) from error
    if not isinstance(found, dict):
        raise RegisterError([Mistake(1, "", f"an object with {', '.join(names)} is expected")])
    if unknown := sorted(found.keys() - set(names)):
        raise RegisterError([Mistake(0, unknown[0], f"unknown; known are {', '.join(names)}")])
    tables: dict[str, list[Row]] = {}
    for name, rows in found.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise RegisterError([Mistake(0, name, "an array of objects is expected")])
        tables[name] = [Row(line, row) for line, row in zip(lines[name], rows, strict=True)]
    return tables


def each_once(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Of two members of one name, one would be dropped without a word."""
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice} stands twice in one object")
    return found


def _lines_of(text: str) -> dict[str, list[int]]:
    """On which line each element of each member begins; the text is known to be an object."""
    decoder, found, at = json.JSONDecoder(), dict[str, list[int]](), text.index("{") + 1
    line, counted = 1, 0
    while text[at := _next(text, at)] != "}":
        name, at = decoder.raw_decode(text, at)
        at = _next(text, at)
        if text[at] != "[":
            found[name], (_, at) = [], decoder.raw_decode(text, at)
            continue
        at, found[name] = at + 1, []
        while text[at := _next(text, at)] != "]":
            line, counted = line + text.count("\n", counted, at), at
            found[name].append(line)
            _, at = decoder.raw_decode(text, at)
        at += 1
    return found


def _next(text: str, at: int) -> int:
    """The place of the next thing that means something."""
    while text[at] in " \t\r\n,:":
        at += 1
    return at


_FORMULA = ("=", "+", "-", "@")
_SIGNED = frozenset({"phone", "years"})


def _formulas(row: Row) -> Iterator[Mistake]:
    """What is exported is opened in spreadsheets, to which such a text is a command."""
    for name, value in row.values.items():
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and text.startswith(_FORMULA) and name not in _SIGNED:
                yield Mistake(row.line, name, "begins like a formula of a spreadsheet")


def read_rows(rows: Iterable[Row], model: type[_Model]) -> tuple[list[tuple[int, _Model]], list[Mistake]]:
    """Each row as a record with its line, and what is wrong with the others."""
    found, wrong = list[tuple[int, _Model]](), list[Mistake]()
    for row in rows:
        wrong += _formulas(row)
        try:
            found.append((row.line, model.model_validate(row.values)))
        except ValidationError as error:
            for item in error.errors():
                wrong.append(Mistake(row.line, ".".join(map(str, item["loc"])), item["msg"]))
    return found, wrong


@dataclass(frozen=True, slots=True)
class Table(Generic[_Model]):
    """One table of a register: its name in files, its records, and what may be wrong among them."""

    name: str
    model: type[_Model]
    mistakes: Callable[[Sequence[tuple[int, _Model]]], Iterable[Mistake]]


def read_edition(
    tables: Tables, main: Table[_Model], *others: Table[Any]
) -> tuple[list[_Model], list[list[Any]]]:
    """The records of each table; raises RegisterError with every mistake, or for an empty main table."""
    records, wrong = read_rows(tables.get(main.name, ()), main.model)
    beside = [(table, *read_rows(tables.get(table.name, ()), table.model)) for table in others]
    mistakes = wrong + [one for _, _, found in beside for one in found]
    if not mistakes:
        mistakes = [
            *main.mistakes(records),
            *(one for table, rows, _ in beside for one in table.mistakes(rows)),
        ]
    if not mistakes and not records:
        mistakes = [Mistake(0, main.name, "there is none")]
    if mistakes:
        raise RegisterError(mistakes)
    return [one for _, one in records], [[one for _, one in rows] for _, rows, _ in beside]


def overlapping(periods: Iterable[tuple[int, str, date, date | None]]) -> Iterator[Mistake]:
    """Records of one name whose days overlap: line, name, first day, and first day on which it is no more."""
    last: dict[str, tuple[int, date | None]] = {}
    for line, name, first, until in sorted(periods, key=lambda one: (one[1], one[2], one[0])):
        before = last.get(name)
        if before is not None and (before[1] is None or first < before[1]):
            yield Mistake(line, "in_force_from", f"{name} is there on this day already, by line {before[0]}")
        last[name] = (line, until)


def periods_are_right(line: int, first: date, until: date | None) -> Iterator[Mistake]:
    """A period without a day."""
    if until is not None and until <= first:
        yield Mistake(line, "in_force_until", "is the first day without it, and lies behind in_force_from")


@dataclass(frozen=True, slots=True)
class EditionChange:
    """What one edition has and another has not: `added`, `removed`, or the fields that `changed`."""

    name: str
    kind: str
    fields: tuple[str, ...] = ()


def compare(before: Mapping[str, BaseModel], after: Mapping[str, BaseModel]) -> list[EditionChange]:
    """The records that differ, by name."""
    changes = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            changes.append(EditionChange(name, "added" if old is None else "removed"))
        elif old != new:
            fields = tuple(key for key in type(new).model_fields if getattr(old, key) != getattr(new, key))
            changes.append(EditionChange(name, "changed", fields))
    return changes


def as_csv(records: Iterable[BaseModel], fields: Sequence[str]) -> str:
    """The inverse of `csv_rows`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    for record in records:
        values = record.model_dump(mode="json")
        writer.writerow([_as_cell(values[name]) for name in fields])
    return out.getvalue()


def _as_cell(value: object) -> object:
    if isinstance(value, list):
        return _SEPARATOR.join(map(str, value))
    return "" if value is None else value


def as_json(tables: Mapping[str, Iterable[BaseModel]]) -> str:
    """The inverse of `json_tables`: a line per record, without what is not given."""
    parts = []
    for name, records in tables.items():
        rows = [
            json.dumps(record.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
            for record in records
        ]
        parts.append(f'"{name}": [\n' + ",\n".join(rows) + "\n]")
    return "{\n" + ",\n".join(parts) + "\n}\n"
