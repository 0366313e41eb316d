"""The postal operator behind the delivery runtime: places and cancels orders, asks, follows the feed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from pydantic import ValidationError

from adapters.postal.client import Answer, PostalClient
from adapters.postal.errors import EffectUnsureError, NoEffectError, PostalError
from adapters.postal.mapping import encode_order, mask_message, subject_of
from adapters.postal.reports import registered_report, sync_report, tracked_report
from adapters.postal.settings import PostalSettings
from adapters.postal.status_codes import StatusCodes, read_status_codes
from adapters.postal.texts import Key, text_pair
from adapters.postal.tracking import Record
from adapters.postal.transport import Transport
from hub.delivery.adapter import OutMessage, Polled, Report
from hub.delivery.outcome import Delivered, NotFound, Outcome, QueryOutcome, Rejected, RetryAt, Unknown
from schemas.party import PostalParty
from schemas.pickup import PickupCancelled, PickupOrdered

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    fact: PickupOrdered
    client: PostalClient


@dataclass(frozen=True, slots=True)
class _Cancel:
    fact: PickupCancelled
    client: PostalClient


class PostalAdapter:
    """Implements `hub.delivery.adapter.Adapter`; keeps nothing but tokens and connections.

    OrderNumber (the fact's `order`) is the idempotency key; the tracking feed is the operator's only look-up.
    """

    name = "postal"

    def __init__(self, settings: PostalSettings, codes: StatusCodes | None = None) -> None:
        self.settling_s: float = settings.settling_s
        self.poll_interval_s: float | None = settings.poll_interval_s
        self._settings = settings
        self._codes = codes or read_status_codes(settings.status_codes_file)
        self._transport = Transport(settings)
        self._clients = {
            account.customer_code: PostalClient(self._transport, settings, account)
            for account in settings.distinct_accounts()
        }

    def handles(self, message_type: str) -> bool:
        """Orders and cancellations."""
        return message_type in {PickupOrdered.type, PickupCancelled.type}

    async def deliver(self, message: OutMessage) -> Outcome:
        """Place or cancel the order; a refusal counts only after the feed was looked at."""
        work = self._work_of(message)
        if isinstance(work, Rejected):
            return work
        try:
            answer = await _call(work)
        except NoEffectError as error:
            return RetryAt(error.delay_s, str(error))
        except EffectUnsureError as error:
            return Unknown(str(error))
        if answer.status in self._settings.ok_statuses:
            return _delivered(work)
        return await self._explain(work, answer)

    async def query(self, message: OutMessage) -> QueryOutcome:
        """Look for the effect in the tracking feed from `first_id` on; Unknown when it cannot be read."""
        work = self._work_of(message)
        return work if isinstance(work, Rejected) else await self._look_up(work)

    def report(self, message: OutMessage, outcome: Outcome, at: datetime) -> Report | None:
        """A placed order is `registered`; anything else final is a sync report with its reason."""
        match outcome:
            case Delivered(answer) if message.type == PickupOrdered.type:
                return registered_report(message, str(answer["order"]), at)
            case Delivered():
                return sync_report(message, "delivered", at)
            case Rejected(code, vi, en):
                return sync_report(message, "rejected", at, code=code, reasons=(vi, en))
            case Unknown() | RetryAt():
                return None
            case _:
                assert_never(outcome)

    def give_up(self, message: OutMessage, why: str, at: datetime) -> Report | None:  # noqa: ARG002 - `why` is for operators and may quote technical causes
        """Nobody knows whether the operator has it; an officer has to ask."""
        return sync_report(message, "unknown", at, code="postal.gave_up", reasons=text_pair("gave_up"))

    async def poll(self, cursor: str | None) -> Polled:
        """Read one page of each account; an account that cannot be read keeps its place and is logged."""
        places = _read_cursor(cursor)
        reports: list[Report] = []
        is_more = False
        for code, client in self._clients.items():
            place = places.get(code, self._settings.first_id)
            try:
                page = await client.read_tracking(place, self._settings.page_size)
            except PostalError as error:
                _log.warning(
                    "tracking not read", extra={"action": "postal.poll_failed", "reason": str(error)}
                )
                continue
            reports.extend(self._reports_of(page.records, page.unreadable))
            has_moved = page.last_id is not None and page.last_id != place
            is_more = is_more or (has_moved and page.returned >= self._settings.page_size)
            places[code] = page.last_id or place
        return Polled(tuple(reports), json.dumps(places, sort_keys=True), is_more)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _reports_of(self, records: tuple[Record, ...], unreadable: int) -> list[Report]:
        heard = [
            record
            for record in records
            if self._codes.status_of(record.code) not in self._settings.quiet_statuses
        ]
        reports = [report for record in heard if (report := tracked_report(record, self._codes)) is not None]
        if unreadable or len(reports) < len(heard):
            _log.warning(
                "tracking records passed over",
                extra={
                    "action": "postal.poll_skipped",
                    "unreadable": unreadable,
                    "foreign": len(heard) - len(reports),
                },
            )
        return reports

    def _work_of(self, message: OutMessage) -> _Place | _Cancel | Rejected:
        model = PickupOrdered if message.type == PickupOrdered.type else PickupCancelled
        try:
            fact = model.model_validate_json(message.data, extra="ignore")
        except ValidationError:
            return _reject("postal.bad_fact", "bad_fact")
        if subject_of(fact.order) is None:
            return _reject("postal.bad_order", "bad_order")
        account = self._settings.account_of(fact.organisation)
        if account is None:
            return _reject("postal.no_account", "no_account")
        client = self._clients[account.customer_code]
        return _Place(fact, client) if isinstance(fact, PickupOrdered) else _Cancel(fact, client)

    async def _explain(self, work: _Place | _Cancel, answer: Answer) -> Outcome:
        found = await self._look_up(work)
        if not isinstance(found, NotFound):
            return found
        if isinstance(work, _Place) and answer.status in self._settings.duplicate_statuses:
            return Unknown("order/post: said to be a duplicate, not in tracking")
        parties: tuple[PostalParty, ...] = ()
        if isinstance(work, _Place):
            parties = (work.fact.sender, work.fact.receiver)
        return _reject(
            f"postal.{answer.status}",
            "rejected",
            status=str(answer.status),
            message=mask_message(answer.message, parties),
        )

    async def _look_up(self, work: _Place | _Cancel) -> Delivered | Unknown | NotFound:
        try:
            is_there = await self._feed_holds(work.client, lambda record: self._proves(work, record))
        except PostalError as error:
            return Unknown(str(error))
        return _delivered(work) if is_there else NotFound()

    def _proves(self, work: _Place | _Cancel, record: Record) -> bool:
        if record.order != work.fact.order:
            return False
        return isinstance(work, _Place) or self._codes.status_of(record.code) == "cancelled"

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


async def _call(work: _Place | _Cancel) -> Answer:
    match work:
        case _Place(fact, client):
            return await client.post_order(encode_order(fact, client.customer_code))
        case _Cancel(fact, client):
            return await client.cancel_order(fact.order)
        case _:
            assert_never(work)


def _delivered(work: _Place | _Cancel) -> Delivered:
    return Delivered({"order": work.fact.order})


def _reject(code: str, key: Key, **values: str) -> Rejected:
    vi, en = text_pair(key, **values)
    return Rejected(code, vi, en)


def _read_cursor(cursor: str | None) -> dict[str, str]:
    """The kept place of each customer code; written by `poll` alone."""
    return dict(json.loads(cursor)) if cursor is not None else {}
