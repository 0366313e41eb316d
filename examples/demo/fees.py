"""Fees of a quarter, as a one-stop settles them with an agency (9.10)."""

from __future__ import annotations

from typing import Any

from examples.demo.members import ONE_STOPS
from examples.demo.procedures import TOWN_HALL
from examples.demo.settings_of import OFFICER


def settlement(quarter: str) -> dict[str, Any]:
    """What the one-stop collected for the town hall, and has not handed over to the last đồng."""
    fees = {"kind": "fee", "receipts": 41, "collected": 1_230_000, "handed_over": 1_230_000}
    others = {"kind": "service_fee", "receipts": 12, "collected": 300_000, "handed_over": 275_000}
    return {
        "organisation": ONE_STOPS["counter-1"],
        "agency": TOWN_HALL,
        "quarter": quarter,
        "sums": [fees, others],
        "difference": "Một biên lai chờ đối chiếu với ngân hàng",
        "officer": OFFICER,
    }
