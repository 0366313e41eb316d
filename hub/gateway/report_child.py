"""One report in a process of its own: `python -m hub.gateway.report_child`, what is asked for on its input.

It reads every fact of before the end of the period, which would hold up everybody at the door.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import UntrustedRowError
from hub.facts.integrity import StoreKey
from hub.postgres.clock import read_clock
from hub.postgres.database import connect
from hub.regulation.lawbook import load_book
from hub.reports.asked import ALTERED, MADE, REFUSED, Sources, WantedReport, make
from hub.reports.errors import ReportError
from hub.reports.files import FORMATS
from hub.settings import PostgresSettings

_MEMORY = 2 << 30
_STATEMENT_S = 600.0


class _OfTheGateway(BaseSettings):
    """What it reads of the gateway's settings."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    environment: Literal["live", "test"] = "live"
    profile: str = "bentre-45-2023"
    regulation: Path | None = None
    store_key_file: Path
    postgres: PostgresSettings


def main() -> None:
    """Read what is asked for, and write the answer."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    ending, asked = TypeAdapter(tuple[str, WantedReport]).validate_json(sys.stdin.buffer.read())
    with answers:
        answers.write(asyncio.run(_answer(ending, asked)))


async def _answer(ending: str, asked: WantedReport) -> bytes:
    tree = _OfTheGateway()
    connection = await connect(tree.postgres, "gateway-report", timeout_s=_STATEMENT_S)
    try:
        clock = await read_clock(connection, tree.environment)
        book, key = load_book(tree.profile, tree.regulation), StoreKey.from_file(tree.store_key_file)
        made = await make(Sources(connection, key, book, clock.of(datetime.now(UTC))), asked)
        return MADE + FORMATS[ending](made)
    except ReportError as error:
        return REFUSED + f"{error.field}\n{error.reason}\n{error}".encode()
    except UntrustedRowError as error:
        return ALTERED + f"{error.row}\n{error.why}".encode()
    finally:
        connection.terminate()


if __name__ == "__main__":
    main()
