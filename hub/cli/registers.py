"""What the commands of imported registers share: read a file, show what changes, import it, write it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Protocol, Self, TypeVar

import typer

from hub.cli.asking import order
from hub.cli.shared import fail, with_store
from hub.facts.sealing import store_key_of
from hub.participants import register_editions
from hub.participants.register_editions import RegisterName
from hub.postgres.database import Connection
from hub.printing.tables import print_rows, say
from hub.regulation.clock import local_day
from hub.regulation.registers import EditionChange
from hub.settings import Settings

File = Annotated[Path, typer.Argument(help="CSV or JSON, by its ending")]
Edition = Annotated[int | None, typer.Option("--edition", min=1, help="an earlier one, by its number")]
OnDay = Annotated[str | None, typer.Option("--on", help="as on this day, as 2025-07-01; today else")]


class Register(Protocol):
    """One edition of a register."""

    def as_json(self) -> str: ...
    def changes_to(self, after: Self) -> list[EditionChange]: ...


_Register = TypeVar("_Register", bound=Register)


def text_of(file: Path) -> str:
    """The text of a file; ends the command with one line where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"{file}: {error.strerror}", 2)
    except UnicodeDecodeError:
        fail(f"{file}: it is not UTF-8", 2)


def is_csv(file: Path) -> bool:
    """By the ending of its name."""
    if file.suffix.lower() not in {".csv", ".json"}:
        fail(f"{file}: its name has to end with .csv or .json", 2)
    return file.suffix.lower() == ".csv"


def day_of(text: str | None) -> date:
    """The day that was asked for, or today in Viet Nam."""
    if text is None:
        return local_day(datetime.now(UTC))
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"--on {text}: a day is written as 2025-07-01", 2)


def stored_text(name: RegisterName, number: int | None = None) -> str | None:
    """The JSON of an edition; None where nothing was imported yet."""

    async def work(tree: Settings, connection: Connection) -> str | None:
        found = await register_editions.stored(connection, store_key_of(tree), name, number)
        if number is not None and (found is None or found.number != number):
            fail(f"there is no edition {number} of {name}: hub {name} editions")
        return found.content if found is not None else None

    return with_store("registers", work)


def print_editions(name: RegisterName, *, as_json: bool) -> None:
    """Every edition with its officer."""

    async def work(_: Settings, connection: Connection) -> list[dict[str, object]]:
        return [dict(row) for row in await register_editions.editions(connection, name)]

    columns = ("number", "imported_at", "operator", "reason")
    none = f"nothing was imported: hub {name} {_WAY.get(name, 'import FILE')}"
    print_rows(with_store("registers", work), columns, as_json=as_json, none=none)


def print_changes(changes: Sequence[EditionChange]) -> None:
    """What another edition changes."""
    rows = [{"change": one.kind, "record": one.name, "fields": one.fields} for one in changes]
    print_rows(rows, ("change", "record", "fields"), as_json=False, none="nothing differs")


def import_edition(
    name: RegisterName,
    source: str,
    before: _Register,
    after: _Register,
    warnings: Sequence[str],
    by: tuple[str, str],
    *,
    is_sure: bool,
    said: str = "the engines go by it within a second",
) -> None:
    """Ask, store the edition with its officer, and let the engines read it; nothing where nothing differs."""
    changes = before.changes_to(after)
    for warning in warnings:
        say(f"warning: {warning}", err=True)
    if not changes and before.as_json() == after.as_json():
        say("nothing differs from what is in force; nothing was imported")
        return
    counts = ", ".join(f"{sum(one.kind == kind for one in changes)} {kind}" for kind in _KINDS)
    decided = order(f"Import {name} from {source} ({counts})?", *by, is_sure=is_sure)

    async def work(tree: Settings, connection: Connection) -> int:
        key = store_key_of(tree)
        return await register_editions.add(
            connection, key, name, after.as_json(), decided.operator, decided.reason
        )

    number = with_store("registers", work)
    say(f"imported as edition {number}: {counts}; {said}")


_KINDS = ("added", "changed", "removed")
_WAY: Mapping[RegisterName, str] = {"catalogue": "publish"}


def write_out(into: Path, text: Callable[[], str]) -> None:
    """Write an edition into a file that is not there yet."""
    if into.exists():
        fail(f"{into} is there already", 2)
    try:
        into.write_text(text(), encoding="utf-8")
    except OSError as error:
        fail(f"{into}: {error.strerror}", 2)
    say(f"written: {into}")
