"""Look-ups of names that others chose, beside the threads of the process: slow ones hold up nobody."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future


class LookUps:
    """One look-up at a time of each name, in a thread of its own that no end of the process waits for.

    The system's look-up cannot be ended, and takes as long as the servers of the name do not answer. Whoever
    asks for a name that is being looked up waits for the same answer: names cost a thread each, not calls.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, Future[list[str]]] = {}
        self._lock = threading.Lock()

    async def addresses(self, host: str, limit_s: float) -> list[str]:
        """The addresses of the host; OSError when it has none, TimeoutError when nobody says so in time."""
        async with asyncio.timeout(limit_s):
            return await asyncio.wrap_future(self._found(host))

    def _found(self, host: str) -> Future[list[str]]:
        with self._lock:
            found = self._under_way.get(host)
            if found is not None:
                return found
            found = self._under_way[host] = Future()
        found.set_running_or_notify_cancel()  # nobody who stops waiting ends it for the others
        try:
            threading.Thread(target=self._look_up, args=(host, found), name="look-up", daemon=True).start()
        except RuntimeError:
            self._forget(host)
            found.set_exception(OSError("no thread is to be had"))
        return found

    def _look_up(self, host: str, found: Future[list[str]]) -> None:
        try:
            entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001  whoever waits gets it
            self._forget(host)
            found.set_exception(error)
        else:
            self._forget(host)
            found.set_result([str(entry[4][0]) for entry in entries])

    def _forget(self, host: str) -> None:
        with self._lock:
            del self._under_way[host]
