"""What goes wrong: misses, gaps, records that cannot be read, servers that are away; and the way back."""

from __future__ import annotations

import contextlib
import time

from hub.engine.errors import FOREIGN_AFTER, GapError, HeldBackError, MissError, UnreadableError
from hub.engine.intake.assigned import FirstReadable
from hub.engine.intake.consumer import Consumer
from hub.engine.intake.damaged import stop_damaged
from hub.engine.memory import Memory
from hub.engine.observe.metrics import EngineMetrics
from hub.engine.pipeline import Pipeline
from hub.engine.write.connections import Connections
from hub.errors import StopError
from hub.kafka.client import KafkaError
from hub.kafka.log_inspector import Position
from hub.logs import log
from hub.postgres import away
from hub.process.supervise import AWAY, Backoff, is_away

_MAX_MISSES = 200
_MAX_CLIENT_ERRORS = 60
_TROUBLED_S = 5.0


class Recovery:
    """Takes each error of a round; after most of them everything starts again at the stored positions."""

    def __init__(
        self, connections: Connections, memory: Memory, pipeline: Pipeline, consumer: Consumer,
        metrics: EngineMetrics, first_readable: FirstReadable,
    ) -> None:  # fmt: skip
        self._connections = connections
        self._memory = memory
        self._pipeline = pipeline
        self._consumer = consumer
        self._metrics = metrics
        self._first_readable = first_readable
        self._trouble: BaseException | None = None  # because of which the next round starts anew
        self._failed = ("", 0.0)  # what was away last, and when
        self._jump: tuple[Position, int] | None = None  # the last gap
        self._misses = self._client_errors = 0  # in a row
        self._settled = self._taken = 0  # of the pipeline, when the last error came
        self._backoff = Backoff()

    def trouble(self) -> str | None:
        """The error because of which nothing is committed now: a moment ago, and no commit since."""
        name, at = self._failed
        return name if at > self._metrics.last_commit and time.monotonic() - at < _TROUBLED_S else None

    def calm(self) -> None:
        """A round went well that had nothing to do: the next error is the first one again."""
        self._backoff.reset()

    async def after(self, error: Exception) -> None:
        """What this error of a round asks for; raises what must end the process."""
        self._note_progress()
        match error:
            case MissError():
                self._missed(error)
            case UnreadableError():
                await self._examine(error)
            case HeldBackError():
                self._hold_back(error)
            case GapError():
                await self._jumped(error)
            case _:
                self._fail(error)

    async def recover(self) -> None:
        """Forget everything that was taken, connect again if need be, and start at the stored positions.

        Nobody knows whether a write is stored whose connection broke: the stored positions tell.
        """
        if self._trouble is None:
            return
        error, is_lost = self._trouble, away.is_away(self._trouble)
        log("went_back", error=away.reason_of(error), database_lost=is_lost)
        self._metrics.polled()
        if is_lost:
            self._metrics.database_lost()
            self._connections.terminate()
        await self._pipeline.abandon()
        await self._backoff.wait()
        if is_lost:
            await self._connections.open()
            await self._memory.open()
        await self._consumer.restart()
        self._trouble = None

    def _note_progress(self) -> None:
        if self._pipeline.settled > self._settled:
            self._settled = self._pipeline.settled
            self._misses = 0
            self._backoff.reset()
        if self._pipeline.taken > self._taken:
            self._taken = self._pipeline.taken
            self._client_errors = 0

    async def client_died(self) -> None:
        """See which partitions are damaged, for the process that comes after this one."""
        with contextlib.suppress(*AWAY):
            for position, offset in self._consumer.expected().items():
                await self._stop_damaged(position, offset)
        raise StopError("the Kafka client has stopped to fetch")

    def _missed(self, miss: MissError) -> None:
        """A write was rolled back: its batches are decided again, after an offset miss from the store on."""
        self._metrics.missed(miss.kind)
        self._misses += 1
        if miss.position is not None and self._misses > FOREIGN_AFTER:
            self._misses = 0
            self._hold_back(HeldBackError(miss.position, miss.foreign_row()))
            return
        if self._misses > _MAX_MISSES:
            raise StopError(f"{self._misses} writes in a row were rolled back ({miss.kind})") from miss
        if miss.kind == "offset_miss":
            self._trouble = miss

    def _fail(self, error: Exception) -> None:
        if not is_away(error):
            raise error
        self._failed = (away.reason_of(error), time.monotonic())
        if isinstance(error, KafkaError):
            self._consumer.take_care()
            self._client_errors += not error.retriable
        if self._client_errors > _MAX_CLIENT_ERRORS:
            raise StopError(f"the broker's answers cannot be used: {type(error).__name__}") from error
        self._trouble = error

    async def _jumped(self, gap: GapError) -> None:
        """After the first jump everything is read again; a jump that comes again is in the log itself."""
        place = (gap.position, gap.expected)
        if place == self._jump:
            await self._examine(UnreadableError(gap.position, gap.expected, "gap"))
        self._jump, self._trouble = place, gap

    async def _examine(self, error: UnreadableError) -> None:
        """One partition cannot be read on: when its bytes are damaged it is stopped, else it has to wait."""
        log("partition_unreadable", topic=error.position[0], partition=error.position[1], reason=error.reason)
        self._trouble = error
        try:
            await self._stop_damaged(error.position, error.offset)
        except AWAY as gone:
            log("not_examined", error=away.reason_of(gone))
        self._consumer.pauses.shun(error.position)

    def _hold_back(self, held: HeldBackError) -> None:
        """A partition waits for a row that nothing may be decided on; the others go on."""
        self._metrics.untrusted_row(held.cause)
        self._consumer.pauses.shun(held.position)
        self._trouble = held

    async def _stop_damaged(self, position: Position, offset: int) -> None:
        store = self._memory.tools.master.store
        await stop_damaged(self._connections.reader, store, self._first_readable, position, offset)
