"""Each scripted fault of the portal: what it ends in, what stands at the portal, what the officer reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.settings import LinkSettings
from hub.delivery.adapter import OutMessage
from hub.delivery.outcome import NOTED, Delivered, NotFound, Outcome, Rejected, RetryAt, Unknown
from schemas.sync import ReportSync
from tests.contract.portal_world import (
    FACT_TIME,
    UNPUBLISHED,
    Control,
    portal_world,
    sandbox_process,
)

World = tuple[PortalAdapter, Control]


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with portal_world(tmp_path_factory.mktemp("portal")) as world:
        yield world


@pytest.fixture
async def world(shared: World) -> World:
    await shared[1].clear()
    return shared


def report_of(adapter: PortalAdapter, message: OutMessage, outcome: Outcome) -> ReportSync:
    report = adapter.report(message, outcome, FACT_TIME)
    assert report is not None
    return ReportSync.model_validate_json(report.data)


async def test_the_dossier_comes_first_and_each_fact_gets_its_line(world: World) -> None:
    adapter, control = world
    story = control.story()
    for happen in (story.submitted, story.accepted, story.forwarded, story.issued, story.returned):
        assert isinstance(await adapter.deliver(happen()), Delivered)
    assert control.entries(story.code) == [
        "insert", "line 2", "update", "line 4", "update", "line 9", "update", "line 10",
    ]  # fmt: skip
    assert (await control.shown(story.code))["item"]["TrangThaiHoSo"] == "10"


async def test_copies_go_with_the_dossier_by_link_and_are_no_step_of_it(tmp_path: Path) -> None:
    links = LinkSettings(public_url="https://mot-cua.example.test", key=SecretStr("k" * 32))
    async with portal_world(tmp_path, links=links) as (adapter, control):
        story = control.story()
        story.submitted()
        story.copied("aa" * 32, "bb" * 32)
        assert isinstance(await adapter.deliver(story.accepted()), Delivered)
        offered = (await control.shown(story.code))["item"]["TaiLieuNop"]
        assert [paper["TenTepDinhKem"] for paper in offered] == [
            "000.00.00.G15-KQ002966-1.pdf", "000.00.00.G15-KQ002966-2.pdf",
        ]  # fmt: skip
        assert offered[0]["DuongDanTaiTepTin"].startswith("https://mot-cua.example.test/downloadfile/")
        assert isinstance(await adapter.deliver(story.copied("cc" * 32)), Delivered)
        offered = (await control.shown(story.code))["item"]["TaiLieuNop"]
        assert [paper["TepDinhKemId"] for paper in offered] == ["cc" * 32]
        assert control.entries(story.code) == ["insert", "line 2", "update"]


async def test_before_the_acceptance_nothing_goes_out_because_there_is_no_code(world: World) -> None:
    adapter, control = world
    story = control.story()
    message = story.submitted()
    outcome = await adapter.deliver(message)
    assert outcome == NOTED
    assert adapter.report(message, outcome, FACT_TIME) is None
    assert control.entries(story.code) == []


async def test_facts_that_wait_together_cost_one_sync_and_keep_their_own_lines(world: World) -> None:
    adapter, control = world
    story = control.story()
    waiting = [story.submitted(), story.accepted(), story.forwarded(), story.assigned(), story.progressed()]
    for message in waiting:
        assert isinstance(await adapter.deliver(message), Delivered)
    assert control.entries(story.code) == ["insert", "line 2", "line 4", "line 4", "line 4"]
    assert (await control.shown(story.code))["item"]["TrangThaiHoSo"] == "4"


@pytest.mark.parametrize("code", ["3", "-3", "0"])
async def test_exists_under_any_of_its_codes_becomes_an_update(world: World, code: str) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script("exists", code=code, dossier=story.code)
    assert isinstance(await adapter.deliver(accepted), Delivered)
    assert control.entries(story.code) == ["elsewhere", "update", "line 2"]


async def test_an_update_of_a_dossier_that_the_portal_has_lost_becomes_an_insert(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    await adapter.deliver(story.accepted())
    await control.script("forget_dossier", dossier=story.code)
    assert isinstance(await adapter.deliver(story.forwarded()), Delivered)
    assert control.entries(story.code) == ["insert", "line 2", "forgotten", "insert", "line 4"]


async def test_a_line_that_meets_no_dossier_brings_the_dossier_again(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script("forget_dossier", "CapNhatTienDoHoSoMC", dossier=story.code)
    assert isinstance(await adapter.deliver(accepted), RetryAt)
    assert isinstance(await adapter.deliver(accepted), Delivered)
    assert control.entries(story.code) == ["insert", "forgotten", "insert", "line 2"]


@pytest.mark.parametrize("fault", ["timeout_after_effect", "lost_after_effect"])
async def test_a_sync_whose_answer_was_lost_is_looked_up_and_not_sent_again(world: World, fault: str) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script(fault, dossier=story.code)
    assert isinstance(await adapter.deliver(accepted), Unknown)
    assert isinstance(await adapter.query(accepted), Delivered)
    assert control.entries(story.code) == ["insert", "line 2"]


async def test_a_lost_sync_that_had_no_effect_is_not_found_and_then_sent(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script("timeout_after_effect", dossier=story.code, effect=False)
    assert isinstance(await adapter.deliver(accepted), Unknown)
    assert isinstance(await adapter.query(accepted), NotFound)
    assert isinstance(await adapter.deliver(accepted), Delivered)
    assert control.entries(story.code) == ["insert", "line 2"]


async def test_an_update_whose_answer_was_lost_is_written_again_with_the_same_record(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    await adapter.deliver(story.accepted())
    forwarded = story.forwarded()
    await control.script("timeout_after_effect", dossier=story.code)
    assert isinstance(await adapter.deliver(forwarded), Unknown)
    assert isinstance(await adapter.query(forwarded), Delivered)
    assert control.entries(story.code) == ["insert", "line 2", "update", "update", "line 4"]


async def test_a_line_whose_answer_was_lost_is_never_sent_again_and_reported_as_unknown(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script("timeout_after_effect", "CapNhatTienDoHoSoMC", dossier=story.code)
    assert isinstance(await adapter.deliver(accepted), Unknown)
    outcome = await adapter.query(accepted)
    assert outcome == Delivered({"progress": "unknown"})
    assert await adapter.deliver(accepted) == outcome
    assert control.entries(story.code) == ["insert", "line 2"]
    report = report_of(adapter, accepted, outcome)
    assert (report.outcome, report.code) == ("unknown", "portal.progress_unknown")
    assert "Chưa xác định được Cổng Dịch vụ công quốc gia" in (report.reason_vi or "")


async def test_a_line_that_was_begun_by_a_process_that_died_is_not_sent_by_the_next(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await adapter.deliver(accepted)
    forwarded = story.forwarded()
    assert await control.kept.begin_line(forwarded.id)
    assert await adapter.query(forwarded) == Delivered({"progress": "unknown"})
    assert control.kept.line_state(forwarded.id) == "unsure"
    assert "line 4" not in control.entries(story.code)


@pytest.mark.parametrize("fault", ["not_json", "html_page", "no_error_code", "http_500"])
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(world: World, fault: str) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script(fault, dossier=story.code, effect=True)
    assert isinstance(await adapter.deliver(accepted), Unknown)
    assert isinstance(await adapter.query(accepted), Delivered)
    assert control.entries(story.code) == ["insert", "line 2"]


async def test_a_look_up_without_result_says_nothing(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script("lost_after_effect", dossier=story.code)
    await adapter.deliver(accepted)
    await control.script("missing_result", "TraCuuHoSo", dossier=story.code)
    assert isinstance(await adapter.query(accepted), Unknown)
    assert isinstance(await adapter.query(accepted), Delivered)
    assert control.entries(story.code) == ["insert", "line 2"]


async def test_a_procedure_without_result_is_asked_for_again(tmp_path: Path) -> None:
    async with portal_world(tmp_path) as (adapter, control):
        message = control.message_ok()
        await control.script("missing_result", "LayThuTuc")
        assert isinstance(await adapter.deliver(message), RetryAt)
        assert isinstance(await adapter.deliver(message), Delivered)


async def test_a_rejected_dossier_is_told_in_the_portals_words_without_personal_data(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    words = "Hồ sơ của Nguyễn Thị Thử Nghiệm số 083190000001 thiếu trường"
    await control.script("error", dossier=story.code, code="-9", message=words)
    outcome = await adapter.deliver(accepted)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "portal.rejected.-9"
    assert outcome.reason_vi == (
        "Cổng Dịch vụ công quốc gia từ chối đồng bộ hồ sơ. Đề nghị kiểm tra, sửa dữ liệu "
        "rồi đồng bộ lại. Mã lỗi -9: Hồ sơ của … số … thiếu trường"
    )
    assert report_of(adapter, accepted, outcome).outcome == "rejected"
    # What follows brings the dossier all the same.
    assert isinstance(await adapter.deliver(story.forwarded()), Delivered)
    assert control.entries(story.code) == ["insert", "line 4"]


async def test_a_rejected_line_is_told_and_the_dossier_stays_in_step(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script("error", "CapNhatTienDoHoSoMC", dossier=story.code, message="NoiDungXuLy trống")
    outcome = await adapter.deliver(accepted)
    assert isinstance(outcome, Rejected)
    assert "Mã lỗi -1: NoiDungXuLy trống" in outcome.reason_vi
    assert control.entries(story.code) == ["insert"]


async def test_a_procedure_that_is_not_published_is_told_before_any_sync(world: World) -> None:
    adapter, control = world
    story = control.story(procedure=UNPUBLISHED)
    story.submitted()
    outcome = await adapter.deliver(story.accepted())
    assert isinstance(outcome, Rejected)
    assert outcome.code == "portal.no_procedure"
    assert "chưa có trên Cổng Dịch vụ công quốc gia" in outcome.reason_vi
    assert control.entries(story.code) == []


async def test_a_dossier_whose_beginning_is_not_known_is_told_so(world: World) -> None:
    adapter, control = world
    outcome = await adapter.deliver(control.story().forwarded())
    assert isinstance(outcome, Rejected)
    assert outcome.code == "portal.no_record"
    assert "gửi lại dữ liệu" in outcome.reason_vi


async def test_a_dossier_that_was_lodged_on_the_portal_keeps_its_code_there(world: World) -> None:
    adapter, control = world
    story = control.story(channel="online")
    there = "G22.99-260302-000077"
    await control.script("forget_dossier", dossier=there)
    assert isinstance(await adapter.deliver(story.submitted(there)), Delivered)
    assert isinstance(await adapter.deliver(story.accepted()), Delivered)
    shown = await control.shown(there)
    assert shown["item"]["SoBienNhan"] == story.code
    assert shown["item"]["NoiNopHoSo"] == "1"
    assert [line["TrangThai"] for line in shown["lines"]] == ["1", "2"]


async def test_the_sandbox_takes_its_state_up_again_from_its_journal(tmp_path: Path) -> None:
    async with portal_world(tmp_path) as (adapter, control):
        story = control.story()
        story.submitted()
        await adapter.deliver(story.accepted())
        control.process.kill()
        await control.process.wait()
    async with sandbox_process(tmp_path) as again:
        assert [line["TrangThai"] for line in (await again.shown(story.code))["lines"]] == ["2"]
        answer = await again.http.post(
            "/mapi/login", json={"username": "sandbox", "password": "sandbox-password"}
        )
        body = {
            "session": answer.json()["session"],
            "madonvi": "000.00.00.H07",
            "service": "CapNhatTienDoHoSoMC",
            "data": [
                {
                    "MaHoSo": story.code,
                    "NguoiXuLy": "Lê Thị Thử",
                    "ThoiDiemXuLy": "20260302090000",
                    "NoiDungXuLy": None,
                    "TrangThai": "4",
                }
            ],
        }
        refused = (await again.http.post("/mapi/g", json=body)).json()
        assert str(refused["error_code"]) == "-1"
        assert "NoiDungXuLy" in refused["message"]
