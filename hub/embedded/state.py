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

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.embedded.config import KafkaPorts
from hub.errors import StartupError

_LOCK_WAIT_S = 120.0


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerRecord(_Model):
    """A started server: its process id and the start time of that process, in seconds since the epoch."""

    pid: int
    started: float


class State(_Model):
    """Passwords, ports and processes of one stack, as stored in `embedded.json`."""

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

    @property
    def kafka_ports(self) -> KafkaPorts:
        """Return the three ports of the broker."""
        return KafkaPorts(
            participants=self.kafka_participants_port,
            internal=self.kafka_internal_port,
            controller=self.kafka_controller_port,
        )


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

    @property
    def kafka(self) -> Path:
        """Return the folder of Kafka's settings and data."""
        return self.home / "kafka"

    @property
    def postgres(self) -> Path:
        """Return PostgreSQL's data folder."""
        return self.home / "postgres"

    def log(self, server: str) -> Path:
        """Return the log file of `kafka` or `postgres`."""
        return self.home / "log" / f"{server}.log"


def load_state(folders: Folders) -> State | None:
    """Return the remembered state, or None on a fresh home; raises StartupError when it cannot be read."""
    try:
        return State.model_validate_json(folders.state.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise StartupError(f"{folders.state}: cannot be read: {str(error).splitlines()[0]}") from error


def save_state(folders: Folders, state: State) -> None:
    """Write the state so that a crash leaves the old or the new file, readable by the owner only."""
    draft = folders.state.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(state.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(descriptor)
    draft.replace(folders.state)


def new_state() -> State:
    """Return a state with fresh random passwords and nothing started."""
    return State(
        cluster_id=base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "A"),
        kafka_admin_password=secrets.token_hex(24),
        kafka_broker_password=secrets.token_hex(24),
        postgres_superuser_password=secrets.token_hex(24),
        postgres_hub_password=secrets.token_hex(24),
    )


@contextmanager
def home_locked(folders: Folders) -> Iterator[None]:
    """Hold the home so that two launchers do not work on it at once; waits two minutes at most."""
    try:
        folders.home.mkdir(parents=True, exist_ok=True)
        file = (folders.home / "embedded.lock").open("w")
    except OSError as error:
        raise StartupError(f"disk: cannot write to {folders.home}: {error.strerror}") from error
    with file:
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
