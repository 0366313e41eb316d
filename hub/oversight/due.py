"""Deadlines: what is overdue, and what is due within a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from hub.dossier.turn import turn_of
from hub.oversight.dossiers import Casebook, Seen
from hub.postgres.database import Connection

Group = Literal["agency", "one-stop", "procedure"]
DUE = """
select dossier_id::text as dossier, kind, due_at, false as is_missed from timer
where kind = any($1::text[]) and due_at <= $2 order by due_at limit $3
"""
OVERDUE = (
    "select dossier_id::text as dossier, 'due' as kind, since as due_at, true as is_missed from overdue"
    " order by since limit $1"
)
"""Their timer is gone once it has fired."""
_PAGE = 500


async def due_dossiers(
    connection: Connection, book: Casebook, kinds: Sequence[str], now: datetime, within: timedelta, most: int
) -> tuple[list[dict[str, Any]], bool]:
    """A line for each deadline up to then, the oldest first, and whether there are more than `most`."""
    rows = list(await connection.fetch(DUE, list(kinds), now + within, most + 1))
    if "due" in kinds:
        rows += await connection.fetch(OVERDUE, most + 1)
    rows.sort(key=lambda row: row["due_at"])
    found = []
    for start in range(0, min(len(rows), most), _PAGE):
        page = rows[start : min(start + _PAGE, most)]
        seen = {one.id: one for one in await book.of_ids({row["dossier"] for row in page})}
        for row in page:
            one = seen.get(row["dossier"])
            if one is not None:
                line = _line(one, row["kind"], row["due_at"], now, is_missed=row["is_missed"])
                found.append(line | {"dossier": one.code or one.id})
    return found, len(rows) > most


def _line(seen: Seen, kind: str, due_at: datetime, now: datetime, *, is_missed: bool) -> dict[str, Any]:
    state, matter = seen.state, seen.matter
    # A dossier that is overdue keeps its due time in its state; the row of `overdue` has that of the fact.
    at = state.measure if is_missed and state is not None and state.measure is not None else due_at
    named = state or matter
    return {
        "dossier": None,
        "kind": kind,
        "due_at": at,
        "left": left(at - now),
        "is_overdue": at <= now,
        "status": seen.status,
        "turn": turn_of(state) if state is not None else None,
        "agency": named.agency if named is not None else None,
        "organisation": named.organisation if named is not None else None,
        "procedure": state.procedure if state is not None else None,
    }


def left(time: timedelta) -> str:
    """How long there is yet, or since when it is over: `3 h 05 min`, `-2 d 4 h` (pure)."""
    minutes = int(abs(time.total_seconds()) // 60)
    sign = "-" if time.total_seconds() < 0 else ""
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{sign}{hours // 24} d {hours % 24} h"
    return f"{sign}{hours} h {minutes:02} min" if hours else f"{sign}{minutes} min"


def grouped(lines: Sequence[dict[str, Any]], by: Group) -> list[dict[str, Any]]:
    """One line for each agency, one-stop or procedure, the most overdue first (pure)."""
    column = {"agency": "agency", "one-stop": "organisation", "procedure": "procedure"}[by]
    groups: dict[str | None, list[dict[str, Any]]] = {}
    for line in lines:
        groups.setdefault(line[column], []).append(line)
    found = [
        {
            by.replace("-", "_"): name,
            "overdue": sum(line["is_overdue"] for line in some),
            "due": sum(not line["is_overdue"] for line in some),
            "first_at": min(line["due_at"] for line in some),
            "first_dossier": min(some, key=lambda line: line["due_at"])["dossier"],
        }
        for name, some in groups.items()
    ]
    return sorted(found, key=lambda group: (-group["overdue"], group["first_at"]))
