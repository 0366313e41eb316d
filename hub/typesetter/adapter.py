"""The role behind the delivery runtime: a fact that issues papers in, their digests back."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, assert_never
from uuid import UUID

import orjson

from hub.delivery.adapter import OutMessage, Polled, Report
from hub.delivery.database import translated
from hub.delivery.errors import StoreAwayError
from hub.delivery.host import Connection, Host
from hub.delivery.outcome import (
    ERASED,
    NOTED,
    Delivered,
    Outcome,
    QueryOutcome,
    Rejected,
    RetryAt,
    Unknown,
)
from hub.delivery.reports import report_id
from hub.documents.reason import DocumentsAwayError
from hub.errors import UntrustedRowError
from hub.forms.case_file import short_name
from hub.forms.errors import FormError
from hub.forms.issuing import Issued, is_issuing
from hub.logs import log
from hub.process.supervise import keep_running
from hub.typesetter import parked
from hub.typesetter.parked import Parked
from hub.typesetter.rendering import RendererLostError
from hub.typesetter.reports import REPORT, Counted, ReportRoom, ReportToFile
from hub.typesetter.settings import TypesetterSettings
from hub.typesetter.workshop import MOST_FACTS, NotMade, OpenedCase, Workshop, reason_of
from schemas.form import MadePaper, ReportForm
from schemas.registry import FACTS
from schemas.report import FileReport, ReportDue

_NAMESPACE: Final = UUID("3f0e9c55-7a52-4b0c-9d3e-5b8a1f6f2f10")
"""Of this role alone; never changed, since the ids of reports come from it."""
NAME: Final = """
insert into document_use (sha256, dossier_id, is_read) values ($1, $2::uuid, true) on conflict do nothing
"""
_RETRY_S: Final = 5.0
_LATER: Final = timedelta(minutes=1)
"""For each fact that the dossier had before: one that never ends stands behind those that begin."""
_TOGETHER: Final = 1_000
"""Reports that are counted in one pass; of more the others wait for the next."""
_ANY: Final = Issued("all")
_FOR: Final[Mapping[str, str]] = {"reminder.issued": "to", "leg.started": "of"}
"""Facts whose paper is for another organisation too, and the field that names it."""
"""Stands for all papers of a fact whose dossier cannot be opened."""


class TypesetterAdapter:
    """Implements `hub.delivery.adapter.Adapter`, `Urgent` and `hub.delivery.host.Hosted`.

    The same facts give the same bytes, and a document is stored by its digest: making a paper again changes
    nothing, so an unknown outcome is settled by doing so.
    """

    name = "typesetter"
    settling_s: float = 0.0
    poll_interval_s: float | None = None

    def __init__(self, settings: TypesetterSettings, workshop: Workshop, reports: ReportRoom) -> None:
        self._settings = settings
        self._workshop = workshop
        self._reports = reports
        self._counted: dict[Parked, Counted] = {}
        self._desk: Host | None = None

    async def attach(self, desk: Host) -> None:
        """Take the desk; `StartupError` when what is stored has another key."""
        self._desk = desk
        async with desk.pool.acquire() as connection:
            await self._workshop.must_fit(connection)

    def handles(self, message_type: str) -> bool:
        """Facts; which of them issue papers is looked at one by one."""
        return message_type in FACTS

    def urgent_until(self, message: OutMessage) -> datetime | None:
        """Somebody waits for the first papers of a dossier; for its thousandth slip nobody does."""
        return message.time + _LATER * min(message.sequence, MOST_FACTS)

    async def keep(self, connection: Connection, messages: Sequence[OutMessage]) -> Collection[str]:
        """Facts of a type that issues papers, without any: a report of the post without minutes."""
        del connection
        due = ReportDue.type
        return [one.id for one in messages if one.type != due and not _issues(one)]

    async def serve(self) -> None:
        """Make papers again that an operator wants, until cancelled."""
        self._here.opened()
        await keep_running("again", self._again)

    async def deliver(self, message: OutMessage) -> Outcome:
        """Make the papers of the fact; one that cannot be made is parked, the others are told.

        A report is made later, beside the deliveries: it counts for longer than a lease.
        """
        try:
            if message.type == ReportDue.type:
                return await self._report_wanted(message)
            return await self._delivered(message) if _issues(message) else NOTED
        except (DocumentsAwayError, StoreAwayError) as error:
            return RetryAt(_RETRY_S, str(error))

    async def query(self, message: OutMessage) -> QueryOutcome:
        """The same: it has one effect however often it is done."""
        return await self.deliver(message)

    def report(self, message: OutMessage, outcome: Outcome, at: datetime) -> Report | None:
        """The papers by their digests; nothing where none was made."""
        match outcome:
            case Delivered(answer):
                if not answer.get("papers"):
                    return None
                return _report(f"made|{message.id}", message.subject, answer, at)
            case Rejected() | Unknown() | RetryAt():
                return None
            case _:
                assert_never(outcome)

    def give_up(self, message: OutMessage, why: str, at: datetime) -> Report | None:
        """Nothing to tell: operators see it among the deliveries."""
        del message, why, at
        return None

    async def poll(self, cursor: str | None) -> Polled:
        """Nothing to poll."""
        return Polled(reports=(), cursor=cursor or "")

    async def aclose(self) -> None:
        """End the renderer."""
        await self._workshop.aclose()

    @property
    def _here(self) -> Host:
        assert self._desk is not None
        return self._desk

    async def _delivered(self, message: OutMessage) -> Outcome:
        with translated():
            async with self._here.pool.acquire() as connection:
                fact_id = await self._workshop.fact_of(connection, self.name, message)
                if fact_id is None:
                    return ERASED
                opened = await self._opened(connection, message.dossier, fact_id)
        if opened is None:
            return ERASED
        if isinstance(opened, NotMade):
            await self._park(Parked(message.dossier, fact_id, opened.wanted), opened.reason)
            return Delivered({"papers": []})
        made = await self._made(message.dossier, opened, opened.papers)
        return Delivered(_answer(opened, made))

    async def _opened(
        self, connection: Connection, dossier: str, fact_id: str
    ) -> OpenedCase | NotMade | None:
        try:
            return await self._workshop.open(connection, dossier, fact_id)
        except (FormError, UntrustedRowError) as error:
            return NotMade(_ANY, reason_of(error))

    async def _made(self, dossier: str, opened: OpenedCase, wanted: Sequence[Issued]) -> list[MadePaper]:
        found = []
        async for one in self._workshop.make(opened, wanted, lambda digest: self._note(dossier, digest)):
            if isinstance(one, NotMade):
                await self._park(Parked(dossier, opened.fact_id, one.wanted), one.reason)
            else:
                found.append(one)
        return found

    async def _note(self, dossier: str, digest: str) -> None:
        """The dossier names the document from now on: with its erasure it goes."""
        with translated():
            async with self._here.pool.acquire() as connection:
                await connection.execute(NAME, bytes.fromhex(digest), dossier)

    async def _park(self, what: Parked, reason: str) -> None:
        log("paper_parked", dossier=what.dossier, form=what.wanted.form, reason=reason)
        with translated():
            async with self._here.pool.acquire() as connection:
                await parked.park(connection, what, reason)

    async def _again(self) -> None:
        """One paper, or a pause."""
        try:
            if not await self._one_again():
                await asyncio.sleep(self._settings.again_s)
        except (StoreAwayError, DocumentsAwayError) as error:
            log("papers_wait", reason=str(error))
            await asyncio.sleep(_RETRY_S)

    async def _report_wanted(self, message: OutMessage) -> Outcome:
        with translated():
            async with self._here.pool.acquire() as connection:
                fact_id = await self._workshop.fact_of(connection, self.name, message)
                if fact_id is None:
                    return ERASED
                await parked.want_new(connection, Parked(message.dossier, fact_id, REPORT))
        return Delivered({"papers": []})

    async def _make_reports(self) -> None:
        """All that wait are counted together; each is stored and told, or parked again.

        What was counted is kept until it is stored: it costs a pass over all facts, and the store of
        documents may be away for a day.
        """
        with translated():
            async with self._here.pool.acquire() as connection:
                waiting = await parked.wanted_of(connection, REPORT.form, _TOGETHER)
        self._counted = {what: one for what, one in self._counted.items() if what in waiting}
        if fresh := [what for what in waiting if what not in self._counted]:
            found = await self._reports.counted(fresh, self._here.now())
            self._counted |= zip(fresh, found, strict=True)
        for what in waiting:
            one = self._counted[what]
            if one is None:
                await self._forget(what)
            elif isinstance(one, ReportToFile):
                await self._make_report(what, one)
            else:
                await self._park(what, reason_of(one))
            del self._counted[what]

    async def _make_report(self, what: Parked, report: ReportToFile) -> None:
        """Store, tell; one that cannot be put on paper is parked again."""
        try:
            sheet = report.sheet()
            digest, size = await self._workshop.store(sheet, lambda one: self._note(what.dossier, one))
        except (FormError, RendererLostError) as error:
            await self._park(what, str(error)[:500])
            return
        named = {name: report.due[name] for name in ("organisation", "report", "period")}
        data = FileReport(**named, digest=digest, size=size)
        identity = report_id(_NAMESPACE, f"report|{what.fact_id}")
        body, now = data.model_dump_json().encode(), self._here.now()
        told = Report(identity, FileReport.type, f"ref:{identity}", now.astimezone(UTC), body)
        if not await self._here.accept(told, lambda connection: parked.forget(connection, what)):
            await self._forget(what)

    async def _one_again(self) -> bool:
        """Make one that is wanted, or all reports where it is one; False when none is."""
        with translated():
            async with self._here.pool.acquire() as connection:
                what = await parked.next_wanted(connection)
        if what is None:
            return False
        if what.wanted == REPORT:
            await self._make_reports()
            return True
        with translated():
            async with self._here.pool.acquire() as connection:
                opened = await self._opened(connection, what.dossier, what.fact_id)
                if opened is None:
                    await parked.forget(connection, what)
                    return True
        if isinstance(opened, NotMade):
            await self._park(what, opened.reason)
            return True
        wanted = opened.papers if what.wanted == _ANY else (what.wanted,)
        made = await self._made(what.dossier, opened, wanted)
        if made:
            await self._tell_again(what, opened, made)
        elif what.wanted == _ANY:
            await self._forget(what)
        return True

    async def _tell_again(self, what: Parked, opened: OpenedCase, made: Sequence[MadePaper]) -> None:
        """Stored with its report; what was told before is only let go."""
        effect = f"again|{what.fact_id}|{what.wanted.form}|{what.wanted.for_applicant}"
        report = _report(effect, what.dossier, _answer(opened, made), self._here.now())
        if not await self._here.accept(report, lambda connection: parked.forget(connection, what)):
            await self._forget(what)

    async def _forget(self, what: Parked) -> None:
        with translated():
            async with self._here.pool.acquire() as connection:
                await parked.forget(connection, what)


def _issues(message: OutMessage) -> bool:
    try:
        data = orjson.loads(message.data)
    except orjson.JSONDecodeError:
        return False
    return isinstance(data, dict) and is_issuing({"type": message.type, "data": data})


def _answer(opened: OpenedCase, made: Sequence[MadePaper]) -> dict[str, Any]:
    """What the hub is told (JSON)."""
    fact = opened.fact
    name, data = short_name(fact), fact["data"]
    answer = {
        "fact": name,
        "issued_at": fact["time"],
        "papers": [one.model_dump(mode="json") for one in made],
    }
    receiver = _FOR.get(name)
    return answer | ({"to": data[receiver]} if receiver is not None else {})


def _report(effect: str, subject: str, answer: Any, at: datetime) -> Report:
    data = ReportForm.model_validate_json(orjson.dumps(answer))
    body = data.model_dump_json(exclude_none=True).encode()
    return Report(report_id(_NAMESPACE, effect), ReportForm.type, subject, at.astimezone(UTC), body)
