"""Lets the sandbox's orders progress by themselves along the lives of a scenario file."""

from __future__ import annotations

import asyncio
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.postal.sandbox_book import Book, Order
from adapters.postal.sandbox_order import CANCELLED, STATUS_CODES


@dataclass(frozen=True, slots=True)
class Life:
    """What happens to some orders: `weight` of them, of the directions named, one event after the other."""

    weight: int
    directions: str
    events: tuple[dict[str, Any], ...]


def read_lives(path: Path) -> tuple[Life, ...]:
    """Read a scenario file.

    `{"lives": [{"weight": 8, "directions": "C", "events": [{"status": "collected", "after_s": 3600}]}]}`;
    `after_s` counts from the registration on the sandbox's clock, `minutes: true` numbers the minutes,
    `cod: true` takes the order's own sum.
    """
    lives = json.loads(path.read_text(encoding="utf-8"))["lives"]
    return tuple(
        Life(int(life.get("weight", 1)), str(life.get("directions", "CDB")), tuple(life["events"]))
        for life in lives
    )


def life_of(order: str, lives: tuple[Life, ...]) -> Life | None:
    """The life of an order: always the same for the same number, shared out by weight."""
    direction = order.rpartition("__")[2][:1]
    fitting = [life for life in lives if direction and direction in life.directions]
    draw = zlib.crc32(order.encode()) % max(sum(life.weight for life in fitting), 1)
    for life in fitting:
        draw -= life.weight
        if draw < 0:
            return life
    return None


def next_event(order: Order, life: Life, now_ms: int) -> tuple[dict[str, Any], int] | None:
    """The event that is due, and its time in milliseconds; None while nothing is due."""
    done = len(order.codes) - 1
    if done >= len(life.events) or CANCELLED in order.codes:
        return None
    event = life.events[done]
    due_ms = order.registered_ms + int(float(event["after_s"]) * 1000)
    return (event, due_ms) if due_ms <= now_ms else None


def progress(book: Book, lives: tuple[Life, ...]) -> int:
    """Emit every event that is due, oldest first; how many were emitted."""
    emitted = 0
    while due := sorted(_due(book, lives), key=lambda item: (item[1], item[0]["order"])):
        for event, due_ms in due:
            book.emit({**event, "event_time": book.event_time(due_ms)})
            emitted += 1
    return emitted


def _due(book: Book, lives: tuple[Life, ...]) -> list[tuple[dict[str, Any], int]]:
    due = []
    for order in book.orders.values():
        life = life_of(order.number, lives)
        found = next_event(order, life, book.now_ms()) if life is not None else None
        if found is not None:
            due.append((_filled(found[0], order), found[1]))
    return due


def _filled(event: dict[str, Any], order: Order) -> dict[str, Any]:
    filled = {key: value for key, value in event.items() if key != "after_s"} | {"order": order.number}
    if filled.get("minutes") is True:
        filled["minutes"] = f"{zlib.crc32(order.number.encode()) % 100_000:05d}/BBGN"
    if filled.get("cod") is True:
        filled["cod"] = order.cash
    if "code" not in filled and filled["status"] not in STATUS_CODES:
        raise ValueError(f"no such status in the scenario: {filled['status']}")
    return filled


async def run_lives(book: Book, lives: tuple[Life, ...], tick_s: float) -> None:
    """Look for due events until cancelled."""
    while True:
        progress(book, lives)
        await asyncio.sleep(tick_s)
