"""Embedded stack: brings real Kafka and PostgreSQL up and down under one home folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hub.embedded.config import ADMIN_USER, HOST
from hub.embedded.jars import ensure_jars
from hub.embedded.java import java_program
from hub.embedded.lifecycle import (
    MODULES,
    PORT_FIELDS,
    SERVERS,
    TITLES,
    Progress,
    Server,
    choose_ports,
    main_port,
    record_of,
    reuse,
    start,
    wait_ready,
)
from hub.embedded.process import end, find, is_port_free, memory_bytes
from hub.embedded.state import Folders, State, home_locked, load_state, new_state, save_state
from hub.errors import StartupError

_MIN_FREE_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class StackAddress:
    """How to reach a stack: Kafka by SASL_PLAINTEXT with SCRAM-SHA-512, PostgreSQL by a DSN with password."""

    kafka_bootstrap: str
    kafka_admin_user: str
    kafka_admin_password: str
    postgres_dsn: str


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server as it is now; `memory_bytes` and `pid` are None when it does not run."""

    server: Server
    state: Literal["ready", "not ready", "stopped"]
    port: int
    pid: int | None
    memory_bytes: int | None
    log: Path


def _quiet(_: str) -> None:
    return


def up(home: Path, progress: Progress = _quiet) -> StackAddress:
    """Start what is not running and return the addresses; blocks until both servers answer, idempotent.

    Servers that a killed launcher left are reused when they answer, else ended and started anew. Ports are
    kept unless another process took them. Raises StartupError with one line for what is wrong.
    """
    folders = Folders.of(home)
    with home_locked(folders):
        state = _load_or_create(folders)
        missing = [server for server in SERVERS if not reuse(folders, state, server, progress)]
        if missing:
            _check_disk(folders)
            jars = _needs_of_kafka(folders, progress) if "kafka" in missing else []
            state = choose_ports(folders, state, missing)
            for server in missing:
                state = start(folders, state, server, jars, progress)
            for server in missing:
                wait_ready(folders, state, server)
                progress(f"{TITLES[server]}: ready on port {main_port(state, server)}")
    return _address(state)


def down(home: Path) -> None:
    """Stop both servers, politely first, then by force; data, ports and passwords stay; idempotent."""
    for server in reversed(SERVERS):
        _stop(home, server, is_kill=False)


def wipe(home: Path) -> None:
    """Stop both servers and delete their data, logs and passwords; the downloaded jars stay; idempotent."""
    down(home)
    folders = Folders.of(home)
    if not folders.state.exists():
        return
    with home_locked(folders):
        for folder in (folders.kafka, folders.postgres, folders.home / "log"):
            shutil.rmtree(folder, ignore_errors=True)
        folders.state.unlink(missing_ok=True)


def status(home: Path) -> list[ServerStatus]:
    """Return both servers as they are now; blocks up to two seconds for each that does not answer."""
    folders = Folders.of(home)
    state = load_state(folders)
    return [_status_of(folders, state, server) for server in SERVERS]


def stop_kafka(home: Path, *, kill: bool = False) -> None:
    """Stop the broker, with SIGKILL when `kill`; ports and data stay."""
    _stop(home, "kafka", is_kill=kill)


def start_kafka(home: Path) -> None:
    """Start the broker again on its port; blocks until it answers."""
    _start_again(home, "kafka")


def stop_postgres(home: Path, *, kill: bool = False) -> None:
    """Stop PostgreSQL, with SIGKILL when `kill`; port and data stay."""
    _stop(home, "postgres", is_kill=kill)


def start_postgres(home: Path) -> None:
    """Start PostgreSQL again on its port; blocks until it answers."""
    _start_again(home, "postgres")


def _load_or_create(folders: Folders) -> State:
    state = load_state(folders)
    if state is not None:
        return state
    for data in (folders.kafka, folders.postgres):
        if data.exists():
            raise StartupError(
                f"{folders.state} is missing but {data} holds data: restore the one or remove the other"
            )
    state = new_state()
    save_state(folders, state)
    return state


def _needs_of_kafka(folders: Folders, progress: Progress) -> list[Path]:
    """Its jars, fetched if need be; what cannot work is said before any server is started."""
    java_program()
    return ensure_jars(folders.jars, progress)


def _check_disk(folders: Folders) -> None:
    free = shutil.disk_usage(folders.home).free
    if free < _MIN_FREE_BYTES:
        raise StartupError(
            f"disk: {free // 1024**2} MiB free at {folders.home}; the embedded stack needs 1024 MiB"
        )


def _stop(home: Path, server: Server, *, is_kill: bool) -> None:
    folders = Folders.of(home)
    if not folders.state.exists():
        return
    with home_locked(folders):
        state = load_state(folders)
        if state is None:
            return
        module = MODULES[server]
        end(record_of(state, server), module.KILL if is_kill else module.GRACEFUL)
        save_state(folders, state.model_copy(update={server: None}))


def _start_again(home: Path, server: Server) -> None:
    folders = Folders.of(home)
    with home_locked(folders):
        state = load_state(folders)
        if state is None:
            raise StartupError(f"{folders.home} has no embedded stack yet")
        if reuse(folders, state, server, _quiet):
            return
        taken = [
            getattr(state, name) for name in PORT_FIELDS[server] if not is_port_free(getattr(state, name))
        ]
        if taken:
            raise StartupError(f"port: {taken[0]} of {TITLES[server]} was taken by another process")
        jars = _needs_of_kafka(folders, _quiet) if server == "kafka" else []
        wait_ready(folders, start(folders, state, server, jars, _quiet), server)


def _address(state: State) -> StackAddress:
    return StackAddress(
        kafka_bootstrap=f"{HOST}:{state.kafka_participants_port}",
        kafka_admin_user=ADMIN_USER,
        kafka_admin_password=state.kafka_admin_password,
        postgres_dsn=f"postgresql://hub:{state.postgres_hub_password}@{HOST}:{state.postgres_port}/hub",
    )


def _status_of(folders: Folders, state: State | None, server: Server) -> ServerStatus:
    process = find(record_of(state, server)) if state is not None else None
    if state is None or process is None:
        port = main_port(state, server) if state is not None else 0
        return ServerStatus(server, "stopped", port, None, None, folders.log(server))
    is_ready = MODULES[server].is_ready(state)
    return ServerStatus(
        server=server,
        state="ready" if is_ready else "not ready",
        port=main_port(state, server),
        pid=process.pid,
        memory_bytes=memory_bytes(process),
        log=folders.log(server),
    )
