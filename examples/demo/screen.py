"""What whoever watches the demo sees while it runs: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from examples.demo.desk import Traffic
from examples.demo.week import Week

WIDTH = 100
_LINES = 9


def demo_console() -> Console:
    """At most 100 columns, also when nobody knows how wide the output is."""
    console = Console(highlight=False)
    return Console(width=min(console.width, WIDTH) if console.is_terminal else WIDTH, highlight=False)


class Steps:
    """The steps before the week, a line each with its seconds."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._begun = time.monotonic()

    def say(self, text: str) -> None:
        """One step is done."""
        seconds = time.monotonic() - self._begun
        self.console.print(Text.assemble((f"{seconds:6.1f} s  ", "dim"), text))


@dataclass(frozen=True, slots=True)
class Count:
    """How many dossiers the week has, and how many stories are over."""

    total: int
    over: Callable[[], int]


class Screen(AbstractContextManager["Screen"]):
    """The week as it goes by."""

    def __init__(self, console: Console, week: Week, traffic: Traffic, dossiers: Count) -> None:
        self._console = console
        self._week = week
        self._traffic = traffic
        self._dossiers = dossiers
        self._events: deque[Text] = deque(maxlen=_LINES)
        self._live = Live(get_renderable=self._panel, console=console, refresh_per_second=8, transient=True)
        self._day = -1

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """Something happened beside the dossiers."""
        line = Text.assemble((f"{self._week.now:%a %H:%M}  ", "cyan"), text)
        self._events.append(line)
        if not self._console.is_terminal:
            self._console.print(line)

    def time_moved(self) -> None:
        """The simulated time went on; a new day is worth a line."""
        if self._week.now.day != self._day:
            self._day = self._week.now.day
            done = f"{self._dossiers.over()} of {self._dossiers.total} dossiers done"
            self.say(f"{self._week.now:%A %d %B %Y}: {done}, {self._traffic.answers} requests answered")

    def _panel(self) -> Panel:
        over, traffic = self._dossiers.over(), self._traffic
        head = Table.grid(padding=(0, 2), expand=True)
        for _ in range(4):
            head.add_column()
        head.add_row(
            _pair("requests", traffic.requests),
            _pair("answered", traffic.answers),
            _pair("refused", sum(traffic.refusals.values())),
            _pair("facts heard of", traffic.facts),
        )
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            "dossiers",
            ProgressBar(total=self._dossiers.total, completed=over, width=62),
            f"{over}/{self._dossiers.total}",
        )
        title = f"[bold]A province's working week[/] · [cyan]{self._week.now:%A %d/%m/%Y %H:%M}[/]"
        lines = [*self._events, *[Text()] * (_LINES - len(self._events))]
        return Panel(Group(head, bar, Text(), *lines), title=title, border_style="cyan")


def _pair(name: str, number: int) -> Text:
    return Text.assemble((f"{name} ", "dim"), (f"{number:,}", "bold"))
