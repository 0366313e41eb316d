"""An officer's desk: enters requests into a participant's program and waits for what the hub says."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Json = dict[str, Any]
_LIMIT_S = 60.0


class SilenceError(Exception):
    """What an officer waited for did not come."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the table of refused requests counts."""

    code: str
    rule: str
    message_vi: str


@dataclass(slots=True)
class Traffic:
    """What all desks together have sent and got."""

    requests: int = 0
    answers: int = 0
    facts: int = 0
    refusals: Counter[Refusal] = field(default_factory=Counter)

    def count_refusal(self, data: Json) -> None:
        """A request was refused."""
        self.refusals[Refusal(data["code"], data.get("rule") or "", data["message_vi"])] += 1


class Desk:
    """One participant's program, which reads requests from its standard input and writes what it gets."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, ids: Callable[[], UUID], traffic: Traffic
    ) -> None:
        self.name = name
        self._process = process
        self._ids = ids
        self._traffic = traffic
        self._receipts: dict[str, list[Json]] = {}
        self._facts: dict[tuple[str, str], list[Json]] = {}
        self._is_ended = False
        self._order: dict[str, list[str]] = {}
        self._waiting: dict[tuple[str, ...], list[asyncio.Event]] = {}
        self._reading = asyncio.create_task(self._read(), name=f"desk-{name}")

    async def ask(self, kind: str, subject: str, data: Json, request_id: str | None = None) -> Json:
        """Enter a request and wait for its receipt; the receipt carries `id`, the request's id."""
        request_id = request_id or str(self._ids())
        self.enter(kind, subject, data, request_id)
        return {**await self.answer(request_id), "id": request_id}

    async def answer(self, request_id: str, count: int = 1) -> Json:
        """Wait for the `count`-th receipt under this id: an id that is used again is answered again."""
        receipts = self._receipts.setdefault(request_id, [])
        await self._until(("receipt", request_id), lambda: len(receipts) >= count, f"receipt of {request_id}")
        return receipts[count - 1]

    def enter(self, kind: str, subject: str, data: Json, request_id: str) -> None:
        """Enter a request and do not wait."""
        self._traffic.requests += 1
        if self._is_ended:
            raise SilenceError(f"the program of {self.name} has ended (see its log)")
        assert self._process.stdin is not None
        line = {"type": kind, "subject": subject, "data": data, "id": request_id}
        self._process.stdin.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    async def sees(self, kind: str, dossier: str, count: int = 1, /, **fields: Any) -> Json:
        """Wait for the `count`-th fact of this type about this dossier, with these fields."""

        def found() -> list[Json]:
            facts = self._facts.get((dossier, kind), [])
            return [fact for fact in facts if all(fact.get(name) == value for name, value in fields.items())]

        await self._until(
            (dossier, kind), lambda: len(found()) >= count, f"{kind} {fields or ''} of {dossier}"
        )
        return found()[count - 1]

    async def sees_one_of(self, kinds: Sequence[str], dossier: str, count: int) -> str:
        """Wait until this many facts of any of these types have come; the type of the last."""
        seen = self._order.setdefault(dossier, [])

        def found() -> list[str]:
            return [kind for kind in seen if kind in kinds]

        await self._until((dossier,), lambda: len(found()) >= count, f"{' or '.join(kinds)} of {dossier}")
        return found()[count - 1]

    async def sees_somewhere(self, kind: str, fits: Callable[[Json], bool], what: str) -> str:
        """Wait for a fact of this type that fits, about whichever dossier; the dossier."""

        def found() -> str | None:
            return next(
                (
                    dossier
                    for (dossier, other), facts in self._facts.items()
                    if other == kind and any(fits(fact) for fact in facts)
                ),
                None,
            )

        await self._until((kind,), lambda: found() is not None, f"{kind} of {what}")
        return found() or ""

    def has_seen(self, kind: str, dossier: str) -> list[Json]:
        """Facts of this type about this dossier so far."""
        return self._facts.get((dossier, kind), [])

    async def close(self) -> None:
        """End the input, and wait until the program has written all it got."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(15):
                await self._process.wait()
        except TimeoutError:
            self._process.terminate()
            await self._process.wait()
        self._reading.cancel()

    async def _until(self, key: tuple[str, ...], condition: Callable[[], bool], what: str) -> None:
        news = asyncio.Event()
        self._waiting.setdefault(key, []).append(news)
        try:
            async with asyncio.timeout(_LIMIT_S):
                while not condition():
                    if self._is_ended:
                        raise SilenceError(f"the program of {self.name} has ended (see its log)")
                    await news.wait()
                    news.clear()
        except TimeoutError:
            raise SilenceError(f"{self.name} waited {_LIMIT_S:.0f} s for: {what}") from None
        finally:
            self._waiting[key].remove(news)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            async for line in self._process.stdout:
                message = json.loads(line)
                self._take(message["type"].removeprefix("onestop.").removesuffix(".v1"), message)
        finally:
            self._is_ended = True
            for news in itertools.chain.from_iterable(self._waiting.values()):
                news.set()

    def _take(self, kind: str, message: Json) -> None:
        data = message["data"]
        if kind.startswith("receipt."):
            self._traffic.answers += 1
            if kind == "receipt.refused":
                self._traffic.count_refusal(data)
            key: tuple[str, ...] = ("receipt", str(data["request"]))
            if key[1] not in self._receipts:
                self._traffic.requests += 1  # the program sent it by itself
            self._receipts.setdefault(key[1], []).append(data)
        else:
            self._traffic.facts += 1
            key = (message["dossier"], kind)
            self._facts.setdefault((message["dossier"], kind), []).append(data)
            self._order.setdefault(message["dossier"], []).append(kind)
        for news in [
            *self._waiting.get(key, []),
            *self._waiting.get(key[:1], []),
            *self._waiting.get(key[1:], []),
        ]:
            news.set()
