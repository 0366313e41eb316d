"""What is shown of budgets and brakes."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge


class BudgetMetrics:
    """The same numbers in every engine, but for brakes: take the maximum over engines."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.used = Gauge(
            "hub_budget_used_ratio",
            "Share of a participant's budget that is used: of the day (kind: records, bytes, uploads,"
            " upload_bytes), of what is kept of its dead letters (letters, letter_bytes)",
            ["participant", "kind"],
            registry=registry,
        )
        self.braked = Gauge(
            "hub_participant_braked",
            "1 while a participant is slowed; reason: malformed, refused (nearly all of its requests),"
            " budget (its day is used up)",
            ["participant", "reason"],
            registry=registry,
        )
