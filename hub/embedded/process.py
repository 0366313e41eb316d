"""Embedded stack: starts servers that survive their launcher; finds and ends them by pid and start time."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from hub.embedded.config import HOST
from hub.embedded.state import ServerRecord
from hub.errors import StartupError

# The server waits at a gate until its pid is on disk: a launcher that is killed before leaves nothing behind.
_GATED_START = 'exec 3<&0; { read -r _ <&3 || exit 1; exec "$@" 3<&- </dev/null >&2; } & echo $!'
_START_TIME_TOLERANCE_S = 1.0
_PORTS = range(15_000, 32_000)
_ALL_PORTS = range(1_024, 65_536)
_OUTGOING_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_OUTGOING = "32768 60999"
_ENOUGH_PORTS = 1_000


@dataclass(frozen=True, slots=True)
class Account:
    """The system account that a server runs as (None: the launcher's own) and the command put before it."""

    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()


def start_server(
    command: Sequence[str], log: Path, record: Callable[[ServerRecord], None], account: Account | None = None
) -> ServerRecord:
    """Start a server in its own session with a fresh `log`; it runs only after `record` has returned."""
    who = account or Account()
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    uses_prefix = bool(who.prefix)
    with (
        log.open("ab") as output,
        subprocess.Popen(  # noqa: S603 - our own programs with our own arguments
            ["/bin/sh", "-c", _GATED_START, "sh", *who.prefix, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd="/",
            start_new_session=True,
            user=None if uses_prefix else who.uid,
            group=None if uses_prefix else who.gid,
            extra_groups=[] if who.uid is not None and not uses_prefix else None,
        ) as shell,
    ):
        assert shell.stdin is not None
        assert shell.stdout is not None
        pid = int(shell.stdout.readline())
        server = ServerRecord(pid=pid, started=psutil.Process(pid).create_time())
        record(server)
        shell.stdin.write(b"go\n")
        shell.stdin.close()
    return server


def find(server: ServerRecord | None) -> psutil.Process | None:
    """Return the recorded process if it is still alive, that is: same pid and same start time."""
    if server is None:
        return None
    try:
        process = psutil.Process(server.pid)
        is_same = abs(process.create_time() - server.started) < _START_TIME_TOLERANCE_S
    except psutil.NoSuchProcess:
        return None
    return process if is_same and _is_alive(process) else None


def end(server: ServerRecord | None, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn, waiting its seconds, until the recorded process and its children are gone."""
    process = find(server)
    if process is None:
        return
    children = process.children(recursive=True)
    for number, limit_s in signals:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        if wait_until(lambda: find(server) is None, limit_s):
            break
    # Children of a killed PostgreSQL notice its death themselves, and hold its shared memory until then.
    if wait_until(lambda: not any(_is_alive(child) for child in children), 5.0):
        return
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    wait_until(lambda: not any(_is_alive(child) for child in children), 5.0)


def _is_alive(process: psutil.Process) -> bool:
    try:
        # A killed process is a zombie while its threads still hold its ports, and stays one if nobody reaps.
        is_gone = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        return not is_gone and bool(process.is_running())
    except psutil.NoSuchProcess:
        return False


def workers_in(folder: Path) -> list[int]:
    """Return the pids of processes whose working directory is `folder`."""
    pids = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.cwd() == str(folder):
                pids.append(process.pid)
    return pids


def wait_until(condition: Callable[[], bool], limit_s: float, every_s: float = 0.05) -> bool:
    """Return whether `condition` became true within `limit_s`; blocks."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True


def memory_bytes(process: psutil.Process) -> int:
    """Return the memory of a process and its children, shared pages counted once where the system tells."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            info = member.memory_full_info()
            total += int(getattr(info, "pss", 0) or info.rss)
    return total


def is_port_free(port: int) -> bool:
    """Return whether a server could listen on the loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is no obstacle
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def holder_of(port: int) -> str:
    """Return who has the loopback port, as far as the system tells."""
    with suppress(psutil.AccessDenied):
        for found in psutil.net_connections("tcp"):
            if found.laddr and found.laddr.port == port and found.status != psutil.CONN_TIME_WAIT:
                if found.pid is None:
                    return f"a connection without a process ({found.status})"
                with suppress(psutil.NoSuchProcess):
                    return f"{psutil.Process(found.pid).name()} (pid {found.pid}, {found.status})"
    return "another process"


def free_port(taken: set[int]) -> int:
    """Return a free loopback port outside `taken`; raises StartupError when none can be found."""
    ports = server_ports(_OUTGOING_PORTS.read_text() if _OUTGOING_PORTS.exists() else _USUAL_OUTGOING)
    for _ in range(500):
        port = secrets.choice(ports)
        if port not in taken and is_port_free(port):
            return port
    raise StartupError(f"port: no free port between {ports[0]} and {ports[-1]} on {HOST}")


def server_ports(outgoing: str) -> Sequence[int]:
    """Return the ports that servers may choose, given the first and the last of outgoing connections.

    A client that retries a stopped server could otherwise connect to itself and hold its port.
    """
    first, last = map(int, outgoing.split())
    for ports in (_PORTS, _ALL_PORTS):
        outside = [port for port in ports if not first <= port <= last]
        if len(outside) >= _ENOUGH_PORTS:
            return outside
    return _PORTS


def is_listening(port: int) -> bool:
    """Return whether something accepts connections on the loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0
