"""Embedded stack: brings real Kafka and PostgreSQL up and down under one home folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hub.embedded.config import ADMIN_USER, HOST
from hub.embedded.connections import shortage
from hub.embedded.jars import ensure_jars
from hub.embedded.java import java_program
from hub.embedded.lifecycle import (
    TITLES,
    Progress,
    choose_ports,
    end_all,
    is_ready,
    main_port,
    reuse,
    start,
    wait_ready,
)
from hub.embedded.process import find, holder_of, is_port_free, memory_bytes, wait_until
from hub.embedded.state import (
    BROKERS,
    Folders,
    Server,
    StackState,
    home_locked,
    load_state,
    new_state,
    save_state,
)
from hub.errors import StartupError

_MIN_FREE_BYTES = 1024**3
_PORT_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class StackAddress:
    """How to reach a stack: Kafka by SASL_PLAINTEXT with SCRAM-SHA-512, PostgreSQL by a DSN with password.

    `kafka_bootstrap` names all brokers, comma separated, as participants reach them; `kafka_hub_bootstrap` as
    the hub does, whose listener has connections left when theirs has none; `kafka_brokers` is their number.
    """

    kafka_bootstrap: str
    kafka_hub_bootstrap: str
    kafka_admin_user: str
    kafka_admin_password: str
    postgres_dsn: str
    kafka_brokers: int = 1


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


def up(home: Path, progress: Progress = _quiet, brokers: int | None = None) -> StackAddress:
    """Start what is not running and return the addresses; blocks until all servers answer, idempotent.

    Servers that a killed launcher left are reused when they answer, else ended and started anew. Ports are
    kept unless another process took them. `brokers` is 1 or 3 and stays as the home was made; None takes
    what there is, at first 1. Raises StartupError with one line for what is wrong.
    """
    folders = Folders.of(home)
    with home_locked(folders):
        _close_to_others(folders)
        state = _load_or_create(folders, brokers)
        missing = [server for server in state.servers if not reuse(folders, state, server, progress)]
        if missing:
            _check_disk(folders)
            jars = _needs_of_kafka(folders, progress) if set(missing) & set(BROKERS) else []
            state = _with_ports(folders, state, missing)
            for server in missing:
                state = start(folders, state, server, jars, progress)
            for server in missing:
                wait_ready(folders, state, server)
                progress(f"{TITLES[server]}: ready on port {main_port(state, server)}")
    return _address(state)


def down(home: Path) -> None:
    """Stop all servers, politely first, then by force; data, ports and passwords stay; idempotent."""
    state = load_state(Folders.of(home))
    if state is not None:
        _stop(home, state.brokers, is_kill=False)
        _stop(home, ("postgres",), is_kill=False)


def wipe(home: Path) -> None:
    """Stop all servers and delete their data, logs and passwords; the downloaded jars stay; idempotent."""
    folders = Folders.of(home)
    state = load_state(folders)
    if state is None:
        return
    _stop(home, state.brokers, is_kill=True)
    _stop(home, ("postgres",), is_kill=False)
    with home_locked(folders):
        for folder in (*map(folders.kafka, BROKERS), folders.postgres, folders.home / "log"):
            shutil.rmtree(folder, ignore_errors=True)
        folders.state.unlink(missing_ok=True)


def status(home: Path) -> list[ServerStatus]:
    """Return all servers as they are now; blocks up to two seconds for each that does not answer."""
    folders = Folders.of(home)
    state = load_state(folders)
    servers = state.servers if state is not None else ("postgres", BROKERS[0])
    return [_status_of(folders, state, server) for server in servers]


def stop_kafka(home: Path, *, kill: bool = False, broker: Server = "kafka") -> None:
    """Stop a broker, with SIGKILL when `kill`; ports and data stay."""
    _stop(home, (broker,), is_kill=kill)


def start_kafka(home: Path, *, broker: Server = "kafka") -> None:
    """Start a broker again on its port; blocks until it answers."""
    _start_again(home, broker)


def stop_postgres(home: Path, *, kill: bool = False) -> None:
    """Stop PostgreSQL, with SIGKILL when `kill`; port and data stay."""
    _stop(home, ("postgres",), is_kill=kill)


def start_postgres(home: Path) -> None:
    """Start PostgreSQL again on its port; blocks until it answers."""
    _start_again(home, "postgres")


def _close_to_others(folders: Folders) -> None:
    """Folders that an earlier version made open to all; what lies in them is then out of reach as well."""
    for folder in (*map(folders.kafka, BROKERS), folders.postgres, folders.home / "log"):
        if folder.exists():
            folder.chmod(0o700)


def _load_or_create(folders: Folders, brokers: int | None) -> StackState:
    if brokers not in (None, 1, len(BROKERS)):
        raise StartupError(f"brokers: {brokers} is neither 1 nor {len(BROKERS)}")
    state = load_state(folders)
    if state is not None:
        made = len(state.brokers)
        if brokers not in (None, made):
            raise StartupError(
                f"{folders.home} was made with --brokers {made}: take another home, or wipe this one first"
            )
        return state
    for data in (folders.kafka(), folders.postgres):
        if data.exists():
            raise StartupError(
                f"{folders.state} is missing but {data} holds data: restore the one or remove the other"
            )
    state = new_state(brokers or 1)
    save_state(folders, state)
    return state


def _with_ports(folders: Folders, state: StackState, missing: list[Server]) -> StackState:
    """The state with free ports; brokers that run cannot learn of another's new ports."""
    chosen = choose_ports(folders, state, missing)
    running = [server for server in state.brokers if server not in missing]
    moved = [broker for broker in missing if chosen.ports_of(broker) != state.ports_of(broker)]
    if running and set(moved) & set(BROKERS):
        save_state(folders, state)
        raise StartupError(
            f"port: one of {TITLES[moved[-1]]} was taken by another process while other brokers run: "
            "hub embedded down, then up"
        )
    return chosen


def _needs_of_kafka(folders: Folders, progress: Progress) -> list[Path]:
    """Its jars, fetched if need be; what cannot work is said before any server is started."""
    java_program()
    missing = shortage()
    if missing is not None:
        raise StartupError(missing)
    return ensure_jars(folders.jars, progress)


def _check_disk(folders: Folders) -> None:
    free = shutil.disk_usage(folders.home).free
    if free < _MIN_FREE_BYTES:
        raise StartupError(
            f"disk: {free // 1024**2} MiB free at {folders.home}; the embedded stack needs 1024 MiB"
        )


def _stop(home: Path, servers: tuple[Server, ...], *, is_kill: bool) -> None:
    folders = Folders.of(home)
    if not folders.state.exists():
        return
    with home_locked(folders):
        state = load_state(folders)
        if state is not None:
            save_state(folders, end_all(state, servers, is_kill=is_kill))


def _start_again(home: Path, server: Server) -> None:
    folders = Folders.of(home)
    with home_locked(folders):
        state = load_state(folders)
        if state is None:
            raise StartupError(f"{folders.home} has no embedded stack yet")
        if server not in state.servers:
            raise StartupError(f"{folders.home} has no {TITLES[server]}")
        if reuse(folders, state, server, _quiet):
            return
        _wait_for_ports(state, server)
        jars = _needs_of_kafka(folders, _quiet) if server in BROKERS else []
        wait_ready(folders, start(folders, state, server, jars, _quiet), server)


def _wait_for_ports(state: StackState, server: Server) -> None:
    """What holds a port for a moment only, as an outgoing connection may, is waited for."""
    ports = state.ports_of(server)
    if not wait_until(lambda: all(map(is_port_free, ports)), _PORT_LIMIT_S, every_s=0.5):
        taken = next((port for port in ports if not is_port_free(port)), ports[0])
        raise StartupError(f"port: {taken} of {TITLES[server]} was taken by {holder_of(taken)}")


def _address(state: StackState) -> StackAddress:
    return StackAddress(
        kafka_bootstrap=",".join(f"{HOST}:{ports.participants}" for ports in state.cluster.values()),
        kafka_hub_bootstrap=",".join(f"{HOST}:{ports.internal}" for ports in state.cluster.values()),
        kafka_brokers=len(state.brokers),
        kafka_admin_user=ADMIN_USER,
        kafka_admin_password=state.kafka_admin_password,
        postgres_dsn=f"postgresql://hub:{state.postgres_hub_password}@{HOST}:{state.postgres_port}/hub",
    )


def _status_of(folders: Folders, state: StackState | None, server: Server) -> ServerStatus:
    process = find(state.record_of(server)) if state is not None else None
    if state is None or process is None:
        port = main_port(state, server) if state is not None else 0
        return ServerStatus(server, "stopped", port, None, None, folders.log(server))
    return ServerStatus(
        server=server,
        state="ready" if is_ready(state, server) else "not ready",
        port=main_port(state, server),
        pid=process.pid,
        memory_bytes=memory_bytes(process),
        log=folders.log(server),
    )
