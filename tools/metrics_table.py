"""Writes `docs/metrics.md` from the metrics' declarations: `python -m tools.metrics_table [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from hub.delivery.metrics import DeliveryMetrics
from hub.engine.observe.metrics import EngineMetrics
from hub.gateway.metrics import GatewayMetrics
from hub.http.metrics import HttpMetrics
from hub.public.metrics import PublicMetrics
from tools.generated_page import table, write_or_check

PAGE = Path("docs/metrics.md")
DECLARATIONS = {
    "engine": EngineMetrics, "adapter": DeliveryMetrics, "gateway": GatewayMetrics, "public": PublicMetrics,
}  # fmt: skip
"""Who serves them -> the class that declares them."""
_INTRODUCTION = """\
# Metrics

Each process serves them at `/metrics`, beside `/livez` and `/readyz`. Labels take names of participants,
adapters and topics, types of messages, and the closed values that the meaning names; never personal data.
The alerts on them are in `deploy/prometheus/`.
"""


@dataclass(frozen=True, slots=True)
class Metric:
    """One declared metric; `name` is the name that Prometheus stores (a histogram adds its suffixes)."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


class _Recorder(CollectorRegistry):
    """A registry that remembers what was registered: a labelled metric shows nothing before its use."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics: list[Metric] = []

    def register(self, collector: Collector) -> None:
        super().register(collector)
        assert isinstance(collector, MetricWrapperBase)
        for described in collector.describe():
            suffix = "_total" if described.type == "counter" else ""
            # The label names of a metric stand nowhere in the library's public interface.
            labels = tuple(collector._labelnames)  # noqa: SLF001
            self.metrics.append(
                Metric(described.name + suffix, described.type, labels, described.documentation)
            )


def declared(role: str) -> list[Metric]:
    """The metrics that processes of this role serve, by name."""
    return _of(DECLARATIONS[role])


def _of(declaration: Callable[[CollectorRegistry], object]) -> list[Metric]:
    recorder = _Recorder()
    declaration(recorder)
    return sorted(recorder.metrics, key=lambda metric: metric.name)


def stored_names() -> set[str]:
    """All names under which Prometheus finds something."""
    names: set[str] = set()
    for metric in (metric for role in DECLARATIONS for metric in declared(role)):
        suffixes = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
        names |= {metric.name + suffix for suffix in suffixes}
    return names


def page() -> str:
    """The page below its first line."""
    shared = _of(HttpMetrics)
    parts = [_INTRODUCTION, f"## Of every process (`{HttpMetrics.__module__}`)\n\n{_table(shared)}"]
    for role, declaration in DECLARATIONS.items():
        own = [metric for metric in declared(role) if metric not in shared]
        parts.append(f"## Of the {role} processes (`{declaration.__module__}`)\n\n{_table(own)}")
    return "\n".join(parts)


def _table(metrics: Iterable[Metric]) -> str:
    rows = [
        (f"`{metric.name}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.meaning)
        for metric in metrics
    ]
    return table(("metric", "kind", "labels", "meaning"), rows)


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, "tools.metrics_table", page(), sys.argv[1:]))
