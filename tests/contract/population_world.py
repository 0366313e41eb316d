"""A real sandbox of the population database as a process, with its adapter."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.population_db.adapter import PopulationAdapter
from adapters.population_db.settings import (
    Dialect,
    LgspAccess,
    Licence,
    Officer,
    PopulationSettings,
    Rights,
)
from adapters.sandbox_kit.process import sandbox_port
from hub.delivery.adapter import OutMessage
from schemas.identity import IdentityCheckRequested

GOLDEN = Path(__file__).parent / "golden" / "population"

VERIFIED_PROCEDURE = "1.004194.000.00.00.H07"
LOOKED_UP_PROCEDURE = "2.000815"
LOOKED_UP_WITH_ETHNIC = "1.001022"
LOOKED_UP_WITH_HOUSEHOLD = "1.001193"
UNLICENSED_PROCEDURE = "9.999999"
NOT_LICENSED_THERE = "1.000001"
ORGANISATION = "000.12.34.H07"
OFFICER = "officer-01@example.test"
UNKNOWN_THERE = "officer-02@example.test"
WITHOUT_NUMBER = "officer-03@example.test"
ELSEWHERE = "officer-04@example.test"
WITHOUT_KEY = "officer-05@example.test"

KNOWN = {"identity_number": "000190000001", "name": "Đặng Thị Ướt Giả Lập", "birth_date": "1990-01-02"}
KNOWN_BY_YEAR = {"old_identity_number": "000000002", "name": "Đỗ Văn Ý Giả Lập", "birth_year": 1955}
WITH_HOUSEHOLD = {
    "identity_number": "000195000003",
    "name": "Lê Thị Con Giả Lập",
    "birth_date": "1995-03-04",
}
OTHER_NAME = {**KNOWN, "name": "Trần Văn Khác"}

RIGHTS = Rights(
    licences={
        "1.004194.000.00.00": Licence(),
        LOOKED_UP_PROCEDURE: Licence(operation="lookup"),
        LOOKED_UP_WITH_ETHNIC: Licence(operation="lookup", fields=frozenset({"DanToc", "GioiTinh"})),
        LOOKED_UP_WITH_HOUSEHOLD: Licence(
            operation="lookup",
            fields=frozenset({"GioiTinh", "ThuongTru.MaPhuongXa", "ChuHo", "Cha"}),
            roles=frozenset({"counter", "portal"}),
            use_hours=2,
        ),
        NOT_LICENSED_THERE: Licence(),
    },
    agencies={ORGANISATION: ORGANISATION},
    officers={
        OFFICER: Officer(
            number="cb.gia-lap.01",
            organisations=frozenset({ORGANISATION}),
            key_name="khoa-01",
            key_pass=SecretStr("mat-khau-01"),
        ),
        UNKNOWN_THERE: Officer(
            number="cb.gia-lap.99",
            organisations=frozenset({ORGANISATION}),
            key_name="khoa-99",
            key_pass=SecretStr("mat-khau-99"),
        ),
        WITHOUT_KEY: Officer(number="cb.gia-lap.01", organisations=frozenset({ORGANISATION})),
        WITHOUT_NUMBER: Officer(organisations=frozenset({ORGANISATION})),
        ELSEWHERE: Officer(number="cb.gia-lap.04", organisations=frozenset({"000.99.99.H07"})),
    },
)
SANDBOX_CONFIG: dict[str, Any] = {
    "user": "hub-gia-lap",
    "secret": "khoa-gia-lap",
    "x_road_client": "VN/GOV/000.12.34.H07/hub",
    "api_key": "api-gia-lap",
    "procedures": [
        "1.004194.000.00.00",
        LOOKED_UP_PROCEDURE,
        LOOKED_UP_WITH_ETHNIC,
        LOOKED_UP_WITH_HOUSEHOLD,
    ],
    "officers": ["cb.gia-lap.01"],
    "lgsp": {
        "AccessKey": "truy-cap-gia-lap",
        "SecretKey": "bi-mat-gia-lap",
        "AppName": "hub",
        "PartnerCode": "000.12.34.H07",
        "PartnerCodeCus": "000.12.34.H07",
    },
    "officer_keys": {"cb.gia-lap.01": "khoa-01:mat-khau-01"},
    "user_name_service": "MOT_CUA_GIA_LAP",
}
LGSP = LgspAccess(
    access_key="truy-cap-gia-lap",
    secret_key=SecretStr("bi-mat-gia-lap"),
    app_name="hub",
    partner_code="000.12.34.H07",
    partner_code_cus="000.12.34.H07",
)


@dataclass(slots=True)
class Control:
    """What a test steers and reads from outside: faults, journal, and the messages that it sends."""

    service_url: str
    journal_file: Path
    process: asyncio.subprocess.Process
    http: httpx.AsyncClient
    _count: int = field(default=0)

    async def script(self, fault: str, count: int = 1, match: str = "") -> None:
        """Let the next `count` requests (whose MaYeuCau begins with `match`) meet `fault`."""
        faults = [{"fault": fault, "count": count, "match": match}]
        (await self.http.post("/_faults", json=faults)).raise_for_status()

    async def clear(self) -> None:
        """Forget the faults still waiting."""
        (await self.http.delete("/_faults")).raise_for_status()

    def journal(self) -> list[dict[str, Any]]:
        """Every line that the sandbox has journaled."""
        return [json.loads(line) for line in self.journal_file.read_text(encoding="utf-8").splitlines()]

    def effects(self, check: str) -> list[dict[str, Any]]:
        """The journaled answers about one check, whatever suffix its request ids have."""
        mine = [entry for entry in self.journal() if entry["request_id"].startswith(check)]
        return [entry for entry in mine if entry["kind"] == "effect"]

    @property
    def base(self) -> str:
        """The sandbox's address without a path."""
        return str(self.http.base_url).rstrip("/")

    async def token_requests(self) -> int:
        """How often a token of an LGSP was asked for."""
        return int((await self.http.get("/_health")).raise_for_status().json()["token_requests"])

    def message_ok(self) -> OutMessage:
        """A check that matches."""
        return self.message(KNOWN)

    def message_mismatch(self) -> OutMessage:
        """A check that the database answers with "no such person"."""
        return self.message(OTHER_NAME)

    def message_rejected(self) -> OutMessage:
        """A check that the counterpart refuses for good."""
        return self.message(KNOWN, procedure=NOT_LICENSED_THERE)

    def message_refused_locally(self) -> OutMessage:
        """A check that is refused before any call."""
        return self.message(KNOWN, procedure=UNLICENSED_PROCEDURE)

    def message(self, person: object, **changes: object) -> OutMessage:
        """A check of its own, with a fresh id; `changes` replace fields of the fact, None removes them."""
        self._count += 1
        return check_message(f"check-{self._count:04}.", person, **changes)


def check_message(check: str, person: object, **changes: object) -> OutMessage:
    """One message of `out.population`."""
    fact = {
        "check": check,
        "party": "owner",
        "person": person,
        "officer_account": OFFICER,
        "procedure": VERIFIED_PROCEDURE,
        "organisation": ORGANISATION,
        "asked_by": "counter",
    } | changes
    data = {name: value for name, value in fact.items() if value is not None}
    return OutMessage(
        id=f"message-of-{check}",
        type=IdentityCheckRequested.type,
        dossier="dossier-of-a-synthetic-person",
        subject="000.12.34.H07-260105-0001",
        sequence=1,
        time=datetime(2026, 1, 5, 1, 0, tzinfo=UTC),
        data=json.dumps(data, ensure_ascii=False).encode(),
    )


def without_dossier(message: OutMessage) -> OutMessage:
    """The same message, bound to no dossier."""
    return replace(message, dossier="")


def settings_in(dialect: Dialect, base: str, **changes: Any) -> PopulationSettings:
    """Settings of a dialect that fit the sandbox at `base`."""
    if dialect == "N2":
        addresses = {"service_url": f"{base}/lgsp/csdldc/congdan", "token_url": f"{base}/lgsp/token"}
        return settings_for(**{**addresses, "dialect": "N2", "lgsp": LGSP, "user": None, **changes})
    if dialect == "N3":
        addresses = {
            "service_url": f"{base}/dancu/XacThucThongTinCongDan",
            "lookup_url": f"{base}/dancu/TraCuuThongTinCongDan",
            "token_url": f"{base}/Authentication/Token",
        }
        own = {"dialect": "N3", "user_name_service": SANDBOX_CONFIG["user_name_service"]}
        return settings_for(**{**addresses, **own, **changes})
    return settings_for(f"{base}/csdldc/congdan", **changes)


def settings_for(service_url: str, **changes: Any) -> PopulationSettings:
    """Settings that fit the sandbox's configuration, with short times."""
    values: dict[str, Any] = {
        "service_url": service_url,
        "user": SANDBOX_CONFIG["user"],
        "secret_key": SecretStr(SANDBOX_CONFIG["secret"]),
        "x_road_client": SANDBOX_CONFIG["x_road_client"],
        "api_key": SecretStr(SANDBOX_CONFIG["api_key"]),
        "total_timeout_s": 3.0,
        "rights": RIGHTS,
    }
    return PopulationSettings(**{**values, **changes})


@asynccontextmanager
async def sandbox_process(
    folder: Path, *, command: tuple[str, ...] = (sys.executable, "-m"), **config: object
) -> AsyncIterator[Control]:
    """Start the sandbox as its own process in `folder`; ends it at the end."""
    port_file = folder / "port"
    config_file = folder / "config.json"
    port_file.unlink(missing_ok=True)
    config_file.write_text(json.dumps(SANDBOX_CONFIG | config), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *command,
        "adapters.population_db.sandbox",
        *("--journal", str(folder / "journal.jsonl")),
        *("--port-file", str(port_file), "--config", str(config_file)),
        *("--people", str(GOLDEN / "people.json")),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        base = f"http://127.0.0.1:{await sandbox_port(port_file, process)}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
            health = (await http.get("/_health")).raise_for_status().json()
            yield Control(health["service_url"], folder / "journal.jsonl", process, http)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def population_world(
    folder: Path,
    *,
    config: Mapping[str, object] | None = None,
    dialect: Dialect = "N1",
    command: tuple[str, ...] = (sys.executable, "-m"),
    **settings: Any,
) -> AsyncIterator[tuple[PopulationAdapter, Control]]:
    """Start the sandbox and yield (adapter, control)."""
    async with sandbox_process(folder, command=command, **(config or {})) as control:
        adapter = PopulationAdapter(settings_in(dialect, control.base, **settings))
        try:
            yield adapter, control
        finally:
            await adapter.aclose()
