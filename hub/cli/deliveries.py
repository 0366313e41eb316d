"""`hub deliveries`: what became of each delivery, and what an operator decides about it."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NoReturn

import asyncpg
import typer
from rich.console import Console
from rich.table import Column, Table

from hub.cli.shared import with_store
from hub.delivery import queries
from hub.delivery.lease import Decision
from hub.errors import StartupError
from hub.installed import adapter_points
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
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
_GAPS = "select adapter, sum(next - first) as messages from delivery_gap group by adapter order by adapter"
_IS_KNOWN = "select exists (select from delivery where adapter = $1)"


def reason_of(outcome: str | None) -> str:
    """The last outcome in two words: its kind, and the counterpart's code or the cause (pure)."""
    if outcome is None:
        return ""
    stored = json.loads(outcome)
    detail = stored.get("code") or stored.get("why")
    return f"{stored['kind']}: {detail}" if detail else str(stored["kind"])


@app.command("list")
def list_deliveries(
    adapter: Annotated[str | None, typer.Argument(help="one adapter; default: all")] = None,
    state: Annotated[
        list[DeliveryState] | None, typer.Option(help="default: unknown, rejected, dead")
    ] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """Show deliveries by state, oldest first, and who is paused; no contents."""
    states = [str(one) for one in state or _NEED_SOMEBODY]

    async def work(_: Settings, connection: Connection) -> tuple[list[asyncpg.Record], ...]:
        rows = await connection.fetch(queries.LIST_DELIVERIES, adapter, states, limit)
        return rows, await connection.fetch(queries.LIST_PAUSES), await connection.fetch(_GAPS)

    rows, pauses, gaps = with_store("deliveries", work)
    whole = Column("id", no_wrap=True)  # it is copied into the next command
    table = Table("adapter", whole, "dossier", "type", "state", "calls", "since", "last outcome", "decided")
    for row in rows:
        calls, decided = f"{row['attempts']}+{row['queries']}", row["decision"] or ""
        place = (row["adapter"], row["id"], row["dossier"], row["type"], row["state"], calls)
        table.add_row(*place, _shown(row["ended_at"] or row["first_at"]), reason_of(row["outcome"]), decided)
    Console().print(table)
    for gap in gaps:
        typer.echo(
            f"{gap['adapter']}: {gap['messages']} messages were gone from its topic before it read them:"
            f" hub replay {gap['adapter']}"
        )
    for pause in pauses:
        typer.echo(f"{pause['adapter']} is paused since {_shown(pause['paused_at'])}: {pause['why']}")


@app.command()
def show(
    adapter: Adapter,
    delivery: Annotated[str, typer.Argument(help="id of the delivery")],
    body: Annotated[bool, typer.Option("--body", help="print the contents too; recorded")] = False,
    operator: Annotated[str, typer.Option(help="who looks at the contents")] = "",
) -> None:
    """Show one delivery; its contents, which may hold personal data, only with --body and --operator."""
    if body and not operator:
        _fail("--body needs --operator", 2)

    async def work(_: Settings, connection: Connection) -> asyncpg.Record | None:
        async with connection.transaction():
            row: asyncpg.Record | None = await connection.fetchrow(queries.SHOW_DELIVERY, adapter, delivery)
            if row is not None and body:
                await record_action(connection, operator, "delivery.viewed", f"{adapter}/{delivery}")
        return row

    row = with_store("deliveries", work)
    if row is None:
        _fail(f"no delivery {delivery} of {adapter}")
    for field in _FIELDS:
        value = row[field]
        if value is not None:
            typer.echo(f"{field}: {_shown(value) if isinstance(value, datetime) else value}")
    typer.echo(f"outcome: {reason_of(row['outcome'])}")
    if body:
        typer.echo(row["data"].decode(errors="replace") or "(erased)")


@app.command()
def pause(adapter: Adapter, operator: Operator, reason: Reason) -> None:
    """Hold all calls to a counterpart; deliveries wait."""
    changed = _change(
        adapter, operator, "delivery.paused", reason, (queries.PAUSE, adapter, reason, operator)
    )
    typer.echo(f"{adapter} is paused" if changed else f"{adapter} was paused already")


@app.command()
def resume(adapter: Adapter, operator: Operator, reason: Reason = "") -> None:
    """Let calls pass again."""
    changed = _change(adapter, operator, "delivery.resumed", reason, (queries.RESUME, adapter))
    typer.echo(f"{adapter} goes on" if changed else f"{adapter} was not paused")


@app.command()
def settle(
    adapter: Adapter,
    delivery: Annotated[str, typer.Argument(help="id of the delivery, as `list` shows it")],
    finding: Annotated[DeliveryFinding, typer.Option("--as", help="what the counterpart says")],
    operator: Operator,
    reason: Reason,
) -> None:
    """Decide about an unknown outcome: it was delivered; it was not, so send it again; or give it up."""
    statement = (queries.RESOLVE_UNKNOWN, adapter, delivery, _DECISIONS[finding], operator)
    action = f"delivery.settled_{_DECISIONS[finding]}"
    if not _change(adapter, operator, action, reason, statement, f"{adapter}/{delivery}"):
        _fail(f"delivery {delivery} of {adapter} has no unknown outcome")
    typer.echo(f"settled as {finding}: the adapter acts on it at its next call")


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
        if not await connection.fetchval(_IS_KNOWN, adapter) and adapter not in adapter_points():
            raise StartupError(f"no adapter {adapter}")
        async with connection.transaction():
            changed = bool(await connection.fetchval(*statement))
            if changed:
                await record_action(connection, operator, action, target or adapter, reason)
        return changed

    return with_store("deliveries", work)


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _fail(why: str, status: int = 1) -> NoReturn:
    typer.echo(f"hub: {why}", err=True)
    raise typer.Exit(status)
