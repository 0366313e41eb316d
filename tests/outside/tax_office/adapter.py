"""The office takes a notice under the id of its message, once, and can be asked for it by that id."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, assert_never

import httpx
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.delivery.adapter import OutMessage, Polled, Report
from hub.delivery.host import Connection, Host
from hub.delivery.outcome import Delivered, NotFound, Outcome, QueryOutcome, Rejected, RetryAt, Unknown
from schemas.dossier import DossierForwarded, ReceiveDossier
from schemas.party import Officer

_STORE: Final = "insert into tax_office_notice values ($1, $2, $3) on conflict do nothing"
_RETRY_S: Final = 1.0


class TaxOfficeSettings(BaseSettings):
    """How the office is reached."""

    model_config = SettingsConfigDict(env_prefix="HUB_TAX_OFFICE_", frozen=True, extra="forbid")

    url: str = Field(description="address of its notices")
    officer: str = Field(default="tax-office", description="account that the dossier is received by")
    timeout_s: float = Field(default=2.0, gt=0, description="time of one call")


class TaxOfficeAdapter:
    """Implements `hub.delivery.adapter.Adapter` and `hub.delivery.host.Hosted`."""

    name = "tax-office"
    settling_s = 0.0
    poll_interval_s: float | None = None

    def __init__(self, settings: TaxOfficeSettings) -> None:
        self._settings = settings
        self._http = httpx.AsyncClient(timeout=settings.timeout_s, trust_env=False)
        self._desk: Host | None = None

    def handles(self, message_type: str) -> bool:
        """Dossiers that come to this agency."""
        return message_type == DossierForwarded.type

    async def deliver(self, message: OutMessage) -> Outcome:
        """Bring the notice; a call without an answer may have been taken."""
        fact = DossierForwarded.model_validate_json(message.data)
        body = {"code": fact.code, "taxpayer": fact.applicant.name}
        try:
            answer = await self._http.put(self._address(message), json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return RetryAt(_RETRY_S, type(error).__name__)
        except httpx.HTTPError as error:
            return Unknown(type(error).__name__)
        match answer.status_code:
            case 201:
                return Delivered()
            case 422:
                return Rejected("tax_office.no_debt", "Không có nghĩa vụ thuế", "There is no tax to pay")
            case status:
                return Unknown(f"HTTP {status}")

    async def query(self, message: OutMessage) -> QueryOutcome:
        """Whether the office has the notice."""
        try:
            answer = await self._http.get(self._address(message))
        except httpx.HTTPError as error:
            return Unknown(type(error).__name__)
        match answer.status_code:
            case 200:
                return Delivered()
            case 404:
                return NotFound()
            case status:
                return Unknown(f"HTTP {status}")

    def report(self, message: OutMessage, outcome: Outcome, at: datetime) -> Report | None:
        """The dossier is received when the office has its notice."""
        match outcome:
            case Delivered():
                account = self._settings.officer
                data = ReceiveDossier(officer=Officer(account=account, name="Chi cục Thuế (thử)"))
                body = data.model_dump_json(exclude_none=True).encode()
                return Report(f"received-{message.id}", ReceiveDossier.type, message.subject, at, body)
            case Rejected() | Unknown() | RetryAt():
                return None
            case _:
                assert_never(outcome)

    def give_up(self, message: OutMessage, why: str, at: datetime) -> Report | None:  # noqa: ARG002
        """Nothing: the officers see that the dossier was not received."""
        return None

    async def poll(self, cursor: str | None) -> Polled:
        """Nothing comes from the office by itself."""
        return Polled((), cursor or "")

    async def attach(self, desk: Host) -> None:
        """Take the desk."""
        self._desk = desk

    async def keep(self, connection: Connection, messages: Sequence[OutMessage]) -> Collection[str]:
        """Note of whom the office is told."""
        for message in messages:
            taxpayer = DossierForwarded.model_validate_json(message.data).applicant.name
            await connection.execute(_STORE, message.id, message.dossier, taxpayer)
        return ()

    async def serve(self) -> None:
        """Wait: the office calls nobody."""
        assert self._desk is not None
        self._desk.opened()
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _address(self, message: OutMessage) -> str:
        return f"{self._settings.url}/{message.id}"


def build() -> TaxOfficeAdapter:
    """Read `HUB_TAX_OFFICE_*`; raises pydantic's `ValidationError` for a wrong setting."""
    # The values come from the environment.
    return TaxOfficeAdapter(TaxOfficeSettings())
