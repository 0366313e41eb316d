"""Notices behind the delivery runtime: an e-mail or a short message out, what became of it back."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from adapters.notices import papers
from adapters.notices.bounces import Bounce, BounceFolder
from adapters.notices.mail import can_be_used, mail_bytes
from adapters.notices.mail_client import MailClient, MailRefusedError, proof_of
from adapters.notices.pacing import Pace
from adapters.notices.papers import ATTACHED, Attachment
from adapters.notices.report_mail import mailing_of, report_mail, told_of
from adapters.notices.settings import NoticesSettings
from adapters.notices.sms import within
from adapters.notices.sms_client import SmsClient, SmsRefusedError
from adapters.notices.templates import PURPOSES, read_templates
from adapters.notices.texts import pair, reject
from adapters.notices.wording import email_of, sms_of, subject_of
from hub.delivery.adapter import OutMessage, Polled, Report
from hub.delivery.context import AskTime, machine_time
from hub.delivery.documents import StoredFiles
from hub.delivery.errors import CallError, FilesAwayError, StoreAwayError
from hub.delivery.host import Connection, Host
from hub.delivery.http import outcome_after
from hub.delivery.outcome import NOTED, Delivered, NotFound, Outcome, QueryOutcome, Rejected, RetryAt, Unknown
from hub.delivery.reports import report_id
from hub.logs import log
from schemas.form import FormMade
from schemas.notice import NoticeRequested, ReportNotice
from schemas.report import ReportMailing

_NAMESPACE: Final = UUID("7a5c7b1e-2f59-4f3a-9a0e-0d7c1b6b8f42")
"""Of this adapter alone; never changed, since the ids of reports come from it."""
_FORM_S: Final = 1.0
"""Pause between two looks for a form that is being made."""
_VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")


class NoticesAdapter:
    """Implements `hub.delivery.adapter.Adapter` and `Hosted`; keeps nothing, least of all an address.

    One sending on one way for each notice: where nobody can say whether it went out, and nobody can be asked,
    it is not sent again, and the hub takes the next way.
    """

    name = "notices"
    poll_interval_s: float | None = None

    def __init__(self, settings: NoticesSettings, files: StoredFiles | None = None) -> None:
        self.settling_s: float = settings.settling_s
        self._settings = settings
        self._ask_time: AskTime = machine_time
        self._templates = read_templates(settings.templates)
        self._mail = MailClient(settings)
        self._pace = {"email": Pace(settings.smtp_per_s), "sms": Pace(settings.sms_per_s)}
        self._sms = SmsClient(settings)
        self._desk: Host | None = None
        self._files = files

    @property
    def certificates(self) -> Mapping[str, Path | None]:
        """The authorities of the mail server and of the provider, where they are set."""
        return {"mail_ca": self._settings.smtp_ca_file, "sms_ca": self._settings.sms_ca_file}

    def use_clock(self, ask_time: AskTime) -> None:
        """Quiet hours go by this time."""
        self._ask_time = ask_time

    def handles(self, message_type: str) -> bool:
        """Notices that the hub asks for, which forms were made, to go with them, and reports for offices."""
        return message_type in {NoticeRequested.type, FormMade.type, ReportMailing.type}

    def urgent_until(self, message: OutMessage) -> datetime | None:
        """What has to be done about comes first, then the nearest time that is told."""
        fact = _fact_of(message)
        return None if fact is None else fact.due_at or message.time

    async def deliver(self, message: OutMessage) -> Outcome:
        """Send it on the way that it names."""
        if message.type == FormMade.type:
            return NOTED
        fact = mailing_of(message) if message.type == ReportMailing.type else _fact_of(message)
        if fact is None:
            return reject("bad_fact")
        try:
            if isinstance(fact, ReportMailing):
                return await self._send_report(message, fact)
            if fact.channel == "email":
                return await self._send_mail(message, fact)
            return await self._send_sms(message, fact)
        except (MailRefusedError, SmsRefusedError) as error:
            return reject("refused", code=str(error.status))
        except CallError as error:
            return outcome_after(error)

    async def query(self, message: OutMessage) -> QueryOutcome:
        """A provider can be asked where it is set up so; a mail server cannot: then it counts as failed."""
        if message.type == ReportMailing.type:
            return reject("unsure")
        fact = _fact_of(message)
        if fact is None:
            return reject("bad_fact")
        if fact.channel == "email" or self._settings.sms_query_url is None:
            return reject("unsure")
        try:
            found = await self._sms.find(message.id)
        except CallError as error:
            return Unknown(str(error))
        return NotFound() if found is None else Delivered({"proof": proof_of(found, fact.phone or "")})

    def report(self, message: OutMessage, outcome: Outcome, at: datetime) -> Report | None:
        """Sent with its proof, or failed with the reason."""
        match outcome:
            case Delivered(answer):
                return _report(message, at, proof=str(answer["proof"]))
            case Rejected(_, vi, _):
                return _report(message, at, failure=vi)
            case Unknown() | RetryAt():
                return None
            case _:
                assert_never(outcome)

    def give_up(self, message: OutMessage, why: str, at: datetime) -> Report | None:
        """Failed: the hub takes the next way."""
        del why
        return _report(message, at, failure=pair("gave_up")[0])

    async def attach(self, desk: Host) -> None:
        """Take the desk: what comes back is told over it."""
        self._desk = desk

    async def keep(self, connection: Connection, messages: Sequence[OutMessage]) -> Collection[str]:
        """Which document is the form of which fact."""
        return await papers.keep(connection, messages)

    async def serve(self) -> None:
        """Read what comes back to the sender's address, until cancelled."""
        assert self._desk is not None
        self._desk.opened()
        folder = BounceFolder(self._settings.bounces) if self._settings.bounces is not None else None
        while True:
            try:
                await papers.sweep(self._desk.pool)
                if folder is not None:
                    await self._read_bounces(folder, self._desk)
            except (StoreAwayError, OSError) as error:
                log("bounces_wait", reason=type(error).__name__)
            await asyncio.sleep(self._settings.bounces_every_s)

    async def _read_bounces(self, folder: BounceFolder, desk: Host) -> None:
        """One file that cannot be read stays there, and those behind it are read."""
        unread = 0
        for path in await asyncio.to_thread(folder.waiting):
            try:
                await self._tell_bounce(await asyncio.to_thread(folder.read, path), desk)
                folder.done(path)
            except OSError:
                unread += 1
        if unread:
            log("bounces_unread", count=unread)

    async def _tell_bounce(self, bounce: Bounce | None, desk: Host) -> None:
        message = await desk.delivered(bounce.identity) if bounce is not None else None
        if bounce is None or message is None:
            log("bounce_of_nothing")
            return
        failure = pair("bounced", code=bounce.status)[0]
        report = _report(message, desk.now(), failure=failure, end="bounced")
        if report is not None:
            await desk.accept(report)

    async def poll(self, cursor: str | None) -> Polled:
        """Nothing to poll."""
        return Polled(reports=(), cursor=cursor or "")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sms.aclose()

    async def _send_mail(self, message: OutMessage, fact: NoticeRequested) -> Outcome:
        settings, known = self._settings, self._templates[fact.language]
        if settings.smtp_host is None:
            return reject("no_way")
        if fact.email is None or not can_be_used(fact.email):
            return reject("bad_address")
        attached = await self._form_of(message, fact)
        if isinstance(attached, RetryAt):
            return attached
        if (wait_s := await self._pace["email"].turn()) > 0:
            return RetryAt(wait_s, "limit of the mail server", is_called=False)
        content = mail_bytes(
            identity=message.id,
            at=message.time,
            sender=(settings.sender_name, settings.sender),
            to=fact.email,
            subject=subject_of(fact, known, settings.link),
            text=email_of(fact, known, settings.link),
            language=fact.language,
            attached=attached,
        )
        return Delivered({"proof": proof_of(await self._mail.send(fact.email, content), fact.email)})

    async def _send_report(self, message: OutMessage, fact: ReportMailing) -> Outcome:
        """To an office, with the report in it: without the paper there is nothing to send."""
        settings = self._settings
        if settings.smtp_host is None:
            return reject("no_way")
        if not can_be_used(fact.email):
            return reject("bad_address")
        if self._files is None:
            return reject("no_documents")
        try:
            paper = await papers.read(self._files, fact.digest)
        except FilesAwayError as error:
            return RetryAt(settings.retry_delay_s, type(error).__name__, is_alone=True)
        if paper is None:
            return reject("no_paper")
        if (wait_s := await self._pace["email"].turn()) > 0:
            return RetryAt(wait_s, "limit of the mail server", is_called=False)
        content = report_mail(message, fact, (settings.sender_name, settings.sender), paper)
        return Delivered({"proof": proof_of(await self._mail.send(fact.email, content), fact.email)})

    async def _form_of(self, message: OutMessage, fact: NoticeRequested) -> Attachment | RetryAt | None:
        """The form that goes with it, where the site attaches forms: waited for so long, then left out."""
        kind, limit_s = ATTACHED.get(fact.purpose), self._settings.attach_wait_s
        if kind is None or limit_s is None or self._files is None or self._desk is None:
            return None
        try:
            found = await papers.paper_of(self._desk.pool, message.dossier, kind, message.time)
            if found is not None:
                content = await papers.read(self._files, found[1])
                name = f"{found[0]}-{fact.code or 'ho-so'}.pdf"
                return Attachment(name, content) if content is not None else None
        except (FilesAwayError, StoreAwayError) as error:
            return RetryAt(self._settings.retry_delay_s, type(error).__name__, is_alone=True)
        age_s = (await self._ask_time() - message.time).total_seconds()
        return RetryAt(_FORM_S, "its form is not made yet", is_called=False) if age_s < limit_s else None

    async def _send_sms(self, message: OutMessage, fact: NoticeRequested) -> Outcome:
        settings = self._settings
        if settings.sms_url is None:
            return reject("no_way")
        if fact.phone is None:
            return reject("bad_address")
        text = sms_of(fact, self._templates[fact.language], settings.link)
        short = within(text, settings.sms_max_parts, is_unaccented=settings.sms_unaccented)
        if short is None:
            return reject("too_long")
        wait_s = quiet_s(settings.sms_quiet_from, settings.sms_quiet_until, await self._ask_time())
        if wait_s > 0:
            return RetryAt(wait_s, "quiet hours", is_called=False)
        if (wait_s := await self._pace["sms"].turn()) > 0:
            return RetryAt(wait_s, "limit of the provider", is_called=False)
        return Delivered({"proof": proof_of(await self._sms.send(message.id, fact.phone, short), fact.phone)})


def quiet_s(begin: time | None, end: time | None, now: datetime) -> float:
    """Seconds until messages may go, 0 outside of the quiet hours; they may pass midnight (pure)."""
    if begin is None or end is None or begin == end:
        return 0.0
    local = now.astimezone(_VIETNAM)
    clock = local.time()
    is_quiet = begin <= clock < end if begin < end else clock >= begin or clock < end
    if not is_quiet:
        return 0.0
    until = local.replace(hour=end.hour, minute=end.minute, second=end.second, microsecond=0)
    return ((until if until > local else until + timedelta(days=1)) - local).total_seconds()


def _fact_of(message: OutMessage) -> NoticeRequested | None:
    try:
        fact = NoticeRequested.model_validate_json(message.data, extra="ignore")
    except ValidationError:
        return None
    return fact if fact.purpose in PURPOSES else None


def _report(
    message: OutMessage,
    at: datetime,
    *,
    proof: str | None = None,
    failure: str | None = None,
    end: str | None = None,
) -> Report | None:
    """One id for each delivery and its end, whenever it is made; nothing of a notice that cannot be read."""
    if message.type == ReportMailing.type:
        return told_of(_NAMESPACE, message, at, proof=proof, failure=failure, end=end)
    fact = _fact_of(message)
    if fact is None:
        return None
    data = ReportNotice(
        purpose=fact.purpose,
        channel=fact.channel,
        at=at.astimezone(UTC),
        proof=proof,
        notice=fact.notice,
        failure=failure,
    )
    identity = report_id(_NAMESPACE, f"{end or ('sent' if failure is None else 'failed')}|{message.id}")
    body = data.model_dump_json(exclude_none=True).encode()
    return Report(identity, ReportNotice.type, message.subject, data.at, body)
