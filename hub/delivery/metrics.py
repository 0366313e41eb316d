"""The metrics of the delivery runtime: each with its meaning and closed labels."""

from __future__ import annotations

from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hub.checks.watch import CheckMetrics
from hub.delivery.rows import Counts
from hub.delivery.throttle import GateState
from hub.http.metrics import HttpMetrics
from hub.kafka.metrics import ProducerMetrics

_CALL_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
GATE_STATES: tuple[GateState, ...] = get_args(GateState)


class DeliveryMetrics:
    """One set per process, shared by its adapters; every metric of its own has the label `adapter`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.http = HttpMetrics(registry)
        self.producers = ProducerMetrics(registry)
        self.checks = CheckMetrics(registry)
        self._add_counters(registry)
        self._add_gauges(registry)
        self.request_seconds = Histogram(
            "hub_adapter_request_duration_seconds",
            "How long calls to the counterpart took",
            ("adapter", "code_class"),
            buckets=_CALL_BUCKETS,
            registry=registry,
        )

    def _add_counters(self, registry: CollectorRegistry) -> None:
        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(name, meaning, ("adapter", *labels), registry=registry)

        self.delivered = counter(
            "hub_events_delivered_total",
            "Deliveries that are over, without what was only noted; outcome: ok, rejected, expired",
            "event_type",
            "outcome",
        )
        self.effects = counter("hub_effects_applied_total", "Effects that the counterpart has taken")
        self.deduplicated = counter(
            "hub_effects_deduplicated_total", "Repeated messages that were suppressed"
        )
        self.lease_lost = counter("hub_outbox_lease_lost_total", "Outcomes dropped: the lease had run out")
        self.retries = counter(
            "hub_retry_attempts_total",
            "Calls that have to be repeated; reason: retry, unknown, not_found",
            "reason",
        )
        # OpenMetrics forbids a gauge `hub_dead_letters` beside a counter `hub_dead_letters_total`.
        self.dead_letters_made = counter("hub_dead_letters_made_total", "Dead letters so far", "reason")
        self.requests = counter(
            "hub_adapter_requests_total",
            "Calls by their end; code_class: delivered, rejected, retry, unknown, not_found, polled, failed",
            "code_class",
        )
        self.reports_sent = counter("hub_adapter_reports_sent_total", "Reports sent, repeats included")
        self.reports_refused = counter("hub_adapter_reports_refused_total", "Reports that the hub refused")
        self.unreadable = counter(
            "hub_adapter_records_unreadable_total",
            "Records of the counterpart that nobody can read and that were passed over",
        )
        self.untrusted = Counter(
            "hub_untrusted_rows_total",
            "Encounters with stored rows that were altered, or are of a newer version",
            ["kind"], registry=registry,
        )  # fmt: skip
        self.progress = Gauge(
            "hub_consumer_last_progress_timestamp_seconds", "Unix time of the last poll", ["group"],
            registry=registry,
        )  # fmt: skip
        self.assigned = Gauge(
            "hub_partitions_assigned", "Partitions that this process reads", registry=registry
        )
        self.not_genuine = counter(
            "hub_adapter_not_genuine_total",
            "Calls at the adapter's door by who does not know the secret: strangers, or another secret there",
        )

    def _add_gauges(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(name, meaning, ("adapter", *labels), registry=registry)

        self.messages_gone = gauge(
            "hub_adapter_messages_gone",
            "Messages that were gone from the topic before they were read, until `hub replay`",
        )
        self.lag = Gauge(
            "hub_consumer_lag_records",
            "Messages of the adapter's topic that it has not stored yet",
            ("group", "topic"),
            registry=registry,
        )
        self.lag_seconds = Gauge(
            "hub_consumer_lag_seconds",
            "For how long this process has seen the oldest of them wait",
            ("group", "topic"),
            registry=registry,
        )
        self.pending = gauge("hub_outbox_pending", "Deliveries that are not over")
        self.oldest_age = gauge(
            "hub_outbox_oldest_age_seconds", "Age of the oldest delivery that is not over"
        )
        self.inflight = gauge("hub_inflight_events", "Calls under way")
        self.inflight_limit = gauge("hub_inflight_limit", "Calls that may be under way at once")
        self.retries_scheduled = gauge("hub_retry_scheduled", "Deliveries that wait for another call")
        self.dead_letters = gauge(
            "hub_dead_letters",
            "Dead letters that wait; reason: expired (no receipt for its answer yet), malformed, report",
            "reason",
        )
        self.dead_letter_age = gauge("hub_dead_letter_oldest_age_seconds", "Age of the oldest dead letter")
        self.unknown = gauge(
            "hub_unknown_outcomes", "Deliveries of which nobody can say whether they happened"
        )
        self.unknown_age = gauge("hub_unknown_outcomes_oldest_age_seconds", "Age of the oldest doubt")
        self.circuit = gauge(
            "hub_adapter_circuit_state",
            "1 for the state that holds: closed, open, half_open, paused, maintenance",
            "state",
        )
        self.last_success = gauge(
            "hub_adapter_last_success_timestamp_seconds", "When the counterpart last did what it was asked"
        )
        self.poll_failing = gauge(
            "hub_adapter_poll_failing_seconds",
            "For how long no poll has read all of the counterpart, 0 while it can be read",
        )
        self.reports_unconfirmed = gauge(
            "hub_adapter_reports_unconfirmed", "Reports without the hub's receipt so far"
        )
        self.reports_age = gauge(
            "hub_adapter_reports_oldest_age_seconds", "Age of the oldest report without receipt"
        )

    def show_counts(self, adapter: str, counts: Counts) -> None:
        """Set the gauges of the tables."""
        for gauge, value in (
            (self.pending, counts.pending),
            (self.oldest_age, counts.oldest_age_s),
            (self.retries_scheduled, counts.retries),
            (self.unknown, counts.unknown),
            (self.unknown_age, counts.unknown_age_s),
            (self.dead_letter_age, max(counts.dead_age_s, counts.poison_age_s)),
            (self.reports_unconfirmed, counts.unconfirmed),
            (self.reports_age, counts.unconfirmed_age_s),
        ):
            gauge.labels(adapter).set(value)
        for reason, depth in (
            ("expired", counts.dead),
            ("malformed", counts.poison),
            ("report", counts.reports_due),
        ):
            self.dead_letters.labels(adapter, reason).set(depth)

    def show_gate(self, adapter: str, state: GateState) -> None:
        """Set the one-hot state of the gate."""
        for name in GATE_STATES:
            self.circuit.labels(adapter, name).set(name == state)
