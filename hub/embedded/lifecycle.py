"""Embedded stack: the steps alike for both servers: reuse, choose ports, start, wait, say why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Literal

from hub.embedded import kafka, postgres
from hub.embedded.config import telling_line
from hub.embedded.process import end, find, free_port, is_port_free, wait_until
from hub.embedded.state import Folders, ServerRecord, State, save_state
from hub.errors import StartupError

Server = Literal["kafka", "postgres"]
Progress = Callable[[str], None]
SERVERS: tuple[Server, ...] = ("postgres", "kafka")
TITLES: dict[Server, str] = {"kafka": "Kafka", "postgres": "PostgreSQL"}
MODULES: dict[Server, ModuleType] = {"kafka": kafka, "postgres": postgres}
PORT_FIELDS: dict[Server, tuple[str, ...]] = {
    "kafka": ("kafka_participants_port", "kafka_internal_port", "kafka_controller_port"),
    "postgres": ("postgres_port",),
}

_READY_LIMIT_S = 60.0
_REUSE_LIMIT_S = 10.0


def record_of(state: State, server: Server) -> ServerRecord | None:
    """Return the remembered process of a server."""
    return state.kafka if server == "kafka" else state.postgres


def main_port(state: State, server: Server) -> int:
    """Return the port that clients use; 0 when none was chosen yet."""
    return state.kafka_participants_port if server == "kafka" else state.postgres_port


def reuse(folders: Folders, state: State, server: Server, progress: Progress) -> bool:
    """Return whether the remembered process runs and answers; one that does not answer is ended."""
    record = record_of(state, server)
    if find(record) is None:
        return False
    wait_until(lambda: find(record) is None or MODULES[server].is_ready(state), _REUSE_LIMIT_S)
    if find(record) is not None and MODULES[server].is_ready(state):
        progress(f"{TITLES[server]}: already running on port {main_port(state, server)}")
        return True
    progress(f"{TITLES[server]}: runs but does not answer, ending it (log: {folders.log(server)})")
    end(record, MODULES[server].GRACEFUL)
    return False


def choose_ports(folders: Folders, state: State, servers: Sequence[Server]) -> State:
    """Keep each remembered port that is still free; choose another for the rest, and remember it."""
    ports = {name: getattr(state, name) for names in PORT_FIELDS.values() for name in names}
    for name in (name for server in servers for name in PORT_FIELDS[server]):
        if ports[name] == 0 or not is_port_free(ports[name]):
            ports[name] = free_port(set(ports.values()))
    chosen = state.model_copy(update=ports)
    save_state(folders, chosen)
    return chosen


def start(folders: Folders, state: State, server: Server, jars: Sequence[Path], progress: Progress) -> State:
    """Prepare the server's data the first time, start its process, and return the state that names it."""
    current = state

    def record(started: ServerRecord) -> None:
        nonlocal current
        current = current.model_copy(update={server: started})
        save_state(folders, current)

    if server == "postgres":
        if not current.postgres_is_initialised:
            progress("PostgreSQL: creating its data folder")
            postgres.initialise(folders, current)
            current = current.model_copy(update={"postgres_is_initialised": True})
        progress("PostgreSQL: starting")
        postgres.start(folders, current, record)
    else:
        if not current.kafka_is_formatted:
            progress("Kafka: formatting its storage")
            kafka.format_storage(folders, current, jars)
            current = current.model_copy(update={"kafka_is_formatted": True})
        progress("Kafka: starting")
        kafka.start(folders, current, jars, record)
    return current


def wait_ready(folders: Folders, state: State, server: Server) -> None:
    """Wait until the server answers; else end it and raise StartupError with its most telling log line."""
    record = record_of(state, server)
    wait_until(lambda: find(record) is None or MODULES[server].is_ready(state), _READY_LIMIT_S)
    is_alive = find(record) is not None
    if is_alive and MODULES[server].is_ready(state):
        return
    log = folders.log(server)
    line = telling_line(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else ""
    what = f"did not answer within {_READY_LIMIT_S:.0f} s" if is_alive else "ended during its start"
    end(record, MODULES[server].GRACEFUL)
    raise StartupError(f"{TITLES[server]} {what}: {line or 'no output'} (log: {log})")
