"""The cash of each order as the operator's feed has it: `python -m adapters.postal.reconciliation`.

Reads the whole feed of each account of `HUB_POSTAL_*`, changes nothing, prints one JSON line per order whose
collected cash was not paid over in full, or of which more was paid over than collected (QĐ 45/2016 Điều 15).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from adapters.postal.client import PostalClient, http_of
from adapters.postal.settings import PostalSettings
from adapters.postal.status_codes import StatusCodes, read_status_codes
from adapters.postal.tracking import Record
from hub.delivery.errors import CallError, EffectUnsureError
from hub.settings.files import contents


@dataclass(frozen=True, slots=True)
class Cash:
    """Sums of one order in đồng; `is_unreadable` when a report about cash names no sum."""

    order: str
    collected: int = 0
    remitted: int = 0
    is_unreadable: bool = False

    @property
    def difference(self) -> int:
        """Collected and not paid over; negative when more was paid over."""
        return self.collected - self.remitted


def cash_of(records: Iterable[Record], codes: StatusCodes) -> tuple[Cash, ...]:
    """The sums of every order with cash, by order number (pure); a record that comes twice counts once."""
    found: dict[str, Cash] = {}
    seen: set[str] = set()
    for record in records:
        status = codes.status_of(record.code)
        if status not in {"cod_collected", "cod_remitted"} or record.id in seen:
            continue
        seen.add(record.id)
        cash = found.get(record.order, Cash(record.order))
        if record.cash is None:
            cash = replace(cash, is_unreadable=True)
        elif status == "cod_collected":
            cash = replace(cash, collected=cash.collected + record.cash)
        else:
            cash = replace(cash, remitted=cash.remitted + record.cash)
        found[record.order] = cash
    return tuple(found[order] for order in sorted(found))


def work_list(sums: Iterable[Cash]) -> tuple[Cash, ...]:
    """The orders that somebody has to ask the operator about (pure)."""
    return tuple(cash for cash in sums if cash.difference or cash.is_unreadable)


async def read_feed(client: PostalClient, settings: PostalSettings) -> list[Record]:
    """Every record of one account; raises CallError when the feed cannot be read to its end."""
    records: list[Record] = []
    place = settings.first_id
    for _ in range(settings.max_query_pages):
        page = await client.read_tracking(place, settings.page_size)
        records.extend(page.records)
        if page.returned < settings.page_size:
            return records
        if page.last_id is None or page.last_id == place:
            break
        place = page.last_id
    raise EffectUnsureError("order/tracking: does not come to an end")


async def reconcile(settings: PostalSettings) -> dict[str, tuple[Cash, ...]]:
    """The work list of each account that can be followed; raises CallError when one cannot be read."""
    codes = contents("HUB_POSTAL_STATUS_CODES_FILE", settings.status_codes_file, read_status_codes)
    http = http_of(settings)
    try:
        lists: dict[str, tuple[Cash, ...]] = {}
        for account in settings.distinct_accounts():
            if account.can_track:
                records = await read_feed(PostalClient(http, settings, account), settings)
                lists[account.customer_code] = work_list(cash_of(records, codes))
        return lists
    finally:
        await http.aclose()


def lines_of(lists: dict[str, tuple[Cash, ...]]) -> Sequence[str]:
    """One JSON line per row: customer code, order and sums; no person."""
    return [
        json.dumps(
            {
                "customer_code": code,
                "order": cash.order,
                "collected": cash.collected,
                "remitted": cash.remitted,
                "difference": cash.difference,
                "is_unreadable": cash.is_unreadable,
            }
        )
        for code, rows in sorted(lists.items())
        for cash in rows
    ]


def main() -> int:
    """Print the work list; exit status 0 when it is empty, 1 when not, 3 when a feed cannot be read."""
    try:
        lists = asyncio.run(reconcile(PostalSettings()))
    except CallError as error:
        sys.stderr.write(f"reconciliation: {error}\n")
        return 3
    lines = lines_of(lists)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
