"""Ledger: a hub of the run's own, set up by its own command line from the checkout under test."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from tests.support.ledger.client_process import Config
from tests.support.ledger.hub_reading import Access
from tests.support.ledger.lives import AGENCY, ONE_STOP

_PARTITIONS = 2
_ROLES = {
    "counter-a": ("counter", ONE_STOP), "counter-b": ("counter", ONE_STOP),
    "agency-a": ("agency", AGENCY), "agency-b": ("agency", AGENCY),
    "postal": ("postal", None), "population": ("population", None),
}  # fmt: skip
READERS = frozenset(_ROLES)


class SiteError(Exception):
    """The hub could not be set up; the text is what its command line said."""


class Site:
    """The stack under `home`, the checkout `root`, a fresh prefix and database, the participants."""

    def __init__(self, home: Path, root: Path, folder: Path, seed: int) -> None:
        self.home = home
        self.root = root
        self.folder = folder
        self.seed = seed
        self.prefix = f"l{secrets.token_hex(4)}."
        self._was_running = False
        self.configs: dict[str, Path] = {}

    async def open(self) -> None:
        """Start the stack if it does not run, and set the hub up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._was_running = any(server.state != "stopped" for server in embedded.status(self.home))
        self.address: StackAddress = await asyncio.to_thread(embedded.up, self.home)
        self._database = f"ledger_{self.prefix.strip('.')}"
        connection = await asyncpg.connect(self.address.postgres_dsn)
        try:
            await connection.execute(f'create database "{self._database}" template template0')
        finally:
            await connection.close()
        self.dsn = f"{self.address.postgres_dsn.rsplit('/', 1)[0]}/{self._database}"
        printed = await self._hub("setup", "--user", f"{self.prefix}hub", "--partitions", str(_PARTITIONS))
        self._password = _found(r"HUB_KAFKA__PASSWORD=(\S+)", printed)
        joins = [self._join(name, role, place) for name, (role, place) in _ROLES.items()]
        passwords = await asyncio.gather(*joins)
        self._passwords = dict(zip(_ROLES, passwords, strict=True))
        for name, password in self._passwords.items():
            self.configs[name] = self._configure(name, password)

    async def close(self, *, keep: bool = False) -> None:
        """Drop the database; stop the stack if this run started it."""
        if not keep:
            connection = await asyncpg.connect(self.address.postgres_dsn)
            await connection.execute(f'drop database if exists "{self._database}" with (force)')
            await connection.close()
        if not self._was_running:
            await asyncio.to_thread(embedded.down, self.home)

    @property
    def access(self) -> Access:
        """The administrator's way in, for the ledger's own reading."""
        return Access(
            self.dsn,
            self.folder / "store.key",
            {
                "bootstrap_servers": self.address.kafka_bootstrap, "security_protocol": "SASL_PLAINTEXT",
                "sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": self.address.kafka_admin_user,
                "sasl_plain_password": self.address.kafka_admin_password,
            },
            self.prefix,
        )  # fmt: skip

    def engine_environment(self, name: str) -> dict[str, str]:
        """The settings of an engine process."""
        return self._environment(f"{self.prefix}hub", self._password) | {
            "HUB_SHARDS": "4",
            "HUB_ENGINE__INSTANCE": name,
            "HUB_ENGINE__SESSION_TIMEOUT_MS": "3000",
            "HUB_ENGINE__PARKED_LIMIT": "1000",
            "HUB_ENGINE__MALFORMED_LIMIT": "100000",
            "HUB_ENGINE__MAX_BATCH_RECORDS": "50",
        }

    def participant_environment(self, name: str) -> dict[str, str]:
        """The settings of an adapter process that acts as a participant."""
        return self._environment(f"{self.prefix}{name}", self._passwords[name])

    def _environment(self, user: str, password: str) -> dict[str, str]:
        return {
            "HUB_MASTER_KEY_FILE": str(self.folder / "master.key"),
            "HUB_POSTGRES__DSN": self.dsn,
            "HUB_KAFKA__BOOTSTRAP": self.address.kafka_bootstrap,
            "HUB_KAFKA__USER": user,
            "HUB_KAFKA__PASSWORD": password,
            "HUB_KAFKA__PREFIX": self.prefix,
        }

    async def _join(self, name: str, role: str, organisation: str | None) -> str:
        place = ("--organisation", organisation) if organisation else ()
        printed = await self._hub(
            "participants", "add", name, "--role", role, "--partitions", str(_PARTITIONS), *place
        )
        return _found(r"sasl\.password=(\S+)", printed)

    def _configure(self, name: str, password: str) -> Path:
        role = _ROLES[name][0]
        mates = [other for other, (its_role, _) in _ROLES.items() if its_role == role]
        config = Config(
            name=name, role=role, seed=self.seed, number=mates.index(name), mates=len(mates),
            bootstrap=self.address.kafka_bootstrap, prefix=self.prefix, password=password,
            folder=str(self.folder),
        )  # fmt: skip
        path = self.folder / f"{name}.config.json"
        path.write_bytes(orjson.dumps(asdict(config)))
        return path

    async def _hub(self, *arguments: str) -> str:
        environment: dict[str, Any] = os.environ | self._environment(
            self.address.kafka_admin_user, self.address.kafka_admin_password
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli.main", *arguments, cwd=self.root, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        printed, _ = await asyncio.wait_for(process.communicate(), 60)
        if process.returncode != 0:
            raise SiteError(f"hub {' '.join(arguments)}: {printed.decode()[-500:]}")
        return printed.decode()


def _found(pattern: str, printed: str) -> str:
    found = re.search(pattern, printed)
    if found is None:
        raise SiteError(f"no {pattern} in what the command line printed")
    return found.group(1)
