"""What one gateway process counts; label values are participant names and closed words."""

from __future__ import annotations

from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hub.checks.watch import CheckMetrics
from hub.http.metrics import HttpMetrics
from hub.kafka.metrics import ProducerMetrics
from hub.participants.webhook_call import Outcome

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 30)


class GatewayMetrics:
    """Counted at the door and behind it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.http = HttpMetrics(registry)
        self.producers = ProducerMetrics(registry)
        self.requests = Counter(
            "hub_gateway_requests_total", "Requests answered; participant `nobody`: no valid credentials",
            ["participant", "code_class"], registry=registry,
        )  # fmt: skip
        self.faults = Counter(
            "hub_gateway_faults_total", "Requests that met a bug of the gateway: 500, or cut off",
            registry=registry,
        )  # fmt: skip
        self.latency = Histogram(
            "hub_gateway_latency_seconds", "Time from the head of a request to the end of its answer; waiting"
            " feeds among them", registry=registry, buckets=_BUCKETS,
        )  # fmt: skip
        self.events = Counter(
            "hub_gateway_events_total",
            "Posted events; outcome: accepted, refused, pending, id_reused",
            ["participant", "outcome"],
            registry=registry,
        )
        self.passed_over = Counter(
            "hub_gateway_messages_passed_over_total",
            "Records of an `out.` topic that are no message of the hub, each time they are met; what lies"
            " behind them is told",
            ["participant"],
            registry=registry,
        )
        self.feeds = Gauge(
            "hub_gateway_feeds_open", "Feeds that are read or waited for now", registry=registry
        )
        self.documents = Counter(
            "hub_gateway_documents_total", "Documents; kind: stored, read", ["participant", "kind"],
            registry=registry,
        )  # fmt: skip
        self.webhooks = Counter(
            "hub_gateway_webhook_calls_total",
            "Messages called out; outcome: delivered, rejected, unreachable, denied, fault (of the gateway)",
            ["participant", "outcome"],
            registry=registry,
        )
        self.webhook_moves = Counter(
            "hub_gateway_webhook_moves_total",
            "Partitions in which a webhook goes on with the oldest message, because the log does not have its"
            " place; reason: expired, made_again (the topic)",
            ["participant", "reason"],
            registry=registry,
        )
        self.webhook_age = Gauge(
            "hub_gateway_webhook_failing_seconds", "Since when a webhook fails, 0 while it works",
            ["participant"], registry=registry,
        )  # fmt: skip

        self.checks = CheckMetrics(registry)

    def forget_webhook(self, participant: str) -> None:
        """End the series of a participant for which another process calls now, or nobody."""
        self.webhook_age.remove(participant)
        for outcome in get_args(Outcome):
            self.webhooks.remove(participant, outcome)
        for reason in ("expired", "made_again"):
            self.webhook_moves.remove(participant, reason)

    def served(self, participant: str, status: int, seconds: float) -> None:
        """One request has its answer; status 0: the client went away before."""
        code_class = f"{status // 100}xx" if status else "none"
        self.requests.labels(participant, code_class).inc()
        self.latency.observe(seconds)
