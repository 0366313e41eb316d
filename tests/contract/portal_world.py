"""A real sandbox of the national portal as a process, with its adapter."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.settings import PaymentSettings, PortalSettings
from adapters.sandbox_kit.process import sandbox_port
from hub.delivery.adapter import OutMessage
from schemas.case import CaseAssigned, CaseProgressed
from schemas.component import ComponentReused
from schemas.copy import CopyRegistered
from schemas.dossier import (
    DossierAccepted,
    DossierDeclined,
    DossierForwarded,
    DossierSubmitted,
    SupplementRequested,
)
from schemas.result import ResultIssued, ResultReturned
from tests.support.portal_kept import MemoryKept

REPOSITORY = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden" / "portal"
DSTCODE = "VN:GOV:000.00.00.G22:vpcpdvcprovider"

PAYMENT_SECRET = "sandbox-secret-of-the-payment-platform"
RECORD_KEY = "r" * 32
PROCEDURE = "1.004873"
UNPUBLISHED = "9.999999"
ONE_STOP = "H07.34.12"
AGENCY = "H07.20"
NAMES = {ONE_STOP: "Bộ phận Một cửa Mẫu", AGENCY: "Sở Thí Dụ"}
APPLICANT: dict[str, object] = {
    "kind": "citizen",
    "name": "Nguyễn Thị Thử Nghiệm",
    "identity_number": "083190000001",
    "phone": "0900000001",
    "email": "thu.nghiem@example.test",
    "address": "Số 12 đường Giả Định, Phường Mẫu",
}
OFFICER = {"account": "canbo.thu", "name": "Lê Thị Thử"}
FACT_TIME = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""09:00 in Viet Nam."""


@dataclass(slots=True)
class Control:
    """What a test steers and reads from outside: faults, journal, and the messages that it sends."""

    base: str
    journal_file: Path
    process: asyncio.subprocess.Process
    http: httpx.AsyncClient
    kept: MemoryKept = field(default_factory=MemoryKept)
    _count: int = field(default=0)

    async def script(self, fault: str, operation: str = "DongBoHoSoMC", **options: Any) -> None:
        """Let the next call of `operation` meet `fault` (options: times, dossier, effect, code, message)."""
        script = {"kind": fault, "operation": operation, **options}
        (await self.http.post("/_faults", json=script)).raise_for_status()

    async def clear(self) -> None:
        (await self.http.delete("/_faults")).raise_for_status()

    async def health(self) -> dict[str, Any]:
        health: dict[str, Any] = (await self.http.get("/_health")).raise_for_status().json()
        return health

    async def shown(self, code: str) -> dict[str, Any]:
        """The dossier as the portal shows it: `item` and `lines`."""
        shown: dict[str, Any] = (await self.http.get(f"/_dossiers/{code}")).raise_for_status().json()
        return shown

    def journal(self) -> list[dict[str, Any]]:
        if not self.journal_file.exists():
            return []
        whole, _, _ = self.journal_file.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    def entries(self, code: str) -> list[str]:
        """What happened to a dossier at the portal, in short: `insert`, `update`, `line 2`."""
        return [
            entry.get("action", entry["kind"])
            if entry["kind"] != "progress"
            else f"line {entry['item']['TrangThai']}"
            for entry in self.journal()
            if entry["code"] == code
        ]

    def effects(self, message: OutMessage) -> int:
        """How often the effect of a message stands at the portal: its dossier, or its line when doubled."""
        entries = self.entries(message.subject)
        lines = sum(entry.startswith("line") for entry in entries)
        return max(entries.count("insert"), lines)

    def story(self, *, procedure: str = PROCEDURE, **changes: object) -> Story:
        """A new dossier whose messages come one after the other."""
        self._count += 1
        return Story(self.kept, f"{ONE_STOP}-260302-{self._count:04}", procedure, changes)

    def message_ok(self) -> OutMessage:
        """An accepted dossier, which the portal takes."""
        story = self.story()
        story.submitted()
        return story.accepted()

    def message_rejected(self) -> OutMessage:
        """A dossier of a procedure that the portal does not publish."""
        story = self.story(procedure=UNPUBLISHED)
        story.submitted()
        return story.accepted()


@dataclass(slots=True)
class Story:
    """The messages of one dossier; each is folded as it comes in, as the runtime does."""

    kept: MemoryKept
    code: str
    procedure: str
    changes: dict[str, object]
    sequence: int = 0

    def submitted(self, portal_code: str | None = None) -> OutMessage:
        fact: dict[str, object] = {
            "procedure": self.procedure,
            "organisation": ONE_STOP,
            "agency": AGENCY,
            "channel": "in_person",
            "return_channel": "in_person",
            "applicant": APPLICANT,
            "components": [{"code": "000.00.00.G15-KQ002966", "originals": 1}],
            "submitted_at": FACT_TIME.isoformat(),
        }
        return self._message(DossierSubmitted.type, fact | self.changes, portal_code)

    def accepted(self) -> OutMessage:
        fact = {
            "code": self.code,
            "procedure": self.procedure,
            "organisation": ONE_STOP,
            "agency": AGENCY,
            "officer": OFFICER,
            "components": [{"code": "000.00.00.G15-KQ002966", "originals": 1}],
            "sets": 1,
            "handling": "3 WORKING_DAY",
            "accepted_at": FACT_TIME.isoformat(),
            "due_at": datetime(2026, 3, 5, 2, 0, tzinfo=UTC).isoformat(),
        }
        return self._message(DossierAccepted.type, fact)

    def forwarded(self) -> OutMessage:
        fact = {
            "officer": OFFICER,
            "to": AGENCY,
            "code": self.code,
            "procedure": self.procedure,
            "components": [],
            "applicant": APPLICANT,
            "due_at": datetime(2026, 3, 5, 2, 0, tzinfo=UTC).isoformat(),
        }
        return self._message(DossierForwarded.type, fact)

    def assigned(self) -> OutMessage:
        return self._message(CaseAssigned.type, {"assignee": OFFICER, "agency": AGENCY})

    def progressed(self) -> OutMessage:
        return self._message(CaseProgressed.type, {"step": "Thẩm định hồ sơ", "agency": AGENCY})

    def supplement_requested(self, reason: str = "Thiếu chữ ký", component: str | None = None) -> OutMessage:
        gap = {"reason": reason} if component is None else {"reason": reason, "component": component}
        fact = {"officer": OFFICER, "stage": "appraisal", "gaps": [gap]}
        return self._message(SupplementRequested.type, fact)

    def declined(self, mode: str, **changes: Any) -> OutMessage:
        fact = {
            "officer": OFFICER,
            "reason": "not_eligible",
            "explanation": "Không đủ điều kiện mẫu",
            "mode": mode,
            **changes,
        }
        return self._message(DossierDeclined.type, fact)

    def copied(self, *digests: str) -> OutMessage:
        files = [
            {"digest": digest, "size": 1000, "media_type": "application/pdf", "pages": 1}
            for digest in digests
        ]
        fact = {
            "component": "000.00.00.G15-KQ002966",
            "package": "11" * 32,
            "manifest": "22" * 32,
            "files": files,
            "officer": OFFICER,
            "organisation": ONE_STOP,
            "signed_at": FACT_TIME.isoformat(),
            "registered_at": FACT_TIME.isoformat(),
        }
        return self._message(CopyRegistered.type, fact)

    def reused(self, *digests: str) -> OutMessage:
        """Out of another dossier of the applicant; without digests data in the place of a paper."""
        fact: dict[str, object] = {
            "component": "000.00.00.G15-KQ002966",
            "reused_at": FACT_TIME.isoformat(),
        }
        if not digests:
            return self._message(
                ComponentReused.type, fact | {"data": {"check": "c-1", "fields": ["residence_detail"]}}
            )
        files = [
            {"digest": digest, "size": 1000, "media_type": "application/pdf", "pages": 1}
            for digest in digests
        ]
        paper = {
            "dossier": "H07.34.12-251103-0007",
            "package": "33" * 32,
            "kind": "copy",
            "component": "000.00.00.G15-KQ002966",
            "manifest": "44" * 32,
            "files": files,
        }
        return self._message(ComponentReused.type, fact | {"paper": paper})

    def issued(self) -> OutMessage:
        fact = {
            "papers": [{"code": "KQ.G15.000038", "number": "12/GXN-MAU"}],
            "signer": OFFICER,
            "agency": AGENCY,
            "issued_at": FACT_TIME.isoformat(),
        }
        return self._message(ResultIssued.type, fact)

    def returned(self) -> OutMessage:
        fact = {
            "channel": "in_person",
            "papers": ["KQ.G15.000038"],
            "received_by": "Nguyễn Thị Thử Nghiệm",
            "returned_at": FACT_TIME.isoformat(),
        }
        return self._message(ResultReturned.type, fact)

    def fact(self, message_type: str, fact: Mapping[str, object]) -> OutMessage:
        return self._message(message_type, fact)

    def _message(
        self, message_type: str, fact: Mapping[str, object], portal_code: str | None = None
    ) -> OutMessage:
        self.sequence += 1
        data = json.dumps(fact, ensure_ascii=False).encode()
        # Ids and subjects as the hub gives them; the id of the dossier is its code here.
        message = OutMessage(
            f"m{self.sequence}-{self.code}",
            message_type,
            f"d-{self.code}",
            self.code,
            self.sequence,
            FACT_TIME + timedelta(minutes=self.sequence),
            data,
        )
        self.kept.take(message, portal_code)
        return message


def settings_for(base: str, **changes: Any) -> PortalSettings:
    """Settings that fit the sandbox, with short times."""
    values: dict[str, Any] = {
        "base_url": base,
        "username": "sandbox",
        "password": SecretStr("sandbox-password"),
        "unit": "000.00.00.H07",
        "unit_names": NAMES,
        "one_stop": ONE_STOP,
        "total_timeout_s": 2.0,
        "connect_timeout_s": 1.0,
        "settling_s": 0.0,
        "retry_delay_s": 5.0,
        "record_key": SecretStr(RECORD_KEY),
        "payment": PaymentSettings(partner="BENTRE", secret=SecretStr(PAYMENT_SECRET)),
    }
    return PortalSettings(**{**values, **changes})


@asynccontextmanager
async def sandbox_process(folder: Path, *options: str) -> AsyncIterator[Control]:
    """Start the sandbox as its own process in `folder` (taking up its journal); ends it at the end."""
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "adapters.national_portal.sandbox"),
        *("--journal", str(folder / "journal.jsonl"), "--port-file", str(port_file)),
        *("--unpublished", UNPUBLISHED),
        *options,
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        base = f"http://127.0.0.1:{await sandbox_port(port_file, process)}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
            yield Control(base, folder / "journal.jsonl", process, http)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def portal_world(
    folder: Path, *options: str, **settings: Any
) -> AsyncIterator[tuple[PortalAdapter, Control]]:
    """Start the sandbox and yield (adapter, control); the adapter keeps what it knows in memory."""
    async with sandbox_process(folder, *options) as control:
        adapter = PortalAdapter(settings_for(control.base, **settings))
        adapter.use(control.kept)
        try:
            yield adapter, control
        finally:
            await adapter.aclose()
