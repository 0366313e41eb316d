"""Embedded stack: what is remembered between runs, in one file that only its owner can read."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.embedded.config import KafkaPorts
from hub.errors import StartupError

Server = Literal["postgres", "kafka", "kafka-2", "kafka-3"]
"""A server by name; the folder and the log of a broker are named so too."""
BROKERS: tuple[Server, ...] = ("kafka", "kafka-2", "kafka-3")
_LOCK_WAIT_S = 120.0


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerRecord(_Model):
    """A started server: its process id and the start time of that process, in seconds since the epoch."""

    pid: int
    started: float


class Broker(_Model):
    """One node of Kafka: its three ports (0: not chosen yet), its data, its process."""

    participants_port: int = 0
    internal_port: int = 0
    controller_port: int = 0
    is_formatted: bool = False
    process: ServerRecord | None = None

    @property
    def ports(self) -> KafkaPorts:
        """Return the three ports."""
        return KafkaPorts(self.participants_port, self.internal_port, self.controller_port)


class StackState(_Model):
    """Passwords, ports and processes of one stack, as stored in `embedded.json`.

    The fields `kafka*` are those of the first broker, `more_brokers` the others.
    """

    version: Literal[1] = 1
    cluster_id: str
    kafka_participants_port: int = 0
    kafka_internal_port: int = 0
    kafka_controller_port: int = 0
    postgres_port: int = 0
    kafka_admin_password: str
    kafka_broker_password: str
    postgres_superuser_password: str
    postgres_hub_password: str
    kafka_is_formatted: bool = False
    postgres_is_initialised: bool = False
    kafka: ServerRecord | None = None
    postgres: ServerRecord | None = None
    more_brokers: dict[Server, Broker] = Field(default_factory=dict)

    @property
    def brokers(self) -> tuple[Server, ...]:
        """Return the names of the brokers; a broker's node id is its place here, from 1."""
        return BROKERS[: 1 + len(self.more_brokers)]

    @property
    def servers(self) -> tuple[Server, ...]:
        """Return the names of all servers, in the order of their start."""
        return ("postgres", *self.brokers)

    @property
    def cluster(self) -> dict[int, KafkaPorts]:
        """Return the ports of each broker by its node id."""
        return {node_id(server): self.broker(server).ports for server in self.brokers}

    def broker(self, server: Server) -> Broker:
        """Return what is known of a broker."""
        if server != "kafka":
            return self.more_brokers[server]
        return Broker(
            participants_port=self.kafka_participants_port,
            internal_port=self.kafka_internal_port,
            controller_port=self.kafka_controller_port,
            is_formatted=self.kafka_is_formatted,
            process=self.kafka,
        )

    def with_broker(self, server: Server, broker: Broker) -> StackState:
        """Return the state with another broker of this name."""
        if server != "kafka":
            return self.model_copy(update={"more_brokers": {**self.more_brokers, server: broker}})
        return self.model_copy(
            update={
                "kafka_participants_port": broker.participants_port,
                "kafka_internal_port": broker.internal_port,
                "kafka_controller_port": broker.controller_port,
                "kafka_is_formatted": broker.is_formatted,
                "kafka": broker.process,
            }
        )

    def record_of(self, server: Server) -> ServerRecord | None:
        """Return the remembered process of a server."""
        return self.postgres if server == "postgres" else self.broker(server).process

    def with_record(self, server: Server, record: ServerRecord | None) -> StackState:
        """Return the state with this process of a server."""
        if server == "postgres":
            return self.model_copy(update={"postgres": record})
        return self.with_broker(server, self.broker(server).model_copy(update={"process": record}))

    def ports_of(self, server: Server) -> tuple[int, ...]:
        """Return the ports of a server, first the one that clients use; 0 when none was chosen yet."""
        if server == "postgres":
            return (self.postgres_port,)
        ports = self.broker(server).ports
        return (ports.participants, ports.internal, ports.controller)

    def with_ports(self, server: Server, ports: tuple[int, ...]) -> StackState:
        """Return the state with these ports of a server, in the order of `ports_of`."""
        if server == "postgres":
            return self.model_copy(update={"postgres_port": ports[0]})
        names = ("participants_port", "internal_port", "controller_port")
        update = dict(zip(names, ports, strict=True))
        return self.with_broker(server, self.broker(server).model_copy(update=update))


def node_id(broker: Server) -> int:
    """Return the node id of a broker, from 1."""
    return BROKERS.index(broker) + 1


@dataclass(frozen=True, slots=True)
class Folders:
    """Where one stack keeps its things."""

    home: Path
    cache: Path

    @classmethod
    def of(cls, home: Path) -> Folders:
        """Return the folders under `home`; `HUB_CACHE` moves the downloaded jars elsewhere."""
        absolute = home.expanduser().resolve()
        cache = os.environ.get("HUB_CACHE")
        return cls(absolute, Path(cache).expanduser().resolve() if cache else absolute / "cache")

    @property
    def jars(self) -> Path:
        """Return the folder of the checked Kafka jars."""
        return self.cache / "kafka" / "jars"

    @property
    def state(self) -> Path:
        """Return the file of passwords, ports and processes."""
        return self.home / "embedded.json"

    def kafka(self, broker: Server = "kafka") -> Path:
        """Return the folder of a broker's settings and data."""
        return self.home / broker

    @property
    def postgres(self) -> Path:
        """Return PostgreSQL's data folder."""
        return self.home / "postgres"

    def log(self, server: str) -> Path:
        """Return the log file of a server."""
        return self.home / "log" / f"{server}.log"


def load_state(folders: Folders) -> StackState | None:
    """Return the remembered state, or None on a fresh home; raises StartupError when it cannot be read."""
    try:
        return StackState.model_validate_json(folders.state.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise StartupError(f"{folders.state}: cannot be read: {str(error).splitlines()[0]}") from error


def save_state(folders: Folders, state: StackState) -> None:
    """Write the state so that a crash leaves the old or the new file, readable by the owner only."""
    draft = folders.state.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(state.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(descriptor)
    draft.replace(folders.state)


def new_state(brokers: int = 1) -> StackState:
    """Return a state with fresh random passwords and nothing started."""
    return StackState(
        more_brokers={name: Broker() for name in BROKERS[1:brokers]},
        cluster_id=base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "A"),
        kafka_admin_password=secrets.token_hex(24),
        kafka_broker_password=secrets.token_hex(24),
        postgres_superuser_password=secrets.token_hex(24),
        postgres_hub_password=secrets.token_hex(24),
    )


@contextmanager
def home_locked(folders: Folders) -> Iterator[None]:
    """Hold the home so that two launchers do not work on it at once; waits two minutes at most.

    What is written meanwhile, and by servers that are started, only its owner may read.
    """
    try:
        if not folders.home.exists():
            folders.home.mkdir(parents=True)
            # The account of PostgreSQL, which does not run as root, has to pass.
            folders.home.chmod(0o711)
        with _private_files():
            file = (folders.home / "embedded.lock").open("w")
    except OSError as error:
        raise StartupError(f"disk: cannot write to {folders.home}: {error.strerror}") from error
    with file, _private_files():
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StartupError(
                        f"{folders.home} is held by another launcher since two minutes"
                    ) from None
                time.sleep(0.05)
        yield


@contextmanager
def _private_files() -> Iterator[None]:
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
