"""Messages called out to participants: in order per partition, so per dossier, until they say 2xx."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

import asyncpg
import httpx
import msgspec

from hub.backoff import doubled_s
from hub.facts.checked import PARTICIPANT, WEBHOOK
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import tell_untrusted
from hub.gateway.feed import Feed
from hub.gateway.metrics import GatewayMetrics
from hub.gateway.problems import ProblemError
from hub.gateway.telling import Told, tell
from hub.logs import log
from hub.participants.addresses import Network
from hub.participants.look_ups import LookUps
from hub.participants.webhook_call import Outcome, WebhookCall, perform
from hub.postgres.away import reason_of
from hub.postgres.database import Session
from hub.process.supervise import AWAY, Backoff, is_away
from hub.settings import PostgresSettings

_LOOK_S = 1.0
_PIECE = 50
_MAX_BYTES = 8 << 20
_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 300.0
_LOCKS = 4713
"""First key of the advisory locks: one process calls for one participant."""
_HOOKS = """
select w.participant, w.url, w.secret, w.positions, w.mac,
       p.name, p.roles, p.organisations, p.partitions, p.mac as participant_mac
from webhook w
join participant p on p.name = w.participant order by w.participant
"""
_FAILED = """
insert into webhook_trouble as t (participant, outcome)
select participant, $3 from webhook where participant = $1 and url = $2
on conflict (participant) do update set outcome = excluded.outcome,
    calls = least(t.calls, 9223372036854775806) + 1
"""
_TAKEN = "delete from webhook_trouble where participant = $1"
_LOCK = "select pg_try_advisory_lock($1, hashtext($2))"
_UNLOCK = "select pg_advisory_unlock($1, hashtext($2))"
_MOVE = "update webhook set positions = $4, mac = $5 where participant = $1 and url = $2 and secret = $3"


@dataclass(slots=True)
class _Hook:
    """One participant's webhook while this process calls it; `retry_at` and `tries` per partition."""

    participant: str
    url: str
    secret: str
    topic: str
    positions: dict[int, int]
    retry_at: dict[int, float] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)
    failing_since: float | None = None
    is_told: bool = True
    """Whether the store may know of trouble: also that of the process before."""


class Webhooks:
    """The webhooks of which this process holds the locks; another takes over when its session ends."""

    def __init__(
        self, postgres: PostgresSettings, feed: Feed, prefix: str, allowed: tuple[Network, ...],
        key: StoreKey, metrics: GatewayMetrics,
    ) -> None:  # fmt: skip
        self._key = key
        self._session = Session(postgres, "gateway-webhooks")
        self._writing = asyncio.Lock()
        self._feed = feed
        self._prefix = prefix
        self._allowed = allowed
        self._metrics = metrics
        self._serial = 0
        # Connections go to addresses, and one address may serve many names: none is used for a second call.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(timeout=15, trust_env=False, limits=limits)
        self._look_ups = LookUps()
        self._altered: set[str] = set()
        self._running: dict[str, tuple[tuple[str, str], asyncio.Task[None]]] = {}

    async def step(self) -> None:
        """One step of the side task: begin and end calling as the table and the locks say."""
        await asyncio.sleep(_LOOK_S)
        async with self._writing:
            try:
                rows = self._believed(await self._session.fetch(_HOOKS))
            except AWAY:
                await self._end(list(self._running))  # the locks are gone with the session
                raise
            if self._session.serial != self._serial:
                self._serial = self._session.serial
                await self._end(list(self._running))
            gone = [
                name
                for name, (key, task) in self._running.items()
                if name not in rows or (rows[name]["url"], rows[name]["secret"]) != key or task.done()
            ]
            await self._end(gone)
            for name in gone:
                await self._session.fetchval(_UNLOCK, _LOCKS, name)
            for name in rows.keys() - self._running.keys():
                if await self._session.fetchval(_LOCK, _LOCKS, name):
                    self._begin_or_log(rows[name])

    def _believed(self, rows: list[asyncpg.Record]) -> dict[str, asyncpg.Record]:
        """The webhooks that the hub has written; of each other is told once, and nobody is called for it."""
        found, altered = {}, set[str]()
        for row in rows:
            name = row["participant"]
            has_part = PARTICIPANT.is_genuine(row, self._key, "participant_mac")
            if has_part and WEBHOOK.is_genuine(row, self._key):
                found[name] = row
                continue
            altered.add(name)
            if name not in self._altered:
                tell_untrusted((WEBHOOK if has_part else PARTICIPANT).altered(row))
        self._altered = altered
        return found

    async def close(self) -> None:
        """End all calls; what has no answer yet is called again by the next process."""
        await self._end(list(self._running))
        await self._client.aclose()
        await self._session.close()

    def _begin_or_log(self, row: asyncpg.Record) -> None:
        """A webhook that cannot be begun is tried again at the next look; the others are called."""
        try:
            self._begin(row)
        except Exception as error:  # noqa: BLE001  see above
            name = row["participant"]
            log("webhook_fault", participant=name, error=type(error).__name__)
            self._metrics.webhooks.labels(name, "fault").inc()

    def _begin(self, row: asyncpg.Record) -> None:
        name, stored = row["participant"], row["positions"]
        positions = {
            number: (stored[number] or 0) if number < len(stored) else 0
            for number in range(row["partitions"])
        }
        hook = _Hook(name, row["url"], row["secret"], f"{self._prefix}out.{name}", positions)
        task = asyncio.create_task(self._keep_calling(hook), name=f"webhook-{name}")
        self._running[name] = ((hook.url, hook.secret), task)

    async def _end(self, names: list[str]) -> None:
        tasks = [self._running.pop(name)[1] for name in names]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        for name in names:
            self._metrics.forget_webhook(name)

    async def _keep_calling(self, hook: _Hook) -> None:
        """The outermost loop of one participant: nothing of it ends the process or touches another's."""
        backoff = Backoff()
        while True:
            try:
                await self._call_piece(hook)
            except Exception as error:  # noqa: BLE001  see above
                if is_away(error):
                    log("webhook_waits", participant=hook.participant, error=reason_of(error))
                else:
                    self._count_fault(hook, error)
                await backoff.wait()
            else:
                backoff.reset()

    async def _call_piece(self, hook: _Hook) -> None:
        """Read what lies behind the positions of partitions that are not waiting, and call it out."""
        now = time.monotonic()
        due = {n: at for n, at in hook.positions.items() if hook.retry_at.get(n, 0.0) <= now}
        if not due:
            await asyncio.sleep(min(_LOOK_S, max(0.05, min(hook.retry_at.values()) - now)))
            return
        try:
            records = await self._feed.read(
                hook.topic, due, limit=_PIECE, max_bytes=_MAX_BYTES, wait_s=_LOOK_S
            )
        except ProblemError:
            await self._go_on_where_the_log_is(hook)
            return
        by_partition: dict[int, list[Told]] = {}
        for place in tell(records, hook.participant, self._metrics):
            by_partition.setdefault(place.partition, []).append(place)
        calls = [self._call_partition(hook, some) for some in by_partition.values()]
        for error in await asyncio.gather(*calls, return_exceptions=True):
            if error is not None:
                raise error

    async def _go_on_where_the_log_is(self, hook: _Hook) -> None:
        """The receiver was away too long, or the topic was made again: go on with the oldest, and say so."""
        count = len(hook.positions)
        starts, ends = await self._feed.starts(hook.topic, count), await self._feed.ends(hook.topic, count)
        for number, start in starts.items():
            is_expired = start > hook.positions[number]
            if is_expired or ends.get(number, hook.positions[number]) < hook.positions[number]:
                action = "webhook_messages_expired" if is_expired else "webhook_topic_made_again"
                log(action, participant=hook.participant, partition=number, next=start)
                reason = "expired" if is_expired else "made_again"
                self._metrics.webhook_moves.labels(hook.participant, reason).inc()
                await self._move(hook, number, start)

    async def _call_partition(self, hook: _Hook, places: list[Told]) -> None:
        for place in places:
            number = place.partition
            if place.event is None:
                await self._move(hook, number, place.following)
                continue
            outcome = await self._call(hook, place.event)
            if outcome != "delivered":
                hook.tries[number] = hook.tries.get(number, 0) + 1
                delay_s = doubled_s(_FIRST_DELAY_S, _LONGEST_DELAY_S, hook.tries[number])
                hook.retry_at[number] = time.monotonic() + delay_s * random.uniform(0.5, 1.0)  # noqa: S311  jitter
                log("webhook_failed", participant=hook.participant, partition=number, outcome=outcome)
                self._failing(hook)
                await self._tell_trouble(hook, outcome)
                return
            await self._move(hook, number, place.following)
            hook.retry_at.pop(number, None)
            hook.tries.pop(number, None)
            self._failing(hook)
            await self._end_trouble(hook)

    async def _tell_trouble(self, hook: _Hook, outcome: Outcome) -> None:
        async with self._writing:
            hook.is_told = True
            await self._session.execute(_FAILED, hook.participant, hook.url, outcome)

    async def _end_trouble(self, hook: _Hook) -> None:
        if hook.is_told and not hook.retry_at:
            async with self._writing:
                await self._session.execute(_TAKEN, hook.participant)
                hook.is_told = False

    async def _call(self, hook: _Hook, event: dict[str, object]) -> Outcome:
        call = WebhookCall(
            hook.url, hook.secret, str(event["id"]), int(time.time()), msgspec.json.encode(event)
        )
        try:
            outcome = await perform(self._client, self._look_ups, call, self._allowed)
        except Exception as error:  # noqa: BLE001  the partition waits and tries again, as after any outcome
            self._count_fault(hook, error)
            return "fault"
        self._metrics.webhooks.labels(hook.participant, outcome).inc()
        return outcome

    def _count_fault(self, hook: _Hook, error: Exception) -> None:
        log("webhook_fault", participant=hook.participant, error=type(error).__name__)
        self._metrics.webhooks.labels(hook.participant, "fault").inc()

    async def _move(self, hook: _Hook, number: int, position: int) -> None:
        async with self._writing:
            moved = hook.positions | {number: position}
            row = hook.participant, hook.url, hook.secret, [moved[place] for place in sorted(moved)]
            await self._session.execute(_MOVE, *row, WEBHOOK.check(self._key, *row))
            hook.positions[number] = position

    def _failing(self, hook: _Hook) -> None:
        now = time.monotonic()
        if not hook.retry_at:
            hook.failing_since = None
        elif hook.failing_since is None:
            hook.failing_since = now
        age_s = now - hook.failing_since if hook.failing_since is not None else 0.0
        self._metrics.webhook_age.labels(hook.participant).set(age_s)
