"""The page of the gateway beside direct Kafka (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.gateway_requests import Way
from bench.gateway_run import GatewayMeasured, GatewayPlan
from bench.results import Spread, page, ratio_text, ratios, table

TITLES: Mapping[Way, str] = {
    "kafka": "Kafka participant (aiokafka), receipt read on `out.`",
    "gateway": "HTTPS participant, receipt in the answer",
}


def gateway_page(machine: Mapping[str, Any], plan: GatewayPlan, measured: Sequence[GatewayMeasured]) -> str:
    """Rates, latencies and CPU of both ways."""
    return page("Gateway", _about(plan), machine, [_table(measured), _costs(measured)])


def _about(plan: GatewayPlan) -> str:
    return (
        f"{plan.clients} clients, each with one request under way: it sends the next when it has the receipt "
        f"of the last. The same {plan.requests:,} submissions a round go to the same engine through one "
        "gateway (TLS, a kept connection per client, binary mode) and over Kafka (one producer and one "
        "consumer for all clients, `acks=all`). A tenth must be refused. Latency is from the sending to the "
        "receipt at the client. Each request must have exactly one receipt with the planned outcome, at the "
        "clients and on the participant's topic. All clients of a way are one participant, so the gateway's "
        "rate limit of a participant is lifted. Engine, gateway, servers and clients share the machine. "
        f"{plan.rounds} interleaved rounds, medians with the lowest and the highest; ratios are taken inside "
        "each round."
    )


def _table(measured: Sequence[GatewayMeasured]) -> str:
    rates = _by_round(measured, "receipts_per_s")
    slow = _by_round(measured, "p95_ms")
    rows = []
    for way in rates:
        mine = [one for one in measured if one.way == way]
        is_ours = way == "gateway"
        rows.append((
            TITLES[mine[0].way],
            Spread.of(one.receipts_per_s for one in mine).rate(),
            ratio_text(ratios(rates, way, "kafka") if is_ours else None),
            *(_ms(getattr(one, name) for one in mine) for name in ("p50_ms", "p95_ms", "p99_ms")),
            ratio_text(ratios(slow, way, "kafka") if is_ours else None),
            str(sum(one.late for one in mine)),
        ))  # fmt: skip
    header = (
        "way", "receipts/s", "of direct Kafka", "p50 ms", "p95 ms", "p99 ms", "p95 / that of Kafka",
        "answered with 202 first",
    )  # fmt: skip
    return table(header, rows)


def _costs(measured: Sequence[GatewayMeasured]) -> str:
    names = ("gateway_us", "engine_us", "postgres_us", "broker_us", "load_us")
    rows = []
    for way in dict.fromkeys(one.way for one in measured):
        mine = [one for one in measured if one.way == way]
        medians = [f"{Spread.of(getattr(one, name) for one in mine).median:.0f}" for name in names]
        foreign = f"{Spread.of(one.foreign_cores for one in mine).median:.2f}"
        rows.append((TITLES[way], *medians, foreign))
    header = ("CPU us per receipt", "gateway", "engine", "PostgreSQL", "broker", "clients", "foreign cores")
    return table(header, rows)


def _by_round(measured: Sequence[GatewayMeasured], name: str) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for one in measured:
        found.setdefault(one.way, {})[one.round] = getattr(one, name)
    return found


def _ms(values: Any) -> str:
    spread = Spread.of(values)
    return f"{spread.median:.1f} ({spread.low:.1f}-{spread.high:.1f})"
