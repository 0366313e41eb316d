"""Ledger: one run: load, blows, quiet, and the three journals read into one verdict."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import orjson

from tests.support.ledger.actors import EngineActor, ProcessActor, client
from tests.support.ledger.blows import Blows
from tests.support.ledger.check import check
from tests.support.ledger.client_process import PACE_FILE
from tests.support.ledger.evidence import CounterpartName, Effect, Journals, Kill
from tests.support.ledger.hub_reading import is_quiet, read_hub
from tests.support.ledger.journal import Journal, read_lines
from tests.support.ledger.kills import plan
from tests.support.ledger.mailbox import received_of, sent_of
from tests.support.ledger.outside import PostalOutside
from tests.support.ledger.site import READERS, Site
from tests.support.ledger.verdict import Verdict

_COUNTERPARTS: tuple[CounterpartName, ...] = ("postal", "population")
_PARKED_BEFORE_FIX = 2
_FIRST_DOSSIERS = 6
_RECORDS_PER_DOSSIER = 23
_HUNGRY_S = 3.0
_FEED_EVERY_S = 1.0
_COUNTERS = 2
_STUCK_S = 90.0

Tell = Callable[[str, int, int], None]
"""Told of progress: what happens, records taken, records wanted."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to run; `folder` gets journals and logs.

    With `has_adapter` the postal operator is a sandbox behind our adapter, else a client of its own topic.
    """

    events: int
    kills: int
    seed: int
    home: Path
    root: Path
    folder: Path
    engines: int = 2
    has_adapter: bool = False
    quiet_limit_s: float = 120.0


class Run:
    """The processes of one run and what the runner sees of them."""

    def __init__(self, options: Options, tell: Tell) -> None:
        self._options = options
        self._tell = tell
        self.site = Site(options.home, options.root, options.folder, options.seed)
        self._session: asyncpg.Connection[asyncpg.Record] | None = None
        self._notes: list[str] = []
        self._taken = 0
        self._paced = 0
        self._fed_at = 0.0

    async def verdict(self) -> Verdict:
        """Do the run; the hub is gone afterwards, the folder stays."""
        await self.site.open()
        names = [f"engine-{number + 1}" for number in range(self._options.engines)]
        self.engines = [EngineActor(self.site, name) for name in names]
        self._readers = READERS - {"postal"} if self._options.has_adapter else READERS
        self.clients = [client(name, self.site.configs[name]) for name in sorted(self._readers)]
        self._outside = PostalOutside(self.site) if self._options.has_adapter else None
        self._kill_journal = Journal(self._options.folder / "kills.jsonl")
        self._blows = self._make_blows()
        try:
            async with self._kept():
                await self._begin()
                await self._strike()
                await self._finish()
            journals = await self._journals()
        finally:
            self._kill_journal.close()
            if self._session is not None:
                self._session.terminate()
            await self.site.close()
        exits = [line for actor in self._actors for line in actor.exits]
        (self._options.folder / "exits.txt").write_text("\n".join(exits), encoding="utf-8")
        found = check(journals)
        return replace(found, counts={**found.counts, "own_exits": len(exits)})

    def _make_blows(self) -> Blows:
        ours = [actor for actor in self.clients if "-" in actor.name]
        others = [actor for actor in self.clients if "-" not in actor.name]
        others += self._outside.actors if self._outside is not None else ()
        return Blows(self.site.home, self.engines, ours, others, self._kill_journal, self._feed)

    @property
    def _actors(self) -> list[EngineActor | ProcessActor]:
        outside = self._outside.actors if self._outside is not None else ()
        return [*self.engines, *self.clients, *outside]

    @asynccontextmanager
    async def _kept(self) -> AsyncIterator[None]:
        work = [actor.keep() for actor in self._actors] + [self._watch_metrics()]
        if self._outside is not None:
            work.append(self._outside.disturb())
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(actor.stop() for actor in self._actors))
            for end in ends:
                if isinstance(end, Exception):
                    raise end

    async def _watch_metrics(self) -> None:
        while True:
            await asyncio.gather(*(engine.watch_metrics() for engine in self.engines))
            await asyncio.sleep(0.4)

    # The course of a run

    async def _begin(self) -> None:
        """Engines with the bug first, until it has parked dossiers; then fixed ones take over."""
        for engine in self.engines:
            engine.start(is_buggy=True)
        self._pace(_FIRST_DOSSIERS)
        for actor in (*self.clients, *(self._outside.actors if self._outside is not None else ())):
            actor.start()
        await self._until(lambda: self._parked, _PARKED_BEFORE_FIX, "dossiers parked by the bug")
        for engine in self.engines:
            await engine.stop()
            engine.start()
        await self._order_redrive()

    async def _strike(self) -> None:
        """Each blow after progress since the last; the load is let go step by step, so that it lasts."""
        steps = plan(self._options.kills, self._options.seed)
        first, wanted = await self._count_taken(), self._options.events
        share = max(1, wanted - first) / (len(steps) + 1)
        for number, step in enumerate(steps):
            due = int(max(first + number * share, await self._count_taken()) + max(10, share / 4))
            self._allow(first + (number + 1.5) * share)
            await self._until(
                lambda: self._count_taken, due, f"progress before blow {number + 1} ({step.blow})"
            )
            if self._notes:
                return
            self._tell(f"{number + 1}/{len(steps)} {step.blow} {step.crash_at or ''}", self._taken, wanted)
            await self._blows.strike(step)
            await self._order_redrive()
        while await self._count_taken() < wanted and not self._notes:
            self._allow(self._taken + 1000)
            await self._until(lambda: self._count_taken, min(wanted, self._taken + 300), "the last events")

    def _allow(self, records: float) -> None:
        """Let the counters open as many dossiers as make about so many records."""
        self._pace(_FIRST_DOSSIERS + int(records / _RECORDS_PER_DOSSIER / _COUNTERS))

    def _feed(self) -> None:
        """A little more load, at most once in a while."""
        if time.monotonic() - self._fed_at > _FEED_EVERY_S:
            self._fed_at = time.monotonic()
            self._pace(self._paced + 2)

    def _pace(self, dossiers: int) -> None:
        self._paced = max(self._paced, dossiers)
        fresh = self._options.folder / f"{PACE_FILE}.new"
        fresh.write_text(str(self._paced))
        fresh.replace(self._options.folder / PACE_FILE)

    async def _finish(self) -> None:
        """No new dossiers; wait until nothing moves any more."""
        if self._outside is not None:
            self._outside.calm()
        self._tell("waiting for quiet", self._taken, self._options.events)
        end = time.monotonic() + self._options.quiet_limit_s
        before: object = None
        same = 0
        while same < 4 and time.monotonic() < end:
            await asyncio.sleep(0.5)
            now = await self._stillness()
            same = same + 1 if now is not None and now == before else 0
            before = now
            await self._order_redrive()
        if same < 4:
            self._notes.append(f"not quiet after {self._options.quiet_limit_s:.0f} s")

    # What is seen from outside

    async def _stillness(self) -> object:
        """Numbers that stay the same when everything is done; None while something is under way."""
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            is_hub_quiet, taken = await is_quiet(await self._connection())
            statuses = [_status(self._options.folder / f"{actor.name}.status") for actor in self.clients]
            if is_hub_quiet and all(status["queued"] == 0 and status["open"] == 0 for status in statuses):
                return (
                    taken,
                    [status["heard"] for status in statuses],
                    [status["requests"] for status in statuses],
                )
        return None

    async def _until(self, measure: Callable[[], Callable[[], object]], least: int, what: str) -> None:
        """Wait until a measure reaches `least`; when nothing moves for long, note it and go on."""
        last, moved_at = -1, time.monotonic()
        while True:
            value = await self._measured(measure())
            if value >= least:
                return
            if value > last:
                last, moved_at = value, time.monotonic()
            if time.monotonic() - moved_at > _STUCK_S:
                self._notes.append(f"no progress for {_STUCK_S:.0f} s: {what} ({value} of {least})")
                return
            if time.monotonic() - moved_at > _HUNGRY_S:
                self._feed()
            self._tell(what, self._taken, self._options.events)
            await asyncio.sleep(0.1)

    async def _measured(self, measure: Callable[[], object]) -> int:
        outcome = measure()
        assert asyncio.iscoroutine(outcome)
        return int(await outcome)

    async def _count_taken(self) -> int:
        taken = await self._value("select sum(next) from intake_offset where topic not like '%in.hub'")
        self._taken = max(self._taken, taken)
        return self._taken

    async def _parked(self) -> int:
        return await self._value(
            "select count(distinct dossier_id) from parked_request where reason like 'bug.%'"
        )

    async def _order_redrive(self) -> None:
        """The operator's command row for each parked dossier that has none."""
        await self._value(
            "with asked as (insert into redrive (dossier_id, operator, reason) "
            "select distinct dossier_id, 'ledger', 'fixed' from parked_request p where not exists "
            "(select 1 from redrive r where r.dossier_id = p.dossier_id and r.done_at is null) returning 1) "
            "select count(*) from asked"
        )

    async def _value(self, query: str) -> int:
        for _ in range(3):
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return int(await (await self._connection()).fetchval(query) or 0)
            self._session = None
            await asyncio.sleep(0.2)
        return 0

    async def _connection(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._session is None or self._session.is_closed():
            self._session = await asyncpg.connect(self.site.dsn, timeout=5, command_timeout=10)
        return self._session

    # The journals

    async def _journals(self) -> Journals:
        conflicts: Counter[str] = sum((engine.misses for engine in self.engines), Counter())
        hub = await read_hub(self.site.access, conflicts)
        hub = replace(hub, unfinished=(*hub.unfinished, *self._notes))
        lines = {name: read_lines(self._options.folder / f"{name}.jsonl") for name in sorted(self._readers)}
        kills = read_lines(self._options.folder / "kills.jsonl")
        return Journals(
            sent=tuple(sent for name, own in lines.items() for sent in sent_of(name, own)),
            received=tuple(message for name, own in lines.items() for message in received_of(name, own)),
            hub=hub,
            effects=tuple(effect for name in _COUNTERPARTS for effect in self._effects(name)),
            kills=tuple(Kill(**line) for line in kills),
            readers=self._readers,
            counterparts=frozenset(_COUNTERPARTS),
            strict_counterparts=frozenset({"postal"} if self._outside is not None else ()),
            unjournaled=READERS - self._readers,
        )

    def _effects(self, name: CounterpartName) -> list[Effect]:
        if name == "postal" and self._outside is not None:
            return self._outside.effects()
        return [
            Effect(name, line.get("effect") or line["repeat"], line["message"], "repeat" in line)
            for line in read_lines(self._options.folder / f"{name}.effects.jsonl")
        ]


def _status(path: Path) -> dict[str, int]:
    if not path.exists():
        return {"queued": 1, "open": 1, "heard": 0, "requests": 0}
    status: dict[str, int] = orjson.loads(path.read_bytes())
    return status
