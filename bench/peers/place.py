"""Where a peer reads and writes, from its environment; standard library only, for both environments."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BATCH = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Topics, group, credentials, database and a folder for local state."""

    bootstrap: str
    user: str
    password: str
    inputs: tuple[str, ...]
    output: str
    group: str
    dsn: str
    state: Path

    @classmethod
    def of_environment(cls) -> Place:
        """From `BENCH_*`, as `bench.contenders` sets them."""
        env = os.environ
        return cls(
            bootstrap=env["BENCH_BOOTSTRAP"],
            user=env["BENCH_USER"],
            password=env["BENCH_PASSWORD"],
            inputs=tuple(env["BENCH_IN"].split(",")),
            output=env["BENCH_OUT"],
            group=env["BENCH_GROUP"],
            dsn=env["BENCH_DSN"],
            state=Path(env["BENCH_STATE"]),
        )

    def aiokafka(self) -> dict[str, Any]:
        """Connection settings of aiokafka."""
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }

    def librdkafka(self) -> dict[str, str]:
        """Connection settings of librdkafka."""
        return {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.user,
            "sasl.password": self.password,
        }
