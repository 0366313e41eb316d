"""Test support: the command line as an operator types it, and the settings of a store of a test's own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from hub.settings import KafkaSettings, PostgresSettings, RetentionSettings, Settings
from tests.support.stack import REPOSITORY


async def hub_command(
    environment: Mapping[str, str], *arguments: str, python: str = sys.executable
) -> tuple[int, str]:
    """Run `hub ...` with these settings; exit status and everything that it printed."""
    process = await asyncio.create_subprocess_exec(
        python, "-m", "hub.cli.main", *arguments,
        cwd=REPOSITORY, env={**environment, "PATH": "/usr/bin:/bin", "COLUMNS": "250"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def module_output(module: str, environment: Mapping[str, str]) -> tuple[int | None, bytes]:
    """Run `python -m module` with these settings besides our own; exit status and standard output."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return process.returncode, output


def store_settings(dsn: str, **retention: float) -> Settings:
    """Settings of what needs the store only; the broker is never reached."""
    return Settings(
        master_key_file=Path("no-key"),
        shards=4,
        kafka=KafkaSettings(bootstrap="127.0.0.1:1", user="nobody", password=SecretStr("x")),
        postgres=PostgresSettings(dsn=SecretStr(dsn)),
        retention=RetentionSettings.model_validate({"every_s": 0.01} | retention),
    )


def store_environment(dsn: str) -> dict[str, str]:
    """As `store_settings`, for a command."""
    return {
        "HUB_MASTER_KEY_FILE": "no-key",
        "HUB_KAFKA__BOOTSTRAP": "127.0.0.1:1",
        "HUB_KAFKA__USER": "nobody",
        "HUB_KAFKA__PASSWORD": "x",
        "HUB_POSTGRES__DSN": dsn,
    }
