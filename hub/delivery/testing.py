"""What every adapter must keep to, against a counterpart in a process of its own: one suite for all.

Needs pytest with pytest-asyncio; only tests import it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.delivery.adapter import Adapter, OutMessage, Report
from hub.delivery.outcome import Delivered, NotFound, Outcome, Rejected, RetryAt, Unknown
from hub.delivery.wire import report_headers
from schemas.base import Role
from schemas.receipt import RECEIPT_ACCEPTED, RECEIPT_REFUSED
from schemas.registry import REQUESTS
from schemas.types import IDENTITY_SHAPE

AT = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class ContractWorld:
    """An adapter with its counterpart: messages to send, faults to script, effects as the journal has them.

    `is_read_only`: the counterpart changes nothing, so repeating is harmless. `after_effect` are faults that
    lose the answer of a call that took effect, `garbage` those that answer what no contract says. `role` is
    that of the declaration; `tells_refusals` is False where that role has no request for a delivery that
    came to nothing: operators see it then, and the dossier stays where it is.
    """

    adapter: Adapter
    role: Role
    is_read_only: bool
    message_ok: Callable[[], OutMessage]
    message_rejected: Callable[[], OutMessage]
    effects: Callable[[OutMessage], int]
    script: Callable[[str, OutMessage], Awaitable[None]]
    clear: Callable[[], Awaitable[None]]
    kill_counterpart: Callable[[], Awaitable[None]]
    after_effect: tuple[str, ...]
    garbage: tuple[str, ...]
    tells_refusals: bool = True

    def assert_effects(self, message: OutMessage, at_most: int = 1) -> None:
        """No more effects than allowed, unless repeating is harmless."""
        if not self.is_read_only:
            assert self.effects(message) <= at_most

    def reports_of_refusals(
        self, good: OutMessage, bad: OutMessage, rejected: Outcome
    ) -> list[Report | None]:
        """What is told of a rejected delivery and of those that were given up."""
        told = [
            self.adapter.report(bad, rejected, AT),
            self.adapter.give_up(good, "attempts", AT),
            self.adapter.give_up(good, "any words of the counterpart", AT),
        ]
        if self.tells_refusals:
            return told
        assert told == [None, None, None]
        return []


OpenWorld = Callable[[Path], AbstractAsyncContextManager[ContractWorld]]


class AdapterContract:
    """Inherit it in a module with the fixtures `world` (a shared one, faults cleared) and `open_world`."""

    async def test_it_handles_its_facts_and_leaves_receipts_to_the_runtime(
        self, world: ContractWorld
    ) -> None:
        assert world.adapter.handles(world.message_ok().type)
        assert not world.adapter.handles(RECEIPT_ACCEPTED)
        assert not world.adapter.handles(RECEIPT_REFUSED)

    async def test_a_good_message_is_delivered_with_one_effect(self, world: ContractWorld) -> None:
        message = world.message_ok()
        assert isinstance(await world.adapter.deliver(message), Delivered)
        assert world.effects(message) == 1

    async def test_delivering_twice_has_one_effect_and_is_no_error(self, world: ContractWorld) -> None:
        message = world.message_ok()
        assert isinstance(await world.adapter.deliver(message), Delivered)
        assert isinstance(await world.adapter.deliver(message), Delivered)
        world.assert_effects(message)

    async def test_a_lost_answer_is_never_called_a_request_without_effect(self, world: ContractWorld) -> None:
        for fault in world.after_effect:
            message = world.message_ok()
            await world.script(fault, message)
            outcome = await world.adapter.deliver(message)
            assert world.effects(message) == 1, fault
            assert isinstance(outcome, RetryAt if world.is_read_only else Unknown), fault

    async def test_a_question_finds_the_effect_whose_answer_was_lost(self, world: ContractWorld) -> None:
        for fault in world.after_effect:
            message = world.message_ok()
            await world.script(fault, message)
            await world.adapter.deliver(message)
            await world.clear()
            answer = await world.adapter.query(message)
            assert isinstance(answer, NotFound if world.is_read_only else Delivered), fault
            world.assert_effects(message)

    async def test_a_question_about_something_never_sent_does_not_find_it(self, world: ContractWorld) -> None:
        assert isinstance(await world.adapter.query(world.message_ok()), NotFound)

    async def test_a_rejection_says_why_in_vietnamese_and_in_english(self, world: ContractWorld) -> None:
        outcome = await world.adapter.deliver(world.message_rejected())
        assert isinstance(outcome, Rejected)
        assert outcome.code
        assert outcome.reason_vi
        assert outcome.reason_en
        assert outcome.reason_vi != outcome.reason_en
        assert IDENTITY_SHAPE.search(outcome.reason_vi + outcome.reason_en) is None

    async def test_garbage_is_an_outcome_never_an_exception(self, world: ContractWorld) -> None:
        for fault in world.garbage:
            message = world.message_ok()
            await world.script(fault, message)
            outcome = await world.adapter.deliver(message)
            assert isinstance(outcome, RetryAt | Unknown), fault
            await world.clear()
            assert isinstance(await world.adapter.deliver(message), Delivered), fault
            world.assert_effects(message)

    @pytest.mark.parametrize(
        "data", [b"", b"{}", b"[]", b'{"order":5,"check":5}', b"\xff\x00", b"[" * 50_000]
    )
    async def test_a_broken_fact_is_rejected_without_a_call(self, world: ContractWorld, data: bytes) -> None:
        message = replace(world.message_ok(), data=data)
        outcome = await world.adapter.deliver(message)
        assert isinstance(outcome, Rejected)
        assert isinstance(await world.adapter.query(message), Rejected | NotFound)
        world.adapter.report(message, outcome, AT)
        world.adapter.give_up(message, "attempts", AT)

    async def test_reports_are_requests_of_the_contract_that_the_adapter_may_send(
        self, world: ContractWorld
    ) -> None:
        good, bad = world.message_ok(), world.message_rejected()
        delivered, rejected = await world.adapter.deliver(good), await world.adapter.deliver(bad)
        reports = [world.adapter.report(good, delivered, AT)]
        reports += world.reports_of_refusals(good, bad, rejected)
        for report in reports:
            assert report is not None
            assert report.subject in {good.subject, bad.subject}
            _assert_may_be_sent(world, report)

    async def test_the_same_effect_always_gets_the_same_report_id(self, world: ContractWorld) -> None:
        first, second = world.message_ok(), world.message_ok()
        outcome, other = await world.adapter.deliver(first), await world.adapter.deliver(second)
        report, again = (world.adapter.report(first, outcome, at) for at in (AT, LATER))
        different = world.adapter.report(second, other, AT)
        assert report is not None
        assert again is not None
        assert different is not None
        assert report.id == again.id != different.id
        gave_up, gave_up_again = (world.adapter.give_up(first, "time", at) for at in (AT, LATER))
        assert (gave_up is not None) == (gave_up_again is not None) == world.tells_refusals
        if gave_up is not None and gave_up_again is not None:
            assert gave_up.id == gave_up_again.id

    async def test_nothing_is_reported_before_the_end_is_known(self, world: ContractWorld) -> None:
        message = world.message_ok()
        assert world.adapter.report(message, Unknown("cut"), AT) is None
        assert world.adapter.report(message, RetryAt(1.0, "busy"), AT) is None

    async def test_polling_again_from_the_same_cursor_brings_the_same_reports(
        self, world: ContractWorld
    ) -> None:
        await world.adapter.deliver(world.message_ok())
        first = await world.adapter.poll(None)
        again = await world.adapter.poll(None)
        assert [report.id for report in first.reports] == [
            report.id for report in again.reports[: len(first.reports)]
        ]
        rest = await world.adapter.poll(first.cursor)
        assert not {report.id for report in rest.reports} & {report.id for report in first.reports}
        for report in first.reports:
            _assert_may_be_sent(world, report)

    async def test_a_counterpart_that_is_away_is_no_exception_and_no_rejection(
        self, open_world: OpenWorld, tmp_path: Path
    ) -> None:
        async with open_world(tmp_path) as world:
            message = world.message_ok()
            await world.kill_counterpart()
            assert isinstance(await world.adapter.deliver(message), RetryAt | Unknown)
            assert isinstance(await world.adapter.query(message), RetryAt | Unknown | NotFound)


def _assert_may_be_sent(world: ContractWorld, report: Report) -> None:
    model = REQUESTS[report.type]
    model.model_validate_json(report.data)
    assert world.role in model.roles
    assert 1 <= len(report.id) <= 64
    assert report.time.tzinfo is not None
    for text in report_headers(report, world.adapter.name, "test").values():
        assert text.isascii()
        assert IDENTITY_SHAPE.search(text) is None
