"""Test support: a real Prometheus that scrapes a test's processes; alert rules with shortened times."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from hub.embedded.process import free_port
from tests.support.stack import REPOSITORY
from tests.support.waiting import eventually

RULES = REPOSITORY / "deploy" / "prometheus" / "rules" / "hub.yml"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WINDOW_S, _AGE_S, _FOR_S = 45, 4, 1
"""What a time is shortened to at the least; a healthy process is behind by seconds."""


def shortened(rules: dict[str, Any], by: int) -> dict[str, Any]:
    """The rules with every duration divided: waits, windows, and ages that are compared with (pure)."""
    groups = [
        {**group, "interval": "1s", "rules": [_shortened(rule, by) for rule in group["rules"]]}
        for group in rules["groups"]
    ]
    return {**rules, "groups": groups}


def _shortened(rule: dict[str, Any], by: int) -> dict[str, Any]:
    def window(match: re.Match[str]) -> str:
        seconds = int(match[2]) * _UNITS[match[3]]
        return f"{match[1]}{max(_WINDOW_S, seconds // by)}s"

    expression = re.sub(r"(\[|offset )(\d+)([smhd])", window, rule["expr"])
    if re.search(r"_seconds\b|time\(\)", expression) and "86400" not in expression:
        expression = re.sub(
            r"> (\d{2,})\b", lambda match: f"> {max(_AGE_S, int(match[1]) // by)}", expression
        )
    waits = {}
    if "for" in rule:
        seconds = int(rule["for"][:-1]) * _UNITS[rule["for"][-1]]
        waits["for"] = f"{max(_FOR_S, seconds // by)}s"
    return {**rule, "expr": expression, **waits}


@dataclass(slots=True)
class Prometheus:
    """`fires` and `ends` wait for an alert; what fired is kept in `seen`, what ended in `ended`."""

    url: str
    folder: Path
    seen: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)

    def watch(self, targets: Mapping[str, tuple[str, int]]) -> None:
        """Scrape these processes from now on: role and port by name."""
        found = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"role": role}} for role, port in targets.values()
        ]
        draft = self.folder / "targets.draft"
        draft.write_text(json.dumps(found), "utf-8")
        draft.replace(self.folder / "targets.json")

    async def firing(self, alert: str, **labels: str) -> list[dict[str, str]]:
        """The firing alerts of this name with these labels."""
        matchers = {"alertname": alert, "alertstate": "firing", **labels}
        query = "ALERTS{" + ", ".join(f'{name}="{text}"' for name, text in matchers.items()) + "}"
        return [found["metric"] for found in await self._asked(query)]

    async def values(self, query: str) -> list[float]:
        """What an expression comes to now."""
        return [float(found["value"][1]) for found in await self._asked(query)]

    async def _asked(self, query: str) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=self.url, timeout=10, trust_env=False) as client:
            answer = (await client.get("/api/v1/query", params={"query": query})).json()
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    async def fires(self, alert: str, limit_s: float = 60, **labels: str) -> None:
        """Wait until it fires."""

        async def does() -> bool:
            return bool(await self.firing(alert, **labels))

        await eventually(does, limit_s, f"{alert} to fire for {labels}")
        self.seen.add(alert)

    async def ends(self, alert: str, limit_s: float = 90, **labels: str) -> None:
        """Wait until it fires no more."""

        async def has() -> bool:
            return not await self.firing(alert, **labels)

        await eventually(has, limit_s, f"{alert} to end for {labels}")
        self.ended.add(alert)


@asynccontextmanager
async def prometheus(folder: Path, by: int) -> AsyncIterator[Prometheus]:
    """A Prometheus that scrapes nothing yet; its configuration and data lie in the folder."""
    port = free_port(set())
    process = _start(folder, by, port)
    made = Prometheus(f"http://127.0.0.1:{port}", folder)
    made.watch({})
    try:
        await eventually(lambda: _is_up(made), 30, "Prometheus")
        yield made
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def _start(folder: Path, by: int, port: int) -> subprocess.Popen[bytes]:
    folder.mkdir()
    rules = shortened(yaml.safe_load(RULES.read_text("utf-8")), by)
    (folder / "rules.yml").write_text(yaml.safe_dump(rules), "utf-8")
    scrape = {"job_name": "hub", "file_sd_configs": [{"files": ["targets.json"], "refresh_interval": "1s"}]}
    settings = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    configuration = {"global": settings, "rule_files": ["rules.yml"], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), "utf-8")
    with (folder / "prometheus.log").open("wb") as log:
        return subprocess.Popen(
            [
                *("prometheus", "--config.file", "prometheus.yml", "--storage.tsdb.path", "data"),
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip


async def _is_up(made: Prometheus) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"{made.url}/-/ready")).status_code == 200
    except httpx.HTTPError:
        return False
