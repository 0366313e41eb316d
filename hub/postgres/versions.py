"""Stored versions: who reads a small table keeps it in memory until its version has moved."""

from __future__ import annotations

from typing import Literal

from hub.postgres.database import Connection

_MOVE = """
insert into configuration_version as c (kind, version) values ($1, floor(random() * 1e15)::bigint)
on conflict (kind) do update set version = c.version % 9223372036854775807 + 1
"""
"""Whatever stands in the row, and where somebody has deleted it: the version is another one afterwards."""


async def move_version(
    connection: Connection, kind: Literal["participants", "offsets", "operations"]
) -> None:
    """Let all processes read these tables again at their next look, within a second."""
    await connection.execute(_MOVE, kind)
