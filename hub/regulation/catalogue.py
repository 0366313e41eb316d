"""The catalogue of procedures: what may be demanded, how long it takes, what it costs, as published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, Self

from hub.regulation.codes import parse_procedure_code
from hub.regulation.sections import Channel

FeeKind = Literal["fee", "service_fee", "price_level"]
Currency = Literal["VND", "USD"]
Need = Literal["required", "optional"]


class TimeUnit(StrEnum):
    """Units of handling times; the portal's OTHER has no meaning and is never one of them."""

    WORKING_DAY = "WORKING_DAY"
    DAY = "DAY"
    HOUR = "HOUR"
    MONTH = "MONTH"


@dataclass(frozen=True, slots=True)
class HandlingTime:
    """Thời hạn giải quyết: a positive amount; days may be halves and quarters, calendar units are whole."""

    amount: Decimal
    unit: TimeUnit
    text: str = field(init=False, compare=False, repr=False)
    """As facts and states keep it: `3 WORKING_DAY`."""

    def __post_init__(self) -> None:
        """Write the text once: every acceptance needs it."""
        object.__setattr__(self, "text", f"{self.amount} {self.unit}")

    @classmethod
    def read(cls, text: str) -> Self:
        """The time of such a text."""
        amount, _, unit = text.partition(" ")
        return cls(Decimal(amount), TimeUnit(unit))


@dataclass(frozen=True, slots=True)
class ChannelTime:
    """One time published for a channel; `time` is None when the record gives no usable one."""

    time: HandlingTime | None
    text: str
    is_bare_number: bool = False
    """A number without a unit: the real time stands in the cases."""
    is_doubtful: bool = False
    """The text speaks of working days where the unit says days."""


@dataclass(frozen=True, slots=True)
class Fee:
    """One published fee; `amount` is None when the record gives none that can be relied on (see `text`)."""

    kind: FeeKind
    amount: Decimal | None
    currency: Currency | None
    text: str
    per: str = ""
    """The piece by which it is counted (a copy, a person); empty for a fee that is due once."""
    pieces: int = 1
    """The most pieces in one demand."""


@dataclass(frozen=True, slots=True)
class ScheduledSum:
    """A sum of an approved schedule, in đồng."""

    amount: int
    text: str
    per: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Fees that the record leaves open, as `provision` sets them; the last day is before `in_force_until`."""

    kind: FeeKind
    channels: frozenset[Channel]
    provision: str
    in_force_from: date
    in_force_until: date | None
    sums: tuple[ScheduledSum, ...]

    def is_in_force(self, on: date) -> bool:
        """Whether it applies on this day."""
        return self.in_force_from <= on and (self.in_force_until is None or on < self.in_force_until)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a procedure publishes for one channel."""

    times: tuple[ChannelTime, ...]
    fees: tuple[Fee, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Trường hợp of a procedure with its own time, if usable."""

    code: str
    name: str
    time: HandlingTime | None


@dataclass(frozen=True, slots=True)
class Component:
    """Thành phần hồ sơ: a paper that may be demanded, in these numbers, under the heading `group`."""

    code: str
    name: str
    group: str
    originals: int
    copies: int
    need: Need | None = None
    """None where neither the record nor the administrator says it: then an officer does (14.3)."""
    one_of: str | None = None
    """Of the papers with the same word one is enough."""
    cases: frozenset[str] = frozenset()
    """Ids of the published times for which it is needed; all where none is named."""
    digitise: bool | None = None
    """Whether it gets a signed copy (15.6.c); where that is not listed, the sender may ask for one."""


@dataclass(frozen=True, slots=True)
class ComponentNote:
    """A row of the component list with 0 originals and 0 copies: guidance, never demanded."""

    code: str
    text: str
    group: str


@dataclass(frozen=True, slots=True)
class Named:
    """A code with its name: a result, a field, an agency (whose code may be empty)."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class TimeChoice:
    """A published time that an officer names at acceptance by `id`, with the words it is published under."""

    id: str
    time: HandlingTime
    text: str


@dataclass(frozen=True, slots=True)
class ProcessStep:
    """A step of the approved internal process, with its part of the handling time (9.4)."""

    name: str
    time: HandlingTime


@dataclass(frozen=True, slots=True)
class Procedure:
    """Thủ tục hành chính as published; `digest` is the SHA-256 of the record it was read from."""

    code: str
    name: str
    is_provincial: bool
    in_force_from: date | None
    in_force_until: date | None
    """First day on which it no longer applies."""
    channels: Mapping[Channel, Offer]
    cases: tuple[Case, ...]
    components: tuple[Component, ...]
    component_notes: tuple[ComponentNote, ...]
    results: tuple[Named, ...]
    fields: tuple[Named, ...]
    executing: tuple[Named, ...]
    coordinating: tuple[Named, ...]
    same_day_cutoff: time | None
    """«trong ngày; nhận sau 15 giờ thì ngày làm việc tiếp theo», where the published text says so."""
    is_full_process: bool
    is_non_territorial: bool
    returning: Mapping[str, frozenset[str]]
    """Ways of return in the portal's words, per ONLINE and OFFLINE submission; empty when not published."""
    digest: str
    immediate: frozenset[str] = frozenset()
    """Ids of the published times with which the result is given at once (15.4)."""
    schedules: tuple[Schedule, ...] = ()
    """Of the completions: what sets the fees that the record leaves open."""
    steps: tuple[ProcessStep, ...] = ()
    """Of the completions: the internal process in its order; none where nobody has entered it."""
    process_approved: str | None = None
    """Of the completions: by whom and with which decision that process was approved (9.4)."""
    announced: str | None = None
    """Of the completions: the announcing decision, with number, day and issuer (3.8, 19.2)."""
    electronic_results: frozenset[str] = frozenset()
    """Of the completions: codes of results that the procedure gives electronically only (17.10)."""
    by_email: str | None = None
    """Of the completions: the provision that allows e-mail, which is one of `channels` then (13.4)."""
    other_codes: Mapping[str, str] = field(default_factory=dict)
    """Of the completions: what other systems call it, by the name of the system."""
    result_codes: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """Codes of `results`, each once."""
    has_papers_by_case: bool = field(init=False, compare=False, repr=False)
    """Whether some paper is needed for some of the published times only."""
    _most: Mapping[str, tuple[int, int]] = field(init=False, compare=False, repr=False)
    _digitised: Mapping[str, bool | None] = field(init=False, compare=False, repr=False)
    _times: Mapping[Channel, HandlingTime | None] = field(init=False, compare=False, repr=False)
    _choices: Mapping[Channel, tuple[TimeChoice, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Answer once what is asked of each dossier: a published procedure never changes."""
        rows: dict[str, list[Component]] = {}
        for row in self.components:
            rows.setdefault(row.code, []).append(row)
        most = {
            code: (max(r.originals for r in same), max(r.copies for r in same)) for code, same in rows.items()
        }
        found = {
            "result_codes": tuple(dict.fromkeys(one.code for one in self.results if one.code)),
            "has_papers_by_case": any(row.cases for row in self.components),
            "_most": most,
            "_digitised": {
                code: _is_digitised([row.digitise for row in same]) for code, same in rows.items()
            },
            "_times": {channel: self._single_time(offer) for channel, offer in self.channels.items()},
            "_choices": {
                channel: self._named_times(channel, offer) for channel, offer in self.channels.items()
            },
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def schedule(self, kind: FeeKind, channel: Channel, on: date) -> Schedule | None:
        """The approved schedule for this kind of fee on this day; completions hold no two of them."""
        return next(
            (
                one
                for one in self.schedules
                if one.kind == kind and channel in one.channels and one.is_in_force(on)
            ),
            None,
        )

    def is_in_force(self, on: date) -> bool:
        """Whether it applies on this day; one without a known first day does not."""
        begun = self.in_force_from is not None and self.in_force_from <= on
        return begun and (self.in_force_until is None or on < self.in_force_until)

    def quantity(self, component_code: str) -> tuple[int, int] | None:
        """The most originals and copies of a component that may be demanded (14.3); None if not listed."""
        return self._most.get(component_code)

    def handling_time(self, channel: Channel) -> HandlingTime | None:
        """The one time published for this channel.

        None when the channel is not offered, when nothing usable is published, or when times differ between
        channel, cases and text: then the officer names one of `choices`.
        """
        return self._times.get(channel)

    def _single_time(self, offer: Offer) -> HandlingTime | None:
        if any(published.is_doubtful for published in offer.times):
            return None
        by_case = {case.time for case in self.cases}
        by_channel = {published.time for published in offer.times if not published.is_bare_number}
        found = by_channel | (by_case - {None}) if by_channel else by_case
        return next(iter(found)) if len(found) == 1 else None

    def choices(self, channel: Channel) -> tuple[TimeChoice, ...]:
        """Every usable time published for this channel: its own rows (`online.1`), then the cases by code.

        A case code that is published with two times gets `#2` for the second.
        """
        return self._choices.get(channel, ())

    def _named_times(self, channel: Channel, offer: Offer) -> tuple[TimeChoice, ...]:
        rows = [
            TimeChoice(f"{channel}.{number}", published.time, published.text)
            for number, published in enumerate(offer.times, start=1)
            if published.time is not None
        ]
        seen: dict[str, list[HandlingTime]] = {}
        for case in self.cases:
            times = seen.setdefault(case.code, [])
            if case.time is not None and case.time not in times:
                times.append(case.time)
                suffix = f"#{len(times)}" if len(times) > 1 else ""
                rows.append(TimeChoice(f"{case.code}{suffix}", case.time, case.name))
        return tuple(rows)

    def is_immediate(self, channel: Channel, choice_id: str | None) -> bool:
        """Whether the result is given at once by this time, or by the only one that is published."""
        if choice_id is not None:
            return choice_id in self.immediate
        single = self.handling_time(channel)
        ids = {choice.id for choice in self.choices(channel) if choice.time == single}
        return bool(ids) and ids <= self.immediate

    def is_digitised(self, component_code: str) -> bool | None:
        """Whether the list in force has this component digitised (15.6.c); None where it is silent."""
        return self._digitised.get(component_code)

    def choice(self, channel: Channel, choice_id: str) -> TimeChoice | None:
        """The published time of this id, if this channel has it."""
        return next((choice for choice in self.choices(channel) if choice.id == choice_id), None)


def _is_digitised(said: Sequence[bool | None]) -> bool | None:
    if None not in said:
        return any(said)
    return True if True in said else None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Procedures by code; `version` changes with any record and is kept with each dossier."""

    version: str
    procedures: Mapping[str, Procedure]

    @classmethod
    def of(cls, version: str, procedures: Iterable[Procedure]) -> Self:
        """Index procedures by code; a code that occurs twice raises ValueError."""
        index: dict[str, Procedure] = {}
        for procedure in procedures:
            if procedure.code in index:
                raise ValueError(f"{procedure.code} is published twice")
            index[procedure.code] = procedure
        return cls(version, MappingProxyType(index))

    def find(self, code: str) -> Procedure | None:
        """The procedure of this code; with a province's tail it is found by its national number as well."""
        if (exact := self.procedures.get(code)) is not None:
            return exact
        parsed = parse_procedure_code(code)
        return self.procedures.get(parsed.national) if parsed else None

    def in_force(self, code: str, on: date) -> Procedure | None:
        """The procedure of this code if it applies on this day of Viet Nam (3.8)."""
        procedure = self.find(code)
        return procedure if procedure is not None and procedure.is_in_force(on) else None

    def repealing(self, version: str, code: str, on: date) -> Self:
        """A new catalogue in which a procedure ends with the day before `on`; raises KeyError if unknown."""
        ended = replace(self.procedures[code], in_force_until=on)
        return type(self)(version, MappingProxyType({**self.procedures, code: ended}))
