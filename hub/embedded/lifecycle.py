"""Embedded stack: the steps alike for all servers: reuse, choose ports, start, wait, end, say why not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hub.embedded import kafka, postgres
from hub.embedded.config import telling_line
from hub.embedded.process import end, find, free_port, is_port_free, wait_until
from hub.embedded.state import BROKERS, Folders, Server, ServerRecord, StackState, save_state
from hub.errors import StartupError

Progress = Callable[[str], None]
TITLES: dict[Server, str] = {
    "postgres": "PostgreSQL",
    "kafka": "Kafka",
    "kafka-2": "Kafka 2",
    "kafka-3": "Kafka 3",
}

_READY_LIMIT_S = 60.0
_REUSE_LIMIT_S = 10.0


def main_port(state: StackState, server: Server) -> int:
    """Return the port that clients use; 0 when none was chosen yet."""
    return state.ports_of(server)[0]


def is_ready(state: StackState, server: Server) -> bool:
    """Return whether the server answers; blocks up to two seconds."""
    return postgres.is_ready(state) if server == "postgres" else kafka.is_ready(state, server)


def end_all(state: StackState, servers: Sequence[Server], *, is_kill: bool = False) -> StackState:
    """End the servers at the same time, politely first unless `is_kill`; returns the state without them."""

    def end_one(server: Server) -> None:
        module = kafka if server in BROKERS else postgres
        end(state.record_of(server), module.KILL if is_kill else module.GRACEFUL)

    with ThreadPoolExecutor(len(servers)) as pool:
        list(pool.map(end_one, servers))
    for server in servers:
        state = state.with_record(server, None)
    return state


def reuse(folders: Folders, state: StackState, server: Server, progress: Progress) -> bool:
    """Return whether the remembered process runs and answers; one that does not answer is ended."""
    record = state.record_of(server)
    if record is None or find(record) is None:
        return False
    limit_s = max(_REUSE_LIMIT_S, _READY_LIMIT_S - (time.time() - record.started))  # it may still be starting
    wait_until(lambda: find(record) is None or is_ready(state, server), limit_s)
    if find(record) is not None and is_ready(state, server):
        progress(f"{TITLES[server]}: already running on port {main_port(state, server)}")
        return True
    progress(f"{TITLES[server]}: runs but does not answer, ending it (log: {folders.log(server)})")
    end_all(state, [server])
    return False


def choose_ports(folders: Folders, state: StackState, servers: Sequence[Server]) -> StackState:
    """Keep each remembered port that is still free; choose another for the rest, and remember it."""
    taken = {port for server in state.servers for port in state.ports_of(server)}
    for server in servers:
        ports = []
        for port in state.ports_of(server):
            ports.append(port if port and is_port_free(port) else free_port(taken))
            taken.add(ports[-1])
        state = state.with_ports(server, tuple(ports))
    save_state(folders, state)
    return state


def start(
    folders: Folders, state: StackState, server: Server, jars: Sequence[Path], progress: Progress
) -> StackState:
    """Prepare the server's data the first time, start its process, and return the state that names it."""
    current = state

    def record(started: ServerRecord) -> None:
        nonlocal current
        current = current.with_record(server, started)
        save_state(folders, current)

    if server == "postgres":
        if not current.postgres_is_initialised:
            progress("PostgreSQL: creating its data folder")
            postgres.initialise(folders, current)
            current = current.model_copy(update={"postgres_is_initialised": True})
        progress("PostgreSQL: starting")
        postgres.start(folders, current, record)
    else:
        broker = current.broker(server)
        if not broker.is_formatted:
            progress(f"{TITLES[server]}: formatting its storage")
            kafka.format_storage(folders, current, server, jars)
            current = current.with_broker(server, broker.model_copy(update={"is_formatted": True}))
        progress(f"{TITLES[server]}: starting")
        kafka.start(folders, current, server, jars, record)
    return current


def wait_ready(folders: Folders, state: StackState, server: Server) -> None:
    """Wait until the server answers; else end it and raise StartupError with its most telling log line."""
    record = state.record_of(server)
    wait_until(lambda: find(record) is None or is_ready(state, server), _READY_LIMIT_S)
    is_alive = find(record) is not None
    if is_alive and is_ready(state, server):
        return
    log = folders.log(server)
    line = telling_line(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else ""
    what = f"did not answer within {_READY_LIMIT_S:.0f} s" if is_alive else "ended during its start"
    end_all(state, [server])
    raise StartupError(f"{TITLES[server]} {what}: {line or 'no output'} (log: {log})")
