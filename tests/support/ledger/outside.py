"""Ledger: the postal operator behind its adapter: sandbox with faults, adapter process, and their journal."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import orjson

from hub.embedded.process import free_port
from tests.support.ledger.actors import ProcessActor
from tests.support.ledger.evidence import Effect
from tests.support.ledger.journal import read_lines
from tests.support.ledger.site import Site

_LIVES = {
    "lives": [{"events": [{"status": "collected", "after_s": 1}, {"status": "delivered", "after_s": 2}]}]
}
_FAULTS = ("lost_after_effect", "timeout_after_effect", "http_500", "throttled", "expired_token")
_FAULT_EVERY_S = 0.5


def postal_effects(lines: Iterable[Mapping[str, Any]]) -> list[Effect]:
    """The journal of `adapters.postal.sandbox`: orders and cancellations; a second demand is a repeat."""
    effects = []
    for line in lines:
        match line["kind"]:
            case "order":
                effects.append(Effect("postal", line["order"]))
            case "cancel":
                effects.append(Effect("postal", f"{line['order']}/cancel"))
            case "duplicate":
                effects.append(Effect("postal", line["order"], is_repeat=True))
    return effects


def population_effects(lines: Iterable[Mapping[str, Any]]) -> list[Effect]:
    """The journal of `adapters.population_db.sandbox`: one question a check; asking again is a repeat."""
    seen: set[str] = set()
    effects = []
    for line in lines:
        if line["kind"] == "effect":
            check = str(line["request_id"]).partition("-")[0]
            effects.append(Effect("population", check, is_repeat=check in seen))
            seen.add(check)
    return effects


class PostalOutside:
    """Sandbox and adapter of one run; faults come all the time, most of them after the effect."""

    def __init__(self, site: Site) -> None:
        self._journal = site.folder / "sandbox-postal.jsonl"
        self._port = free_port(set())
        self._is_calm = False
        self._chance = random.Random(f"{site.seed}:faults")  # noqa: S311  a seeded simulation
        lives = site.folder / "postal-lives.json"
        lives.write_bytes(orjson.dumps(_LIVES))
        sandbox = ["adapters.postal.sandbox", "--port", str(self._port), "--journal", str(self._journal),
                   "--auto", str(lives)]  # fmt: skip
        self.sandbox = ProcessActor("sandbox-postal", sandbox, site.folder, site.root, {})
        adapter = ["hub.cli.main", "run", "adapter", "postal"]
        self.adapter = ProcessActor("adapter-postal", adapter, site.folder, site.root, self._settings(site))

    @property
    def actors(self) -> tuple[ProcessActor, ...]:
        """Both processes."""
        return self.sandbox, self.adapter

    def effects(self) -> list[Effect]:
        """What the operator says that it did."""
        return postal_effects(read_lines(self._journal))

    async def disturb(self) -> None:
        """Script faults until cancelled or calmed."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=3) as http:
            while not self._is_calm:
                await asyncio.sleep(_FAULT_EVERY_S)
                kind = self._chance.choices(_FAULTS, (6, 3, 1, 1, 1))[0]
                operation = self._chance.choice(("order/post", "order/post", "order/cancel"))
                script = {"operation": operation, "kind": kind, "delay_s": 4.0}
                with contextlib.suppress(httpx.HTTPError):
                    await http.post("/_faults", json=script)
            with contextlib.suppress(httpx.HTTPError):
                await http.delete("/_faults")

    def calm(self) -> None:
        """No more faults from now on."""
        self._is_calm = True

    def _settings(self, site: Site) -> dict[str, str]:
        base = f"http://127.0.0.1:{self._port}"
        return site.participant_environment("postal") | {
            "HUB_DELIVERY__KEY_FILE": str(site.folder / "reports.key"),
            "HUB_POSTAL_TOKEN_URL": f"{base}/token",
            "HUB_POSTAL_BASE_URL": f"{base}/apiVNPostNGSP/p1.0",
            "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": "SANDBOX01",
            "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": "sandbox-key",
            "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": "sandbox-secret",
            "HUB_POSTAL_STATUS_CODES_FILE": str(site.root / "adapters/postal/sandbox_status_codes.toml"),
            "HUB_POSTAL_SETTLING_S": "1",
            "HUB_POSTAL_RETRY_DELAY_S": "0.3",
            "HUB_POSTAL_POLL_INTERVAL_S": "0.5",
            "HUB_POSTAL_TOTAL_TIMEOUT_S": "1.5",
            "HUB_DELIVERY__CALL_TIMEOUT_S": "2",
            "HUB_DELIVERY__LEASE_MARGIN_S": "2",
            "HUB_DELIVERY__IDLE_S": "0.1",
            "HUB_DELIVERY__RETRY_BASE_S": "0.2",
            "HUB_DELIVERY__RETRY_CAP_S": "1",
            "HUB_DELIVERY__MAX_ATTEMPTS": "1000",
            "HUB_DELIVERY__CIRCUIT_OPEN_S": "0.5",
            "HUB_DELIVERY__CIRCUIT_MAX_OPEN_S": "1",
            "HUB_DELIVERY__RESEND_S": "2",
            "HUB_DELIVERY__SESSION_TIMEOUT_MS": "6000",
        }
