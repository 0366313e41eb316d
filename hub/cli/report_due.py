"""`hub report due` and `hub report send`: the reports of the regulation that are made by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import typer

from hub.checks.reports import ReportProgress, legal_now, periods_now, progress
from hub.cli.asking import By, IsSure, Order, Why, order
from hub.cli.shared import fail, with_store
from hub.engine.own_requests import own_request
from hub.facts.sealing import store_key_of
from hub.facts.untrusted import tell_untrusted
from hub.kafka import client as kafka
from hub.participants.register_editions import ORGANISATIONS, RegisterReader
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, print_rows, say
from hub.regulation.lawbook import load_book
from hub.regulation.report_days import reports_of
from hub.settings import Settings
from schemas.party import Officer
from schemas.report import SendReport

_COLUMNS = ("report", "stage", "to", "at")
Report = Annotated[str, typer.Argument(help="as hub report due shows it: reports/ORGANISATION/NAME/PERIOD")]


def due(
    waiting: Annotated[bool, typer.Option("--waiting", help="only what somebody has to see to")] = False,
    as_json: AsJson = False,
) -> None:
    """List the reports of the regulation whose day has come, and how far each has come."""

    async def work(tree: Settings, connection: Connection) -> list[dict[str, Any]]:
        now = await legal_now(connection, tree.environment)
        found = await _progress(tree, connection, now)
        return [_row(one) for one in found if not waiting or one.waits(now)]

    print_rows(with_store("report", work), _COLUMNS, as_json=as_json, none="no report is due")


def send(report: Report, reason: Why = "", operator: By = "", is_sure: IsSure = False) -> None:
    """Send a report that was made once more, to the address that the register has today."""
    by = order(f"Send {report} again?", operator, reason, is_sure=is_sure)

    async def work(tree: Settings, connection: Connection) -> None:
        now = await legal_now(connection, tree.environment)
        found = [one for one in await _progress(tree, connection, now) if one.planned.matter == report]
        if not found:
            fail(f"there is no report {report}: hub report due", 2)
        await record_action(connection, by.operator, "report.sent_again", report, by.reason)
        await _send(tree, found[0], by)

    with_store("report", work)
    say(f"ordered; hub report due says whether {report} was sent")


async def _progress(tree: Settings, connection: Connection, now: datetime) -> list[ReportProgress]:
    key, book = store_key_of(tree), load_book(tree.profile, tree.regulation)
    known = (await RegisterReader(key, tell_untrusted, ORGANISATIONS).read(connection)).organisations
    return await progress(connection, key, reports_of(await periods_now(connection, book, now), known))


def _row(one: ReportProgress) -> dict[str, Any]:
    stage = one.last.removeprefix("onestop.report.").removesuffix(".v1") if one.last is not None else "coming"
    return {"report": one.planned.matter, "stage": stage, "to": one.planned.to, "at": one.at}


async def _send(tree: Settings, one: ReportProgress, by: Order) -> None:
    planned, topic = one.planned, f"{tree.kafka.prefix}in.hub"
    request = SendReport(
        organisation=planned.organisation,
        report=planned.report.name,
        period=planned.span.name,
        officer=Officer(account=by.operator, name=by.operator),
        reason=by.reason,
    )
    record = own_request(request, f"send-{uuid4()}", datetime.now(UTC))
    producer = kafka.producer(tree.kafka, "report-send")
    try:
        await producer.start()
        await producer.send_and_wait(
            topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
        )
    finally:
        await producer.stop()
