"""What is shown of retention: what was removed, what failed, when a sweep last ended."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class RetentionMetrics:
    """What the sweeps of this engine removed, and when the last sweep of any engine ended."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.removed = Counter(
            "hub_retention_removed_total",
            "Rows deleted or emptied because their time was over; kind: dead_letter_bytes, dead_letter,"
            " participant_use, redrive, blocked_message, parked_request, delivery, delivery_bytes,"
            " delivery_report, delivery_poison, waiting_message, licensed_data; and documents:"
            " document_erased, document_unnamed, document_upload (half ones)",
            ["kind"],
            registry=registry,
        )
        self.failed = Counter(
            "hub_retention_failures_total",
            "Steps of a sweep that failed and are tried again within a minute; kind: personal, delivery,"
            " document, and as in hub_retention_removed_total",
            ["kind"],
            registry=registry,
        )
        self.last_success = Gauge(
            "hub_retention_last_success_timestamp_seconds",
            "When a sweep last ended, by whatever engine",
            registry=registry,
        )
