"""Traffic on demand: whole lives of dossiers, one beside the other, until somebody has seen enough."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from uuid import UUID

import httpx

from examples.demo.case import Case, SurpriseError, World
from examples.demo.desk import SilenceError, Traffic
from examples.demo.members import OVER_HTTPS
from examples.demo.people import Citizen
from examples.demo.plan import Story
from examples.demo.programs import PLAIN, Program
from examples.demo.stand_ins import StandIns
from examples.traffic.lives import COUNTER, citizens_of, plan_of, stories
from examples.traffic.paced import EndedError, Pace, PacedDesk, RealTime

_REQUESTS_OF_A_LIFE = 9
_LIVES = 60
"""At once, at most."""
_GRACE_S = 10.0
_OFFICER = "chuyen-vien-gia:Chuyên Viên Giả Định"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """The running hub as clients see it: broker, the two participants, stand-ins, a folder to write in."""

    bootstrap: str
    counter: str
    agency: str
    passwords: Mapping[str, str]
    stand_ins: Mapping[str, str]
    folder: Path


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much: requests a second, for how long, how many dossiers; None is until it is ended."""

    rate: float
    for_s: float | None = None
    dossiers: int | None = None


@dataclass(slots=True)
class Played:
    """What came of it; `problems` are lives that went otherwise than the law says."""

    traffic: Traffic = field(default_factory=Traffic)
    dossiers: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    repeats: int = 0

    def line(self) -> str:
        """All of it in one line."""
        traffic = self.traffic
        refused = sum(traffic.refusals.values())
        codes: Counter[str] = Counter()
        for refusal, count in traffic.refusals.items():
            codes[refusal.code] += count
        named = ", ".join(f"{code} {count}" for code, count in codes.most_common())
        ends = ", ".join(f"{end} {count}" for end, count in self.ends.most_common())
        silent = max(0, traffic.requests - self.repeats - traffic.answers)
        return (
            f"traffic: {self.dossiers} dossiers, {traffic.requests} requests sent, "
            f"{self.repeats} of them again; "
            f"{traffic.answers - refused} accepted, {refused} refused{f' ({named})' if named else ''}, "
            f"{silent} without an answer; dossiers {ends or 'none'}; unexpected {len(self.problems)}"
        )


class Player:
    """Begins lives in their turn and lets them go on beside each other."""

    def __init__(self, stage: Stage, wanted: Wanted, say: Say, seed: int) -> None:
        self.played = Played()
        self._stage = stage
        self._wanted = wanted
        self._say = say
        self._chance = Random(seed)  # noqa: S311  a simulation
        self._pace = Pace(wanted.rate)
        self._numbers = stage.folder / "number"
        self._bugs: list[BaseException] = []

    async def play(self, stop: asyncio.Event) -> Played:
        """Until it is stopped, the time is over or there were enough; what was sent is answered first."""
        async with httpx.AsyncClient(timeout=10, trust_env=False, verify=PLAIN) as http:
            listed = (await http.get(f"{self._stage.stand_ins['population']}/_people")).json()["people"]
        people = citizens_of(listed)
        self._chance.shuffle(people)
        stand_ins = StandIns(*[self._stage.stand_ins[name] for name in ("population", "postal", "portal")])
        async with self._desks() as desks:
            world = World(RealTime(), dict(desks), stand_ins, None, self._say)
            try:
                await self._lives(world, people, stop)
            finally:
                await stand_ins.close()
        return self.played

    async def _lives(self, world: World, people: list[Citizen], stop: asyncio.Event) -> None:
        ended, running = asyncio.create_task(stop.wait()), set[asyncio.Task[None]]()
        end_at = time.monotonic() + self._wanted.for_s if self._wanted.for_s is not None else None
        drawn = stories(self._chance)
        while not ended.done() and not self._has_enough(end_at):
            if len(running) < _LIVES and people:
                life = asyncio.create_task(self._life(world, next(drawn), people))
                running.add(life)
                life.add_done_callback(partial(self._over, running, ended))
            await asyncio.wait({ended}, timeout=_REQUESTS_OF_A_LIFE / self._wanted.rate)
        if self._wanted.dossiers is not None:
            while running and not ended.done():
                await asyncio.wait({ended, *running}, return_when=asyncio.FIRST_COMPLETED)
        self._pace.is_over = True
        if running:
            await asyncio.wait(running, timeout=_GRACE_S)
        for task in (ended, *running):
            task.cancel()
        await asyncio.gather(ended, *running, return_exceptions=True)
        for bug in self._bugs:
            raise bug

    def _over(
        self, running: set[asyncio.Task[None]], ended: asyncio.Task[bool], life: asyncio.Task[None]
    ) -> None:
        """A life is over; after a bug of ours, or with nobody to listen any more, all are."""
        running.discard(life)
        if not life.cancelled() and (bug := life.exception()) is not None:
            self._bugs.append(bug)
            ended.cancel()

    def _has_enough(self, end_at: float | None) -> bool:
        is_late = end_at is not None and time.monotonic() >= end_at
        wanted = self._wanted.dossiers
        return is_late or (wanted is not None and self.played.dossiers >= wanted)

    async def _life(self, world: World, story: Story, people: list[Citizen]) -> None:
        citizen = people.pop(0)
        self.played.dossiers += 1
        case = Case(plan_of(self._number(), story, citizen, self._chance), world)
        try:
            await story.tell(case)
        except (SurpriseError, SilenceError, httpx.HTTPError) as error:
            # A stand-in that is away answers its own director neither.
            named = "" if isinstance(error, SurpriseError) else f"{case.name}: "
            self.played.problems.append(f"{named}{error}")
            self._say(self.played.problems[-1])
        except EndedError:
            pass
        finally:
            self.played.ends[case.end] += 1
            for desk in world.desks.values():
                if isinstance(desk, PacedDesk):
                    desk.forget(case.dossier)
            people.append(citizen)
        name = case.code or case.dossier or "nothing lodged"
        self._say(f"{name}: {case.end}, {case.plan.story.replace('_', ' ')}, {case.plan.procedure.title}")

    def _number(self) -> int:
        """The next number, never used before on this hub: references are made of it."""
        last = int(self._numbers.read_text("ascii")) if self._numbers.exists() else 0
        self._numbers.write_text(str(last + 1), "ascii")
        return last + 1

    @asynccontextmanager
    async def _desks(self) -> AsyncIterator[dict[str, PacedDesk]]:
        stage = self._stage
        programs = {
            stage.counter: ("examples.counter.app", "COUNTER_JOURNAL", {}),
            stage.agency: ("examples.agency_system.app", "AGENCY_JOURNAL", {"AGENCY_OFFICER": _OFFICER}),
        }
        desks: dict[str, PacedDesk] = {}
        try:
            for name, (module, variable, more) in programs.items():
                desks[name] = await self._desk(name, module, {variable: self._journal(name), **more})
            counter, agency = desks[stage.counter], desks[stage.agency]
            yield {COUNTER: counter, "agency": agency, OVER_HTTPS: agency}
        finally:
            self.played.repeats = sum(desk.repeats for desk in desks.values())
            with contextlib.suppress(ProcessLookupError):
                await asyncio.gather(*[desk.close() for desk in desks.values()])

    def _journal(self, name: str) -> str:
        """What was sent in an earlier run was answered then."""
        path = self._stage.folder / f"{name}.jsonl"
        path.unlink(missing_ok=True)
        return str(path)

    async def _desk(self, name: str, module: str, more: Mapping[str, str]) -> PacedDesk:
        connection = {
            "KAFKA_BOOTSTRAP": self._stage.bootstrap,
            "KAFKA_USER": name,
            "KAFKA_PASSWORD": self._stage.passwords[name],
        }
        process = await Program(name, [module], {**connection, **more}, self._stage.folder).start(
            has_desk=True
        )
        return PacedDesk(
            name,
            process,
            lambda: UUID(int=self._chance.getrandbits(128), version=4),
            self.played.traffic,
            self._pace,
        )
