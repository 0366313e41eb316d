"""The two calls of the payment platform: what is payable, and what became of it."""

from __future__ import annotations

import logging

from adapters.national_portal import payment
from adapters.national_portal.names import dossier_of_payment
from adapters.national_portal.payment import Body, Confirmation
from adapters.national_portal.settings import PaymentSettings
from adapters.national_portal.tables import Tables
from adapters.national_portal.texts import DoorKey, door_answer, door_text
from hub.delivery.adapter import Report
from hub.delivery.errors import StoreAwayError
from hub.delivery.foreign_text import code
from hub.delivery.host import Host

_log = logging.getLogger(__name__)


class PaymentDoor:
    """Whoever has not shown the shared secret is told nothing, and changes nothing."""

    def __init__(self, shared: PaymentSettings, desk: Host, tables: Tables) -> None:
        self._shared = shared
        self._secret = shared.secret.get_secret_value()
        self._desk = desk
        self._tables = tables

    async def confirm(self, body: Body) -> Body:
        """dpnhankqthanhtoanhs: `00` once the report to the hub is stored; the same for a repeat."""
        told = payment.read_confirmation(body, self._shared)
        if told is None:
            self._count_stranger()
            return payment.stranger_answer(door_text("bad_signature"))
        try:
            key = await self._record(told)
        except StoreAwayError as error:
            _log.warning("not answered", extra={"action": "portal.door_away", "reason": str(error)})
            key = "unavailable"
        result = payment.PAID if key == "ok" else payment.FAILED
        return payment.confirmation_answer(told, result, door_text(key), self._secret)

    async def look_up(self, body: Body) -> Body:
        """dptracuuthanhtoanhs: 1 with the open bill, 0 without one."""
        is_genuine = payment.is_lookup_genuine(body, self._secret)
        if not is_genuine and (self._shared.is_lookup_signed or body.get("MaXacThuc")):
            self._count_stranger()
            return door_answer("bad_signature")
        try:
            return await self._payable(code(body.get("MaHoSo")), is_signed=is_genuine)
        except ValueError:  # no text, or a code with the separator
            return door_answer("unknown_dossier")

    async def _payable(self, named: str, *, is_signed: bool) -> Body:
        found = await self._tables.shown(named)
        if found is None:
            return door_answer("unknown_dossier")
        open_bill = found[1].open_bill
        if open_bill is None:
            return {"error_code": "0", "message": {}}
        bill = payment.bill_of(found[1], open_bill)
        return {"error_code": "1", "message": payment.signed_bill(bill, self._secret) if is_signed else bill}

    def _count_stranger(self) -> None:
        self._desk.parts.metrics.not_genuine.labels(self._desk.parts.name).inc()

    async def _record(self, told: Confirmation) -> DoorKey:
        report = await self._report_of(told)
        if not isinstance(report, Report):
            return report
        if await self._desk.accept(report):
            _log.info("payment", extra={"action": "portal.payment", "report_id": report.id})
        return "ok"

    async def _report_of(self, told: Confirmation) -> Report | DoorKey:
        named = dossier_of_payment(told.reference)
        found = await self._tables.charged(named) if named is not None else None
        bills = found[1].bills if found is not None else ()
        bill = next((bill for bill in bills if bill.payment == told.reference), None)
        if found is None or bill is None:
            return "unknown_payment"
        if told.amount is None or (told.is_paid is not False and told.amount != bill.total):
            return "wrong_amount"
        try:
            return payment.payment_report(told, *found)
        except ValueError:  # pydantic's too, whose text quotes what was read
            return "bad_request"
