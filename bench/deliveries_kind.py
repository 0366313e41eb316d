"""What the benchmark must know of an adapter: its messages, its counterpart, and what must come of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import httpx
import orjson

from hub.delivery.adapter import OutMessage

FACT_TIME = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""09:00 in Viet Nam."""
Numbers = Sequence[int]


@dataclass(frozen=True, slots=True)
class Call:
    """One POST to the sandbox, ready to be sent, and the texts of which its answer must hold one."""

    url: str
    headers: Mapping[str, str]
    content: bytes
    expected: tuple[bytes, ...]


class Kind(Protocol):
    """One adapter; delivery `number` concerns a dossier of its own, so none waits for another."""

    name: str
    title: str
    sandbox: str
    """Module of the stand-in."""
    calls_per_delivery: int

    def sandbox_options(self, folder: Path) -> list[str]:
        """Arguments of the stand-in beside journal and port; may write files into the folder."""
        ...

    def settings(self, base: str, folder: Path) -> dict[str, str]:
        """Variables of the adapter's process for a stand-in at `base`."""
        ...

    def earlier(self, numbers: Numbers) -> list[OutMessage]:
        """What the adapter must have taken before; needs no call."""
        ...

    def messages(self, numbers: Numbers) -> list[OutMessage]:
        """What is measured: one delivery a number."""
        ...

    def effects(self, numbers: Numbers) -> Counter[str]:
        """What the journal must hold, no more and no less."""
        ...

    def journaled(self, entry: Mapping[str, Any]) -> str:
        """A line of the journal in the words of `effects`."""
        ...

    def reports(self, numbers: Numbers) -> Counter[str]:
        """What the hub must have been told, each once."""
        ...

    def reported(self, kind: str, subject: str, data: Mapping[str, Any]) -> str:
        """A report on `in.<adapter>` in the words of `reports`."""
        ...

    async def calls(self, http: httpx.AsyncClient, base: str, numbers: Numbers) -> list[list[Call]]:
        """The same calls that the adapter makes, by number; may log in first."""
        ...


def message(kind: str, identity: str, subject: str, sequence: int, data: Mapping[str, Any]) -> OutMessage:
    """One message of an `out.` topic; the dossier's id is made of its subject."""
    return OutMessage(identity, kind, f"d-{subject}", subject, sequence, FACT_TIME, orjson.dumps(data))


def headers_of(one: OutMessage) -> list[tuple[str, bytes]]:
    """CloudEvents binary mode, as the hub's relay writes it."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", one.id.encode()),
        ("ce_source", b"/hub"),
        ("ce_type", one.type.encode()),
        ("ce_time", one.time.isoformat().encode()),
        ("ce_subject", one.subject.encode()),
        ("ce_sequence", str(one.sequence).encode()),
        ("content-type", b"application/json"),
    ]


def check_counts(wanted: Counter[str], found: Counter[str], what: str) -> None:
    """Raise `RuntimeError` with some examples unless both are the same."""
    if wanted != found:
        surplus, missing = found - wanted, wanted - found
        raise RuntimeError(
            f"{what}: {surplus.total()} too many, such as {_some(surplus)}; "
            f"{missing.total()} missing, such as {_some(missing)}"
        )


def _some(counts: Iterable[str]) -> list[str]:
    return sorted(counts)[:3]


def steady_rate(moments: Iterable[float], low: float = 0.1) -> float:
    """Things per second from `low` of them to the last; `moments` in seconds, in any order (pure).

    Raises `ValueError` when there is no time between them.
    """
    ordered = sorted(moments)
    first = int(len(ordered) * low)
    if not ordered or ordered[-1] <= ordered[first]:
        raise ValueError("no time has passed")
    return (len(ordered) - 1 - first) / (ordered[-1] - ordered[first])
