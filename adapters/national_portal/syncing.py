"""Brings one message of a dossier to the portal: the dossier first, then the fact's line, each step noted."""

from __future__ import annotations

from typing import Literal

from adapters.national_portal.answers import Answer
from adapters.national_portal.client import PortalClient
from adapters.national_portal.folding import WITHOUT_LINE, UnreadableError, read_fact
from adapters.national_portal.kept import Kept, Standing
from adapters.national_portal.mapping import MAX_CODE, Words, dossier_item, mask_message, progress_item
from adapters.national_portal.procedures import Procedures
from adapters.national_portal.texts import Key, text_pair
from hub.delivery.adapter import OutMessage
from hub.delivery.errors import CallError, EffectUnsureError, NoEffectError, StoreAwayError
from hub.delivery.http import outcome_after
from hub.delivery.outcome import NOTED, Delivered, NotFound, QueryOutcome, Rejected, RetryAt, Unknown

Progress = Literal["sent", "unknown"]
_LONGEST_CODE = 20


class Syncing:
    """Works on what is kept of a dossier, so that a second try goes on where the first one stood.

    The sync carries the current record, so that one sync serves all messages that have come in by then
    (coalescing); each message still gets its own line. Raises nothing for what the portal does.
    """

    def __init__(
        self, client: PortalClient, procedures: Procedures, kept: Kept, words: Words, retry_delay_s: float
    ) -> None:
        self._client = client
        self._procedures = procedures
        self._kept = kept
        self._words = words
        self._retry_delay_s = retry_delay_s

    async def bring(self, message: OutMessage, *, is_question: bool) -> QueryOutcome:
        """Do what is left to do; `is_question` when an earlier call may have had its effect."""
        try:
            read_fact(message)
            return await self._bring(message, is_question=is_question)
        except UnreadableError:
            return _reject("portal.bad_fact", "bad_fact")
        except CallError as error:
            return outcome_after(error)
        except StoreAwayError as error:
            return Unknown(str(error))

    async def _bring(self, message: OutMessage, *, is_question: bool) -> QueryOutcome:
        standing = await self._kept.standing(message.dossier, message.id)
        if standing is None:
            return _reject("portal.no_record", "no_record")
        code = standing.record.wire_code
        if code is None or (standing.line_state is None and message.type not in WITHOUT_LINE):
            # Before its official code the portal cannot know the dossier: the acceptance brings it.
            return NOTED
        if len(code) > MAX_CODE:
            return _reject("portal.bad_code", "bad_code")
        if standing.line_state == "sending":
            # Nobody can ask about a line, and it must not be sent twice.
            await self._kept.end_line(message.id, "unsure")
            return _delivered("unknown")
        if standing.synced < message.sequence:
            stopped = await self._sync(standing, message, code, is_question=is_question)
            if stopped is not None:
                return stopped
        return await self._add_line(standing, message, code)

    async def _sync(
        self, standing: Standing, message: OutMessage, code: str, *, is_question: bool
    ) -> QueryOutcome | None:
        is_there = standing.is_there
        if is_question:
            if standing.tried is None or not await self._client.has_dossier(code):
                return NotFound()
            is_there = True
            if standing.is_insert:
                await self._kept.end_sync(message.dossier, standing.tried)
                if standing.tried >= message.sequence:
                    return None
            # TraCuuHoSo does not tell of an update: it is sent again, and writes the same record.
        procedure = await self._procedures.find(self._words.procedure(standing.record.procedure))
        if procedure is None:
            return _reject("portal.no_procedure", "no_procedure")
        item = dossier_item(standing.record, procedure, self._words)
        for is_update in (is_there, not is_there):
            answer = await self._send(standing, message, item, is_update=is_update)
            if answer.code == "0" and (is_update or answer.is_ok):
                await self._kept.end_sync(message.dossier, standing.folded)
                return None
            is_other_way = answer.says_exists if not is_update else not await self._client.has_dossier(code)
            if not is_other_way:
                break
        await self._kept.forget_sync(message.dossier)
        return self._rejected("rejected", answer, standing)

    async def _send(
        self, standing: Standing, message: OutMessage, item: dict[str, object], *, is_update: bool
    ) -> Answer:
        await self._kept.begin_sync(message.dossier, standing.folded, is_insert=not is_update)
        try:
            return await self._client.sync_dossier(item, is_update=is_update)
        except NoEffectError:
            await self._kept.forget_sync(message.dossier)
            raise

    async def _add_line(self, standing: Standing, message: OutMessage, code: str) -> QueryOutcome:
        line = standing.line
        if line is None or standing.line_state != "waiting":
            return _delivered("unknown" if standing.line_state == "unsure" else "sent")
        if not await self._kept.begin_line(message.id):
            return Unknown("CapNhatTienDoHoSoMC: under way elsewhere", is_alone=True)
        try:
            answer = await self._client.add_progress(progress_item(code, line, self._words))
        except NoEffectError:
            await self._kept.end_line(message.id, "waiting")
            raise
        if answer.code == "0":
            await self._kept.end_line(message.id, "sent")
            return _delivered("sent")
        return await self._line_refused(standing, message, code, answer)

    async def _line_refused(
        self, standing: Standing, message: OutMessage, code: str, answer: Answer
    ) -> QueryOutcome:
        try:
            is_lost = not await self._client.has_dossier(code)
        except EffectUnsureError as error:
            # The line was answered with a no; only the reason could not be looked up.
            await self._kept.end_line(message.id, "waiting")
            return RetryAt(self._retry_delay_s, str(error))
        except NoEffectError:
            await self._kept.end_line(message.id, "waiting")
            raise
        if is_lost:
            await self._kept.end_line(message.id, "waiting")
            await self._kept.set_there(message.dossier, is_there=False)
            return RetryAt(0.0, "CapNhatTienDoHoSoMC: the dossier is not there any more", is_alone=True)
        await self._kept.end_line(message.id, "refused")
        return self._rejected("progress_rejected", answer, standing)

    def _rejected(self, key: Key, answer: Answer, standing: Standing) -> Rejected:
        number = answer.code[:_LONGEST_CODE]
        words = mask_message(answer.message, standing.record.applicant)
        return _reject(f"portal.{key}.{mask_message(number, standing.record.applicant)}", key, number, words)


def _delivered(progress: Progress) -> Delivered:
    return Delivered({"progress": progress})


def _reject(code: str, key: Key, number: str = "", words: str = "") -> Rejected:
    vi, en = text_pair(key, code=number, message=words)
    return Rejected(code, vi, en)
