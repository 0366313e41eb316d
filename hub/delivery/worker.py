"""Leases due deliveries, asks the counterpart, and stores what became of each."""

from __future__ import annotations

import asyncio
import logging
from time import time
from typing import assert_never

import asyncpg

from hub.delivery.context import AdapterContext
from hub.delivery.lease import Lease
from hub.delivery.outcome import Delivered, NotFound, QueryOutcome, RetryAt, Unknown
from hub.delivery.outcomes import Outcomes
from hub.delivery.reporting import last_words, report_dead_letter, report_outcome
from hub.delivery.rows import Finished, final_state
from hub.delivery.verdict import Bury, PutBack, Settle, Verdict, code_class, health, verdict
from hub.delivery.waiting import draw
from hub.logs import place_of

_log = logging.getLogger(__name__)


class Workers:
    """Runs as many deliveries at once as the gate allows; each dossier has at most one under way."""

    def __init__(self, parts: AdapterContext) -> None:
        self._parts = parts
        self._in_flight = 0
        self._outcomes = Outcomes(parts.store)
        self._policy = parts.options.retry_policy()
        parts.metrics.inflight_limit.labels(parts.name).set(parts.options.concurrency)

    async def run(self) -> None:
        """Deliver until stopped, then let running calls end; cancelled calls leave their lease to run out."""
        parts = self._parts
        async with asyncio.TaskGroup() as calls:
            while not parts.stop.is_set():
                started = await self._start_due(calls)
                parts.mark("workers")
                if not started:
                    await parts.deliveries.wait(parts.options.idle_s)

    async def _start_due(self, calls: asyncio.TaskGroup) -> int:
        parts, now = self._parts, _now()
        state = parts.gate.state(now, parts.clock())
        allowed = parts.gate.allowance(now, parts.clock(), self._in_flight)
        if allowed:
            leased_at, leases = await self._lease(allowed, is_call_allowed=True)
            parts.gate.take(len(leases))
        elif self._in_flight < parts.options.concurrency:
            # No call may pass. An operator's decision needs none, and while the counterpart is away, what has
            # waited for its whole time still gets its answer.
            older_than_s = parts.options.total_s if state in {"open", "half_open"} else None
            leased_at, leases = await self._lease(
                parts.options.concurrency, is_call_allowed=False, older_than_s=older_than_s
            )
        else:
            return 0
        for lease in leases:
            self._count(1)
            calls.create_task(self._serve(lease, leased_at, is_call_allowed=allowed > 0))
        return len(leases)

    async def _lease(
        self, limit: int, *, is_call_allowed: bool, older_than_s: float | None = None
    ) -> tuple[float, list[Lease]]:
        store, lease_s = self._parts.store, self._parts.options.lease_s

        async def work() -> tuple[float, list[Lease]]:
            leased_at = _now()
            return leased_at, await store.lease(
                limit, lease_s, is_call_allowed=is_call_allowed, older_than_s=older_than_s
            )

        return await self._parts.patiently("delivery.lease", work)

    async def _serve(self, lease: Lease, leased_at: float, *, is_call_allowed: bool) -> None:
        try:
            if lease.decision == "confirm":
                decided: Verdict = Settle(Delivered({"confirmed_by": "operator"}))
            elif lease.decision == "resend":
                decided = PutBack("pending", 0.0, NotFound())
            elif lease.decision == "give_up":
                decided = Bury(RetryAt(0.0, "given_up_by_operator"), "operator")
            elif is_call_allowed:
                answer = await self._answer(lease, leased_at)
                decided = verdict(lease, answer, self._policy, self._parts.adapter.settling_s, draw())
            else:
                decided = Bury(RetryAt(0.0, "counterpart_away"), "time")
            await self._store(lease, decided, leased_at)
        except Exception as error:
            if isinstance(error, asyncpg.PostgresError) and not isinstance(error, asyncpg.DataError):
                raise
            # The lease runs out, and then the outcome is asked for; other deliveries go on meanwhile.
            self._parts.metrics.lease_lost.labels(self._parts.name).inc()
            place = {**self._ids(lease), "error": place_of(error)}
            _log.error("delivery failed", extra={"action": "delivery.worker_bug", **place})
        finally:
            self._count(-1)
            self._parts.deliveries.ring()

    async def _answer(self, lease: Lease, leased_at: float) -> QueryOutcome:
        begun, parts = _now(), self._parts
        # A process that was stopped between lease and call must not send under a lease that ran out.
        if begun + parts.options.call_timeout_s > leased_at + parts.options.lease_s:
            return Unknown("not_asked") if lease.is_doubtful else RetryAt(0.0, "not_sent")
        answer = await self._call(lease)
        label = code_class(answer)
        change = parts.gate.record(health(answer), _now())
        if change is not None:
            told = {**self._ids(lease), "outcome": label}
            _log.warning("circuit", extra={"action": f"delivery.circuit_{change}", **told})
        if isinstance(answer, Delivered | RetryAt) and not answer.is_called:
            return answer
        parts.metrics.requests.labels(parts.name, label).inc()
        parts.metrics.request_seconds.labels(parts.name, label).observe(_now() - begun)
        if isinstance(answer, Delivered):
            parts.metrics.last_success.labels(parts.name).set(time())
        return answer

    async def _call(self, lease: Lease) -> QueryOutcome:
        adapter, limit_s = self._parts.adapter, self._parts.options.call_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                if lease.is_doubtful:
                    return await adapter.query(lease.message)
                return await adapter.deliver(lease.message)
        except TimeoutError:
            return Unknown("no_answer_in_time")
        except Exception as error:  # noqa: BLE001 - a bug of an adapter is an unknown outcome, never a lost one
            # No traceback: the texts of errors may quote what was being delivered.
            _log.error(
                "the adapter raised",
                extra={"action": "delivery.adapter_bug", **self._ids(lease), "error": place_of(error)},
            )
            return Unknown(f"bug:{type(error).__name__}", is_alone=True)

    async def _store(self, lease: Lease, decided: Verdict, leased_at: float) -> None:
        parts = self._parts
        until = leased_at + parts.options.lease_s
        try:
            async with asyncio.timeout_at(until):
                kept = await self._parts.patiently("delivery.store", lambda: self._write(lease, decided))
        except TimeoutError:
            kept = False
        if not kept:
            parts.metrics.lease_lost.labels(parts.name).inc()
            _log.warning("lease lost", extra={"action": "delivery.lease_lost", **self._ids(lease)})
            return
        self._note(lease, decided)

    async def _write(self, lease: Lease, decided: Verdict) -> bool:
        parts, message = self._parts, lease.message
        match decided:
            case Settle(outcome):
                made = report_outcome(parts.adapter, message, outcome, parts.clock())
                ended = Finished(lease, final_state(outcome), outcome, made.report, made.is_due)
                return await self._outcomes.store(ended)
            case Bury(outcome, why):
                made = report_dead_letter(parts.adapter, message, last_words(outcome, why), parts.clock())
                return await self._outcomes.store(Finished(lease, "dead", outcome, made.report, made.is_due))
            case PutBack(state, delay_s, outcome, doubt_begins, is_held):
                return await parts.store.put_back(
                    lease, state, delay_s, outcome, doubt_begins=doubt_begins, is_held=is_held
                )
            case _ as never:
                assert_never(never)

    def _note(self, lease: Lease, decided: Verdict) -> None:
        parts, metrics, name = self._parts, self._parts.metrics, self._parts.name
        match decided:
            case Settle(Delivered(is_called=False)):
                action = "delivery.noted"
            case Settle(Delivered()):
                metrics.delivered.labels(name, lease.message.type, "ok").inc()
                metrics.effects.labels(name).inc()
                action = "delivery.delivered"
            case Settle(_):
                metrics.delivered.labels(name, lease.message.type, "rejected").inc()
                action = "delivery.rejected"
            case Bury():
                metrics.delivered.labels(name, lease.message.type, "expired").inc()
                metrics.dead_letters_made.labels(name, "expired").inc()
                action = "delivery.dead_letter"
            case PutBack(is_held=True):
                action = "delivery.held"
            case PutBack(_, _, outcome, _):
                metrics.retries.labels(name, code_class(outcome)).inc()
                action = f"delivery.put_back_{code_class(outcome)}"
            case _ as never:
                assert_never(never)
        parts.reports.ring()
        _log.info("delivery", extra={"action": action, **self._ids(lease)})

    def _count(self, change: int) -> None:
        self._in_flight += change
        self._parts.metrics.inflight.labels(self._parts.name).set(self._in_flight)

    def _ids(self, lease: Lease) -> dict[str, object]:
        return {
            "adapter": self._parts.name,
            "message_id": lease.message.id,
            "dossier": lease.message.dossier,
            "attempts": lease.attempts,
        }


def _now() -> float:
    return asyncio.get_running_loop().time()
