"""Test support: an adapter's gauges through a simulated day, and what the alert rules make of them."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.plain_http import plain_http
from tests.support.processes import HubProcess
from tests.support.stack import REPOSITORY

RULES = REPOSITORY / "deploy" / "prometheus" / "rules" / "hub.yml"
SHOWN = ("hub_adapter_circuit_state", "hub_outbox_oldest_age_seconds")
HOUR_S = 3600.0
"""The adapter's own times run an hour in a second here, so its ages are that much greater."""
LOOK_S = 0.1
QUIET_MIN = 60

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass(slots=True)
class Watch:
    """Looks at the gauges ten times a second; each look stands for `minutes` of simulated time."""

    process: HubProcess
    minutes: int = 1
    looks: list[tuple[int, Series]] = field(default_factory=list)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look until the end of the block."""
        task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def states(self) -> list[str]:
        """The circuit's states in their order, each run of one state once."""
        held = [
            next(
                dict(labels)["state"] for (name, labels), value in series.items() if is_state(name) and value
            )
            for _, series in self.looks
        ]
        return [state for state, _ in groupby(held)]

    @property
    def is_open(self) -> bool:
        """Whether the last look found the circuit open."""
        return bool(self.looks) and self.states()[-1] == "open"

    @property
    def is_calm(self) -> bool:
        """Whether the last look found the circuit closed and no delivery waiting."""
        ages = [value for (name, _), value in self.looks[-1][1].items() if not is_state(name)]
        return self.states()[-1] == "closed" and not any(ages)

    async def _look(self) -> None:
        url = await self.process.url()
        async with plain_http() as client:
            while True:
                text = (await client.get(f"{url}/metrics")).text
                self.looks.append((self.minutes, shown(text)))
                await asyncio.sleep(LOOK_S)


def is_state(name: str) -> bool:
    return name == "hub_adapter_circuit_state"


def shown(text: str) -> Series:
    """The gauges that the rules about an absent counterpart read; ages as simulated seconds."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        * (HOUR_S if sample.name.endswith("_age_seconds") else 1)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in SHOWN
    }


def alerts(looks: list[tuple[int, Series]], folder: Path) -> str:
    """Let promtool replay the looks, a quiet hour before and after; its complaint unless there was one alert.

    One alert: HubCircuitOpenLong and no other has fired, in one piece, and fires no more at the end.
    """
    spans = [(QUIET_MIN, looks[0][1]), *looks, (QUIET_MIN, looks[-1][1])]
    minutes = sum(span for span, _ in spans)
    series = [
        {"series": _name(key), "values": " ".join(f"{round(value[key])}x{span - 1}" for span, value in spans)}
        for key in looks[0][1]
    ]
    series += _working_engine(minutes)
    firing = 'ALERTS{alertstate="firing"}'
    whole = f"[{minutes}m:1m]"
    in_one_piece = (
        f"(max_over_time(timestamp({firing}){whole}) - min_over_time(timestamp({firing}){whole})) / 60 + 1"
        f" - count_over_time({firing}{whole})"
    )
    tests = [
        _expect(f"count by (alertname) (count_over_time({firing}{whole}))", minutes, 1),
        _expect(f"sum by (alertname) ({in_one_piece})", minutes, 0),
        {"expr": firing, "eval_time": f"{minutes}m", "exp_samples": []},
    ]
    group = {"interval": "1m", "input_series": series, "promql_expr_test": tests}
    file = folder / "away_test.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [group]})
    )
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _working_engine(minutes: int) -> list[dict[str, str]]:
    """What an engine beside the adapter shows: it owns shards, and made progress each minute."""
    progress = 'hub_consumer_last_progress_timestamp_seconds{group="engine"}'
    return [
        {"series": "hub_shards_owned", "values": f"4x{minutes}"},
        {"series": progress, "values": f"0+60x{minutes}"},
    ]


def _expect(expression: str, minutes: int, value: int) -> dict[str, object]:
    sample = {"labels": '{alertname="HubCircuitOpenLong"}', "value": value}
    return {"expr": expression, "eval_time": f"{minutes}m", "exp_samples": [sample]}


def _name(key: tuple[str, tuple[tuple[str, str], ...]]) -> str:
    labels = ", ".join(f'{name}="{value}"' for name, value in key[1])
    return f"{key[0]}{{{labels}}}"
