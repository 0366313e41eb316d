"""One run from an empty stack to the last line: build, conduct, check, print, take down."""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from rich.console import Console

from examples.demo import tables
from examples.demo.conductor import Conductor
from examples.demo.keeping import end_kept, keep, print_how_to_look
from examples.demo.ledger import verdict_of
from examples.demo.members import MEMBERS, PARTITIONS
from examples.demo.papers import messages_of, show_papers, show_registers, show_reports
from examples.demo.people import Citizen, citizens
from examples.demo.periods import let_the_quarter_end
from examples.demo.plan import plan_week
from examples.demo.programs import Program
from examples.demo.province import (
    Places,
    Province,
    open_province,
    set_up_hub,
    start_stack,
)
from examples.demo.screen import Count, Screen, Steps
from examples.demo.stillness import NoiseError, Stillness
from examples.demo.week import FIRST
from hub.embedded import stack
from hub.errors import StartupError
from hub.postgres.database import Connection
from tests.support.ledger.verdict import Verdict

_RULES = """
select count(distinct rule)
from fact, jsonb_array_elements_text(convert_from(bytes, 'UTF8')::jsonb -> 'rules') rule
"""
_TYPES = "select type, count(*) as count from fact group by type"
_LOST = """
select count(*) from fact where type = 'onestop.pickup.progressed.v1'
and convert_from(bytes, 'UTF8')::jsonb -> 'data' ->> 'status' = 'lost'
"""
_LODGED = """
select count(*) from fact where type = 'onestop.dossier.submitted.v1'
and convert_from(bytes, 'UTF8')::jsonb ->> 'source' = '/participants/portal'
"""
_PAYMENTS = """
select convert_from(bytes, 'UTF8')::jsonb -> 'data' ->> 'status' as status, count(*) as count
from fact where type = 'onestop.payment.recorded.v1' group by 1
"""
_TIMELINE = "select time, bytes from fact where dossier_id = $1 order by sequence"
_TOLD = (
    "scanned_and_signed",
    "lost_on_the_way_in",
    "by_post",
    "apology_in_time",
    "mistyped_person",
    "straight",
)
"""Whose life is shown: the first of these that came to its end."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, and below which folder."""

    dossiers: int
    seed: int
    is_kept: bool
    home: Path


async def run_demo(options: Options, console: Console) -> int:
    """Run the demo; returns the exit status."""
    begun = time.monotonic()
    places = Places(options.home)
    with _only_one(options.home):
        steps = Steps(console)
        ended = await asyncio.to_thread(end_kept, places)
        if ended:
            steps.say(f"ended {ended} processes of an earlier run")
        async with _province(places, options, steps) as (province, stillness):
            conductor = await _conduct(province, stillness, options, console)
            verdict = await verdict_of(province)
            facts = await _print(console, conductor, province, verdict)
            problems = [*conductor.outcome.problems, *_wrong(conductor, verdict, facts, options)]
            papers = await show_papers(places, province.hub.database)
            messages = await messages_of(places, province.hub.database)
            registers = await show_registers(province, papers)
            reports = f"reports of the week, for a head to sign: {await show_reports(province)}"
            periods = await let_the_quarter_end(province, stillness)
            found = (papers, registers, messages, reports, periods)
            console.print("\n".join(map(str, found)), soft_wrap=True, highlight=False)
            problems += periods.problems
            problems += [f"nobody got form {number}" for number in papers.missing]
            problems += [] if messages.mails and messages.short else ["nobody was told anything"]
            problems += [f"nobody was told of {purpose}" for purpose in messages.missing]
            problems += [
                f"{program.name} has ended: {program.last_line()}"
                for program in province.programs.values()
                if not program.is_running
            ]
            if options.is_kept:
                print_how_to_look(console, province)
        for problem in problems:
            console.print(f"[red]problem:[/] {problem}", soft_wrap=True)
        seconds = time.monotonic() - begun
        print(last_line(options.dossiers, conductor, verdict, facts, seconds), flush=True)
        return 1 if problems or not verdict.is_clean else 0


def stop_kept(home: Path) -> int:
    """End what `--keep` left running; how many processes of the hub and the participants it were."""
    with _only_one(home):
        ended = end_kept(Places(home))
        stack.down(home / "stack")
    return ended


def last_line(
    dossiers: int, conductor: Conductor, verdict: Verdict, facts: Mapping[str, int], seconds: float
) -> str:
    """The line that scripts read."""
    return (
        f"demo: dossiers={dossiers} accepted={facts.get('onestop.dossier.accepted.v1', 0)} "
        f"refused={sum(conductor.traffic.refusals.values())} "
        f"returned={facts.get('onestop.result.returned.v1', 0)} open={conductor.outcome.ends['open']} "
        f"lost={verdict.count('lost')} duplicated={verdict.count('duplicated')} "
        f"misordered={verdict.count('misordered')} seconds={seconds:.0f}"
    )


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartupError(f"another demo runs in {home}; set HUB_HOME to run a second one") from None
        yield


@asynccontextmanager
async def _province(
    places: Places, options: Options, steps: Steps
) -> AsyncIterator[tuple[Province, Stillness]]:
    shutil.rmtree(places.run, ignore_errors=True)
    places.run.mkdir(parents=True)
    programs: dict[str, Program] = {}
    is_good = False
    async with AsyncExitStack() as closing:
        try:
            address = await start_stack(places, steps.say)
            hub = await set_up_hub(places, address)
            closing.push_async_callback(hub.database.close, timeout=5)
            steps.say(f"hub set up: {len(MEMBERS)} participants, each with its topics, user and rights")
            stillness = Stillness(address, hub.database, [member.name for member in MEMBERS], PARTITIONS)
            await stillness.open()
            closing.push_async_callback(stillness.close)
            await stillness.move_clock(FIRST, places.clock)
            province = await open_province(places, hub, _people(options), programs)
            steps.say(
                f"{len(programs)} programs run: engines, gateway, five adapters, stand-ins, an operator"
            )
            yield province, stillness
            is_good = True
        finally:
            if options.is_kept and is_good:
                keep(places, programs)
            else:
                await closing.aclose()
                await asyncio.gather(*[program.stop() for program in programs.values()])
                await asyncio.to_thread(stack.down, places.home / "stack")


def _people(options: Options) -> list[Citizen]:
    return citizens(options.dossiers, Random(f"people {options.seed}"))  # noqa: S311  a seeded simulation


async def _conduct(province: Province, stillness: Stillness, options: Options, console: Console) -> Conductor:
    chance = Random(f"week {options.seed}")  # noqa: S311  a seeded simulation
    conductor = Conductor(province, stillness, plan_week(_people(options), chance), chance)
    count = Count(options.dossiers, lambda: conductor.over)
    with Screen(console, conductor.week, conductor.traffic, count) as screen:
        try:
            await conductor.conduct(screen.say, screen.time_moved)
        except NoiseError as error:
            conductor.outcome.problems.append(str(error))
    return conductor


async def _print(
    console: Console, conductor: Conductor, province: Province, verdict: Verdict
) -> dict[str, int]:
    database = province.hub.database
    facts = {row["type"]: row["count"] for row in await database.fetch(_TYPES)}
    facts |= await _more_facts(database)
    tables.print_outcomes(console, conductor.outcome.ends, facts)
    tables.print_refusals(console, conductor.traffic)
    applied = await database.fetchval(_RULES)
    console.print(
        f"different rules applied: {applied}, different refusals: "
        f"{len({refusal.code for refusal in conductor.traffic.refusals})}",
        highlight=False,
    )
    for story in _TOLD:
        case = conductor.outcome.stories.get(story)
        if case is not None:
            title = f"One dossier: {case.code}, {case.plan.procedure.title} ({story.replace('_', ' ')})"
            tables.print_timeline(console, title, await _timeline(database, case.dossier))
            break
    tables.print_ledger(console, verdict)
    return facts


async def _more_facts(database: Connection) -> dict[str, int]:
    payments = {row["status"]: row["count"] for row in await database.fetch(_PAYMENTS)}
    return {
        tables.LOST: await database.fetchval(_LOST),
        tables.LODGED: await database.fetchval(_LODGED),
        tables.PAID: payments.get("paid", 0),
        tables.NOT_PAID: payments.get("refused", 0),
    }


async def _timeline(database: Connection, dossier: str) -> list[tables.Moment]:
    rows = await database.fetch(_TIMELINE, dossier)
    return [tables.moment(row["time"], json.loads(row["bytes"])) for row in rows]


def _wrong(conductor: Conductor, verdict: Verdict, facts: Mapping[str, int], options: Options) -> list[str]:
    """Checks beside the ledger: every dossier is there, and those that the stories returned are returned."""
    found = []
    if facts.get("onestop.dossier.submitted.v1", 0) != options.dossiers:
        found.append(
            f"{facts.get('onestop.dossier.submitted.v1', 0)} dossiers submitted, not {options.dossiers}"
        )
    ends = conductor.outcome.ends
    again = facts.get("onestop.result.corrected.v1", 0)  # what was corrected is returned once more
    returned = ends["returned"] + ends["returned_late"] + again
    if facts.get("onestop.result.returned.v1", 0) != returned:
        found.append(f"{facts.get('onestop.result.returned.v1', 0)} results returned, not {returned}")
    if not verdict.is_clean:
        found.append(f"the ledger has {len(verdict.findings)} findings")
    return found
