"""Payments that the platform has and the hub has not: `python -m adapters.national_portal.reconciliation`.

Asks about each payment that is open since half an hour to three days, changes nothing, and prints one JSON
line for each that was paid there. Answers are not signed: they are hints for an officer and never a payment.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.national_portal.errors import UnopenedError
from adapters.national_portal.payment_query import Standing, query_of, standing_of
from adapters.national_portal.record import Bill, Record
from adapters.national_portal.sealing import RecordSeal
from adapters.national_portal.settings import PaymentSettings, PortalSettings
from adapters.national_portal.tables import Tables
from adapters.national_portal.transport import Transport
from hub.delivery.database import open_pool
from hub.delivery.errors import CallError, EffectUnsureError, StoreAwayError
from hub.errors import StartupError

YOUNGEST: Final = timedelta(minutes=30)
OLDEST: Final = timedelta(days=3)
"""As a client in production asks (contract 6.1)."""


class StoreSettings(BaseSettings):
    """The store of the adapter, as the adapter itself has it."""

    model_config = SettingsConfigDict(env_prefix="HUB_POSTGRES__", frozen=True, extra="ignore")

    dsn: SecretStr = Field(description="PostgreSQL")


@dataclass(frozen=True, slots=True)
class Open:
    """A payment that the hub waits for, by the dossier's code."""

    code: str
    bill: Bill


def open_payments(records: Iterable[Record], now: datetime) -> tuple[Open, ...]:
    """What is old enough to be asked about and not too old, by its number (pure)."""
    found = [
        Open(record.wire_code or "", bill)
        for record in records
        for bill in record.bills
        if bill.status != "paid" and YOUNGEST <= now - bill.asked_at <= OLDEST
    ]
    return tuple(sorted(found, key=lambda each: each.bill.payment))


async def ask(
    transport: Transport, payment: PaymentSettings, payments: Iterable[Open]
) -> list[tuple[Open, Standing]]:
    """The platform's word on each, one after the other; raises CallError when one cannot be had."""
    assert payment.query_path is not None
    told = []
    for each in payments:
        body = query_of(each.bill, payment.partner, payment.secret.get_secret_value())
        encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        answer = await transport.post("QUERY", payment.query_path, encoded)
        standing = standing_of(answer, each.bill.payment)
        if standing is None:
            raise EffectUnsureError("QUERY: unreadable answer")
        told.append((each, standing))
    return told


def lines_of(told: Iterable[tuple[Open, Standing]]) -> list[str]:
    """One JSON line for each payment that was made there: numbers and sum, no person."""
    return [
        json.dumps({"dossier": each.code, "payment": each.bill.payment, "amount": each.bill.total})
        for each, standing in told
        if standing == "paid"
    ]


async def reconcile(settings: PortalSettings, dsn: str, now: datetime) -> list[str]:
    """The work list; raises CallError, StoreAwayError, StartupError, UnopenedError, ValueError (no QUERY)."""
    if settings.payment is None or settings.payment.query_path is None:
        raise ValueError("HUB_PORTAL_PAYMENT__QUERY_PATH is not set")
    async with open_pool(dsn, "portal", connections=1) as pool:
        kept = Tables(pool, RecordSeal(settings.record_key.get_secret_value()))
        await kept.must_fit()
        payments = open_payments([record async for record in kept.under_way()], now)
    transport = Transport(settings)
    try:
        return lines_of(await ask(transport, settings.payment, payments))
    finally:
        await transport.aclose()


def main() -> int:
    """Print the work list; exit status 0 when it is empty, 1 when not, 3 when it cannot be had."""
    try:
        dsn = StoreSettings().dsn.get_secret_value()
        lines = asyncio.run(reconcile(PortalSettings(), dsn, datetime.now(UTC)))
    except (CallError, UnopenedError, StoreAwayError, StartupError, ValueError) as error:
        sys.stderr.write(f"reconciliation: {error}\n")
        return 3
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
