"""The postal operator behind the delivery runtime: places and cancels orders, asks, follows the feed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import assert_never

from pydantic import ValidationError

from adapters.postal.client import Answer, PostalClient, http_of
from adapters.postal.mapping import mask_message, subject_of
from adapters.postal.placing import Cancel, Place, Refusal, give_back, place, placed
from adapters.postal.reports import Told, registered_report, sync_report, tell
from adapters.postal.settings import PostalSettings
from adapters.postal.status_codes import StatusCodes, read_status_codes
from adapters.postal.texts import Key, text_pair
from adapters.postal.tracking import Record
from adapters.postal.waybills import WaybillPool
from hub.delivery.adapter import OutMessage, Polled, Report
from hub.delivery.context import AskTime, machine_time
from hub.delivery.errors import CallError, EffectUnsureError
from hub.delivery.http import outcome_after
from hub.delivery.outcome import Delivered, NotFound, Outcome, QueryOutcome, Rejected, RetryAt, Unknown
from hub.settings.files import contents
from schemas.party import PostalParty
from schemas.pickup import PickupCancelled, PickupOrdered

_log = logging.getLogger(__name__)


_WORDS_OF_THE_RUNTIME = frozenset({"attempts", "time", "gave_up", "not_found", "given_up_by_operator"})
"""Given when a delivery may have left; any other reason is that of a call that changed nothing."""


class PostalAdapter:
    """Implements `hub.delivery.adapter.Adapter`; keeps nothing but tokens and connections.

    OrderNumber (the fact's `order`) is the idempotency key; the tracking feed is the operator's only look-up.
    """

    name = "postal"

    def __init__(self, settings: PostalSettings, codes: StatusCodes | None = None) -> None:
        self.settling_s: float = settings.settling_s
        self._settings = settings
        self._ask_time: AskTime = machine_time
        self._codes = codes or contents(
            "HUB_POSTAL_STATUS_CODES_FILE", settings.status_codes_file, read_status_codes
        )
        self._http = http_of(settings)
        self._clients = {
            account.customer_code: PostalClient(self._http, settings, account)
            for account in settings.distinct_accounts()
        }
        self._tracked = {code: client for code, client in self._clients.items() if client.account.can_track}
        self._pools = {
            code: WaybillPool(client.account.waybills_file)
            for code, client in self._clients.items()
            if client.account.waybills_file is not None
        }
        self.poll_interval_s: float | None = settings.poll_interval_s if self._tracked else None

    @property
    def certificates(self) -> Mapping[str, Path | None]:
        """The operator's CA, where it is set."""
        return {"postal_ca": self._settings.ca_file}

    def use_clock(self, ask_time: AskTime) -> None:
        """Judge the operator's times by this time."""
        self._ask_time = ask_time

    def handles(self, message_type: str) -> bool:
        """Orders and cancellations."""
        return message_type in {PickupOrdered.type, PickupCancelled.type}

    async def deliver(self, message: OutMessage) -> Outcome:
        """Place or cancel the order; a refusal counts only after the feed was looked at."""
        work = self._work_of(message)
        try:
            match work:
                case Rejected():
                    return work
                case Place():
                    return await self._place(work)
                case Cancel():
                    return await self._cancel(work)
                case _:
                    assert_never(work)
        except CallError as error:
            return outcome_after(error)

    async def query(self, message: OutMessage) -> QueryOutcome:
        """Look for the effect in the tracking feed from `first_id` on; Unknown when it cannot be read."""
        work = self._work_of(message)
        return work if isinstance(work, Rejected) else await self._look_up(work)

    def report(self, message: OutMessage, outcome: Outcome, at: datetime) -> Report | None:
        """A placed order is `registered`; anything else final is a sync report with its reason."""
        match outcome:
            case Delivered(answer) if message.type == PickupOrdered.type:
                return registered_report(message, str(answer["order"]), at, answer.get("price"))
            case Delivered():
                return sync_report(message, "delivered", at)
            case Rejected(code, vi, en):
                return sync_report(message, "rejected", at, code=code, reasons=(vi, en))
            case Unknown() | RetryAt():
                return None
            case _:
                assert_never(outcome)

    def give_up(self, message: OutMessage, why: str, at: datetime) -> Report | None:
        """Rejected when `why` is that of a call without effect; else an officer has to ask the operator.

        The runtime gives up only deliveries without a standing doubt, so the last call tells all of it.
        """
        if why in _WORDS_OF_THE_RUNTIME:
            return sync_report(message, "unknown", at, code="postal.gave_up", reasons=text_pair("gave_up"))
        reasons = text_pair("never_left")
        return sync_report(message, "rejected", at, code="postal.never_left", reasons=reasons)

    async def poll(self, cursor: str | None) -> Polled:
        """Read one page of each account that can be followed.

        An account that cannot be read keeps its place and is told; CallError when none could be read.
        """
        places = _read_cursor(cursor)
        reports: list[Report] = []
        failures: list[CallError] = []
        is_more, unreadable = False, 0
        for code, client in self._tracked.items():
            before = places.get(code, self._settings.first_id)
            try:
                page = await client.read_tracking(before, self._settings.page_size)
            except CallError as error:
                _log.warning(
                    "tracking not read", extra={"action": "postal.poll_failed", "reason": str(error)}
                )
                failures.append(error)
                continue
            told = tell(page.records, self._codes, self._settings.quiet_statuses, await self._ask_time())
            _log_told(told, page.unreadable)
            reports.extend(told.reports)
            unreadable += page.unreadable + len(told.unreadable)
            has_moved = page.last_id is not None and page.last_id != before
            is_more = is_more or (has_moved and page.returned >= self._settings.page_size)
            places[code] = page.last_id or before
        if failures and len(failures) == len(self._tracked):
            raise failures[-1]
        kept = json.dumps(places, sort_keys=True)
        return Polled(tuple(reports), kept, is_more, unreadable=unreadable, is_partial=bool(failures))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _work_of(self, message: OutMessage) -> Place | Cancel | Rejected:
        model = PickupOrdered if message.type == PickupOrdered.type else PickupCancelled
        try:
            fact = model.model_validate_json(message.data, extra="ignore")
        except ValidationError:
            return _reject("postal.bad_fact", "bad_fact")
        if subject_of(fact.order) is None:
            return _reject("postal.bad_order", "bad_order")
        if isinstance(fact, PickupOrdered):
            for province in (fact.sender.province, fact.receiver.province):
                if province not in self._settings.provinces:
                    return _reject("postal.unknown_province", "unknown_province", province=str(province))
        account = self._settings.account_of(fact.organisation)
        if account is None:
            return _reject("postal.no_account", "no_account")
        client = self._clients[account.customer_code]
        if isinstance(fact, PickupOrdered):
            return Place(fact, client, self._pools.get(account.customer_code))
        if account.dialect == "C":
            return _reject("postal.no_remote_cancel", "no_remote_cancel")
        return Cancel(fact, client)

    async def _place(self, work: Place) -> Outcome:
        ok, known = self._settings.ok_statuses, self._settings.duplicate_statuses
        # Generation C: 101 is handled by its clients as sent before and accepted.
        done = ok | known if work.client.account.dialect == "C" else ok
        answer = await place(work, ok, known)
        if isinstance(answer, Refusal):
            return self._rejected(work, answer.answer, "announcement_rejected")
        if answer.status in done:
            return Delivered(await placed(work, self._settings.price_weight_g))
        return await self._explain(work, answer)

    async def _cancel(self, work: Cancel) -> Outcome:
        answer = await work.client.cancel_order(work.fact.order)
        return (
            _delivered(work)
            if answer.status in self._settings.ok_statuses
            else await self._explain(work, answer)
        )

    async def _explain(self, work: Place | Cancel, answer: Answer) -> Outcome:
        """A refusal counts only when tracking does not show the effect, where there is tracking."""
        if work.client.account.can_track:
            found = await self._look_up(work)
            if not isinstance(found, NotFound):
                return found
        if isinstance(work, Place) and answer.status in self._settings.duplicate_statuses:
            return Unknown("order/post: said to be a duplicate, not in tracking", is_alone=True)
        if isinstance(work, Place):
            await give_back(work)
        return self._rejected(work, answer, "rejected")

    def _rejected(self, work: Place | Cancel, answer: Answer, key: Key) -> Rejected:
        parties: tuple[PostalParty, ...] = ()
        if isinstance(work, Place):
            parties = (work.fact.sender, work.fact.receiver)
        words = mask_message(answer.message, parties)
        return _reject(f"postal.{answer.status}", key, status=str(answer.status), message=words)

    async def _look_up(self, work: Place | Cancel) -> Delivered | Unknown | NotFound:
        if not work.client.account.can_track:
            return Unknown("the operator offers no look-up to this account", is_alone=True)
        try:
            is_there = await self._feed_holds(work.client, lambda record: self._proves(work, record))
        except CallError as error:
            return Unknown(str(error))
        return _delivered(work) if is_there else NotFound()

    def _proves(self, work: Place | Cancel, record: Record) -> bool:
        if record.order != work.fact.order:
            return False
        return isinstance(work, Place) or self._codes.status_of(record.code) == "cancelled"

    async def _feed_holds(self, client: PostalClient, is_proof: Callable[[Record], bool]) -> bool:
        place = self._settings.first_id
        for _ in range(self._settings.max_query_pages):
            page = await client.read_tracking(place, self._settings.page_size)
            if any(is_proof(record) for record in page.records):
                return True
            if page.returned < self._settings.page_size:
                return False
            if page.last_id is None or page.last_id == place:
                raise EffectUnsureError("order/tracking: does not go on")
            place = page.last_id
        raise EffectUnsureError(f"order/tracking: over {self._settings.max_query_pages} pages")


def _log_told(told: Told, without_id: int) -> None:
    if told.retimed:
        _log.warning(
            "times of events replaced by those of their records",
            extra={
                "action": "postal.event_time_replaced",
                "records": len(told.retimed),
                "first": told.retimed[:10],
            },
        )
    if without_id or told.unreadable or told.foreign:
        _log.warning(
            "tracking records passed over",
            extra={
                "action": "postal.poll_skipped",
                "unreadable": without_id + len(told.unreadable),
                "foreign": told.foreign,
                "first": told.unreadable[:10],
            },
        )


def _delivered(work: Place | Cancel) -> Delivered:
    return Delivered({"order": work.fact.order})


def _reject(code: str, key: Key, **values: str) -> Rejected:
    vi, en = text_pair(key, **values)
    return Rejected(code, vi, en)


def _read_cursor(cursor: str | None) -> dict[str, str]:
    """The kept place of each customer code; written by `poll` alone."""
    return dict(json.loads(cursor)) if cursor is not None else {}
