"""Conducts the week: moves the time when everything is quiet, until nobody waits for anything any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID

from examples.demo.careless import Careless
from examples.demo.case import Case, Plan, SurpriseError, World
from examples.demo.days_off import DAY_OFF, pass_over
from examples.demo.desk import Desk, SilenceError, Traffic
from examples.demo.fees import settlement
from examples.demo.members import CARELESS, CARELESS_ONE_STOP
from examples.demo.mishaps import Mishaps
from examples.demo.plan import BY_NAME
from examples.demo.procedures import BY_CODE
from examples.demo.programs import Program
from examples.demo.province import Province, desk_programs
from examples.demo.settings_of import participant
from examples.demo.signing_desk import SigningDesk
from examples.demo.stand_ins import StandIns
from examples.demo.stillness import Stillness
from examples.demo.week import DAYS, LAST, Week

Say = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """What the conductor knows at the end; `problems` are stories that went otherwise than the law says."""

    ends: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    stories: dict[str, Case] = field(default_factory=dict)
    """One finished case of each story."""


class Conductor:
    """Runs all stories of a week in one province."""

    def __init__(self, province: Province, stillness: Stillness, plans: list[Plan], chance: Random) -> None:
        self.week = Week()
        self.traffic = Traffic()
        self.outcome = Outcome()
        self.over = 0
        self._province = province
        self._stillness = stillness
        self._plans = plans
        self._chance = chance
        ports, hub = province.ports, province.hub
        self._signing = SigningDesk(ports.url(ports.gateway), hub.tokens, hub.keys)
        self._stand_ins = StandIns(
            ports.url(ports.population), ports.url(ports.postal), ports.url(ports.portal)
        )

    async def conduct(self, say: Say, time_moved: Callable[[], None]) -> None:
        """The whole week; returns when the clients have ended."""
        async with self._desks() as desks:
            world = World(self.week, desks, self._stand_ins, self._signing, say)
            mishaps = Mishaps(self.week, self._province, self._stand_ins, self.traffic, say)
            stories = [asyncio.create_task(self._story(plan, world)) for plan in self._plans]
            tales = (
                self._first_day_of_a_vendor(say),
                self._fees_of_the_quarter(desks["counter-1"], say),
                self._day_off_is_decided(say),
            )
            others = [*mishaps.all(), *(asyncio.create_task(self.week.tell(one)) for one in tales)]
            try:
                await self._let_time_pass(time_moved)
                ended = await asyncio.gather(*others, return_exceptions=True)
                self.outcome.problems += [str(error) or repr(error) for error in ended if error is not None]
            finally:
                for task in (*stories, *others):
                    task.cancel()
                await asyncio.gather(*stories, *others, return_exceptions=True)
                await self._stand_ins.close()
                await self._signing.close()
            await self._stillness.heard({name: self._province.places.journal(name) for name in desks})

    async def _let_time_pass(self, time_moved: Callable[[], None]) -> None:
        await asyncio.sleep(0)
        while True:
            await self.week.asleep.wait()
            await self._stillness.reached()
            if not self.week.asleep.is_set():
                continue
            following = self.week.next()
            if following is None or following > LAST:
                break
            await self._move_to(following)
            time_moved()
            self.week.wake(following)
        await self._move_to(LAST)
        self.week.now = LAST
        time_moved()

    async def _move_to(self, when: datetime) -> None:
        await self._stillness.move_clock(when, self._province.places.clock)
        await self._stand_ins.move_clock(self._stillness.shift_s)
        await self._stillness.reached()

    async def _story(self, plan: Plan, world: World) -> None:
        await self.week.tell(self._told(plan, world))

    async def _told(self, plan: Plan, world: World) -> None:
        case = Case(plan, world)
        try:
            await self.week.until(plan.day, plan.clock)
            await BY_NAME[plan.story].tell(case)
            self.outcome.stories.setdefault(plan.story, case)
        except (SurpriseError, SilenceError) as error:
            self.outcome.problems.append(str(error))
            world.say(str(error))
        finally:
            self.over += 1
            self.outcome.ends[case.end] += 1

    async def _first_day_of_a_vendor(self, say: Say) -> None:
        await self.week.until(0, "10:00")
        hub, places = self._province.hub, self._province.places
        procedure = BY_CODE["1.004873"]
        good = {
            "procedure": procedure.code,
            "organisation": CARELESS_ONE_STOP,
            "agency": procedure.agency,
            "channel": "in_person",
            "return_channel": "in_person",
            "applicant": self._plans[0].citizen.party(),
            "components": procedure.components(),
        }
        environment = participant(hub.address, CARELESS, hub.passwords, places.clock)
        careless = Careless(environment, places.journal(CARELESS), good, self.traffic)
        say(f"{CARELESS}: a vendor's first day, everything it sends is wrong")
        self.outcome.problems += await careless.blunder()

    async def _fees_of_the_quarter(self, counter: Desk, say: Say) -> None:
        """9.10: the quarter before this one, which is over."""
        await self.week.until(1, "08:30")
        answer = await counter.ask("fees.settle", "ref:quyet-toan-2026-Q3", settlement("2026-Q3"))
        if "facts" not in answer:
            self.outcome.problems.append(f"the settlement of the quarter was refused: {answer}")
        say("counter-1: fees of the third quarter settled with the town hall")

    async def _day_off_is_decided(self, say: Say) -> None:
        """After the last hour of the week: whoever waits comes on another day than he was told."""
        await self.week.until(DAYS - 1, "17:00")
        say(f"a day off was decided, {DAY_OFF:%d/%m}: {await pass_over(self._province.hub.environment)}")

    @asynccontextmanager
    async def _desks(self) -> AsyncIterator[dict[str, Desk]]:
        programs = desk_programs(self._province)
        desks = {program.name: await self._desk(program) for program in programs}
        try:
            yield desks
        finally:
            with contextlib.suppress(ProcessLookupError):
                await asyncio.gather(*[desk.close() for desk in desks.values()])

    async def _desk(self, program: Program) -> Desk:
        process = await program.start(has_desk=True)
        return Desk(
            program.name, process, lambda: UUID(int=self._chance.getrandbits(128), version=4), self.traffic
        )
