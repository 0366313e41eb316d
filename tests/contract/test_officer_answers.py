"""Every scripted fault of the sandboxes: its outcome, its effects, and what the officer reads in the end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any, get_args

import pytest

from adapters.national_portal import sandbox_faults as portal_faults
from adapters.national_portal.adapter import PortalAdapter
from adapters.population_db.adapter import PopulationAdapter
from adapters.population_db.sandbox_state import FAULTS as POPULATION_FAULTS
from adapters.postal import sandbox_faults as postal_faults
from adapters.postal.adapter import PostalAdapter
from hub.delivery.adapter import Adapter, OutMessage
from hub.delivery.outcome import Delivered, Outcome, QueryOutcome, Rejected, RetryAt, Unknown
from hub.delivery.reporting import last_words, report_dead_letter, report_outcome
from tests.contract import population_world, portal_world, postal_world

AT = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """A fault of one operation; `answer` is the officer's text, None when there is nothing to say.

    `effects` stand at the counterpart after the call; `options` go with the script.
    """

    operation: str
    fault: str
    outcome: type[Outcome]
    effects: int
    answer: str | None
    options: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.operation.replace('/', '_')}-{self.fault}"


def each(
    operations: Iterable[str],
    faults: Iterable[str],
    outcome: type[Outcome],
    effects: int,
    answer: str | None,
    options: tuple[tuple[str, Any], ...] = (),
) -> list[Case]:
    """The same end for each of these faults of each of these operations."""
    return [
        Case(operation, fault, outcome, effects, answer, options)
        for operation, fault in product(operations, faults)
    ]


def answer_of(adapter: Adapter, message: OutMessage, outcome: QueryOutcome) -> dict[str, Any]:
    """What the hub is told in the end: of an outcome; of a dead letter; of a doubt that an operator ended."""
    match outcome:
        case Delivered() | Rejected():
            made = report_outcome(adapter, message, outcome, AT)
        case RetryAt():
            made = report_dead_letter(adapter, message, last_words(outcome, "attempts"), AT)
        case _:
            decided = RetryAt(0.0, "given_up_by_operator")
            made = report_dead_letter(adapter, message, last_words(decided, "operator"), AT)
    assert made.report is not None
    found: dict[str, Any] = json.loads(made.report.data)
    return found


TIMEOUT = (
    "Cơ sở dữ liệu quốc gia về dân cư không trả lời trong thời gian quy định. Đề nghị"
    " xác thực lại sau hoặc đối chiếu giấy tờ trực tiếp."
)
ERROR = (
    "Cơ sở dữ liệu quốc gia về dân cư đang báo lỗi. Đề nghị xác thực lại sau hoặc đối"
    " chiếu giấy tờ trực tiếp."
)
FAULT = (
    "Cơ sở dữ liệu quốc gia về dân cư báo lỗi xử lý. Đề nghị xác thực lại sau hoặc "
    "đối chiếu giấy tờ trực tiếp."
)
UNREADABLE = (
    "Không đọc được kết quả trả về của Cơ sở dữ liệu quốc gia về dân cư. Đây không "
    "phải là kết quả không khớp. Đề nghị xác thực lại sau."
)
ACCOUNT = (
    "Tài khoản kết nối Cơ sở dữ liệu quốc gia về dân cư không đúng hoặc đã hết hạn. "
    "Đề nghị báo đơn vị vận hành hệ thống cập nhật; trong khi chờ, đối chiếu giấy tờ "
    "trực tiếp."
)
CLOCK = (
    "Giờ của hệ thống lệch với giờ của Cơ sở dữ liệu quốc gia về dân cư. Đề nghị báo "
    "đơn vị vận hành hệ thống chỉnh giờ; trong khi chờ, đối chiếu giấy tờ trực tiếp."
)
POPULATION = [
    Case("ask", "timeout_after_effect", RetryAt, 1, TIMEOUT),
    Case("ask", "slow_drip", RetryAt, 1, TIMEOUT),
    Case("ask", "http_500", RetryAt, 0, ERROR),
    Case("ask", "soap_fault", RetryAt, 0, FAULT),
    Case("ask", "html_page", RetryAt, 0, UNREADABLE),
    Case("ask", "expired_credentials", RetryAt, 0, ACCOUNT),
    Case("ask", "wrong_clock", RetryAt, 0, CLOCK),
]


@pytest.fixture(scope="module")
async def population(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[PopulationAdapter, population_world.Control]]:
    async with population_world.population_world(tmp_path_factory.mktemp("population")) as both:
        yield both


@pytest.mark.parametrize("case", POPULATION, ids=str)
async def test_what_could_not_be_asked_is_told_with_its_cause_and_never_as_a_mismatch(
    population: tuple[PopulationAdapter, population_world.Control], case: Case
) -> None:
    adapter, control = population
    message = control.message_mismatch()
    check = json.loads(message.data)["check"]
    await control.script(case.fault, match=check)
    outcome = await adapter.deliver(message)
    assert isinstance(outcome, case.outcome)
    assert len(control.effects(check)) == case.effects
    told = answer_of(adapter, message, outcome)
    assert (told["outcome"], told["reason_vi"]) == ("unavailable", case.answer)
    await control.clear()
    assert answer_of(adapter, message, await adapter.deliver(message))["outcome"] == "mismatched"


UNSURE = (
    "Chưa xác định được doanh nghiệp bưu chính công ích đã nhận yêu cầu hay chưa. Đề "
    "nghị liên hệ trực tiếp với doanh nghiệp để kiểm tra trước khi gửi lại."
)
NEVER_LEFT = (
    "Doanh nghiệp bưu chính công ích chưa nhận yêu cầu do không kết nối được. Đề nghị"
    " gửi yêu cầu mới hoặc liên hệ trực tiếp với doanh nghiệp."
)
_LOST = ("timeout_after_effect", "lost_after_effect", "slow_drip")
_NO_ANSWER = ("http_500", "no_body", "html_page", "bad_json")
_ORDERS = ("order/post", "order/cancel")
_TWICE = (("count", 2),)
POSTAL = [
    *each(_ORDERS, _LOST, Unknown, 1, UNSURE),
    *each(_ORDERS, _NO_ANSWER, Unknown, 0, UNSURE),
    *each(_ORDERS, ["throttled"], RetryAt, 0, NEVER_LEFT),
    *each(_ORDERS, ["expired_token"], RetryAt, 0, NEVER_LEFT, _TWICE),
    *each(_ORDERS, ["status_not_ok"], Rejected, 0, (
"Doanh nghiệp bưu chính công ích từ chối yêu cầu. Đề nghị kiểm tra thông tin rồi "
"gửi lại. Mã lỗi 199: Lỗi"
)),
    # Said to be a duplicate, but the feed does not hold it.
    Case("order/post", "duplicate_order", Unknown, 0, UNSURE),
    *each(["token"], [*_LOST, *_NO_ANSWER, "throttled"], RetryAt, 0, NEVER_LEFT),
    # The announcement before an order: nothing is ordered before its answer.
    *each(["document/post"], [*_LOST, *_NO_ANSWER], Unknown, 0, UNSURE),
    Case("document/post", "throttled", RetryAt, 0, NEVER_LEFT),
    Case("document/post", "expired_token", RetryAt, 0, NEVER_LEFT, _TWICE),
    Case(
        "document/post", "status_not_ok", Rejected, 0,
        (
"Doanh nghiệp bưu chính công ích không nhận thông tin hồ sơ nên chưa lập đơn gửi."
" Đề nghị kiểm tra thông tin rồi gửi lại. Mã lỗi 199: Lỗi"
),
    ),
    # A price that cannot be had never holds up an order.
    *each(["getprice"], [*_LOST, *_NO_ANSWER, "throttled"], Delivered, 1, None),
    # A feed that gives its last record again.
    Case("order/tracking", "repeat_page", Delivered, 1, None),
]  # fmt: skip


@pytest.fixture(scope="module")
async def postal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[postal_world.Control]:
    async with postal_world.sandbox_process(tmp_path_factory.mktemp("postal")) as control:
        yield control


@pytest.mark.parametrize("case", POSTAL, ids=str)
async def test_what_the_post_did_not_answer_is_told_as_what_is_known_of_it(
    postal: postal_world.Control, case: Case
) -> None:
    await postal.clear()
    account = postal_world.ACCOUNT.model_copy(
        update={
            "announces_documents": case.operation == "document/post",
            "asks_price": case.operation == "getprice",
        }
    )
    settings = postal_world.settings_for(
        postal.base, accounts={postal_world.ORGANISATION: account}, total_timeout_s=1.0
    )
    adapter = PostalAdapter(settings)
    message = postal.message_ok()
    if case.operation != "token":
        await adapter.poll(None)
    if case.operation == "order/cancel":
        assert isinstance(await adapter.deliver(message), Delivered)
        message = postal_world.cancel_message(message)
    await postal.script(case.fault, operation=case.operation, **dict(case.options))
    outcome = await adapter.deliver(message)
    assert isinstance(outcome, case.outcome)
    assert len(postal.effects(message)) == case.effects
    told = answer_of(adapter, message, outcome)
    assert told.get("reason_vi") == case.answer
    if case.outcome is not Delivered:
        assert told["outcome"] == ("unknown" if case.outcome is Unknown else "rejected")
    await adapter.aclose()


GAVE_UP = (
    "Chưa đồng bộ được hồ sơ lên Cổng Dịch vụ công quốc gia sau nhiều lần thử; hồ sơ "
    "vẫn được giải quyết bình thường. Đề nghị báo đơn vị vận hành hệ thống đồng bộ "
    "lại."
)
LINE_UNSURE = (
    "Chưa xác định được Cổng Dịch vụ công quốc gia đã ghi nhận thông tin tiến độ này "
    "hay chưa; trạng thái hồ sơ trên Cổng đã được cập nhật. Hệ thống không gửi lại để"
    " tránh ghi trùng; không cần xử lý."
)
_SYNC, _LINE = "DongBoHoSoMC", "CapNhatTienDoHoSoMC"
_GARBAGE = ("not_json", "html_page", "no_error_code", "http_500")
_TIMES = (("times", 2),)
PORTAL = [
    *each([_SYNC], _LOST, Unknown, 1, GAVE_UP),
    *each([_SYNC], _GARBAGE, Unknown, 0, GAVE_UP),
    *each([_SYNC], ["exists", "forget_dossier", "missing_result"], Delivered, 1, None),
    Case(
        _SYNC, "error", Rejected, 0,
        (
"Cổng Dịch vụ công quốc gia từ chối đồng bộ hồ sơ. Đề nghị kiểm tra, sửa dữ liệu "
"rồi đồng bộ lại. Mã lỗi -1: Lỗi hệ thống"
),
    ),
    # The line is there or not, nobody can ask, and it is not sent twice.
    *each([_LINE], _LOST, Unknown, 1, LINE_UNSURE),
    *each([_LINE], _GARBAGE, Unknown, 0, LINE_UNSURE),
    Case(_LINE, "forget_dossier", RetryAt, 0, GAVE_UP),
    Case(
        _LINE, "error", Rejected, 0,
        (
"Cổng Dịch vụ công quốc gia đã có hồ sơ nhưng từ chối cập nhật tiến độ. Đề nghị "
"báo đơn vị vận hành hệ thống. Mã lỗi -1: Lỗi hệ thống"
),
    ),
    *each([_SYNC, _LINE], ["throttled"], RetryAt, 0, GAVE_UP),
    *each([_SYNC, _LINE], ["expired_session"], RetryAt, 0, GAVE_UP, _TIMES),
    *each(["login"], [*_LOST, "http_500", "throttled", "error"], RetryAt, 0, GAVE_UP),
    *each(["LayThuTuc"], [*_LOST, "missing_result", "html_page"], RetryAt, 0, GAVE_UP),
]  # fmt: skip


@pytest.fixture(scope="module")
async def portal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[portal_world.Control]:
    async with portal_world.sandbox_process(tmp_path_factory.mktemp("portal")) as control:
        yield control


@pytest.mark.parametrize("case", PORTAL, ids=str)
async def test_what_the_portal_did_not_take_is_told_and_the_dossier_goes_on(
    portal: portal_world.Control, case: Case
) -> None:
    await portal.clear()
    adapter = PortalAdapter(portal_world.settings_for(portal.base, total_timeout_s=1.0))
    adapter.use(portal.kept)
    story = portal.story()
    story.submitted()
    message = story.accepted()
    about = {"dossier": story.code} if case.operation in {_SYNC, _LINE} else {}
    await portal.script(case.fault, case.operation, **about, **dict(case.options))
    outcome: QueryOutcome = await adapter.deliver(message)
    assert isinstance(outcome, case.outcome)
    happened = portal.entries(story.code)
    assert happened.count("line 2") == (
        case.effects if case.operation == _LINE else case.outcome is Delivered
    )
    if case.operation == _SYNC and "elsewhere" not in happened:
        assert happened.count("insert") == case.effects
    if case.operation == _LINE and isinstance(outcome, Unknown):
        outcome = await adapter.query(message)
    told = answer_of(adapter, message, outcome)
    assert told.get("reason_vi") == case.answer
    if case.outcome is not Delivered:
        assert told["outcome"] == ("rejected" if case.outcome is Rejected else "unknown")
    await adapter.aclose()


@pytest.mark.parametrize(
    ("cases", "scripted"),
    [
        pytest.param(POPULATION, POPULATION_FAULTS, id="population"),
        pytest.param(POSTAL, frozenset(get_args(postal_faults.Kind)), id="postal"),
        pytest.param(PORTAL, frozenset(get_args(portal_faults.Kind)), id="portal"),
    ],
)
def test_no_fault_that_a_sandbox_can_play_is_left_out(cases: list[Case], scripted: frozenset[str]) -> None:
    assert {case.fault for case in cases} == scripted
