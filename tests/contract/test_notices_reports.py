"""Reports of the regulation by e-mail, with a real mail server: with their paper, once, or told why not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_string
from email.policy import default
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.notices.adapter import NoticesAdapter
from hub.delivery.adapter import OutMessage, Report
from hub.delivery.documents import StoredFiles
from hub.delivery.outcome import Delivered, Rejected, RetryAt, Unknown
from hub.documents.store import documents
from hub.settings.documents import DocumentsSettings
from schemas.report import ReportMailing, TellReport
from tests.contract.notices_world import Mail, mail_world, settings

PAPER = b"%PDF-1.7\nA report\n%%EOF\n"
DIGEST = sha256(PAPER).hexdigest()
AT = datetime(2026, 11, 6, 1, 0, tzinfo=UTC)
FACT = {
    "organisation": "000.12.34.H07", "report": "officers", "period": "2026-10", "digest": DIGEST,
    "size": len(PAPER), "rule": "7.3", "kind": "officers", "to": "000.12.34.H07",
    "email": "mot-cua@mau.example", "organisation_name": "Bộ phận Một cửa xã Mẫu",
    "first": "2026-10-01", "last": "2026-10-31",
}  # fmt: skip
Sender = tuple[NoticesAdapter, Mail]


def mailing(**changes: object) -> OutMessage:
    data = json.dumps({**FACT, **changes}, ensure_ascii=False).encode()
    matter = "019b8bf0-1234-8c11-a2f4-77d0c3e51b91"
    return OutMessage("mailing-1", ReportMailing.type, matter, matter, 3, AT, data)


def told(report: Report | None) -> TellReport:
    assert report is not None
    assert (report.type, report.subject[:4]) == (TellReport.type, "ref:")
    return TellReport.model_validate_json(report.data)


@pytest.fixture
async def sender(tmp_path: Path) -> AsyncIterator[Sender]:
    """The adapter with a store of documents that has the paper, before a mail server."""
    place = tmp_path / "documents" / "objects" / DIGEST[:2] / DIGEST
    place.parent.mkdir(parents=True)
    place.write_bytes(PAPER)
    files = StoredFiles(documents(DocumentsSettings(folder=tmp_path / "documents")))
    async with mail_world(tmp_path) as (_, mail):
        tree = settings(smtp_host="127.0.0.1", smtp_port=mail.port, smtp_ca_file=tmp_path / "mail-root.pem")
        adapter = NoticesAdapter(tree, files)
        yield adapter, mail
        await adapter.aclose()


async def test_a_report_goes_with_its_paper_and_the_hub_has_the_servers_answer(sender: Sender) -> None:
    adapter, mail = sender
    message = mailing()
    outcome = await adapter.deliver(message)
    assert isinstance(outcome, Delivered)
    (taken,) = mail.taken()
    assert taken["to"] == [FACT["email"]]
    sent = message_from_string(taken["content"], policy=default)
    assert sent["Subject"] == (
        "Thông báo về công chức, viên chức được cử đến làm việc tại Bộ phận Một cửa, "
        "từ 01/10/2026 đến 31/10/2026: Bộ phận Một cửa xã Mẫu"
    )
    (paper,) = sent.iter_attachments()
    assert (paper.get_filename(), paper.get_content()) == (
        "officers-000.12.34.H07-2026-10.pdf", PAPER,
    )  # fmt: skip
    report = adapter.report(message, outcome, AT)
    assert (told(report).period, told(report).failure) == ("2026-10", None)
    assert str(told(report).proof).startswith("250.")
    assert report == adapter.report(message, outcome, AT), "told twice it is one"


@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [("rcpt", "550 5.1.1 no such user", Rejected), ("rcpt", "451 4.3.0 later", RetryAt),
     ("data", "552 5.3.4 too large", Rejected)],
)  # fmt: skip
async def test_what_the_server_says_becomes_another_try_or_a_task_of_the_operators(
    sender: Sender, step: str, answer: str, kind: type[Rejected | RetryAt]
) -> None:
    adapter, mail = sender
    mail.fault(step, answer)
    outcome = await adapter.deliver(mailing())
    assert isinstance(outcome, kind), outcome
    assert mail.taken() == []
    if isinstance(outcome, Rejected):
        assert told(adapter.report(mailing(), outcome, AT)).failure == outcome.reason_vi
    else:
        assert adapter.report(mailing(), outcome, AT) is None


async def test_without_its_paper_store_or_a_usable_address_nothing_goes_and_the_reason_is_told(
    sender: Sender,
) -> None:
    adapter, mail = sender
    bare = NoticesAdapter(settings(smtp_host="127.0.0.1", smtp_port=mail.port))
    for one, message in (
        (adapter, mailing(digest="5f" * 32)),
        (adapter, mailing(email="a@b@c.example")),
        (bare, mailing()),
    ):
        outcome = await one.deliver(message)
        assert isinstance(outcome, Rejected), outcome
        assert mail.taken() == []
    await bare.aclose()


async def test_after_a_lost_answer_it_is_not_sent_again_and_given_up_is_told(sender: Sender) -> None:
    adapter, _ = sender
    assert isinstance(await adapter.query(mailing()), Rejected)
    assert told(adapter.give_up(mailing(), "gave_up", AT)).failure
    assert adapter.report(mailing(), Unknown("lost"), AT) is None
    unreadable = replace(mailing(), data=b"{}")
    assert isinstance(await adapter.deliver(unreadable), Rejected)
    assert adapter.give_up(unreadable, "gave_up", AT) is None
