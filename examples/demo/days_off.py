"""A day off that is decided while dossiers are open: a later calendar, and the order of an operator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from examples.demo.operators import command
from examples.demo.week import DAYS, MONDAY
from hub.regulation.pins import pin

CALENDAR = "vn-2026.2"
DAY_OFF = MONDAY + timedelta(days=7)
"""Monday after the week: invented, like everything here."""
_BEFORE = "vn-2026.1"
_YEAR = f"[years.{MONDAY.year}]"


def write_regulation(folder: Path) -> None:
    """The site's own folder of the law: the calendar that is there, with one day off more, from Friday on."""
    calendars = folder / "calendars"
    calendars.mkdir(parents=True)
    shipped = files("hub.regulation.data").joinpath(f"calendars/{_BEFORE}.toml").read_text("utf-8")
    text = later_calendar(shipped, MONDAY + timedelta(days=DAYS - 1))
    (calendars / f"{CALENDAR}.toml").write_text(text, "utf-8")
    pin(folder)


def later_calendar(shipped: str, begins: date) -> str:
    """The text of the next version."""
    lines = shipped.splitlines(keepends=True)
    lines[lines.index(f'version = "{_BEFORE}"\n')] = f'version = "{CALENDAR}"\n'
    (since,) = [number for number, line in enumerate(lines) if line.startswith("in_force_from = ")]
    lines[since] = f"in_force_from = {begins}\n"
    first = lines.index("days_off = [\n", lines.index(f"{_YEAR}\n"))
    lines.insert(first + 1, f'  {{ day = {DAY_OFF}, name = "Ngày nghỉ giả định" }},\n')
    return "".join(lines)


async def pass_over(environment: Mapping[str, str]) -> str:
    """Open dossiers pass over to it; what the command says. Their applicants are told where to come later."""
    words = ("law", "replan", "--calendar", CALENDAR, "--operator", "demo", "--yes")
    return await command(environment, *words, "--reason", f"{DAY_OFF} is a day off")
