"""The metrics of producers: in every process that writes topics."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class ProducerMetrics:
    """What became of the writes; a lane has a series only while it fails."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._renewals = Counter(
            "hub_kafka_producer_renewals_total",
            "Producers made anew because a write had failed for good;"
            " client: relay, clockwork, heartbeat, gateway, reports",
            ["client"],
            registry=registry,
        )
        self._failing = Gauge(
            "hub_kafka_lane_failing_seconds",
            "For how long every write to a topic (of the relay: topic/shard) has failed; 0 when nobody has"
            " tried for five minutes (30 s when no broker had answered)",
            ["client", "lane"],
            registry=registry,
        )

    def renewed(self, client: str) -> None:
        """A producer was replaced."""
        self._renewals.labels(client).inc()

    def fails(self, client: str, lane: str, seconds: Callable[[], float]) -> None:
        """A lane fails from now on; `seconds` is asked at each look."""
        self._failing.labels(client, lane).set_function(seconds)

    def works(self, client: str, lane: str) -> None:
        """A lane that failed works again."""
        self._failing.remove(client, lane)
