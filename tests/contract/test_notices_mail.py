"""E-mail of notices against a real mail server with STARTTLS: what it says, and what failures make of it."""

from __future__ import annotations

import email.policy
import ssl
import time
from collections.abc import AsyncIterator
from email import message_from_string
from pathlib import Path

import psutil
import pytest

from adapters.notices.adapter import NoticesAdapter
from hub.delivery.circuit import Result
from hub.delivery.outcome import Delivered, Rejected, RetryAt, Unknown
from hub.delivery.verdict import health
from schemas.notice import ReportNotice
from tests.contract.notices_world import FACT_TIME, Mail, mail_world, message, settings
from tests.support.certificates import Authority
from tests.support.waiting import eventually

World = tuple[NoticesAdapter, Mail]


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with mail_world(tmp_path_factory.mktemp("mail")) as opened:
        yield opened


async def test_a_notice_goes_encrypted_as_text_and_html_and_comes_back_with_its_proof(world: World) -> None:
    adapter, mail = world
    sent = message()
    outcome = await adapter.deliver(sent)
    assert outcome == Delivered({"proof": "250.2.0.0.Ok:.queued.as.4XyZ07Q"})
    taken = mail.taken()[-1]
    assert (taken["from"], taken["to"]) == ("motcua@mau.example", ["nguyen.thi.mau@mau.example"])
    assert taken["is_encrypted"]
    found = message_from_string(taken["content"], policy=email.policy.default)
    assert found["Message-ID"] == f"<{sent.id}@mau.example>"
    assert found["Subject"] == "Yêu cầu bổ sung, hoàn thiện hồ sơ 000.12.34.H07-260302-0001"
    assert found["Auto-Submitted"] == "auto-generated"
    plain, page = (found.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert page is not None
    text = plain.get_content()
    assert "- Tờ khai chưa ký <b>" in text
    assert "Hướng dẫn: Ký vào tờ khai rồi nộp lại." in text
    assert "https://motcua.mau.example/tra-cuu" in text
    assert "Tờ khai chưa ký &lt;b&gt;" in page.get_content()
    report = adapter.report(sent, outcome, FACT_TIME)
    assert report is not None
    told = ReportNotice.model_validate_json(report.data)
    assert (told.notice, told.channel, told.proof) == ("TB1", "email", "250.2.0.0.Ok:.queued.as.4XyZ07Q")


@pytest.mark.parametrize("step", ["rcpt", "data"])
async def test_not_now_is_tried_again_and_never_fails_the_notice(world: World, step: str) -> None:
    adapter, mail = world
    before = len(mail.taken())
    mail.fault(step, "451 4.3.0 later")
    sent = message()
    assert isinstance(await adapter.deliver(sent), RetryAt)
    assert isinstance(await adapter.deliver(sent), Delivered)
    assert len(mail.taken()) == before + 1


@pytest.mark.parametrize("step", ["rcpt", "data"])
async def test_an_address_or_a_text_that_is_refused_for_good_fails_the_notice(
    world: World, step: str
) -> None:
    adapter, mail = world
    mail.fault(step, "550 5.1.1 no such user")
    sent = message()
    outcome = await adapter.deliver(sent)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "notices.refused"
    report = adapter.report(sent, outcome, FACT_TIME)
    assert report is not None
    assert ReportNotice.model_validate_json(report.data).failure == "Máy chủ từ chối thông báo (mã 550)."


async def test_a_server_that_is_slow_before_it_has_the_text_is_tried_again(world: World) -> None:
    adapter, mail = world
    before, begun = len(mail.taken()), time.monotonic()
    mail.fault("rcpt", "hold")
    assert isinstance(await adapter.deliver(message()), RetryAt)
    assert time.monotonic() - begun < 10, "no longer than one sending may take"
    assert len(mail.taken()) == before


@pytest.mark.parametrize(("step", "kept"), [("data", 0), ("after_data", 1)])
async def test_a_server_that_is_slow_with_the_text_is_not_given_it_again(
    world: World, step: str, kept: int
) -> None:
    adapter, mail = world
    before = len(mail.taken())
    mail.fault(step, "hold")
    sent = message()
    assert isinstance(await adapter.deliver(sent), Unknown)
    settled = await adapter.query(sent)
    assert isinstance(settled, Rejected)
    assert settled.code == "notices.unsure"
    assert len(mail.taken()) == before + kept


async def test_after_a_lost_answer_the_notice_is_never_sent_again_on_this_way(world: World) -> None:
    adapter, mail = world
    before = len(mail.taken())
    mail.fault("after_data", "drop")
    sent = message()
    assert isinstance(await adapter.deliver(sent), Unknown)
    assert len(mail.taken()) == before + 1
    settled = await adapter.query(sent)
    assert isinstance(settled, Rejected)
    assert settled.code == "notices.unsure"


@pytest.mark.parametrize("answer", ["200 2.0.0 thanks", "251 forwarded", "299 x", "OK queued", "354 go on"])
async def test_an_answer_to_the_text_that_says_neither_yes_nor_no_is_never_followed_by_another_sending(
    world: World, answer: str
) -> None:
    adapter, mail = world
    before = len(mail.taken())
    mail.fault("after_data", answer)
    sent = message()
    assert isinstance(await adapter.deliver(sent), Unknown)
    assert len(mail.taken()) == before + 1
    assert isinstance(await adapter.query(sent), Rejected)


@pytest.mark.parametrize(
    ("step", "answer", "is_alone"),
    [
        ("rcpt", "450 4.2.0 later", True),
        ("rcpt", "452 4.2.2 mailbox full", True),
        ("data", "451 4.7.1 later", True),
        ("rcpt", "451 4.3.0 queue file write error", False),
        ("data", "452 4.3.1 insufficient storage", False),
        ("rcpt", "421 4.3.2 going away", False),
        ("data", "421 4.3.2 going away", False),
        ("rcpt", "530 5.7.0 log in", False),
    ],
)
async def test_what_is_said_of_one_address_or_text_tells_nothing_of_the_server(
    world: World, step: str, answer: str, is_alone: bool
) -> None:
    adapter, mail = world
    mail.fault(step, answer)
    outcome = await adapter.deliver(message())
    assert isinstance(outcome, RetryAt)
    assert outcome.is_alone is is_alone
    assert health(outcome) is (Result.NEUTRAL if is_alone else Result.FAILURE)


async def test_a_server_that_refuses_and_holds_on_costs_no_connection(world: World) -> None:
    adapter, mail = world
    before = len(psutil.Process().net_connections())
    for answer in ("550 5.1.1 no such user", "450 4.2.0 later", "530 5.7.0 log in"):
        mail.fault("rcpt", answer)
        await adapter.deliver(message())
    await eventually(lambda: len(psutil.Process().net_connections()) <= before, 10, "no connection left")


async def test_a_proof_names_no_address_that_the_server_repeats(world: World) -> None:
    adapter, mail = world
    mail.fault("after_data", "250 2.1.5 <nguyen.thi.mau@mau.example> queued as 4Xy")
    assert await adapter.deliver(message()) == Delivered({"proof": "250.2.1.5.queued.as.4Xy"})


async def test_a_connection_that_breaks_before_the_text_had_no_effect(world: World) -> None:
    adapter, mail = world
    mail.fault("rcpt", "drop")
    assert isinstance(await adapter.deliver(message()), RetryAt)


async def test_a_server_with_a_foreign_certificate_gets_nothing(world: World, tmp_path: Path) -> None:
    _, mail = world
    before = len(mail.taken())
    foreign = Authority(tmp_path, "foreign").root_file
    adapter = NoticesAdapter(settings(smtp_host="127.0.0.1", smtp_port=mail.port, smtp_ca_file=foreign))
    assert isinstance(await adapter.deliver(message()), RetryAt)
    assert len(mail.taken()) == before
    await adapter.aclose()


@pytest.mark.parametrize(
    "address", ["a,b@mau.example", "a@b@mau.example", "<a>@mau.example", "ô@mau.example"]
)
async def test_an_address_that_servers_read_in_two_ways_is_refused_before_a_call(
    world: World, address: str
) -> None:
    adapter, mail = world
    before = len(mail.taken())
    outcome = await adapter.deliver(message(email=address))
    assert isinstance(outcome, Rejected)
    assert len(mail.taken()) == before


async def test_the_authorities_are_read_once_and_not_for_each_email(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter, _ = world
    read: list[Path | None] = []
    made = ssl.create_default_context

    def counted(*, cafile: Path | None = None) -> ssl.SSLContext:
        read.append(cafile)
        return made(cafile=cafile)

    monkeypatch.setattr(ssl, "create_default_context", counted)
    for _ in range(3):
        assert isinstance(await adapter.deliver(message()), Delivered)
    assert read == []


async def test_a_server_that_is_away_is_tried_again(tmp_path: Path) -> None:
    async with mail_world(tmp_path) as (adapter, mail):
        mail.process.kill()
        await mail.process.wait()
        assert isinstance(await adapter.deliver(message()), RetryAt)


async def test_without_a_mail_server_the_hub_takes_the_next_way() -> None:
    adapter = NoticesAdapter(settings())
    outcome = await adapter.deliver(message())
    assert isinstance(outcome, Rejected)
    assert outcome.code == "notices.no_way"
    await adapter.aclose()
