"""Test support: asks for copies of a process that has imported the hub (`tests.support.fork_server`)."""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import BinaryIO

from tests.support.stack import REPOSITORY

_FIRST_S = 120.0


class Forked:
    """A process that runs `python -m MODULE ARGUMENTS`; as much of `subprocess.Popen` as tests need.

    Its errors go into the log as well, unless there is a file for them.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: BinaryIO,
        errors: BinaryIO | None = None,
    ) -> None:
        self._status: int | None = None
        request = {"module": module, "arguments": list(arguments), "environment": dict(environment)}
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.settimeout(_FIRST_S)
        with theirs:
            channel = _channel(os.getpid())
            files = [log.fileno(), (errors or log).fileno(), theirs.fileno()]
            socket.send_fds(channel, [json.dumps(request).encode()], files)
        told = self._line.recv(20)
        assert told, "the fork server has ended"
        self.pid = int(told)
        self._line.setblocking(False)

    def poll(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        if self._status is None:
            try:
                told = self._line.recv(20)
            except BlockingIOError:
                return None
            assert told, "the fork server has ended"
            self._status = int(told)
            self._line.close()
        return self._status


@cache
def _channel(_of_process: int) -> socket.socket:
    """To a server of this process's own, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())],
            cwd=REPOSITORY, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def end() -> None:
        ours.close()
        server.wait(10)

    atexit.register(end)
    return ours
