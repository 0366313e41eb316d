"""Reports are made in a process of their own, one at a time: who had one lets others have a turn."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
import time
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from hub.gateway.problems import ProblemError, ReportLostError
from hub.reports.asked import WantedReport

_MOST_BYTES = 64 << 20
_BUSY_S = 5
_COMMAND = (sys.executable, "-m", "hub.gateway.report_child")
_JOB = TypeAdapter(tuple[str, WantedReport])


@dataclass(slots=True)
class Reports:
    """Of one gateway: one report under way; who had one pauses as long as it took, for the turn of others."""

    limit_s: float
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _pauses: dict[str, float] = field(default_factory=dict)

    async def made(self, ending: str, asked: WantedReport) -> bytes:
        """The answer of the process; `ProblemError` while another is made, `ReportLostError`."""
        who, begun = asked.told_to or "", time.monotonic()
        self._pauses = {name: until for name, until in self._pauses.items() if until > begun}
        wait_s = self._pauses.get(who, begun) - begun
        if self._turn.locked() or wait_s > 0:
            raise ProblemError("report.busy", headers={"retry-after": str(math.ceil(wait_s) or _BUSY_S)})
        async with self._turn:
            try:
                async with asyncio.timeout(self.limit_s):
                    return await _answer_of_child(_JOB.dump_json((ending, asked)))
            except TimeoutError:
                raise ReportLostError(f"no report within {self.limit_s:g} s") from None
            finally:
                ended = time.monotonic()
                self._pauses[who] = ended + (ended - begun)


async def _answer_of_child(job: bytes) -> bytes:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*_COMMAND, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with contextlib.suppress(ConnectionError):
            process.stdin.write(job)
            await process.stdin.drain()
        process.stdin.close()
        answer = await _read(process.stdout)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
    if not answer:
        raise ReportLostError("its process died")
    return answer


async def _read(stream: asyncio.StreamReader) -> bytes:
    found = bytearray()
    while piece := await stream.read(1 << 16):
        found += piece
        if len(found) > _MOST_BYTES:
            raise ReportLostError(f"more than {_MOST_BYTES >> 20} MiB")
    return bytes(found)
