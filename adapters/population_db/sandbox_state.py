"""What the sandbox keeps: its configuration, the fsynced journal, the scripted faults."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from adapters.sandbox_kit import journal

BEFORE_EFFECT: Final = frozenset(
    {"http_500", "soap_fault", "html_page", "wrong_clock", "expired_credentials"}
)
AFTER_EFFECT: Final = frozenset({"timeout_after_effect", "slow_drip"})
FAULTS: Final = BEFORE_EFFECT | AFTER_EFFECT


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Accounts and rights of the stand-in; `"*"` in a set lets everything pass."""

    user: str = "sandbox-user"
    secret: str = "sandbox-secret"  # noqa: S105 - the stand-in's own
    x_road_client: str = "VN/GOV/000.00.00.H07/hub"
    api_key: str = ""
    namespace: str = "http://dancuquocgia.bca"
    date_format: str = "yyyyMMdd"
    timestamp_unit: str = "ms"
    skew_s: float = 300.0
    signed_url: str = ""
    """URL that enters the signature; empty for the sandbox's own address."""
    lgsp: Mapping[str, str] = field(
        default_factory=lambda: {
            "AccessKey": "sandbox-access",
            "SecretKey": "sandbox-lgsp-secret",
            "AppName": "hub",
            "PartnerCode": "000.00.00.H07",
            "PartnerCodeCus": "000.00.00.H07",
        }
    )
    """Account of the LGSP (N2)."""
    officer_keys: Mapping[str, str] = field(default_factory=dict)
    """Officer number -> `name:password` of the officer's own key (N2)."""
    user_name_service: str = "SANDBOX"
    token_life_s: float = 3600.0
    procedures: frozenset[str] = frozenset({"*"})
    officers: frozenset[str] = frozenset({"*"})

    @classmethod
    def read(cls, path: Path | None) -> Self:
        """Read a JSON object with the fields' names; TypeError for an unknown one."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path else {}
        for name in ("procedures", "officers"):
            if name in values:
                values[name] = frozenset(values[name])
        return cls(**values)


class Journal:
    """Numbered, dated lines, each on disk before the sandbox answers; blocks for the write."""

    def __init__(self, path: Path) -> None:
        self._lines = journal.Journal(path)
        recovered = self._lines.recovered()
        self._count = len(recovered)
        self.used_ids = {entry["request_id"] for entry in recovered if entry["kind"] == "effect"}

    def write(self, kind: str, at: datetime, entry: Mapping[str, object]) -> None:
        """Append one line: `effect` (the id is spent), `refused`, or `fault` (scripted, without effect)."""
        self._count += 1
        self._lines.append({"seq": self._count, "at": at.isoformat(), "kind": kind, **entry})
        if kind == "effect":
            self.used_ids.add(str(entry["request_id"]))

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


@dataclass(slots=True)
class ScriptedFault:
    """A fault for the next `count` requests whose MaYeuCau begins with `match`."""

    fault: str
    count: int = 1
    match: str = ""

    def __post_init__(self) -> None:
        """ValueError for an unknown fault or a count below one."""
        if self.fault not in FAULTS or self.count < 1:
            raise ValueError(f"fault must be one of {sorted(FAULTS)}, count at least 1")


@dataclass(slots=True)
class FaultScript:
    """The faults still to come, in order."""

    faults: list[ScriptedFault] = field(default_factory=list)

    def take(self, request_id: str, kinds: frozenset[str]) -> str | None:
        """Return the first fault of these kinds for this request and count it down."""
        for fault in self.faults:
            if fault.fault in kinds and request_id.startswith(fault.match):
                fault.count -= 1
                if fault.count == 0:
                    self.faults.remove(fault)
                return fault.fault
        return None


def refuse_caller(config: SandboxConfig, headers: Mapping[str, str], url: str, now: datetime) -> str | None:
    """Return the fault code for a wrong clock, signature or header; None when the caller may ask."""
    timestamp = headers.get("timestamp", "")
    if not timestamp.isascii() or not timestamp.isdigit():
        return "CREDENTIALS_WRONG"
    sent_s = int(timestamp) / (1000 if config.timestamp_unit == "ms" else 1)
    if abs(sent_s - now.timestamp()) > config.skew_s:
        return "TIMESTAMP_SKEW"
    signed = f"{config.signed_url or url}{config.user}{timestamp}{config.secret}"
    token = f"{config.user}:{hashlib.sha256(signed.encode()).hexdigest()}".encode()
    expected = b"Basic " + base64.b64encode(token)
    is_signed = hmac.compare_digest(headers.get("authorization", "").encode(), expected)
    is_client = headers.get("x-road-client") == config.x_road_client
    is_key = not config.api_key or headers.get("apikey") == config.api_key
    return None if is_signed and is_client and is_key else "CREDENTIALS_WRONG"
