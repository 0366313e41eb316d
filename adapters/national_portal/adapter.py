"""The national portal behind the delivery runtime: dossiers and progress out, its own calls in."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import assert_never

from adapters.national_portal import tables
from adapters.national_portal.client import PortalClient
from adapters.national_portal.door import Door
from adapters.national_portal.downloads import DocumentReader
from adapters.national_portal.folding import MODELS
from adapters.national_portal.kept import Kept
from adapters.national_portal.links import Links
from adapters.national_portal.mapping import Words
from adapters.national_portal.procedures import Procedures
from adapters.national_portal.record import File
from adapters.national_portal.reports import sync_report
from adapters.national_portal.sealing import RecordSeal
from adapters.national_portal.settings import PortalSettings
from adapters.national_portal.status_codes import read_status_codes
from adapters.national_portal.syncing import Syncing
from adapters.national_portal.texts import text_pair
from hub.delivery.adapter import OutMessage, Polled, Report
from hub.delivery.context import Clock, utc_now
from hub.delivery.host import Connection, Host
from hub.delivery.http_server import serve_door
from hub.delivery.outcome import Delivered, NotFound, Outcome, QueryOutcome, Rejected, RetryAt, Unknown
from hub.settings.files import contents

_log = logging.getLogger(__name__)


class PortalAdapter:
    """Implements `hub.delivery.adapter.Adapter` and `hub.delivery.host.Hosted`.

    MaHoSo is the idempotency key of a dossier; a progress line has none and is marked before it is sent.
    """

    name = tables.PARTICIPANT

    def __init__(
        self, settings: PortalSettings, reader: DocumentReader | None = None, clock: Clock = utc_now
    ) -> None:
        self.settling_s: float = settings.settling_s
        self.poll_interval_s: float | None = None
        self.door_port: int | None = None
        self._settings = settings
        self._reader = reader
        self._clock = clock
        self._seal = RecordSeal(settings.record_key.get_secret_value())
        self._client = PortalClient(settings)
        self._procedures = Procedures(self._client, settings.procedure_life_s)
        self._links = (
            Links(
                settings.links.key.get_secret_value().encode(),
                settings.links.public_url,
                settings.links.life_s,
            )
            if settings.links is not None
            else None
        )
        self._words = Words(
            contents(
                "HUB_PORTAL_STATUS_CODES_FILE",
                settings.status_codes_file,
                partial(read_status_codes, needs_supplement=settings.sends_supplements),
            ),
            settings.unit_names,
            settings.procedure_codes,
            settings.shape_of_return,
            self._link_of,
            settings.sends_supplements,
        )
        self._syncing: Syncing | None = None
        self._desk: Host | None = None
        self._door: Door | None = None

    async def attach(self, desk: Host) -> None:
        """Take the desk: the tables are there; StartupError when what they hold has another key."""
        self._desk = desk
        own = tables.Tables(desk.pool, self._seal)
        await own.prepare()
        self._clock = desk.now
        self.use(own)
        self._door = Door(self._settings, desk, own, self._procedures, self._words, self._links, self._reader)

    def use(self, kept: Kept) -> None:
        """Work on what `kept` knows of the dossiers."""
        self._syncing = Syncing(
            self._client, self._procedures, kept, self._words, self._settings.retry_delay_s
        )

    async def keep(self, connection: Connection, messages: Sequence[OutMessage]) -> Collection[str]:
        """Fold what comes in; forget what ended long ago. What the portal cannot be shown is over with it."""
        noted = await tables.keep_messages(connection, messages, self._seal)
        await tables.sweep(connection, self._settings.record_days, self.name)
        return noted

    async def serve(self) -> None:
        """Answer the portal's calls until cancelled."""
        assert self._door is not None
        assert self._desk is not None
        door = self._settings.door
        await serve_door(
            self._door.app(),
            door.host,
            door.port,
            self._open,
            name=self.name,
            metrics=self._desk.parts.metrics.http,
            callers=door.networks,
            is_open=self._links is not None,
        )

    @property
    def certificates(self) -> Mapping[str, Path | None]:
        """The security server's CA, where it is set."""
        return {"portal_ca": self._settings.ca_file}

    def handles(self, message_type: str) -> bool:
        """What the portal must know: submission to return, supplements, dates, payments."""
        return message_type in MODELS

    async def deliver(self, message: OutMessage) -> Outcome:
        """Sync the dossier, then add the fact's line; what was done before is not done again."""
        outcome = await self._bring(message, is_question=False)
        assert not isinstance(outcome, NotFound)
        return outcome

    async def query(self, message: OutMessage) -> QueryOutcome:
        """TraCuuHoSo for an unknown sync; an unknown line counts as sent and is reported as unknown."""
        return await self._bring(message, is_question=True)

    def report(self, message: OutMessage, outcome: Outcome, at: datetime) -> Report | None:
        """A sync report; none for what was only noted, because the dossier has no code yet."""
        match outcome:
            case Delivered(is_called=False):
                return None
            case Delivered(answer) if answer.get("progress") == "unknown":
                reasons = text_pair("progress_unknown")
                return sync_report(message, "unknown", at, code="portal.progress_unknown", reasons=reasons)
            case Delivered():
                return sync_report(message, "delivered", at)
            case Rejected(code, vi, en):
                return sync_report(message, "rejected", at, code=code, reasons=(vi, en))
            case Unknown() | RetryAt():
                return None
            case _:
                assert_never(outcome)

    def give_up(self, message: OutMessage, why: str, at: datetime) -> Report | None:  # noqa: ARG002 - `why` is for operators and may quote technical causes
        """The portal is not in step; the dossier itself goes on."""
        return sync_report(message, "unknown", at, code="portal.gave_up", reasons=text_pair("gave_up"))

    async def poll(self, cursor: str | None) -> Polled:
        """Nothing: the portal calls us."""
        return Polled((), cursor or "")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _bring(self, message: OutMessage, *, is_question: bool) -> QueryOutcome:
        assert self._syncing is not None
        return await self._syncing.bring(message, is_question=is_question)

    def _link_of(self, file: File) -> str:
        return self._links.make(file.sha256, self._clock()) if self._links is not None else ""

    def _open(self, port: int) -> None:
        assert self._desk is not None
        self._desk.opened()
        self.door_port = port
        _log.info("door open", extra={"action": "portal.door_open", "port": port})
