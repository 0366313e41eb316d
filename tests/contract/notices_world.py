"""The provider's sandbox and a real mail server as processes, with the adapter before them."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.notices.adapter import NoticesAdapter
from adapters.notices.settings import NoticesSettings
from adapters.sandbox_kit.process import sandbox_port
from hub.delivery.adapter import OutMessage
from schemas.notice import NoticeRequested
from tests.support.certificates import Authority

FACT_TIME = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
_COUNT = itertools.count(1)


def message(**changes: object) -> OutMessage:
    """A notice about a supplement by e-mail; `changes` replace fields of the fact."""
    number = next(_COUNT)
    fact: dict[str, object] = {
        "notice": "TB1",
        "purpose": "supplement",
        "rule": "15.2.a",
        "channel": "email",
        "email": "nguyen.thi.mau@mau.example",
        "language": "vi",
        "organisation": "000.12.34.H07",
        "organisation_name": "Bộ phận Một cửa xã Mẫu",
        "procedure": "1.004873",
        "procedure_title": "Cấp Giấy xác nhận tình trạng hôn nhân",
        "code": "000.12.34.H07-260302-0001",
        "points": [{"text": "Tờ khai chưa ký <b>"}],
        "guidance": "Ký vào tờ khai\nrồi nộp lại.",
        **changes,
    }
    data = json.dumps(fact, ensure_ascii=False).encode()
    subject = f"000.12.34.H07-260302-{number:04}"
    return OutMessage(f"notice-{number}", NoticeRequested.type, subject, subject, 1, FACT_TIME, data)


def sms(**changes: object) -> OutMessage:
    """The same by message to a telephone."""
    values: dict[str, object] = {
        "channel": "sms",
        "email": None,
        "phone": "0900000001",
        "points": [],
        "guidance": None,
    }
    return message(**{**values, **changes})


def settings(**changes: Any) -> NoticesSettings:
    """Settings with short times."""
    values: dict[str, Any] = {
        "sender": "motcua@mau.example",
        "sms_brand": "MOTCUA",
        "total_timeout_s": 2.0,
        "settling_s": 0.0,
        "link": "https://motcua.mau.example/tra-cuu",
    }
    return NoticesSettings(**{**values, **changes})


@dataclass(frozen=True, slots=True)
class Mail:
    """What a test steers and reads of the mail server."""

    folder: Path
    port: int
    process: asyncio.subprocess.Process

    def fault(self, step: str, answer: str) -> None:
        """Answer so at this step, once."""
        (self.folder / "faults.json").write_text(json.dumps({step: answer}), encoding="utf-8")

    def taken(self) -> list[dict[str, Any]]:
        """All mail that it has."""
        journal = self.folder / "journal.jsonl"
        if not journal.exists():
            return []
        return [json.loads(line) for line in journal.read_text("utf-8").splitlines()]


@asynccontextmanager
async def mail_world(folder: Path, **changes: Any) -> AsyncIterator[tuple[NoticesAdapter, Mail]]:
    """A mail server that wants STARTTLS, and the adapter."""
    authority = Authority(folder, "mail-root")
    issued = authority.issue("mail")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.contract.mail_server", str(folder)),
        *(str(issued.certificate_file), str(issued.key_file)),
        cwd=Path(__file__).parents[2],
    )
    try:
        port = await sandbox_port(folder / "port", process)
        tree = settings(
            **{"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_ca_file": authority.root_file, **changes}
        )
        adapter = NoticesAdapter(tree)
        yield adapter, Mail(folder, port, process)
        await adapter.aclose()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
