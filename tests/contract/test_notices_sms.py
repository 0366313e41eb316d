"""Short messages of notices: the contract of all adapters against the provider's sandbox, and quiet hours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from pathlib import Path

import httpx
import pytest

from adapters.notices.adapter import NoticesAdapter, quiet_s
from adapters.notices.sandbox import AFTER_EFFECT, INSTEAD
from adapters.sandbox_kit.process import journal_of, sandbox_process
from hub.delivery.adapter import OutMessage
from hub.delivery.outcome import Delivered, Rejected, RetryAt
from hub.delivery.testing import AdapterContract, ContractWorld, OpenWorld
from schemas.notice import ReportNotice
from tests.contract.notices_world import FACT_TIME, settings, sms


@asynccontextmanager
async def _open_world(folder: Path) -> AsyncIterator[ContractWorld]:
    async with (
        sandbox_process("adapters.notices.sandbox", folder) as (base, process),
        httpx.AsyncClient(base_url=base, trust_env=False) as http,
    ):
        urls = {"sms_url": f"{base}/messages", "sms_query_url": f"{base}/messages/{{id}}"}
        adapter = NoticesAdapter(settings(**urls))

        async def script(fault: str, message: OutMessage) -> None:
            body = {"operation": "send", "kind": fault, "id": message.id}
            (await http.post("/_faults", json=body)).raise_for_status()

        async def clear() -> None:
            (await http.delete("/_faults")).raise_for_status()

        async def kill() -> None:
            process.kill()
            await process.wait()

        yield ContractWorld(
            adapter,
            role="notifier",
            is_read_only=False,
            message_ok=sms,
            message_rejected=lambda: sms(phone="02750000001"),
            effects=lambda sent: sum(entry["id"] == sent.id for entry in journal_of(folder)),
            script=script,
            clear=clear,
            kill_counterpart=kill,
            after_effect=tuple(sorted(AFTER_EFFECT)),
            garbage=tuple(sorted(INSTEAD)),
        )
        await adapter.aclose()


@pytest.fixture(name="open_world", scope="module")
def how_it_is_opened() -> OpenWorld:
    return _open_world


@pytest.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sms")


@pytest.fixture(scope="module")
async def shared_world(folder: Path) -> AsyncIterator[ContractWorld]:
    async with _open_world(folder) as world:
        yield world


@pytest.fixture
async def world(shared_world: ContractWorld) -> ContractWorld:
    await shared_world.clear()
    return shared_world


class TestMessages(AdapterContract):
    """The suite."""


async def test_a_message_has_the_brand_name_its_encoding_and_none_of_the_reasons(
    world: ContractWorld, folder: Path
) -> None:
    sent = sms()
    outcome = await world.adapter.deliver(sent)
    body = journal_of(folder)[-1]["body"]
    assert (body["from"], body["to"], body["encoding"]) == ("MOTCUA", "0900000001", "UCS-2")
    assert body["text"].startswith("Bộ phận Một cửa xã Mẫu đề nghị bổ sung hồ sơ 000.12.34.H07-260302-0001")
    assert isinstance(outcome, Delivered)
    report = world.adapter.report(sent, outcome, FACT_TIME)
    assert report is not None
    assert ReportNotice.model_validate_json(report.data).proof == outcome.answer["proof"]


async def test_a_provider_that_cannot_be_asked_is_not_asked_and_the_next_way_is_taken() -> None:
    adapter = NoticesAdapter(settings(sms_url="http://127.0.0.1:9/messages"))
    outcome = await adapter.query(sms())
    assert isinstance(outcome, Rejected)
    assert outcome.code == "notices.unsure"
    await adapter.aclose()


async def test_a_message_waits_for_the_end_of_the_quiet_hours() -> None:
    quiet = {"sms_quiet_from": time(21), "sms_quiet_until": time(7)}
    adapter = NoticesAdapter(settings(sms_url="http://127.0.0.1:9/messages", **quiet))

    async def at_night() -> datetime:
        return datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

    adapter.use_clock(at_night)
    assert await adapter.deliver(sms()) == RetryAt(9 * 3600.0, "quiet hours", is_called=False)
    await adapter.aclose()


@pytest.mark.parametrize(
    ("begin", "end", "hour", "seconds"),
    [
        (time(21), time(7), 21, 36_000.0),
        (time(21), time(7), 6, 3_600.0),
        (time(21), time(7), 7, 0.0),
        (time(12), time(13), 12, 3_600.0),
        (time(12), time(13), 13, 0.0),
        (time(12), time(12), 12, 0.0),
        (None, None, 3, 0.0),
    ],
)
def test_quiet_hours_are_local_and_may_pass_midnight(
    begin: time | None, end: time | None, hour: int, seconds: float
) -> None:
    now = datetime(2026, 3, 2, (hour - 7) % 24, tzinfo=UTC)
    assert quiet_s(begin, end, now) == seconds
