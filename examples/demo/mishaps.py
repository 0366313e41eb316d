"""What goes wrong in the week beside the dossiers: faults of the outside systems, killed processes."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from examples.demo.desk import SilenceError, Traffic
from examples.demo.province import Province
from examples.demo.stand_ins import StandIns
from examples.demo.week import Week

Say = Callable[[str], None]

_POPULATION = (
    (0, "08:30", "timeout_after_effect", "time-out after the answer was made"),
    (0, "14:30", "html_page", "an HTML page instead of SOAP"),
    (1, "07:10", "soap_fault", "a SOAP fault"),
    (1, "14:30", "http_500", "HTTP 500"),
    (2, "10:00", "expired_credentials", "expired credentials"),
    (2, "14:30", "slow_drip", "an answer that drips"),
)
_POSTAL = (
    (0, "08:30", "timeout_after_effect", "time-out after the order was placed"),
    (0, "10:00", "http_500", "HTTP 500"),
    (1, "08:30", "expired_token", "expired token"),
    (1, "10:00", "lost_after_effect", "connection lost after the order was placed"),
    (2, "08:30", "html_page", "an HTML page instead of JSON"),
    (2, "13:15", "throttled", "too many requests"),
)
_PORTAL = (
    (0, "08:30", "DongBoHoSoMC", "timeout_after_effect", "time-out after the dossier was taken"),
    (0, "14:30", "DongBoHoSoMC", "exists", "the dossier is there already"),
    (1, "07:10", "CapNhatTienDoHoSoMC", "expired_session", "expired session"),
    (1, "10:00", "CapNhatTienDoHoSoMC", "lost_after_effect", "connection lost after a progress line"),
    (2, "07:10", "DongBoHoSoMC", "not_json", "an answer that is not JSON"),
    (2, "14:30", "DongBoHoSoMC", "throttled", "too many requests"),
)
_KILLED = (
    ("engine-2", 1, "08:30"),
    ("gateway", 1, "08:30"),
    ("adapter-population", 2, "08:30"),
    ("adapter-postal", 2, "08:30"),
    ("adapter-portal", 2, "08:30"),
    ("adapter-notices", 2, "10:00"),
    ("adapter-typesetter", 2, "10:00"),
)
_ANSWERS_BEFORE_KILL = 12
_LONGEST_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Mishaps:
    """Makes them happen at their time and tells of them."""

    week: Week
    province: Province
    stand_ins: StandIns
    traffic: Traffic
    say: Say

    async def population_fails(self, number: int) -> None:
        """One fault of the population database."""
        day, clock, kind, words = _POPULATION[number]
        await self.week.until(day, clock)
        await self.stand_ins.population_fault(kind)
        self.say(f"population database: {words}")

    async def post_fails(self, number: int) -> None:
        """One fault of the postal operator."""
        day, clock, kind, words = _POSTAL[number]
        await self.week.until(day, clock)
        await self.stand_ins.post_fault("order/post", kind)
        self.say(f"postal operator: {words}")

    async def portal_fails(self, number: int) -> None:
        """One fault of the national portal."""
        day, clock, service, kind, words = _PORTAL[number]
        await self.week.until(day, clock)
        await self.stand_ins.portal_fault(service, kind)
        self.say(f"national portal: {words}")

    async def killed(self, name: str, day: int, clock: str) -> None:
        """SIGKILL in the middle of the work, and a new start."""
        await self.week.until(day, clock)
        program, until = self.province.programs[name], self.traffic.answers + _ANSWERS_BEFORE_KILL
        end = time.monotonic() + _LONGEST_WAIT_S
        while self.traffic.answers < until and time.monotonic() < end:  # noqa: ASYNC110  a count, not an event
            await asyncio.sleep(0.01)
        if not program.is_running:
            raise SilenceError(f"{name} had ended before it was killed: {program.last_line()}")
        note_kill(self.province.places.journal("kills"), name)
        await program.kill()
        self.say(f"{name}: killed (SIGKILL)")
        await program.start()
        await program.healthy_url()
        self.say(f"{name}: started again")

    def all(self) -> list[asyncio.Task[None]]:
        """Every mishap as a task that takes part in the week."""
        work = [self.population_fails(number) for number in range(len(_POPULATION))]
        work += [self.post_fails(number) for number in range(len(_POSTAL))]
        work += [self.portal_fails(number) for number in range(len(_PORTAL))]
        work += [self.killed(name, day, clock) for name, day, clock in _KILLED]
        return [asyncio.create_task(self.week.tell(one)) for one in work]


def note_kill(journal: Path, name: str) -> None:
    """Write it down before it is done."""
    with journal.open("a", encoding="utf-8") as file:
        file.write(
            json.dumps({"target": name, "signal": "SIGKILL", "at": datetime.now(UTC).isoformat()}) + "\n"
        )
        file.flush()
        os.fsync(file.fileno())
