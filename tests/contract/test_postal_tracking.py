"""The postal adapter follows the tracking feed of a sandbox process, in order and from its kept place."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.postal.adapter import PostalAdapter
from hub.delivery.adapter import Polled
from hub.delivery.errors import CallError
from schemas.pickup import ReportPickup
from tests.contract.postal_world import (
    ACCOUNT,
    ORGANISATION,
    OTHER_ACCOUNT,
    OTHER_ORGANISATION,
    Control,
    cancel_message,
    order_message,
    order_of,
    postal_world,
    settings_for,
)
from tests.support.waiting import within

MORNING = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
MORNING_S = int(MORNING.timestamp())


@pytest.fixture(scope="module")
async def world(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[PostalAdapter, Control]]:
    async with postal_world(tmp_path_factory.mktemp("postal")) as both:
        yield both


@pytest.fixture
async def control(world: tuple[PostalAdapter, Control]) -> Control:
    await world[1].clear()
    return world[1]


@pytest.fixture
async def adapter(world: tuple[PostalAdapter, Control]) -> PostalAdapter:
    return world[0]


def reported(polled: Polled) -> list[ReportPickup]:
    return [ReportPickup.model_validate_json(report.data) for report in polled.reports]


async def ordered(adapter: PostalAdapter, control: Control) -> tuple[str, str]:
    """A placed order, and the cursor behind its registration."""
    message = control.message_ok()
    await adapter.deliver(message)
    return order_of(message), (await adapter.poll(None)).cursor


async def test_a_life_is_reported_in_the_feeds_order_with_the_operators_times(
    adapter: PostalAdapter, control: Control
) -> None:
    order, cursor = await ordered(adapter, control)
    await control.emit(order, "collected", MORNING_S * 1000)
    await control.emit(order, "handed_over", MORNING_S, minutes="00042/BBGN-MC")
    await control.emit(order, "delivery_failed", (MORNING_S - 3600) * 1000 + 250)
    await control.emit(order, "cod_collected", MORNING_S * 1000, cod=150000)
    polled = await adapter.poll(cursor)
    life = reported(polled)
    assert [event.status for event in life] == [
        "collected",
        "handed_over",
        "delivery_failed",
        "cod_collected",
    ]
    assert [event.at for event in life] == [
        MORNING,
        MORNING,
        MORNING - timedelta(hours=1) + timedelta(milliseconds=250),
        MORNING,
    ]
    assert [event.minutes for event in life] == [None, "00042/BBGN-MC", None, None]
    assert [event.amount for event in life] == [None, None, None, 150_000]
    assert {report.subject for report in polled.reports} == {order.split("__")[0]}
    assert [report.time for report in polled.reports] == [event.at for event in life]


@pytest.mark.parametrize("status", ["in_transit", "returned", "delivered", "lost", "damaged", "cod_remitted"])
async def test_each_assumed_code_is_read_as_its_status(
    adapter: PostalAdapter, control: Control, status: str
) -> None:
    order, cursor = await ordered(adapter, control)
    await control.emit(order, status)
    assert [event.status for event in reported(await adapter.poll(cursor))] == [status]


async def test_an_unknown_code_is_kept_raw(adapter: PostalAdapter, control: Control) -> None:
    order, cursor = await ordered(adapter, control)
    await control.emit(order, 4711, notes="Giao cho ông Trần Giả Lập, 0900000009")
    (event,) = reported(await adapter.poll(cursor))
    assert (event.status, event.raw_code, event.note) == ("unknown", "4711", None)


async def test_with_the_real_table_only_code_4_is_understood(control: Control) -> None:
    real = PostalAdapter(settings_for(control.base, status_codes_file=_real_table()))
    order, cursor = await ordered(real, control)
    await control.emit(order, "collected")
    await control.emit(order, "delivered")
    assert [(e.status, e.raw_code) for e in reported(await real.poll(cursor))] == [
        ("unknown", "2"),
        ("delivered", "4"),
    ]
    await real.aclose()


async def test_the_registration_is_reported_by_the_delivery_and_not_again_by_the_feed(
    adapter: PostalAdapter, control: Control
) -> None:
    cursor = (await adapter.poll(None)).cursor
    message = control.message_ok()
    outcome = await adapter.deliver(message)
    report = adapter.report(message, outcome, MORNING)
    assert report is not None
    registered = ReportPickup.model_validate_json(report.data)
    assert (registered.order, registered.status, registered.at) == (order_of(message), "registered", MORNING)
    assert report.subject == message.subject
    again = adapter.report(message, await adapter.deliver(message), MORNING)
    assert again == report
    assert (await adapter.poll(cursor)).reports == ()


async def test_a_cancellation_in_the_feed_is_told_as_unknown_with_its_code(
    adapter: PostalAdapter, control: Control
) -> None:
    order, cursor = await ordered(adapter, control)
    message = order_message(order, order.split("__")[0])
    await adapter.deliver(cancel_message(message))
    assert [(e.status, e.raw_code) for e in reported(await adapter.poll(cursor))] == [("cancelled", "12")]


async def test_polling_resumes_from_the_kept_cursor_also_in_a_new_process(
    adapter: PostalAdapter, control: Control
) -> None:
    order, cursor = await ordered(adapter, control)
    await control.emit(order, "collected")
    first = await adapter.poll(cursor)
    await control.emit(order, "delivered")
    fresh = PostalAdapter(settings_for(control.base))
    second = await fresh.poll(first.cursor)
    assert [event.status for event in reported(second)] == ["delivered"]
    third = await fresh.poll(second.cursor)
    assert (third.reports, third.cursor, third.is_more) == ((), second.cursor, False)
    assert (await fresh.poll(cursor)).reports == (*first.reports, *second.reports)
    await fresh.aclose()


async def test_pages_follow_each_other_until_the_feed_is_read(control: Control) -> None:
    adapter = PostalAdapter(settings_for(control.base, page_size=2))
    order, cursor = await ordered(adapter, control)
    while (rest := await adapter.poll(cursor)).is_more:
        cursor = rest.cursor
    cursor = rest.cursor
    ids = [await control.emit(order, "in_transit") for _ in range(5)]
    seen: list[str] = []
    is_more = True
    while is_more:
        polled = await adapter.poll(cursor)
        seen += [report.id for report in polled.reports]
        cursor, is_more = polled.cursor, polled.is_more
    assert seen == [f"vnpost-{identity}" for identity in ids]
    await adapter.aclose()


async def test_a_record_that_comes_twice_gets_the_same_id_and_bytes(
    adapter: PostalAdapter, control: Control
) -> None:
    order, cursor = await ordered(adapter, control)
    await control.emit(order, "collected")
    first = await adapter.poll(cursor)
    await control.script("repeat_page", operation="order/tracking")
    assert (await adapter.poll(first.cursor)).reports == first.reports


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("http_500", {}),
        ("html_page", {}),
        ("bad_json", {}),
        ("no_body", {}),
        ("throttled", {}),
        ("timeout_after_effect", {}),
        ("lost_after_effect", {}),
        ("slow_drip", {}),
        ("expired_token", {"count": 2}),
    ],
)
async def test_a_poll_that_fails_keeps_its_place(
    adapter: PostalAdapter, control: Control, fault: str, options: dict[str, Any]
) -> None:
    order, cursor = await ordered(adapter, control)
    await control.emit(order, "collected")
    await control.script(fault, operation="order/tracking", **options)
    hasty = PostalAdapter(settings_for(control.base, total_timeout_s=1.0))
    with pytest.raises(CallError):
        await hasty.poll(cursor)
    await hasty.aclose()
    assert [event.status for event in reported(await adapter.poll(cursor))] == ["collected"]


async def test_each_customer_code_keeps_its_own_cursor_and_other_organisations_fall_back(
    control: Control,
) -> None:
    adapter = PostalAdapter(
        settings_for(control.base, accounts={OTHER_ORGANISATION: OTHER_ACCOUNT}, default_account=ACCOUNT)
    )
    cursor = (await adapter.poll(None)).cursor
    for number, organisation in ((1, ORGANISATION), (2, OTHER_ORGANISATION)):
        order = f"260303-{number}__D1"
        await adapter.deliver(order_message(order, f"260303-{number}", organisation=organisation))
        await control.emit(order, "delivered")
    polled = await adapter.poll(cursor)
    assert [report.subject for report in polled.reports] == ["260303-1", "260303-2"]
    places = json.loads(polled.cursor)
    assert sorted(places) == ["SANDBOX01", "SANDBOX02"]
    assert places["SANDBOX01"] != places["SANDBOX02"]
    customers = {entry["order"]: entry["customer"] for entry in control.journal() if entry["kind"] == "order"}
    assert (customers["260303-1__D1"], customers["260303-2__D1"]) == ("SANDBOX01", "SANDBOX02")
    await adapter.aclose()


async def test_one_account_that_cannot_be_read_does_not_hold_the_other(control: Control) -> None:
    broken = OTHER_ACCOUNT.model_copy(update={"customer_code": "A-BROKEN", "consumer_key": SecretStr("gone")})
    adapter = PostalAdapter(
        settings_for(control.base, accounts={OTHER_ORGANISATION: broken}, default_account=ACCOUNT)
    )
    order, cursor = await ordered(adapter, control)
    await control.emit(order, "collected")
    polled = await adapter.poll(cursor)
    assert [event.status for event in reported(polled)] == ["collected"]
    assert polled.is_partial
    await adapter.aclose()


@pytest.mark.parametrize(
    "odd",
    [
        {"code": 10**400},
        {"code": "x" * 65},
        {"code": 9, "event_time": 800_000_000},
        {"code": 9, "event_time": 10**400},
    ],
)
async def test_an_odd_record_stops_no_record_of_any_account(
    adapter: PostalAdapter, control: Control, odd: dict[str, Any]
) -> None:
    order, cursor = await ordered(adapter, control)
    await control.emit(order, "collected")
    (await control.http.post("/_events", json={"order": order, **odd})).raise_for_status()
    last = await control.emit(order, "delivered")
    polled = await adapter.poll(cursor)
    statuses = [event.status for event in reported(polled)]
    assert (statuses[0], statuses[-1]) == ("collected", "delivered")
    assert len(statuses) + polled.unreadable == 3
    assert json.loads(polled.cursor)["SANDBOX01"] == last


@pytest.mark.parametrize("ahead_s", [600, 7 * 3600, 4_000_000])
async def test_an_event_of_a_clock_that_is_ahead_is_reported_with_a_time_that_the_hub_takes(
    adapter: PostalAdapter, control: Control, ahead_s: int
) -> None:
    order, cursor = await ordered(adapter, control)
    await control.emit(order, "collected", (int(datetime.now(UTC).timestamp()) + ahead_s) * 1000)
    (event,) = reported(await adapter.poll(cursor))
    assert MORNING < event.at <= datetime.now(UTC) + timedelta(minutes=4)


async def test_orders_progress_by_themselves_along_a_scenario(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    events = [
        {"status": "collected", "after_s": 3600},
        {"status": "handed_over", "after_s": 7200, "minutes": True},
        {"status": "delivered", "after_s": 86_400},
    ]
    scenario.write_text(json.dumps({"lives": [{"directions": "C", "events": events}]}))
    async with postal_world(tmp_path, "--auto", str(scenario), "--tick-s", "0.02") as (adapter, control):
        order, cursor = await ordered(adapter, control)
        registered = _events(control)[0]["at_ms"]
        await control.http.post("/_clock", json={"offset_s": 10_000})

        async def later() -> datetime:
            return datetime.now(UTC) + timedelta(seconds=10_000)

        adapter.use_clock(later)
        await _until_events(control, 3)
        life = reported(await adapter.poll(cursor))
    assert [event.status for event in life] == ["collected", "handed_over"]
    assert life[1].at == datetime.fromtimestamp(registered / 1000 + 7200, UTC)
    assert life[1].minutes is not None
    assert life[1].minutes.endswith("/BBGN")
    async with postal_world(tmp_path, "--auto", str(scenario), "--tick-s", "0.02") as (adapter, control):
        await control.http.post("/_clock", json={"offset_s": 100_000})
        await _until_events(control, 4)
        assert [entry["document"]["StatusCode"] for entry in _events(control)] == [1, 2, 3, 4]
        assert {entry["order"] for entry in _events(control)} == {order}


def _events(control: Control) -> list[dict[str, Any]]:
    return [entry for entry in control.journal() if "document" in entry]


async def _until_events(control: Control, count: int) -> None:
    async with within(20):
        while len(_events(control)) < count:
            await control.http.get("/_health")


def _real_table() -> Path:
    return Path(__file__).parents[2] / "adapters" / "postal" / "status_codes.toml"
