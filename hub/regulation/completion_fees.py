"""Fees in a completion: approved schedules where the record gives no amount, and fees by the piece (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import combinations
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hub.regulation.catalogue import Fee, FeeKind, Offer, Procedure, Schedule, ScheduledSum
from hub.regulation.errors import MeaningError
from hub.regulation.sections import Channel

_Text = Annotated[str, Field(min_length=1, max_length=250, pattern=r"\S")]
_Pieces = Annotated[int, Field(ge=1, le=99)]
_ALL: tuple[Channel, ...] = ("in_person", "online", "post")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SumEntry(_Part):
    """One sum of a schedule, in đồng."""

    amount: Annotated[int, Field(ge=1, le=10_000_000_000)]
    text: _Text
    per: str = ""
    pieces: _Pieces = 1


class ScheduleEntry(_Part):
    """Fees of one kind that a competent body has approved, where the record gives no amount."""

    kind: FeeKind
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = _ALL
    provision: _Text
    in_force_from: date
    in_force_until: date | None = None
    sums: Annotated[tuple[SumEntry, ...], Field(min_length=1)]


class ByPieceEntry(_Part):
    """A published fee that is counted by the piece, where the record does not say so."""

    kind: FeeKind
    amount: Annotated[int, Field(ge=1)]
    per: _Text
    pieces: _Pieces
    source: _Text
    assumed: bool = False


def with_fees(
    procedure: Procedure, schedules: Iterable[ScheduleEntry], by_piece: Iterable[ByPieceEntry]
) -> Procedure:
    """The procedure with what is said of its fees; MeaningError for what its record does not leave open."""
    for number, counted in enumerate(by_piece):
        procedure = _counted(procedure, counted, number)
    found = []
    for number, given in enumerate(schedules):
        _check_open(procedure, given, number)
        found.append(_schedule(given))
    _check_apart(found)
    return replace(procedure, schedules=tuple(found))


def _schedule(given: ScheduleEntry) -> Schedule:
    return Schedule(
        kind=given.kind,
        channels=frozenset(given.channels),
        provision=given.provision,
        in_force_from=given.in_force_from,
        in_force_until=given.in_force_until,
        sums=tuple(ScheduledSum(one.amount, one.text, one.per, one.pieces) for one in given.sums),
    )


def _check_open(procedure: Procedure, given: ScheduleEntry, number: int) -> None:
    """A schedule stands only where the record itself gives no amount."""
    for channel in given.channels:
        offer = procedure.channels.get(channel)
        rows = [fee for fee in offer.fees if fee.kind == given.kind] if offer is not None else []
        if not any(fee.amount is None for fee in rows):
            why = f"the record leaves no {given.kind} open for {channel}"
            raise MeaningError(("schedules", number), why)


def _check_apart(schedules: Iterable[Schedule]) -> None:
    for (_, one), (number, other) in combinations(enumerate(schedules), 2):
        first, second = sorted((one, other), key=lambda schedule: schedule.in_force_from)
        is_same = one.kind == other.kind and bool(one.channels & other.channels)
        if is_same and (first.in_force_until is None or first.in_force_until > second.in_force_from):
            raise MeaningError(("schedules", number), f"two of {one.kind} are in force at once")


def _counted(procedure: Procedure, given: ByPieceEntry, number: int) -> Procedure:
    offers = {
        channel: Offer(offer.times, tuple(_with_piece(fee, given) for fee in offer.fees))
        for channel, offer in procedure.channels.items()
    }
    if offers == dict(procedure.channels):
        why = f"the record publishes no {given.kind} of {given.amount} đồng"
        raise MeaningError(("by_piece", number), why)
    return replace(procedure, channels=MappingProxyType(offers))


def _with_piece(fee: Fee, given: ByPieceEntry) -> Fee:
    if fee.kind != given.kind or fee.amount != given.amount or fee.currency != "VND":
        return fee
    return replace(fee, per=given.per, pieces=given.pieces)
