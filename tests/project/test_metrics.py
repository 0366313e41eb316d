"""The declared metrics: names, meanings, labels, and that alerts speak of nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from hub.delivery.metrics import DeliveryMetrics
from hub.engine.decide.tally import Tally
from hub.engine.observe.metrics import EngineMetrics
from tools.metrics_table import DECLARATIONS, Metric, declared, stored_names

REPOSITORY = Path(__file__).parents[2]
RULES = yaml.safe_load((REPOSITORY / "deploy/prometheus/rules/hub.yml").read_text("utf-8"))
ALERTS: list[dict[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
METRICS = [pytest.param(metric, id=metric.name) for role in DECLARATIONS for metric in declared(role)]

CLOSED_LABELS = {
    "adapter", "check", "client", "code_class", "door", "event_type", "group", "kind", "lane", "outcome",
    "participant", "partition", "probe", "reason", "stage", "state", "topic", "unit", "usage", "window",
}  # fmt: skip
"""Names of things that are registered or declared; none can hold what a person wrote or is."""

WORK = {
    "hub_certificate_renewals_total", "hub_consumer_rebalances_total", "hub_effects_applied_total",
    "hub_effects_deduplicated_total", "hub_events_accepted_total", "hub_events_delivered_total",
    "hub_adapter_requests_total", "hub_adapter_reports_sent_total", "hub_commit_failures_total",
    "hub_gateway_documents_total", "hub_gateway_events_total", "hub_gateway_requests_total",
    "hub_look_ups_total", "hub_overlay_misses_total", "hub_retention_removed_total",
}  # fmt: skip
"""Counters of what is done; a failed commit is decided again, and a certificate unfit for use ends later."""
TOLD_BY = {
    "hub_dead_letters_made_total": "HubDeadLettersWaiting",
    "hub_gateway_webhook_calls_total": "HubWebhookFailing",
    "hub_kafka_producer_renewals_total": "HubTopicNotWritten",
    "hub_outbox_lease_lost_total": "HubUnknownOutcomeOld",
    "hub_parked_total": "HubDossiersParked",
    "hub_retry_attempts_total": "HubCircuitOpenLong",
    "hub_timers_passed_over_total": "HubParticipantBraked",
}
"""Counters of trouble whose cause has an alert of its own, by another metric."""
NOT_ALERTED = {
    "hub_adapter_not_genuine_total": "whoever reaches the door makes it grow at will",
}
"""Counters of trouble without an alert, and why."""


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_says_what_it_counts_in_what_unit(metric: Metric) -> None:
    assert re.fullmatch(r"hub_[a-z]+(_[a-z]+)*", metric.name)
    assert len(metric.meaning) > 10
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    if re.search(r"latency|duration|_age|timestamp", metric.name):
        assert metric.name.removesuffix("_total").endswith("_seconds")


@pytest.mark.parametrize("metric", METRICS)
def test_labels_are_closed_and_hold_no_person(metric: Metric) -> None:
    assert set(metric.labels) <= CLOSED_LABELS


def test_one_name_has_one_kind_and_one_set_of_labels_wherever_it_is_served() -> None:
    forms: dict[str, set[tuple[str, tuple[str, ...]]]] = {}
    for metric in (metric for role in DECLARATIONS for metric in declared(role)):
        forms.setdefault(metric.name, set()).add((metric.kind, metric.labels))
    assert {name: found for name, found in forms.items() if len(found) > 1} == {}


def test_alerts_speak_of_metrics_that_exist() -> None:
    known = stored_names()
    spoken = {name for alert in ALERTS for name in re.findall(r"\bhub_[a-z_]+", alert["expr"])}
    assert spoken
    assert spoken - known == set()


def test_alerts_ask_only_for_labels_that_the_metric_has() -> None:
    labels = {metric.name: set(metric.labels) for role in DECLARATIONS for metric in declared(role)}
    for alert in ALERTS:
        for name, selector in re.findall(r"\b(hub_[a-z_]+)\{([^}]*)\}", alert["expr"]):
            base = re.sub(r"_(bucket|count|sum)$", "", name)
            asked = set(re.findall(r"(\w+)\s*[=!]", selector))
            assert asked <= labels[base], alert["alert"]


def test_every_counter_of_trouble_has_an_alert_or_its_reason_told() -> None:
    counters = {metric.name for role in DECLARATIONS for metric in declared(role) if metric.kind == "counter"}
    spoken = {name for alert in ALERTS for name in re.findall(r"\bhub_[a-z_]+", alert["expr"])}
    told = [WORK, set(TOLD_BY), set(NOT_ALERTED), (counters & spoken) - WORK]
    assert set().union(*told) == counters
    assert sum(map(len, told)) == len(counters), "each stands in one place"
    assert set(TOLD_BY.values()) <= {alert["alert"] for alert in ALERTS}


def test_each_alert_is_explained_and_tested() -> None:
    names = [alert["alert"] for alert in ALERTS]
    assert len(names) == len(set(names))
    page = (REPOSITORY / "docs/alerts.md").read_text("utf-8")
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == names
    tests = (REPOSITORY / "deploy/prometheus/tests/hub_test.yml").read_text("utf-8")
    assert {name for name in names if f"alertname: {name}" not in tests} == set()
    assert {alert["labels"]["severity"] for alert in ALERTS} == {"page", "ticket"}


def test_a_committed_batch_is_counted_by_participant_type_and_code() -> None:
    registry = CollectorRegistry()
    metrics = EngineMetrics(registry)
    tally = Tally(
        accepted={("agency-x", "onestop.dossier.submit.v1"): 2},
        refused={("agency-x", "security.id_reused"): 1},
        repeated=3,
    )
    metrics.committed(tally, 6, 0.004)
    text = generate_latest(registry).decode()
    accepted = 'hub_events_accepted_total{event_type="onestop.dossier.submit.v1",participant="agency-x"} 2.0'
    assert accepted in text
    assert 'hub_events_rejected_total{participant="agency-x",reason="security.id_reused"} 1.0' in text
    assert 'hub_stage_latency_seconds_bucket{le="0.005",stage="commit"} 1.0' in text
    assert 'hub_stage_latency_seconds_bucket{le="0.002",stage="commit"} 0.0' in text


def test_rebalances_are_counted_up_from_what_the_intake_has_seen() -> None:
    registry = CollectorRegistry()
    metrics = EngineMetrics(registry)
    for so_far in (0, 2, 2, 5):
        metrics.rebalanced(so_far)
    assert registry.get_sample_value("hub_consumer_rebalances_total", {"group": "engine"}) == 5


def test_published_segments_are_counted_by_the_age_of_their_oldest_request() -> None:
    registry = CollectorRegistry()
    EngineMetrics(registry).published([0.02, 0.4, 90.0])
    buckets = {
        le: registry.get_sample_value(
            "hub_end_to_end_latency_seconds_bucket", {"adapter": "engine", "le": le}
        )
        for le in ("0.01", "0.025", "0.5", "60.0", "300.0")
    }
    assert buckets == {"0.01": 0, "0.025": 1, "0.5": 2, "60.0": 2, "300.0": 3}


def test_the_gate_is_in_exactly_one_state() -> None:
    registry = CollectorRegistry()
    metrics = DeliveryMetrics(registry)
    metrics.show_gate("postal", "open")
    metrics.show_gate("postal", "half_open")
    states = {
        sample.labels["state"]: sample.value
        for family in registry.collect() if family.name == "hub_adapter_circuit_state"
        for sample in family.samples
    }  # fmt: skip
    assert states == {"closed": 0, "open": 0, "half_open": 1, "paused": 0, "maintenance": 0}
