"""A real sandbox of the postal operator as a process, with its adapter."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.postal.adapter import PostalAdapter
from adapters.postal.settings import PostalAccount, PostalSettings
from adapters.sandbox_kit.process import sandbox_port
from hub.delivery.adapter import OutMessage
from schemas.pickup import PickupCancelled, PickupOrdered

REPOSITORY = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden" / "postal"
ASSUMED_CODES = REPOSITORY / "adapters" / "postal" / "sandbox_status_codes.toml"

ORGANISATION = "000.12.34.H07"
OTHER_ORGANISATION = "000.56.78.H07"
ACCOUNT = PostalAccount(
    customer_code="SANDBOX01",
    consumer_key=SecretStr("sandbox-key"),
    consumer_secret=SecretStr("sandbox-secret"),
)
OTHER_ACCOUNT = PostalAccount(
    customer_code="SANDBOX02",
    consumer_key=SecretStr("other-key"),
    consumer_secret=SecretStr("other-secret"),
)
APPLICANT = {
    "name": "Nguyễn Thị Thử Nghiệm",
    "phone": "0900000001",
    "address": "Số 12 đường Giả Định, Phường Mẫu",
    "province": 93,
}
ONE_STOP = {
    "name": "Bộ phận Một cửa Mẫu",
    "phone": "02750000001",
    "address": "Số 1 đường Mẫu, Phường Mẫu",
    "province": 93,
}
FACT_TIME = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@dataclass(slots=True)
class Control:
    """What a test steers and reads from outside: faults, events, journal, and the messages that it sends."""

    base: str
    journal_file: Path
    process: asyncio.subprocess.Process
    http: httpx.AsyncClient
    _count: int = field(default=0)

    async def script(self, fault: str, count: int = 1, operation: str = "order/post", **options: Any) -> None:
        """Let the next `count` calls of `operation` meet `fault` (options: order, effect, status, …)."""
        script = {"kind": fault, "times": count, "operation": operation, **options}
        (await self.http.post("/_faults", json=script)).raise_for_status()

    async def clear(self) -> None:
        """Forget the faults still waiting."""
        (await self.http.delete("/_faults")).raise_for_status()

    async def emit(self, order: str, status: str | int, event_time: Any = None, **fields: Any) -> str:
        """Add a tracking event by status name or raw code; its id."""
        event: dict[str, Any] = {"order": order, **fields}
        event["code" if isinstance(status, int) else "status"] = status
        if event_time is not None:
            event["event_time"] = event_time
        answer = (await self.http.post("/_events", json=event)).raise_for_status().json()
        return str(answer["added"][0])

    async def token_requests(self) -> int:
        """How often a token was asked for."""
        return int((await self.http.get("/_health")).raise_for_status().json()["token_requests"])

    def journal(self) -> list[dict[str, Any]]:
        """Every line that the sandbox has journaled."""
        if not self.journal_file.exists():
            return []
        whole, _, _ = self.journal_file.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    def effects(self, message: OutMessage) -> list[dict[str, Any]]:
        """The journaled effects of one message: its order registered, or its order cancelled."""
        order = json.loads(message.data)["order"]
        kind = "order" if message.type == PickupOrdered.type else "cancel"
        return [entry for entry in self.journal() if entry["kind"] == kind and entry["order"] == order]

    def message_ok(self, **changes: object) -> OutMessage:
        """A collection from the applicant that the operator takes; `changes` replace fields of the fact."""
        self._count += 1
        dossier = f"000.12.34.H07-260302-{self._count:04}"
        return order_message(f"{dossier}__C1", dossier, **changes)

    def message_rejected(self) -> OutMessage:
        """An order that the operator refuses for good: the telephone number is too short."""
        return self.message_ok(sender={**APPLICANT, "phone": "00000000"})


def lgsp_account(base: str, **changes: Any) -> PostalAccount:
    """The first account as generation C serves it, at the sandbox's addresses."""
    values: dict[str, Any] = {
        **dict(ACCOUNT),
        "dialect": "C",
        "orders_url": f"{base}/lgsp/vnpost/orders",
        "waybill_orders_url": f"{base}/lgsp/vnpost/orders/with-item-code",
    }
    return PostalAccount(**{**values, **changes})


def order_message(order: str, dossier: str, **changes: object) -> OutMessage:
    """One order of `out.postal`."""
    fact: dict[str, object] = {
        "order": order,
        "direction": "collect",
        "sender": APPLICANT,
        "receiver": ONE_STOP,
        "organisation": ORGANISATION,
        "contents": ["Đơn đề nghị (bản chính)", "Giấy khai sinh (bản sao)"],
    }
    return _message(PickupOrdered.type, f"ordered-{order}", dossier, fact | changes)


def cancel_message(ordered: OutMessage) -> OutMessage:
    """The cancellation of an order."""
    fact = json.loads(ordered.data)
    kept = {"order": fact["order"], "organisation": fact["organisation"], "reason": "Công dân đổi ý"}
    return _message(PickupCancelled.type, f"cancelled-{fact['order']}", ordered.dossier, kept)


def order_of(message: OutMessage) -> str:
    """The order number of a message."""
    return str(json.loads(message.data)["order"])


def _message(message_type: str, identity: str, dossier: str, fact: dict[str, object]) -> OutMessage:
    data = json.dumps(fact, ensure_ascii=False).encode()
    return OutMessage(identity, message_type, dossier, dossier, 1, FACT_TIME, data)


def settings_for(base: str, **changes: Any) -> PostalSettings:
    """Settings that fit the sandbox, with short times."""
    values: dict[str, Any] = {
        "token_url": f"{base}/token",
        "base_url": f"{base}/apiVNPostNGSP/p1.0",
        "accounts": {ORGANISATION: ACCOUNT},
        "status_codes_file": ASSUMED_CODES,
        "total_timeout_s": 10.0,
        "settling_s": 0.0,
        "retry_delay_s": 5.0,
    }
    return PostalSettings(**{**values, **changes})


@asynccontextmanager
async def sandbox_process(
    folder: Path, *options: str, command: tuple[str, ...] = (sys.executable, "-m")
) -> AsyncIterator[Control]:
    """Start the sandbox as its own process in `folder` (taking up its journal); ends it at the end."""
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        *command,
        "adapters.postal.sandbox",
        *("--journal", str(folder / "journal.jsonl"), "--port-file", str(port_file)),
        *("--account", "sandbox-key:sandbox-secret:SANDBOX01"),
        *("--account", "other-key:other-secret:SANDBOX02"),
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
async def postal_world(
    folder: Path,
    *options: str,
    dialect: str = "B",
    command: tuple[str, ...] = (sys.executable, "-m"),
    **settings: Any,
) -> AsyncIterator[tuple[PostalAdapter, Control]]:
    """Start the sandbox and yield (adapter, control)."""
    async with sandbox_process(folder, *options, command=command) as control:
        if dialect == "C":
            settings = {"accounts": {ORGANISATION: lgsp_account(control.base)}, **settings}
        adapter = PostalAdapter(settings_for(control.base, **settings))
        try:
            yield adapter, control
        finally:
            await adapter.aclose()
