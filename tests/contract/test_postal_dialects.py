"""Generation C, document/post and getprice: each fault, its outcome, and what the officer reads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.postal.adapter import PostalAdapter
from adapters.postal.settings import PostalAccount
from adapters.postal.waybills import WaybillPool
from hub.delivery.errors import CallError
from hub.delivery.outcome import Delivered, NotFound, Outcome, Rejected, RetryAt, Unknown
from tests.contract.postal_world import (
    ACCOUNT,
    FACT_TIME,
    GOLDEN,
    ORGANISATION,
    OTHER_ACCOUNT,
    OTHER_ORGANISATION,
    Control,
    cancel_message,
    lgsp_account,
    order_message,
    order_of,
    sandbox_process,
    settings_for,
)
from tests.contract.recorder import Recorder

BASE = "/apiVNPostNGSP/p1.0"
LGSP = "/lgsp/vnpost/orders"


def pool(folder: Path, *codes: str) -> Path:
    path = folder / "waybills.txt"
    path.write_text("\n".join(codes) + "\n", encoding="ascii")
    return path


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Control]:
    async with sandbox_process(tmp_path_factory.mktemp("dialects")) as started:
        yield started


@pytest.fixture
async def control(sandbox: Control) -> Control:
    await sandbox.clear()
    return sandbox


@asynccontextmanager
async def adapter_of(
    control: Control, *accounts: PostalAccount, **settings: Any
) -> AsyncIterator[PostalAdapter]:
    names = (ORGANISATION, OTHER_ORGANISATION)
    adapter = PostalAdapter(
        settings_for(control.base, accounts=dict(zip(names, accounts, strict=False)), **settings)
    )
    try:
        yield adapter
    finally:
        await adapter.aclose()


async def test_without_tracking_a_lost_answer_stays_unknown_for_an_operator(control: Control) -> None:
    """Nothing is sent again on a guess: this connection has no look-up."""
    message = control.message_ok()
    async with adapter_of(control, lgsp_account(control.base, can_track=False)) as adapter:
        await control.script("lost_after_effect")
        assert isinstance(await adapter.deliver(message), Unknown)
        assert isinstance(await adapter.query(message), Unknown)
        assert adapter.poll_interval_s is None
    assert len(control.effects(message)) == 1


async def test_without_tracking_a_refusal_is_final_and_frees_its_waybill(
    control: Control, tmp_path: Path
) -> None:
    path = pool(tmp_path, "EH000000031VN")
    account = lgsp_account(control.base, can_track=False, waybills_file=path)
    async with adapter_of(control, account) as adapter:
        outcome = await adapter.deliver(control.message_rejected())
        assert isinstance(outcome, Rejected)
        assert "Mã lỗi 102: " in outcome.reason_vi
        good = control.message_ok()
        assert isinstance(await adapter.deliver(good), Delivered)
    assert control.effects(good)[0]["body"]["ItemCode"] == "EH000000031VN"


async def test_an_order_keeps_its_waybill_through_a_lost_answer(control: Control, tmp_path: Path) -> None:
    path = pool(tmp_path, "EH000000041VN", "EH000000042VN")
    async with adapter_of(control, lgsp_account(control.base, waybills_file=path)) as adapter:
        message = control.message_ok()
        await control.script("lost_after_effect", effect=False)
        assert isinstance(await adapter.deliver(message), Unknown)
        assert await adapter.query(message) == NotFound()
        assert isinstance(await adapter.deliver(message), Delivered)
        await adapter.deliver(control.message_ok())
    taken = [json.loads(line) for line in (tmp_path / "waybills.txt.taken").read_bytes().split(b"\n") if line]
    assert [entry["waybill"] for entry in taken] == ["EH000000041VN", "EH000000042VN"]
    assert control.effects(message)[0]["body"]["ItemCode"] == "EH000000041VN"


async def test_an_empty_pool_makes_the_order_wait_and_then_says_so(control: Control, tmp_path: Path) -> None:
    async with adapter_of(control, lgsp_account(control.base, waybills_file=pool(tmp_path, ""))) as adapter:
        message = control.message_ok()
        outcome = await adapter.deliver(message)
        assert outcome == RetryAt(600.0, "no waybill is left", is_alone=True)
        assert _given_up(adapter, message, outcome)["outcome"] == "rejected"
    assert control.effects(message) == []


async def test_a_cancellation_over_generation_c_is_refused_before_any_call(control: Control) -> None:
    async with adapter_of(control, lgsp_account(control.base)) as adapter:
        outcome = await adapter.deliver(cancel_message(control.message_ok()))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "postal.no_remote_cancel"
    assert outcome.reason_vi == (
        "Không hủy được đơn gửi bưu chính qua hệ thống. Đề nghị liên hệ trực tiếp bưu cục để hủy."
    )


async def test_two_organisations_are_served_in_two_dialects_by_one_adapter(control: Control) -> None:
    other = OTHER_ACCOUNT.model_copy(update={"dialect": "C", "orders_url": control.base + LGSP})
    async with adapter_of(control, ACCOUNT, other) as adapter:
        first, second = control.message_ok(), control.message_ok(organisation=OTHER_ORGANISATION)
        assert isinstance(await adapter.deliver(first), Delivered)
        assert isinstance(await adapter.deliver(second), Delivered)
        polled = await adapter.poll(None)
    assert {entry["customer"] for m in (first, second) for entry in control.effects(m)} == {
        "SANDBOX01", "SANDBOX02",
    }  # fmt: skip
    assert set(json.loads(polled.cursor)) == {"SANDBOX01", "SANDBOX02"}


@pytest.mark.parametrize("addressing", ["query", "header"])
async def test_an_lgsp_that_names_the_operations_is_served_like_the_operator_itself(
    control: Control, addressing: str
) -> None:
    account = ACCOUNT.model_copy(
        update={"addressing": addressing, "announces_documents": True, "asks_price": True}
    )
    async with adapter_of(control, account) as adapter:
        cursor = (await adapter.poll(None)).cursor
        message = control.message_ok()
        assert await adapter.deliver(message) == Delivered({"order": order_of(message), "price": 21_000})
        assert await adapter.query(message) == Delivered({"order": order_of(message)})
        assert isinstance(await adapter.deliver(cancel_message(message)), Delivered)
        polled = await adapter.poll(cursor)
    assert [json.loads(report.data)["status"] for report in polled.reports] == ["cancelled"]
    assert [entry["kind"] for entry in control.journal() if entry.get("order") == order_of(message)] == [
        "document", "order", "cancel",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("addressing", "head", "header"),
    [
        ("query", "GET /apiVNPostNGSP/p1.0?service=ordercancel&CustomerCode=SANDBOX01&OrderNumber=", None),
        (
            "header",
            "GET /apiVNPostNGSP/p1.0?CustomerCode=SANDBOX01&OrderNumber=",
            "service-code: ordercancel",
        ),
    ],
)
async def test_an_operation_is_named_as_the_lgsp_wants_it(
    addressing: str, head: str, header: str | None
) -> None:
    recorder = Recorder([(GOLDEN / "token.json").read_bytes(), (GOLDEN / "answer_ok.json").read_bytes()])
    async with await asyncio.start_server(recorder.handle, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        account = ACCOUNT.model_copy(update={"addressing": addressing})
        adapter = PostalAdapter(settings_for(base, accounts={ORGANISATION: account}))
        await adapter.deliver(cancel_message(order_message("D-1__C1", "D-1")))
        await adapter.aclose()
    assert recorder.heads[1][0] == f"{head}D-1__C1 HTTP/1.1"
    assert header is None or header in recorder.heads[1]


UNKNOWN_VI = (
    "Chưa xác định được doanh nghiệp bưu chính công ích đã nhận yêu cầu hay chưa. Đề "
    "nghị liên hệ trực tiếp với doanh nghiệp để kiểm tra trước khi gửi lại."
)
NEVER_VI = (
    "Doanh nghiệp bưu chính công ích chưa nhận yêu cầu do không kết nối được. Đề nghị"
    " gửi yêu cầu mới hoặc liên hệ trực tiếp với doanh nghiệp."
)


@pytest.mark.parametrize("dialect", ["B", "C"])
@pytest.mark.parametrize(
    ("fault", "options", "outcome", "effects", "answer"),
    [
        ("timeout_after_effect", {}, Unknown, 1, UNKNOWN_VI),
        ("lost_after_effect", {}, Unknown, 1, UNKNOWN_VI),
        ("slow_drip", {}, Unknown, 1, UNKNOWN_VI),
        ("http_500", {}, Unknown, 0, UNKNOWN_VI),
        ("no_body", {}, Unknown, 0, UNKNOWN_VI),
        ("html_page", {}, Unknown, 0, UNKNOWN_VI),
        ("bad_json", {}, Unknown, 0, UNKNOWN_VI),
        ("throttled", {}, RetryAt, 0, NEVER_VI),
        ("expired_token", {"count": 2}, RetryAt, 0, NEVER_VI),
        (
            "status_not_ok",
            {"message": "Sai địa chỉ"},
            Rejected,
            0,
            (
                "Doanh nghiệp bưu chính công ích từ chối yêu cầu. Đề nghị kiểm tra thông tin rồi "
                "gửi lại. Mã lỗi 199: Sai địa chỉ"
            ),
        ),
    ],
)
async def test_each_fault_ends_in_its_outcome_and_in_words_for_the_officer(
    control: Control, dialect: str, fault: str, options: dict[str, Any], outcome: type[Outcome], effects: int,
    answer: str,
) -> None:  # fmt: skip
    account = ACCOUNT if dialect == "B" else lgsp_account(control.base)
    async with adapter_of(control, account, total_timeout_s=1.0) as adapter:
        await adapter.poll(None)
        message = control.message_ok()
        await control.script(fault, **options)
        result = await adapter.deliver(message)
        assert isinstance(result, outcome)
        assert len(control.effects(message)) == effects
        report = (
            json.loads(adapter.report(message, result, FACT_TIME).data)  # type: ignore[union-attr]  # final
            if isinstance(result, Rejected)
            else _given_up(adapter, message, result)
        )
    assert report["reason_vi"] == answer
    assert report["outcome"] == ("unknown" if outcome is Unknown else "rejected")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("throttled", RetryAt),
        ("expired_token", RetryAt),
        ("http_500", Unknown),
        ("lost_after_effect", Unknown),
    ],
)
async def test_an_order_is_not_placed_before_its_announcement_is_answered(
    control: Control, fault: str, outcome: type[Outcome]
) -> None:
    account = ACCOUNT.model_copy(update={"announces_documents": True})
    async with adapter_of(control, account) as adapter:
        message = control.message_ok()
        await control.script(fault, operation="document/post", count=2)
        assert isinstance(await adapter.deliver(message), outcome)
        assert control.effects(message) == []
        await control.clear()
        assert isinstance(await adapter.deliver(message), Delivered)
    assert len(control.effects(message)) == 1


async def test_a_refused_announcement_is_told_to_the_officer_and_nothing_is_ordered(control: Control) -> None:
    async with adapter_of(control, ACCOUNT.model_copy(update={"announces_documents": True})) as adapter:
        message = control.message_ok()
        await control.script("status_not_ok", operation="document/post", message="Thiếu mã thủ tục")
        outcome = await adapter.deliver(message)
    assert isinstance(outcome, Rejected)
    assert outcome.reason_vi == (
        "Doanh nghiệp bưu chính công ích không nhận thông tin hồ sơ nên chưa lập đơn gửi."
        " Đề nghị kiểm tra thông tin rồi gửi lại. Mã lỗi 199: Thiếu mã thủ tục"
    )
    assert control.effects(message) == []


@pytest.mark.parametrize("fault", ["http_500", "html_page", "bad_json", "throttled", "lost_after_effect"])
async def test_an_order_stands_although_its_price_could_not_be_asked(control: Control, fault: str) -> None:
    async with adapter_of(control, ACCOUNT.model_copy(update={"asks_price": True})) as adapter:
        message = control.message_ok()
        await control.script(fault, operation="getprice")
        assert await adapter.deliver(message) == Delivered({"order": order_of(message)})


async def test_a_poll_that_can_read_no_account_fails_so_that_it_is_counted_and_backs_off(
    control: Control,
) -> None:
    other = {"consumer_secret": ACCOUNT.consumer_secret}
    async with adapter_of(control, ACCOUNT, OTHER_ACCOUNT) as adapter:
        await control.script("http_500", operation="order/tracking", count=2)
        with pytest.raises(CallError, match="order/tracking: HTTP 500"):
            await adapter.poll(None)
        await control.script("http_500", operation="order/tracking")
        assert set(json.loads((await adapter.poll(None)).cursor)) == {"SANDBOX02"}
    async with adapter_of(control, OTHER_ACCOUNT.model_copy(update=other)) as adapter:
        with pytest.raises(CallError, match="token: HTTP 401"):
            await adapter.poll(None)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"dialect": "C"}, "orders_url"),
        ({"dialect": "C", "waybills_file": __file__, "orders_url": "http://x"}, "waybill_orders_url"),
        ({"dialect": "C", "orders_url": "http://x", "asks_price": True}, "dialect B"),
        ({"can_track": False}, "order/tracking"),
        ({"flag_config": {"collect": 3}}, "flag_config"),
    ],
)
def test_an_account_that_cannot_work_is_refused_at_the_start(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        PostalAccount(customer_code="X", consumer_key="k", consumer_secret="s", **values)


def test_the_pool_gives_each_order_one_waybill_for_ever_and_survives_a_torn_line(tmp_path: Path) -> None:
    path = pool(tmp_path, "EH1", "EH2")
    first = WaybillPool(path)
    assert first.take("A") == "EH1"
    with (tmp_path / "waybills.txt.taken").open("ab") as record:
        record.write(b'{"order": "B", "way')
    again = WaybillPool(path)
    assert (again.take("A"), again.take("B"), again.take("C")) == ("EH1", "EH2", None)
    again.give_back("A")
    again.give_back("never taken")
    assert again.take("C") == "EH1"


def test_a_waybill_is_on_disk_before_it_is_given_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = tmp_path / "waybills.txt.taken"
    synced: list[bytes] = []
    monkeypatch.setattr("os.fsync", lambda _descriptor: synced.append(taken.read_bytes()))
    assert WaybillPool(pool(tmp_path, "EH1")).take("A") == "EH1"
    assert [json.loads(content) for content in synced] == [{"order": "A", "waybill": "EH1"}]


def _given_up(adapter: PostalAdapter, message: Any, result: Any) -> dict[str, Any]:
    """The business answer when the runtime gives up, with the last reason that there was."""
    why = result.why if isinstance(result, RetryAt) else "attempts"
    report = adapter.give_up(message, why, FACT_TIME)
    assert report is not None
    answer: dict[str, Any] = json.loads(report.data)
    return answer
