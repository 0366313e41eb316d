"""The population database as the delivery runtime sees it: identity checks in, three outcomes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, assert_never

from pydantic import TypeAdapter, ValidationError

from adapters.population_db.client import PopulationClient
from adapters.population_db.mapping import answered_report, unavailable_report
from adapters.population_db.question import prepare, request_id
from adapters.population_db.reasons import Reason, reason_for, reject
from adapters.population_db.settings import PopulationSettings
from adapters.population_db.verdict import Asked, is_reused, outcome_of
from hub.delivery.adapter import OutMessage, Polled, Report
from hub.delivery.outcome import Delivered, NotFound, Outcome, QueryOutcome, Rejected, RetryAt, Unknown
from schemas.identity import IdentityCheckRequested
from schemas.types import Reference

NAME: Final = "population"
_REFERENCE: Final = TypeAdapter[str](Reference)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PopulationAdapter:
    """Implements `hub.delivery.adapter.Adapter`; a check only reads, so it never ends in `Unknown`."""

    name: str = NAME
    settling_s: float = 0.0
    poll_interval_s: float | None = None

    def __init__(self, settings: PopulationSettings, clock: Callable[[], datetime] = _utc_now) -> None:
        self._settings = settings
        self._rights = settings.read_rights()
        self._client = PopulationClient(settings)
        self._clock = clock

    @property
    def certificates(self) -> Mapping[str, Path | None]:
        """The service's CA, where it is set."""
        return {"population_ca": self._settings.ca_file}

    def handles(self, message_type: str) -> bool:
        """Whether messages of this type are delivered: only requested identity checks."""
        return message_type == IdentityCheckRequested.type

    async def deliver(self, message: OutMessage) -> Outcome:
        """Ask, with the next request id when one is refused as used; local refusals spare the call."""
        asking = prepare(message, self._rights, needs_key=self._settings.dialect == "N2")
        if isinstance(asking, Rejected):
            return asking
        for attempt in range(1, self._settings.max_request_ids + 1):
            question = replace(asking.question, request_id=request_id(asking.fact.check, attempt))
            asked_at = self._clock()
            answer = await self._client.ask(question, asked_at)
            if not is_reused(answer, self._settings):
                return outcome_of(Asked(asking, question, message.dossier, asked_at), answer, self._settings)
        return reject("population.request_ids_used_up")

    async def query(self, message: OutMessage) -> QueryOutcome:  # noqa: ARG002 - the protocol names it
        """Answer "not found" without a call: a check has no effect there, so it may always be asked again."""
        return NotFound()

    def report(self, message: OutMessage, outcome: Outcome, at: datetime) -> Report | None:
        """Return matched (with licensed data), mismatched, or unavailable; None while that is not final."""
        match outcome:
            case Delivered(answer):
                return answered_report(message, answer, at)
            case Rejected(code):
                return _unavailable(message, reason_for(code), at)
            case RetryAt() | Unknown():
                return None
            case _:
                assert_never(outcome)

    def give_up(self, message: OutMessage, why: str, at: datetime) -> Report | None:
        """Return "could not ask" with the last reason; `why` is a `RetryAt.why` or the runtime's own word."""
        return _unavailable(message, reason_for(why), at)

    async def poll(self, cursor: str | None) -> Polled:
        """Return nothing: the population database has nothing to poll."""
        return Polled(reports=(), cursor=cursor or "")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _unavailable(message: OutMessage, reason: Reason, at: datetime) -> Report | None:
    """None only when the fact is so broken that no check can be named."""
    try:
        check = _REFERENCE.validate_python(json.loads(message.data)["check"])
    except (ValueError, TypeError, KeyError, RecursionError, ValidationError):
        return None
    return unavailable_report(message, check, reason, at)
