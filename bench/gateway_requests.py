"""The submissions that come over HTTPS and over Kafka: the same, a tenth to be refused (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bench.product_events import Dossier, Maker, Planned, Topic

Way = Literal["kafka", "gateway"]
PARTICIPANTS: Mapping[Way, Topic] = {"kafka": "counter-1", "gateway": "counter-2"}
_REFUSED_EVERY = 10
_UNPUBLISHED = [
    {"code": "000.00.00.G15-KQ003448", "originals": 1},
    {"code": "000.00.00.G15-KQ999999", "originals": 1},
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client was told: the request's id, the refusal (None: accepted), whether a 202 came first."""

    request: str
    refusal: str | None
    is_late: bool = False


class Door(Protocol):
    """One way into the hub, shared by all clients."""

    async def ask(self, client: int, planned: Planned) -> Answer:
        """Send a request and wait for its receipt."""
        ...


def submissions(way: Way, purpose: str, count: int, seed: int) -> list[Planned]:
    """New dossiers of the way's own counter; ids and references are the same for both ways."""
    maker, counter = Maker.of(f"gateway-{purpose}", seed), PARTICIPANTS[way]
    planned = []
    for number in range(count):
        dossier = Dossier("fresh", number, counter, "")
        changes = {"components": _UNPUBLISHED} if number % _REFUSED_EVERY == _REFUSED_EVERY - 1 else {}
        planned.append(maker.submit(dossier, f"ref:{purpose}-{number}", **changes))
    return planned


def check_receipts(planned: Sequence[Planned], found: Iterable[tuple[str, str | None]], where: str) -> None:
    """Raise `RuntimeError` unless each request has exactly one receipt, with the refusal that was planned."""
    wanted = Counter((one.event.id, one.refusal) for one in planned)
    seen = Counter(found)
    if seen != wanted:
        wrong = Counter(refusal or "accepted" for _, refusal in (seen - wanted).elements())
        missing = Counter(refusal or "accepted" for _, refusal in (wanted - seen).elements())
        raise RuntimeError(f"{where}: receipts not planned {dict(wrong)}, missing {dict(missing)}")
