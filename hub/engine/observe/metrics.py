"""Every metric of the core: name, meaning, closed labels. Those of adapters are in `hub.delivery.metrics`."""

from __future__ import annotations

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hub.budget.metrics import BudgetMetrics
from hub.checks.watch import CheckMetrics
from hub.documents.reason import DocumentReason
from hub.engine.decide.tally import Tally
from hub.errors import UntrustedRowError
from hub.facts.untrusted import kind_of, tell_untrusted
from hub.http.metrics import HttpMetrics
from hub.kafka.metrics import ProducerMetrics
from hub.privacy.metrics import RetentionMetrics
from hub.signing.reason import Reason

_END_TO_END_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400, 604800,
)  # fmt: skip
_STAGE_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30)


class EngineMetrics:
    """What one engine process counts; label values are participant names, wire types and refusal codes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.http = HttpMetrics(registry)
        self.accepted = Counter(
            "hub_events_accepted_total", "Requests accepted, after the commit", ["participant", "event_type"],
            registry=registry,
        )  # fmt: skip
        self.rejected = Counter(
            "hub_events_rejected_total", "Requests refused and records that are no envelope, by code",
            ["participant", "reason"], registry=registry,
        )  # fmt: skip
        self.repeated = Counter(
            "hub_effects_deduplicated_total",
            "Repeats that had no second effect",
            ["adapter"],
            registry=registry,
        )
        self.parked = Counter("hub_parked_total", "Requests parked behind a bug", registry=registry)
        self.misses = Counter(
            "hub_commit_failures_total", "Writes rolled back: something compared had changed", ["kind"],
            registry=registry,
        )  # fmt: skip
        self.look_ups = Counter(
            "hub_look_ups_total", "Batches by how what they name was found: known, or read from the store",
            ["kind"], registry=registry,
        )  # fmt: skip
        self.overlay_misses = Counter(
            "hub_overlay_misses_total",
            "Head misses of batches that were decided on the one before, while that was committed",
            registry=registry,
        )  # fmt: skip
        self.stage = Histogram(
            "hub_stage_latency_seconds",
            "Time of a stage",
            ["stage"],
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )
        self.end_to_end = Histogram(
            "hub_end_to_end_latency_seconds",
            "From receipt to the published answer, one value an outbox segment: that of its oldest request",
            ["adapter"], buckets=_END_TO_END_BUCKETS, registry=registry,
        )  # fmt: skip
        self.batch = Histogram(
            "hub_batch_records", "Records in a committed batch", buckets=(1, 2, 5, 10, 50, 100, 250, 500),
            registry=registry,
        )  # fmt: skip
        self._rebalances_seen = 0
        self.rebalances = Counter(
            "hub_consumer_rebalances_total", "Rebalances seen by this process", ["group"], registry=registry
        )
        self.lost = Counter("hub_database_lost_total", "Times the database session broke", registry=registry)
        self._add_gauges(registry)
        self.producers = ProducerMetrics(registry)
        self.store = StoreMetrics(registry)
        self.retention = RetentionMetrics(registry)
        self.signatures = SignatureMetrics(registry)
        self.checks = CheckMetrics(registry)
        self.budget = BudgetMetrics(registry)
        self.last_poll = time.monotonic()
        self.last_commit = time.monotonic()

    def _add_gauges(self, registry: CollectorRegistry) -> None:
        self._untrusted = Counter(
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
        self.stopped = Gauge(
            "hub_partition_stopped", "1 while a partition is stopped by a gap", ["topic", "partition"],
            registry=registry,
        )  # fmt: skip
        self.held = Gauge(
            "hub_participant_held", "1 while a participant is left alone: its requests hit too many bugs",
            ["participant"], registry=registry,
        )  # fmt: skip
        self.passed_over = Counter(
            "hub_timers_passed_over_total",
            "Times that due timers waited no longer for a participant that is held back by its own doing",
            ["participant"], registry=registry,
        )  # fmt: skip
        self.shards = Gauge("hub_shards_owned", "Outbox shards owned by this process", registry=registry)
        self.outbox = Gauge(
            "hub_outbox_pending", "Segments waiting to be published", ["adapter"], registry=registry
        )
        self.blocked = Gauge("hub_topics_blocked", "Topics that cannot be written", registry=registry)

    def polled(self) -> None:
        """The loop is alive and asks for work."""
        self.last_poll = time.monotonic()
        self.progress.labels("engine").set_to_current_time()

    def committed(self, tally: Tally, records: int, seconds: float) -> None:
        """One batch is in the store."""
        self.last_commit = time.monotonic()
        self.stage.labels("commit").observe(seconds)
        self.batch.observe(records)
        self.repeated.labels("engine").inc(tally.repeated)
        self.parked.inc(tally.parked)
        for key, count in tally.accepted.items():
            self.accepted.labels(*key).inc(count)
        for key, count in (*tally.refused.items(), *tally.malformed.items()):
            self.rejected.labels(*key).inc(count)

    def published(self, ages_s: Iterable[float]) -> None:
        """Segments are on their topics; how long ago the first request of each was received."""
        observe = self.end_to_end.labels("engine").observe
        for age_s in ages_s:
            observe(age_s)

    def rebalanced(self, so_far: int) -> None:
        """The number of rebalances that this process has seen so far."""
        self.rebalances.labels("engine").inc(so_far - self._rebalances_seen)
        self._rebalances_seen = so_far

    def hold(self, participants: Iterable[str]) -> None:
        """These participants are left alone now."""
        self.held.clear()
        for participant in participants:
            self.held.labels(participant).set(1)

    def untrusted_row(self, error: UntrustedRowError) -> None:
        """A row was met that nothing may be decided on."""
        tell_untrusted(error)
        self._untrusted.labels(kind_of(error)).inc()

    def missed(self, kind: str) -> None:
        """A write was rolled back."""
        self.misses.labels(kind).inc()

    def database_lost(self) -> None:
        """A session to PostgreSQL broke."""
        self.lost.inc()


VERIFICATIONS = ("ok", *(reason.code for reason in (*Reason, *DocumentReason)))
"""How the verification of a package can end."""


class SignatureMetrics:
    """Signed packages of copies and results, as the rules get to know them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._verified = Counter(
            "hub_signature_verifications_total",
            "Verifications of signed packages; outcome: ok, or the refusal's code: `signature.`, `document.`",
            ["outcome"],
            registry=registry,
        )
        for outcome in VERIFICATIONS:
            self._verified.labels(outcome)

    def verified(self, outcome: str) -> None:
        """One more; each time anew, except what was verified within the last minute."""
        self._verified.labels(outcome).inc()


class StoreMetrics:
    """What an engine counts in the store every few seconds; the same numbers in every engine."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(name, meaning, labels, registry=registry)

        self.letters = gauge("hub_dead_letters", "Dead letters that nobody has resolved", "adapter", "reason")
        self.letter_age = gauge(
            "hub_dead_letter_oldest_age_seconds", "Age of the oldest dead letter", "adapter"
        )
        self.parked = gauge("hub_parked_keys", "Dossiers parked behind a bug")
        self.parked_age = gauge("hub_parked_oldest_age_seconds", "Age of the oldest parked request")
        self.unheard = gauge(
            "hub_organisations_unheard",
            "Agencies to which dossiers were forwarded within a week and for which no participant speaks",
        )
        self.segments = gauge("hub_outbox_segments", "Outbox segments in the store")
        self.blocked = gauge("hub_blocked_messages", "Messages set aside: their topic cannot be written")
        self.erased = gauge("hub_subject_keys_shredded", "Dossiers whose personal data were erased")
        self.at_risk = gauge(
            "hub_deadlines_at_risk", "Dossiers due soon, by legal time; window: 4h, 1d", "window"
        )
        self.overdue = gauge("hub_deadlines_overdue", "Dossiers whose due time has passed without a result")
        self.codes_left = gauge(
            "hub_dossier_codes_left", "Dossier codes of this day that no engine has leased yet", "unit"
        )
        self.tickets_left = gauge(
            "hub_queue_numbers_left", "Numbers that the queue of a one-stop can still give today", "unit"
        )
        self.calendar_left = gauge("hub_calendar_days_left", "Days ahead whose days off are known")
        self.outbox_age = gauge(
            "hub_outbox_oldest_age_seconds",
            "For how long this process has seen the oldest message wait that is not published",
            "adapter",
        )
        self.lag = gauge(
            "hub_consumer_lag_records", "Records received and not processed yet", "group", "topic"
        )
        self.lag_seconds = gauge(
            "hub_consumer_lag_seconds",
            "Time since the oldest record was received that is not processed; 0 while that is below 5 s",
            "group",
            "topic",
        )
        self.lag_retention = gauge(
            "hub_consumer_lag_retention_ratio",
            "That time as a share of the topic's retention: at 1 the broker deletes what nobody has read",
            "group",
            "topic",
        )
