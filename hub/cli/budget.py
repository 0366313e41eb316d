"""`hub participants budget` and `resume`: what a participant may take, and letting a braked one go on."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from hub.budget import brakes_store
from hub.budget.allowance import KINDS, Use, allowance
from hub.budget.shares import shares
from hub.budget.spending import day_of, read_budgets, read_letters, read_use
from hub.cli.asking import By
from hub.cli.shared import fail, operator_name, with_store
from hub.errors import StartupError
from hub.kafka.admin import KafkaAdmin
from hub.kafka.topics import kept
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, print_record, say
from hub.settings import Settings

_COLUMNS, _VALUES = ", ".join(KINDS), ", ".join(f"${number}" for number in range(2, len(KINDS) + 2))
_KEPT = ", ".join(f"{kind} = coalesce(excluded.{kind}, b.{kind})" for kind in KINDS)
_SET = f"""
insert into participant_budget as b (participant, {_COLUMNS}) values ($1, {_VALUES})
on conflict (participant) do update set {_KEPT}
"""  # noqa: S608  names of fields
_PARTITIONS = "select partitions from participant where name = $1"
Reason = Annotated[str, typer.Option(help="why, without personal data")]
_Limit = Annotated[int | None, typer.Option(min=1)]


def budget(
    name: str,
    records_per_day: _Limit = None,
    bytes_per_day: _Limit = None,
    uploads_per_day: _Limit = None,
    upload_bytes_per_day: _Limit = None,
    letters: _Limit = None,
    letter_bytes: _Limit = None,
    kept_bytes: Annotated[
        int | None,
        typer.Option(min=1 << 20, help="bytes that its in. topic keeps, its out. topic twice as many"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a participant may take and what it took, after changing what is named."""
    limits = (records_per_day, bytes_per_day, uploads_per_day, upload_bytes_per_day, letters, letter_bytes)

    async def work(tree: Settings, connection: Connection) -> dict[str, Any]:
        partitions = await connection.fetchval(_PARTITIONS, name)
        if partitions is None:
            raise StartupError(f"no participant {name}: hub participants list")
        if any(limit is not None for limit in limits):
            await connection.execute(_SET, name, *limits)
        if kept_bytes is not None:
            await asyncio.to_thread(_keep, KafkaAdmin(tree.kafka), name, kept_bytes // partitions)
        return await _shown(tree, connection, name)

    shown = with_store("budget", work)
    if as_json:
        print_record(shown, as_json=True)
        return
    for kind, limit in shown["limits"].items():
        whose = ", its own" if limit["is_own"] else ""
        say(f"{kind:<22}{limit['limit']:>16}{limit['used']:>8.0%} used{whose}")
    if braked := shown["braked"]:
        until = "goes on by order" if braked["is_resumed"] else f"next taste in {braked['left_s']:.0f} s"
        say(f"braked: {braked['reason']}, {until}; hub participants resume {name}")


def _keep(admin: KafkaAdmin, name: str, bytes_a_partition: int) -> None:
    admin.set_topic(f"{admin.prefix}in.{name}", kept(bytes_a_partition))
    admin.set_topic(f"{admin.prefix}out.{name}", kept(2 * bytes_a_partition))


async def _shown(tree: Settings, connection: Connection, name: str) -> dict[str, Any]:
    own = (await read_budgets(connection)).get(name, {})
    allowed = allowance(tree.budget, own)
    today = await read_use(connection, day_of(datetime.now(UTC)))
    letters = (await read_letters(connection, tree.kafka.prefix)).get(name, Use())
    events, uploads = today.get((name, "events"), Use()), today.get((name, "uploads"), Use())
    used = shares(allowed, events, uploads, letters).values()
    limits = {
        kind: {"limit": getattr(allowed, kind), "used": share, "is_own": own.get(kind) is not None}
        for kind, share in zip(KINDS, used, strict=True)
    }
    brakes = {row.participant: asdict(row) for row in await brakes_store.read_brakes(connection)}
    return {"participant": name, "limits": limits, "braked": brakes.get(name)}


def resume(name: str, reason: Reason = "", operator: By = "") -> None:
    """Let a participant go on for an hour that was braked because nearly all of its requests were refused."""

    async def work(_: Settings, connection: Connection) -> str | None:
        async with connection.transaction():
            why = await brakes_store.resume(connection, name)
            if why is not None:
                told = f"{reason} ({why})".strip() if reason else why
                await record_action(
                    connection, operator or operator_name(), "participant.resumed", name, told
                )
        return why

    why = with_store("budget", work)
    if why is None:
        fail(f"{name} is not braked: hub failures")
    say(f"{name} goes on for {brakes_store.RESUMED_H} h; it was braked: {why}")
