"""Papers are made in a process of their own, with limits of time and memory: one that dies is another's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence

from hub.forms.errors import FormError
from hub.forms.typesetting import Sheet
from hub.logs import log
from hub.typesetter.frames import FAILED, frame, job, size_of

_HEAD_BYTES = 5
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV")
"""No key, no password and no address of a server goes to the renderer."""


class RendererLostError(Exception):
    """The renderer died, or was ended because it took too long."""


class Renderer:
    """One process at a time, begun when it is needed and used again until it is lost."""

    def __init__(self, limit_s: float, memory_mib: int, command: Sequence[str] = ()) -> None:
        self._limit_s = limit_s
        self._command = command or (
            sys.executable,
            "-m",
            "hub.typesetter.child",
            str(memory_mib),
            str(limit_s),
        )
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def pdf(self, sheet: Sheet) -> bytes:
        """The paper; who died at it is tried once more, who took too long is not.

        Raises `FormError` of a template, and `RendererLostError`.
        """
        async with self._turn:
            try:
                return await self._once(sheet)
            except EOFError:
                log("renderer_died")
            try:
                return await self._once(sheet)
            except EOFError:
                raise RendererLostError("the renderer died at it, twice") from None

    async def aclose(self) -> None:
        """End the process."""
        await self._end()

    async def _once(self, sheet: Sheet) -> bytes:
        is_whole = False
        try:
            async with asyncio.timeout(self._limit_s):
                answer = await self._asked(job(sheet))
            is_whole = True
        except TimeoutError:
            raise RendererLostError(f"no paper within {self._limit_s:g} s: the renderer was ended") from None
        except (OSError, asyncio.IncompleteReadError):
            raise EOFError from None
        finally:
            if not is_whole:
                await asyncio.shield(self._end())
        if answer[:1] == FAILED:
            raise FormError(answer[1:].decode("utf-8", "replace"))
        return answer[1:]

    async def _asked(self, work: bytes) -> bytes:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(frame(work))
        await process.stdin.drain()
        head = await process.stdout.readexactly(_HEAD_BYTES)
        return head[4:] + await process.stdout.readexactly(size_of(head) - 1)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={name: value for name in _KEPT if (value := os.environ.get(name)) is not None},
            )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
