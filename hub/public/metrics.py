"""What one process of the public page counts; label values are closed words."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram

from hub.checks.watch import CheckMetrics
from hub.http.metrics import HttpMetrics

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
Outcome = Literal["shown", "unknown", "limited_address", "limited_code", "away", "fault"]


class PublicMetrics:
    """Counted at the page: how many, never of which dossier."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.http = HttpMetrics(registry)
        self.look_ups = Counter(
            "hub_public_look_ups_total",
            "Look-ups by everybody; outcome: shown, unknown (no such dossier, or a wrong second factor),"
            " limited_address, limited_code (too many wrong tries of a code), away, fault (a bug of ours)",
            ["outcome"],
            registry=registry,
        )
        self.latency = Histogram(
            "hub_public_latency_seconds", "Time of a look-up, from its whole request to its page",
            registry=registry, buckets=_BUCKETS,
        )  # fmt: skip
        self.checks = CheckMetrics(registry)
