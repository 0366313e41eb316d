"""The postal adapter against its sandbox, a process of its own: each fault gets the right outcome."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.postal.adapter import PostalAdapter
from adapters.postal.client import http_of
from adapters.postal.token import tokens_of
from hub.delivery.outcome import Delivered, NotFound, Rejected, RetryAt, Unknown
from tests.contract.postal_world import (
    ACCOUNT,
    APPLICANT,
    ORGANISATION,
    Control,
    cancel_message,
    order_message,
    order_of,
    postal_world,
    settings_for,
)


@pytest.fixture(scope="module")
async def world(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[PostalAdapter, Control]]:
    async with postal_world(tmp_path_factory.mktemp("postal")) as both:
        yield both


@pytest.fixture
async def adapter(world: tuple[PostalAdapter, Control]) -> PostalAdapter:
    return world[0]


@pytest.fixture
async def control(world: tuple[PostalAdapter, Control]) -> Control:
    await world[1].clear()
    return world[1]


async def test_an_order_is_placed_once_and_its_body_reaches_the_operator(
    adapter: PostalAdapter, control: Control
) -> None:
    message = control.message_ok()
    assert await adapter.deliver(message) == Delivered({"order": order_of(message)})
    (effect,) = control.effects(message)
    assert effect["customer"] == "SANDBOX01"
    assert effect["body"]["SenderName"] == APPLICANT["name"]
    assert await adapter.query(message) == Delivered({"order": order_of(message)})


async def test_a_redelivered_order_has_no_second_effect(adapter: PostalAdapter, control: Control) -> None:
    message = control.message_ok()
    first = await adapter.deliver(message)
    assert await adapter.deliver(message) == first
    assert len(control.effects(message)) == 1
    assert [e["kind"] for e in control.journal() if e["order"] == order_of(message)] == ["order", "duplicate"]


@pytest.fixture
async def hasty(control: Control) -> AsyncIterator[PostalAdapter]:
    """An adapter that waits a second and has its token already."""
    adapter = PostalAdapter(settings_for(control.base, total_timeout_s=1.0))
    await adapter.poll(None)
    yield adapter
    await adapter.aclose()


@pytest.mark.parametrize("fault", ["timeout_after_effect", "lost_after_effect", "slow_drip"])
async def test_an_order_whose_answer_is_lost_is_unknown_and_found_by_asking(
    adapter: PostalAdapter, hasty: PostalAdapter, control: Control, fault: str
) -> None:
    message = control.message_ok()
    await control.script(fault)
    assert isinstance(await hasty.deliver(message), Unknown)
    assert await adapter.query(message) == Delivered({"order": order_of(message)})
    assert len(control.effects(message)) == 1


@pytest.mark.parametrize("fault", ["http_500", "no_body", "html_page", "bad_json"])
@pytest.mark.parametrize("has_effect", [False, True])
async def test_an_unreadable_answer_is_unknown_whether_or_not_the_order_was_placed(
    adapter: PostalAdapter, control: Control, fault: str, *, has_effect: bool
) -> None:
    message = control.message_ok()
    await control.script(fault, effect=has_effect)
    assert isinstance(await adapter.deliver(message), Unknown)
    expected = Delivered({"order": order_of(message)}) if has_effect else NotFound()
    assert await adapter.query(message) == expected
    assert len(control.effects(message)) == int(has_effect)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_throttled_order_is_tried_later_as_the_operator_says(
    adapter: PostalAdapter, control: Control, status: int
) -> None:
    message = control.message_ok()
    await control.script("throttled", http_status=status)
    assert await adapter.deliver(message) == RetryAt(7.0, f"order/post: HTTP {status}")
    assert control.effects(message) == []


async def test_an_expired_token_is_renewed_and_the_order_goes_through(
    adapter: PostalAdapter, control: Control
) -> None:
    message = control.message_ok()
    await adapter.query(message)
    before = await control.token_requests()
    await control.script("expired_token")
    assert await adapter.deliver(message) == Delivered({"order": order_of(message)})
    assert await control.token_requests() == before + 1


async def test_a_second_refused_token_is_not_tried_a_third_time(
    adapter: PostalAdapter, control: Control
) -> None:
    message = control.message_ok()
    await control.script("expired_token", count=2)
    assert await adapter.deliver(message) == RetryAt(5.0, "order/post: HTTP 401")
    assert control.effects(message) == []


@pytest.mark.parametrize(
    ("fault", "options", "why"),
    [
        ("http_500", {}, "token: HTTP 500"),
        ("html_page", {}, "token: unreadable answer"),
        ("timeout_after_effect", {}, "token: TimeoutError"),
        ("throttled", {"http_status": 503}, "token: HTTP 503"),
    ],
)
async def test_without_a_token_the_order_waits(
    control: Control, fault: str, options: dict[str, int], why: str
) -> None:
    adapter = PostalAdapter(settings_for(control.base, total_timeout_s=1.0))
    message = control.message_ok()
    await control.script(fault, operation="token", **options)
    outcome = await adapter.deliver(message)
    await adapter.aclose()
    assert isinstance(outcome, RetryAt)
    assert outcome.why == why
    assert control.effects(message) == []


async def test_wrong_credentials_make_the_order_wait(control: Control) -> None:
    wrong = ACCOUNT.model_copy(update={"consumer_secret": SecretStr("old-secret")})
    adapter = PostalAdapter(settings_for(control.base, accounts={ORGANISATION: wrong}))
    message = control.message_ok()
    outcome = await adapter.deliver(message)
    await adapter.aclose()
    assert outcome == RetryAt(5.0, "token: HTTP 401")


async def test_an_unreachable_operator_makes_the_order_wait(control: Control) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    adapter = PostalAdapter(settings_for(f"http://127.0.0.1:{port}"))
    assert await adapter.deliver(control.message_ok()) == RetryAt(5.0, "token: ConnectError")
    assert await adapter.query(control.message_ok()) == Unknown("token: ConnectError")
    await adapter.aclose()


async def test_an_order_whose_connection_is_refused_had_no_effect(control: Control) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    adapter = PostalAdapter(settings_for(control.base, base_url=f"http://127.0.0.1:{port}"))
    assert await adapter.deliver(control.message_ok()) == RetryAt(5.0, "order/post: ConnectError")
    await adapter.aclose()


async def test_a_refused_order_is_rejected_in_both_languages_without_personal_data(
    adapter: PostalAdapter, control: Control
) -> None:
    message = control.message_rejected()
    assert await adapter.deliver(message) == Rejected(
        "postal.102",
        (
            "Doanh nghiệp bưu chính công ích từ chối yêu cầu. Đề nghị kiểm tra thông tin rồi "
            "gửi lại. Mã lỗi 102: Dữ liệu không hợp lệ: SenderTel"
        ),
        (
            "The postal operator rejected the request; check what was sent and send it again "
            "(status 102): Dữ liệu không hợp lệ: SenderTel"
        ),
    )
    assert control.effects(message) == []


async def test_the_operators_words_lose_names_and_numbers(adapter: PostalAdapter, control: Control) -> None:
    words = "Khách NGUYỄN THỊ THỬ NGHIỆM, ĐT 0900 000 001, ngoài vùng"
    await control.script("status_not_ok", status=7, message=words)
    outcome = await adapter.deliver(control.message_ok())
    assert isinstance(outcome, Rejected)
    assert outcome.code == "postal.7"
    assert outcome.reason_vi == (
        "Doanh nghiệp bưu chính công ích từ chối yêu cầu. Đề nghị kiểm tra thông tin rồi "
        "gửi lại. Mã lỗi 7: Khách …, ĐT …, ngoài vùng"
    )


async def test_an_order_that_was_placed_is_delivered_even_when_the_answer_says_no(
    adapter: PostalAdapter, control: Control
) -> None:
    message = control.message_ok()
    await control.script("status_not_ok", effect=True)
    assert await adapter.deliver(message) == Delivered({"order": order_of(message)})


async def test_a_duplicate_that_tracking_does_not_confirm_stays_unknown(
    adapter: PostalAdapter, control: Control
) -> None:
    message = control.message_ok()
    await control.script("duplicate_order")
    assert isinstance(await adapter.deliver(message), Unknown)
    assert await adapter.query(message) == NotFound()


async def test_when_tracking_cannot_be_read_a_refusal_and_a_query_stay_unknown(
    adapter: PostalAdapter, control: Control
) -> None:
    message = control.message_rejected()
    await control.script("no_body", count=2, operation="order/tracking")
    assert await adapter.deliver(message) == Unknown("order/tracking: HTTP 502")
    assert await adapter.query(message) == Unknown("order/tracking: HTTP 502")
    assert isinstance(await adapter.deliver(message), Rejected)


async def test_a_query_reads_every_page(control: Control) -> None:
    adapter = PostalAdapter(settings_for(control.base, page_size=2))
    first, last = control.message_ok(), control.message_ok()
    for message in (first, control.message_ok(), control.message_ok(), last):
        assert isinstance(await adapter.deliver(message), Delivered)
    assert await adapter.query(last) == Delivered({"order": order_of(last)})
    assert await adapter.query(control.message_ok()) == NotFound()
    await adapter.aclose()


async def test_a_cancelled_order_is_cancelled_once(adapter: PostalAdapter, control: Control) -> None:
    ordered = control.message_ok()
    cancel = cancel_message(ordered)
    await adapter.deliver(ordered)
    assert await adapter.query(cancel) == NotFound()
    assert await adapter.deliver(cancel) == Delivered({"order": order_of(ordered)})
    assert await adapter.query(cancel) == Delivered({"order": order_of(ordered)})
    assert await adapter.deliver(cancel) == Delivered({"order": order_of(ordered)})
    assert len(control.effects(cancel)) == 1


async def test_a_cancellation_whose_answer_is_lost_is_unknown_and_found_by_asking(
    adapter: PostalAdapter, control: Control
) -> None:
    ordered = control.message_ok()
    cancel = cancel_message(ordered)
    await adapter.deliver(ordered)
    await control.script("lost_after_effect", operation="order/cancel")
    assert isinstance(await adapter.deliver(cancel), Unknown)
    assert await adapter.query(cancel) == Delivered({"order": order_of(ordered)})


async def test_an_order_that_was_collected_can_no_longer_be_cancelled(
    adapter: PostalAdapter, control: Control
) -> None:
    ordered = control.message_ok()
    await adapter.deliver(ordered)
    await control.emit(order_of(ordered), "collected")
    outcome = await adapter.deliver(cancel_message(ordered))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "postal.106"
    assert control.effects(cancel_message(ordered)) == []


async def test_twenty_parallel_orders_with_an_expired_token_fetch_one_token(control: Control) -> None:
    adapter = PostalAdapter(settings_for(control.base))
    messages = [control.message_ok() for _ in range(20)]
    before = await control.token_requests()
    outcomes = await asyncio.gather(*(adapter.deliver(message) for message in messages))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert await control.token_requests() == before + 1
    await control.script("expired_token")
    again = [control.message_ok() for _ in range(20)]
    outcomes = await asyncio.gather(*(adapter.deliver(message) for message in again))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert await control.token_requests() == before + 2
    await adapter.aclose()


async def test_a_token_that_cannot_be_had_is_asked_for_once_by_twenty_parallel_orders(
    control: Control,
) -> None:
    adapter = PostalAdapter(settings_for(control.base))
    before = await control.token_requests()
    await control.script("http_500", operation="token")
    outcomes = await asyncio.gather(*(adapter.deliver(control.message_ok()) for _ in range(20)))
    assert outcomes == [RetryAt(5.0, "token: HTTP 500")] * 20
    assert await control.token_requests() == before + 1
    assert isinstance(await adapter.deliver(control.message_ok()), Delivered)
    await adapter.aclose()


async def test_a_token_is_kept_while_it_lives_and_renewed_before_it_runs_out(control: Control) -> None:
    now_s = 1000.0
    settings = settings_for(control.base)
    http = http_of(settings)
    tokens = tokens_of(http, settings.token_url, ACCOUNT, 5.0, clock=lambda: now_s)
    before = await control.token_requests()
    first = await tokens.current()
    now_s += 3569
    assert await tokens.current() is first
    now_s += 1
    assert await tokens.current() is not first
    assert await control.token_requests() == before + 2
    await http.aclose()


@pytest.mark.parametrize(
    ("order", "changes", "code"),
    [
        ("260302-0001", {}, "postal.bad_order"),
        ("260302-0001__C1", {"organisation": "000.99.99.H07"}, "postal.no_account"),
        ("260302-0001__C1", {"contents": []}, "postal.bad_fact"),
        ("260302-0001__C1", {"receiver": {**APPLICANT, "province": 98}}, "postal.unknown_province"),
    ],
)
async def test_an_order_that_cannot_be_sent_is_rejected_before_any_call(
    adapter: PostalAdapter, control: Control, order: str, changes: dict[str, object], code: str
) -> None:
    before = len(control.journal())
    outcome = await adapter.deliver(order_message(order, "260302-0001", **changes))
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert len(control.journal()) == before


async def test_a_field_added_to_the_fact_is_ignored(adapter: PostalAdapter, control: Control) -> None:
    assert isinstance(await adapter.deliver(control.message_ok(new_field=1)), Delivered)


async def test_the_sandbox_keeps_its_orders_over_a_kill(tmp_path: Path) -> None:
    async with postal_world(tmp_path) as (adapter, control):
        message = control.message_ok()
        await adapter.deliver(message)
        control.process.kill()
        await control.process.wait()
        with (tmp_path / "journal.jsonl").open("a") as journal:
            journal.write('{"kind": "order", "cut')
    async with postal_world(tmp_path) as (adapter, control):
        assert await adapter.query(message) == Delivered({"order": order_of(message)})
        assert await adapter.deliver(message) == Delivered({"order": order_of(message)})
        assert len(control.effects(message)) == 1
