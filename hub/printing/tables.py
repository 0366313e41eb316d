"""What commands print: tables that fit the terminal, tab-separated values in a pipe, JSON for programs.

Nothing else of the command line writes to a terminal. One shape for all: a command that lists prints an array
of objects, one that shows a thing prints an object;
names are those of the columns, times are RFC 3339 in UTC, and what is not known is null.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer

from hub.regulation.clock import in_viet_nam
from hub.visible import visible, visible_json

AsJson = Annotated[bool, typer.Option("--json", help="for programs: every value whole, times in UTC")]
Row = Mapping[str, object]
_GAP = "  "
_LEAST_FOLD = 12
"""A column of words is not folded below so many letters."""
_PROSE = frozenset(("detail",))
"""Columns that are read and not copied: their long words may be broken."""


def print_rows(
    rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, none: str, more: Sequence[str] = ()
) -> None:
    """Print a list. `more` are columns that a terminal shows as far as it is wide enough; a pipe gets all."""
    if as_json:
        say_json(_json([{name: row.get(name) for name in (*columns, *more)} for row in rows]))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if width is not None and not rows:
        say(none)
        return
    for line in table_lines(rows, columns, more, width):
        say(line)


def print_record(record: Row, *, as_json: bool) -> None:
    """Print one thing: a line for each value that is there."""
    if as_json:
        say_json(_json(dict(record)))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in record_lines(record, width):
        say(line)


def note(text: str) -> None:
    """A line beside what is printed; it goes to standard error, so that a pipe holds the values only."""
    say(text, err=True)


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text, whoever wrote what stands in it: nothing in it is an order to the terminal."""
    typer.echo(visible(text), err=err, nl=nl)


def say_json(text: str) -> None:
    """Print a JSON text of whoever; it reads as the same value."""
    typer.echo(visible_json(text))


def table_lines(
    rows: Sequence[Row], columns: Sequence[str], more: Sequence[str], width: int | None
) -> list[str]:
    """The lines of a table (pure); `width` None: for a pipe, tab-separated under a line of names."""
    if width is None:
        names = (*columns, *more)
        return ["\t".join(names), *("\t".join(_piped(row.get(name)) for name in names) for row in rows)]
    shown = list(columns)
    for name in more:
        if sum(_natural(rows, [*shown, name])) + len(_GAP) * len(shown) <= width:
            shown.append(name)
    cells = [[_seen(row.get(name)) or "-" for name in shown] for row in rows]
    widths = _fitted(shown, cells, width)
    if widths is None:
        return _blocks(shown, cells, width)
    lines = [_line([name.replace("_", " ") for name in shown], widths)]
    for row in cells:
        lines += _folded(row, widths)
    return lines


def record_lines(record: Row, width: int | None) -> list[str]:
    """A value a line, each with its name (pure); lists of things come as a table of their own below it."""
    lines: list[str] = []
    for name, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines += ["", f"{name}:".replace("_", " ")]
            lines += [f"  {line}" for line in _inner(value, width)]
        elif text := _seen(value):
            lines += _wrapped(f"{name}: {text}", width)
    return lines


def _wrapped(text: str, width: int | None) -> list[str]:
    if width is None:
        return [text]
    return textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _inner(rows: Sequence[Row], width: int | None) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return table_lines(rows, names, (), (width or 200) - 2)


def _natural(rows: Sequence[Row], names: Sequence[str]) -> list[int]:
    return [max([len(name), *(len(_seen(row.get(name))) for row in rows)]) for name in names]


def _fitted(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """The widths of the columns; those with words are folded, ids stay whole. None: it does not fit."""
    places = range(len(names))
    widths = [max([len(names[at]), *(len(row[at]) for row in cells)]) for at in places]
    words = [max([len(names[at]), *(_longest_word(row[at]) for row in cells)]) for at in places]
    words = [_LEAST_FOLD if names[at] in _PROSE else words[at] for at in places]
    least = [min(widths[at], max(words[at], _LEAST_FOLD)) for at in places]
    room = width - len(_GAP) * (len(names) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max((at for at in places if widths[at] > least[at]), key=lambda at: widths[at])
        widths[widest] -= 1
    return widths


def _longest_word(text: str) -> int:
    return max((len(word) for word in text.split()), default=0)


def _folded(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    folded = [
        textwrap.wrap(text, wide, break_on_hyphens=False) or [""]
        for text, wide in zip(row, widths, strict=True)
    ]
    for number in range(max(len(lines) for lines in folded)):
        yield _line([lines[number] if number < len(lines) else "" for lines in folded], widths)


def _line(parts: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(part.ljust(wide) for part, wide in zip(parts, widths, strict=True)).rstrip()


def _blocks(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[str]:
    """For a terminal that is too narrow: a thing after the other, a value a line."""
    longest = max(len(name) for name in names)
    lines: list[str] = []
    for row in cells:
        lines += [""] if lines else []
        for name, text in zip(names, row, strict=True):
            head = f"{name.replace('_', ' ').ljust(longest)}{_GAP}"
            room = max(width - len(head), _LEAST_FOLD)
            first, *rest = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
            lines += [f"{head}{first}", *(" " * len(head) + line for line in rest)]
    return lines


def _seen(value: object) -> str:
    """As a person reads it: times by the clock of Viet Nam."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return in_viet_nam(value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_seen(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_seen(one) for one in value)
    return visible(" ".join(str(value).split()))


def _piped(value: object) -> str:
    """As `cut` and `awk` read it: times with their zone, nothing with a tab or a line's end in it."""
    if isinstance(value, datetime):
        return in_viet_nam(value).isoformat(timespec="seconds")
    return _seen(value)


def _json(content: object) -> str:
    return orjson.dumps(content, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
