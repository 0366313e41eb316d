"""Cash that was collected and paid over, by the operator's own feed: what differs becomes a work list."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.postal.adapter import PostalAdapter
from adapters.postal.reconciliation import Cash, cash_of, reconcile, work_list
from adapters.postal.status_codes import StatusCodes
from adapters.postal.tracking import Record
from hub.delivery.errors import CallError
from tests.contract.postal_world import (
    ACCOUNT,
    ASSUMED_CODES,
    Control,
    order_of,
    postal_world,
    settings_for,
)
from tests.support.hub_commands import module_output

CODES = StatusCodes({"10": "cod_collected", "11": "cod_remitted"})
AT = datetime(2026, 3, 2, tzinfo=UTC)


def record(number: int, order: str, code: str, cash: int | None) -> Record:
    return Record(f"{number:024x}", order, code, AT, None, None, cash)


def test_sums_are_per_order_whatever_the_order_of_reports_and_a_repeated_record_counts_once() -> None:
    records = [
        record(1, "B", "11", 70),
        record(2, "A", "10", 100),
        record(2, "A", "10", 100),
        record(3, "B", "10", 70),
        record(4, "A", "11", 60),
        record(5, "A", "4", 999),
        record(6, "C", "10", None),
        record(7, "D", "11", 5),
    ]
    sums = cash_of(records, CODES)
    assert sums == (
        Cash("A", 100, 60), Cash("B", 70, 70), Cash("C", is_unreadable=True), Cash("D", 0, 5),
    )  # fmt: skip
    assert [(cash.order, cash.difference) for cash in work_list(sums)] == [("A", 40), ("C", 0), ("D", -5)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[PostalAdapter, Control]]:
    async with postal_world(tmp_path) as both:
        yield both


async def collected(adapter: PostalAdapter, control: Control, amount: int) -> str:
    """An order whose cash was collected."""
    message = control.message_ok(cash_on_delivery=amount)
    await adapter.deliver(message)
    await control.emit(order_of(message), "cod_collected", cod=amount)
    return order_of(message)


async def test_the_whole_feed_is_read_page_by_page(world: tuple[PostalAdapter, Control]) -> None:
    adapter, control = world
    paid, short = await collected(adapter, control, 150_000), await collected(adapter, control, 90_000)
    await control.emit(paid, "cod_remitted", cod=150_000)
    await control.emit(short, "cod_remitted", cod=80_000)
    assert await reconcile(settings_for(control.base, page_size=2)) == {
        "SANDBOX01": (Cash(short, 90_000, 80_000),)
    }
    await control.emit(short, "cod_remitted", cod=10_000)
    assert await reconcile(settings_for(control.base)) == {"SANDBOX01": ()}


async def test_a_feed_that_cannot_be_read_gives_no_half_work_list(
    world: tuple[PostalAdapter, Control],
) -> None:
    adapter, control = world
    await collected(adapter, control, 150_000)
    await control.script("http_500", operation="order/tracking")
    with pytest.raises(CallError):
        await reconcile(settings_for(control.base))


async def test_the_command_prints_the_rows_without_persons_and_tells_by_its_exit_status(
    world: tuple[PostalAdapter, Control],
) -> None:
    adapter, control = world
    assert await run(control) == (0, [])
    order = await collected(adapter, control, 150_000)
    row = {"customer_code": "SANDBOX01", "order": order, "collected": 150_000, "remitted": 0}
    assert await run(control) == (1, [{**row, "difference": 150_000, "is_unreadable": False}])
    await control.script("http_500", operation="order/tracking")
    assert await run(control) == (3, [])


async def run(control: Control) -> tuple[int | None, list[dict[str, Any]]]:
    environment = {
        "HUB_POSTAL_TOKEN_URL": f"{control.base}/token",
        "HUB_POSTAL_BASE_URL": f"{control.base}/apiVNPostNGSP/p1.0",
        "HUB_POSTAL_STATUS_CODES_FILE": str(ASSUMED_CODES),
        "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": ACCOUNT.customer_code,
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": "sandbox-key",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": "sandbox-secret",
    }
    status, output, _ = await module_output("adapters.postal.reconciliation", environment)
    return status, [json.loads(line) for line in output.splitlines()]
