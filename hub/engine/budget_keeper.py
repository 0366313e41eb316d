"""Keeps participants within their budgets in an engine: counts what was committed, brakes, paces, shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial

from hub.budget import brakes_store
from hub.budget.allowance import Allowances, Use, pause_s
from hub.budget.brake import Answers, Brake, BrakeLimits
from hub.budget.letters import Letters
from hub.budget.metrics import BudgetMetrics
from hub.budget.shares import shares
from hub.budget.spending import Spending, read_budgets, read_letters
from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.decide.tally import Tally
from hub.engine.intake.pauses import Pauses
from hub.inbound.directory import HUB
from hub.inbound.envelope import participant_of
from hub.logs import log
from hub.postgres.database import Connection, Session
from hub.settings.budget import BudgetSettings

_FLUSH_S = 1.0
_LOOK_EVERY = 10
"""So many flushes from one look at budgets, brakes and kept letters to the next."""


class BudgetKeeper:
    """One per engine; `watch` is called for each committed batch, `step` is its side task."""

    def __init__(
        self,
        settings: BudgetSettings,
        limits: BrakeLimits,
        pauses: Pauses,
        metrics: BudgetMetrics,
        session: Session,
        prefix: str,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._pauses = pauses
        self.letters = Letters(Allowances(settings))
        self._metrics = metrics
        self._session = session
        self._prefix = prefix
        self._spending = Spending()
        self._brakes: dict[str, Brake] = {}
        self._resumed: frozenset[str] = frozenset()
        self._paced: set[str] = set()
        self._to_store: dict[str, float] = {}
        self._flushes = 0

    def watch(self, taken_by_topic: Mapping[str, Use], decision: BatchDecision) -> None:
        """Count a committed batch; who is over its limits is left alone for a while."""
        for letter in decision.dead_letters:
            self.letters.added(participant_of(letter.topic, self._prefix), 1, len(letter.record))
        for owner, answers in answered(decision.tally).items():
            if owner not in self._resumed and owner != HUB.name:
                self._guarded(owner, partial(self._answered, owner, answers))
        for topic, taken in taken_by_topic.items():
            owner = participant_of(topic, self._prefix)
            if owner != HUB.name:
                self._spending.count(owner, taken)
                self._guarded(owner, partial(self._pace, owner, taken))

    def _guarded(self, owner: str, work: Callable[[], None]) -> None:
        """What one participant's counts raise costs its brake, and never the engine."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  see above
            log("budget_failed", participant=owner, error=type(error).__name__)

    def _answered(self, owner: str, answers: Answers) -> None:
        brake = self._brakes.get(owner)
        if brake is None:
            brake = self._brakes[owner] = Brake(self._limits)
        pause = brake.count(answers, time.monotonic())
        if pause is None:
            return
        self._to_store[owner] = pause
        if pause:
            self._pauses.taste(self._topic(owner), pause)
            log("participant_paused", participant=owner, seconds=pause, reason=brake.reason)
        else:
            self._pauses.trust(self._topic(owner))
            log("participant_trusted", participant=owner)

    def _pace(self, owner: str, taken: Use) -> None:
        pause = pause_s(self.letters.allowances.of(owner), self._spending.today(owner), taken)
        if pause:
            self._pauses.taste(self._topic(owner), pause)
            if owner not in self._paced:
                log("participant_paced", participant=owner)
            self._paced.add(owner)

    def paced(self) -> frozenset[str]:
        """Whose budget of the day is used up, by the sums of all engines."""
        return frozenset(
            owner
            for owner in self._spending.names()
            if pause_s(self.letters.allowances.of(owner), self._spending.today(owner), Use(1, 1))
        )

    def _topic(self, owner: str) -> str:
        return f"{self._prefix}in.{owner}"

    async def step(self) -> None:
        """Bring counts and brakes to the store, look what others did, and rest."""
        connection = await self._session.live()
        await self._spending.flush(connection)
        await self._store_brakes(connection)
        if self._flushes % _LOOK_EVERY == 0:
            await self._look(connection)
        self._flushes += 1
        self._let_go()
        self._show()
        await asyncio.sleep(_FLUSH_S)

    async def _store_brakes(self, connection: Connection) -> None:
        for owner, pause in list(self._to_store.items()):
            reason = self._brakes[owner].reason
            if pause and reason is not None:
                await brakes_store.put_brake(connection, owner, reason, pause)
            else:
                await brakes_store.lift_brake(connection, owner)
            if self._to_store.get(owner) == pause:
                del self._to_store[owner]

    async def _look(self, connection: Connection) -> None:
        self.letters.allowances = Allowances(self._settings, await read_budgets(connection))
        self.letters.saw(await read_letters(connection, self._prefix))
        stored = await brakes_store.read_brakes(connection)
        self._resumed = frozenset(row.participant for row in stored if row.is_resumed)
        for row in stored:
            brake = self._brakes.setdefault(row.participant, Brake(self._limits))
            if row.is_resumed and brake.reason is not None:
                brake.release()
                self._pauses.trust(self._topic(row.participant))
                log("participant_resumed", participant=row.participant)
            elif not row.is_resumed and brake.reason is None and row.left_s > 0:
                brake.resume(
                    "malformed" if row.reason == "malformed" else "refused", row.left_s, time.monotonic()
                )
                self._pauses.taste(self._topic(row.participant), row.left_s)

    def _let_go(self) -> None:
        """Who may take again at its own pace: the day is a new one, or its budget is larger."""
        for owner in list(self._paced):
            if not pause_s(self.letters.allowances.of(owner), self._spending.today(owner), Use(1, 1)):
                self._paced.discard(owner)
                if self._brakes.get(owner, Brake(self._limits)).reason is None:
                    self._pauses.trust(self._topic(owner))

    def _show(self) -> None:
        self._metrics.braked.clear()
        self._metrics.used.clear()
        for owner, brake in self._brakes.items():
            if brake.reason is not None:
                self._metrics.braked.labels(owner, brake.reason).set(1)
        for owner in self._paced:
            self._metrics.braked.labels(owner, "budget").set(1)
        for owner in {*self._spending.names(), *self.letters.names()}:
            allowed = self.letters.allowances.of(owner)
            for kind, used in shares(
                allowed,
                self._spending.today(owner),
                self._spending.today(owner, "uploads"),
                self.letters.kept(owner),
            ).items():
                self._metrics.used.labels(owner, kind).set(used)


def answered(tally: Tally) -> dict[str, Answers]:
    """What a batch answered to each participant (pure); repeats count for nothing."""
    counts: dict[str, list[int]] = {}
    for place, counted in enumerate((tally.accepted, tally.refused, tally.malformed)):
        for (owner, _), count in counted.items():
            counts.setdefault(owner, [0, 0, 0])[place] += count
    return {owner: Answers(*numbers) for owner, numbers in counts.items()}
