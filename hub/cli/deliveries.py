"""`hub deliveries`: what became of each delivery, and what an operator decides about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import asyncpg
import typer

from hub.cli.asking import By, IsSure, Why, order
from hub.cli.shared import fail, with_store
from hub.delivery import queries
from hub.delivery.lease import Decision
from hub.delivery.stored_outcome import short_outcome
from hub.errors import StartupError
from hub.installed import adapter_points
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, note, print_record, print_rows, say
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Deliveries to outside systems.")

Adapter = Annotated[str, typer.Argument(help="name of the adapter")]
Operator = Annotated[str, typer.Option(help="who decides")]
Reason = Annotated[str, typer.Option(help="why, without personal data")]


class DeliveryState(StrEnum):
    """Where a delivery stands; `unknown`: nobody knows whether it had its effect."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    DEAD = "dead"


class DeliveryFinding(StrEnum):
    """What an operator found out about an unknown delivery."""

    DELIVERED = "delivered"
    NOT_DELIVERED = "not-delivered"
    GIVEN_UP = "given-up"


_NEED_SOMEBODY = (DeliveryState.UNKNOWN, DeliveryState.REJECTED, DeliveryState.DEAD)
_DECISIONS: dict[DeliveryFinding, Decision] = {
    DeliveryFinding.DELIVERED: "confirm",
    DeliveryFinding.NOT_DELIVERED: "resend",
    DeliveryFinding.GIVEN_UP: "give_up",
}
_FIELDS = (
    "adapter", "id", "dossier", "subject", "sequence", "type", "time", "state", "attempts", "queries",
    "first_at", "next_at", "doubt_at", "ended_at", "decision", "decided_by", "decided_at", "report_id",
    "report_state", "report_refusal",
)  # fmt: skip
_GAPS = """
select adapter, sum(next::numeric - first) as messages from delivery_gap group by adapter order by adapter
"""
_IS_KNOWN = "select exists (select from delivery where adapter = $1)"


@app.command("list")
def list_deliveries(
    adapter: Annotated[str | None, typer.Argument(help="one adapter; default: all")] = None,
    state: Annotated[
        list[DeliveryState] | None, typer.Option(help="default: unknown, rejected, dead")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show deliveries by state, oldest first, and who is paused; no contents."""
    states = [str(one) for one in state or _NEED_SOMEBODY]

    async def work(_: Settings, connection: Connection) -> tuple[list[asyncpg.Record], ...]:
        if adapter is not None:
            await _must_be_known(connection, adapter)
        rows = await connection.fetch(queries.LIST_DELIVERIES, adapter, states, limit)
        return rows, await connection.fetch(queries.LIST_PAUSES), await connection.fetch(_GAPS)

    rows, pauses, gaps = with_store("deliveries", work)
    columns, more = (
        ("adapter", "id", "type", "state"),
        ("last_outcome", "since", "calls", "dossier", "decided"),
    )
    listed = [_line(row) for row in rows]
    print_rows(listed, columns, as_json=as_json, none=f"no delivery is {' or '.join(states)}", more=more)
    for gap in gaps:
        note(
            f"{gap['adapter']}: {gap['messages']} messages were gone from its topic before it read them:"
            f" hub replay {gap['adapter']}"
        )
    for pause in pauses:
        since = pause["paused_at"].isoformat(timespec="seconds")
        note(f"{pause['adapter']} is paused since {since}: {pause['why']}; hub deliveries resume")


def _line(row: asyncpg.Record) -> dict[str, object]:
    return {
        "adapter": row["adapter"],
        "id": row["id"],
        "type": row["type"],
        "state": row["state"],
        "last_outcome": short_outcome(row["outcome"]),
        "since": row["ended_at"] or row["first_at"],
        "calls": f"{row['attempts']}+{row['queries']}",
        "dossier": row["dossier"],
        "decided": row["decision"],
    }


@app.command()
def show(
    adapter: Adapter,
    delivery: Annotated[str, typer.Argument(help="id of the delivery")],
    body: Annotated[bool, typer.Option("--body", help="print the contents too; recorded")] = False,
    operator: Annotated[str, typer.Option(help="who looks at the contents")] = "",
    as_json: AsJson = False,
) -> None:
    """Show one delivery; its contents, which may hold personal data, only with --body and --operator."""
    if body and not operator:
        fail("--body needs --operator", 2)

    async def work(_: Settings, connection: Connection) -> asyncpg.Record | None:
        async with connection.transaction():
            row: asyncpg.Record | None = await connection.fetchrow(queries.SHOW_DELIVERY, adapter, delivery)
            if row is not None and body:
                await record_action(connection, operator, "delivery.viewed", f"{adapter}/{delivery}")
        return row

    row = with_store("deliveries", work)
    if row is None:
        fail(f"no delivery {delivery} of {adapter}: hub deliveries list {adapter}")
    shown = {field: row[field] for field in _FIELDS} | {"outcome": short_outcome(row["outcome"])}
    contents = row["data"].decode(errors="replace") or "(erased)"
    print_record(shown | ({"body": contents} if body and as_json else {}), as_json=as_json)
    if body and not as_json:
        say(contents)


@app.command()
def pause(adapter: Adapter, operator: Operator, reason: Reason) -> None:
    """Hold all calls to a counterpart; deliveries wait."""
    changed = _change(
        adapter, operator, "delivery.paused", reason, (queries.PAUSE, adapter, reason, operator)
    )
    say(f"{adapter} is paused" if changed else f"{adapter} was paused already")


@app.command()
def resume(adapter: Adapter, operator: Operator, reason: Reason = "") -> None:
    """Let calls pass again."""
    changed = _change(adapter, operator, "delivery.resumed", reason, (queries.RESUME, adapter))
    say(f"{adapter} goes on" if changed else f"{adapter} was not paused")


@app.command()
def settle(
    adapter: Adapter,
    delivery: Annotated[str, typer.Argument(help="id of the delivery, as `list` shows it")],
    finding: Annotated[DeliveryFinding, typer.Option("--as", help="what the counterpart says")],
    reason: Why = "",
    operator: By = "",
    is_sure: IsSure = False,
) -> None:
    """Decide about an unknown outcome: it was delivered; it was not, so send it again; or give it up."""
    what = f"Settle delivery {delivery} of {adapter} as {finding}?"
    by = order(what, operator, reason, is_sure=is_sure)
    statement = (queries.RESOLVE_UNKNOWN, adapter, delivery, _DECISIONS[finding], by.operator)
    action = f"delivery.settled_{_DECISIONS[finding]}"
    if not _change(adapter, by.operator, action, by.reason, statement, f"{adapter}/{delivery}"):
        fail(f"delivery {delivery} of {adapter} has no unknown outcome")
    say(f"settled as {finding}: the adapter acts on it at its next call")


def _change(
    adapter: str,
    operator: str,
    action: str,
    reason: str,
    statement: tuple[str, ...],
    target: str | None = None,
) -> bool:
    """Run one statement that returns something when it changed something, and record it with the change."""

    async def work(_: Settings, connection: Connection) -> bool:
        await _must_be_known(connection, adapter)
        async with connection.transaction():
            changed = bool(await connection.fetchval(*statement))
            if changed:
                await record_action(connection, operator, action, target or adapter, reason)
        return changed

    return with_store("deliveries", work)


async def _must_be_known(connection: Connection, adapter: str) -> None:
    if not await connection.fetchval(_IS_KNOWN, adapter) and adapter not in adapter_points():
        raise StartupError(f"no adapter {adapter}; installed: {', '.join(adapter_points())}")
