"""Test support: processes of the hub that begin as copies of one that has imported everything already.

Most of the processor time of a start is imports. A copy (`fork`) has an id, an environment, signals and a
death of its own, as a fresh process has; it runs a module as `python -m` does.
"""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from runpy import run_module
from typing import Any

from hub.delivery.declaration import declarations
from hub.regulation.lawbook import DEFAULT_REGULATION, load_book

_IMPORTED = ("hub.cli.shared", "hub.engine.role", "hub.gateway.role", "hub.public.role", "hub.delivery.role")
MAX_MESSAGE = 1 << 17


@dataclass(slots=True)
class _Copy:
    """A process that runs or has ended; `line` goes to who asked for it, who closes it when it knows."""

    pid: int
    line: socket.socket
    death: int


def _import_all() -> None:
    """And the law that comes with the hub is read, as nearly each copy asks for it."""
    for name in _IMPORTED:
        import_module(name)
    for declared in declarations().values():
        import_module(declared.factory.partition(":")[0])
    load_book(DEFAULT_REGULATION, None)
    gc.collect()
    gc.freeze()


def _serve(channel: socket.socket) -> dict[str, Any] | None:
    """Fork for every request until the channel is closed; returns the request in the copy, else None."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(channel, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if isinstance(key.data, _Copy):
                    _end(waiting, key.fileobj, key.data)
                    continue
                message, files, _, _ = socket.recv_fds(channel, MAX_MESSAGE, 3)
                if not message:
                    return None
                request = json.loads(message)
                if _fork(waiting, (files[0], files[1]), files[2]):
                    return dict(request)


def _fork(waiting: selectors.BaseSelector, outputs: tuple[int, int], line: int) -> bool:
    """Whether this is the copy."""
    pid = os.fork()
    if pid == 0:
        _keep_only(waiting, outputs, line)
        return True
    for output in outputs:
        os.close(output)
    copy = _Copy(pid, socket.socket(fileno=line), os.pidfd_open(pid))
    copy.line.sendall(str(pid).encode())
    waiting.register(copy.death, selectors.EVENT_READ, copy)
    waiting.register(copy.line, selectors.EVENT_READ, copy)
    return False


def _keep_only(waiting: selectors.BaseSelector, outputs: tuple[int, int], line: int) -> None:
    """In the copy: these are its output and its errors, and nothing of its siblings stays open."""
    copies = {id(key.data): key.data for key in waiting.get_map().values() if key.data is not None}
    for copy in copies.values():
        os.close(copy.line.detach())
        if copy.death >= 0:
            os.close(copy.death)
    os.close(line)
    for number, output in enumerate(outputs, 1):
        os.dup2(output, number)
        os.close(output)


def _end(waiting: selectors.BaseSelector, what: object, copy: _Copy) -> None:
    """Tell of a death; its id stays taken until who asked knows, so that no signal meets a stranger."""
    if what == copy.death:
        waiting.unregister(copy.death)
        found = os.waitid(os.P_PIDFD, copy.death, os.WEXITED | os.WNOWAIT)
        assert found is not None
        os.close(copy.death)
        copy.death = -1
        if copy.line.fileno() >= 0:
            status = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
            copy.line.send(str(status).encode(), socket.MSG_NOSIGNAL)
    else:
        waiting.unregister(copy.line)  # nothing is ever sent by it: it was closed
        copy.line.close()
    if copy.death < 0 and copy.line.fileno() < 0:
        os.waitpid(copy.pid, 0)


def _become(request: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv[1:] = request["arguments"]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def main() -> None:
    """Serve until the channel, whose descriptor is the first argument, is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # one that ends a run of tests ends the copies, then us
    _import_all()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        request = _serve(channel)
    if request is not None:
        _become(request)
        _run(request["module"])


def _run(module: str) -> None:
    """As `python -m`, but for the end: each module that is taken down would first be copied for it."""
    status = 1

    def leave() -> None:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    atexit.register(leave)  # called after what the module itself registers
    try:
        run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            status = (end.code or 0) & 0xFF
        raise
    except KeyboardInterrupt:
        atexit.unregister(leave)  # the interpreter ends itself by the signal
        raise


if __name__ == "__main__":
    main()
