"""The log of what was not taken: each kind of refusal once a minute, each forged copy and dead letter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.decide.tally import Example
from hub.inbound.envelope import participant_of
from hub.logs import log
from hub.postgres.database import Session
from hub.process.rhythm import Line, Rhythm

_STEP_S = 1.0
_COUNT = """
insert into unheard_agency as u (agency, dossiers, dossier)
select * from unnest($1::text[], $2::bigint[], $3::uuid[])
on conflict (agency) do update
set dossiers = least(u.dossiers::numeric + excluded.dossiers, 9223372036854775807),
    dossier = excluded.dossier, last_at = now()
"""
_FORGET = "delete from unheard_agency where last_at < now() - interval '90 days'"
_Kind = tuple[str, str]


class RefusalLog:
    """One per engine; `watch` is called for each committed batch, `step` is its side task."""

    def __init__(self, session: Session, prefix: str) -> None:
        self._session = session
        self._prefix = prefix
        self._refused: Rhythm[_Kind, Example] = Rhythm()
        self._unheard: Rhythm[str, str] = Rhythm()
        self._to_store: dict[str, tuple[int, str]] = {}

    def watch(self, decision: BatchDecision) -> None:
        """Tell what is new in a committed batch; what one datum raises costs its lines, never the engine."""
        try:
            self._watch(decision)
        except Exception as error:  # noqa: BLE001  see above
            log("refusals_not_told", error=type(error).__name__)

    def _watch(self, decision: BatchDecision) -> None:
        now, tally = time.monotonic(), decision.tally
        for counts in (tally.refused, tally.malformed):
            self._count(counts, tally.examples, now)
        for forged in tally.forged:
            log(
                "signature_refused", participant=forged.participant, code=forged.code, dossier=forged.dossier,
                request=forged.request, packages=",".join(forged.packages),
            )  # fmt: skip
        for letter in decision.dead_letters:
            log(
                "dead_letter", participant=participant_of(letter.topic, self._prefix), topic=letter.topic,
                partition=letter.partition, offset=letter.offset, reason=letter.reason,
            )  # fmt: skip
        for agency, dossier in tally.unheard:
            count, _ = self._to_store.get(agency, (0, dossier))
            self._to_store[agency] = count + 1, dossier
            _tell_unheard(self._unheard.add(agency, 1, dossier, now))

    def _count(self, counts: Mapping[_Kind, int], examples: Mapping[_Kind, Example], now: float) -> None:
        for kind, count in counts.items():
            _tell_refused(self._refused.add(kind, count, examples.get(kind, Example("")), now))

    async def step(self) -> None:
        """Tell what went on, bring the agencies that nobody speaks for to the store, and rest."""
        now = time.monotonic()
        for line in self._refused.due(now):
            _tell_refused(line)
        for unheard in self._unheard.due(now):
            _tell_unheard(unheard)
        if self._to_store:
            found = dict(self._to_store)
            counts = [count for count, _ in found.values()]
            await self._session.execute(_COUNT, list(found), counts, [one for _, one in found.values()])
            await self._session.execute(_FORGET)
            for agency, (count, dossier) in found.items():
                left = self._to_store[agency][0] - count
                if left:
                    self._to_store[agency] = left, dossier
                else:
                    del self._to_store[agency]
        await asyncio.sleep(_STEP_S)


def _tell_refused(line: Line[_Kind, Example] | None) -> None:
    if line is not None:
        (participant, code), example = line.key, line.example
        log(
            "refused", participant=participant, code=code, count=line.count, request=example.request,
            dossier=example.dossier,
        )  # fmt: skip


def _tell_unheard(line: Line[str, str] | None) -> None:
    if line is not None:
        log("agency_unheard", agency=line.key, count=line.count, dossier=line.example)
