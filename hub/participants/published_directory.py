"""What participants may name, as it is published: procedures in force, and organisations that take part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

from hub.dossier.rules.submission import ways_of_return
from hub.facts.integrity import StoreKey
from hub.logs import log
from hub.participants.admission import SPEAKERS
from hub.participants.register_editions import MARKS, stored
from hub.participants.registry import Participant, registered
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.regulation.catalogue import Fee, Procedure, Schedule, ScheduledSum
from hub.regulation.clock import local_day
from hub.regulation.law import Law
from hub.regulation.lawbook import LawBook
from hub.regulation.organisations import Organisation, Organisations, from_json
from hub.regulation.profile import Profile
from hub.regulation.sections import Channel
from schemas.directory import (
    ChannelOffer,
    CodeAndName,
    DirectoryEntry,
    DirectoryListing,
    DirectoryOrganisation,
    DirectoryProcedure,
    PublishedComponent,
    PublishedFee,
    PublishedTime,
)

_Entry = TypeVar("_Entry", bound=DirectoryEntry)
_VERSIONS = """
select version from configuration_version where kind in ('participants', 'clock') order by kind
"""


@dataclass(frozen=True, slots=True)
class Edition:
    """The directory of one day; `mark` changes when a new one has to be made."""

    mark: tuple[object, ...]
    law: Law
    procedures: tuple[DirectoryProcedure, ...]
    organisations: tuple[DirectoryOrganisation, ...]

    def listing(self) -> DirectoryListing:
        """The versions of the law, and every entry in short."""
        versions = self.law.versions
        return DirectoryListing(
            ruleset=versions.ruleset,
            catalogue=versions.catalogue,
            calendar=versions.calendar,
            procedures=tuple(CodeAndName(code=one.code, name=one.name) for one in self.procedures),
            organisations=self.organisations,
        )

    def find(self, code: str) -> DirectoryProcedure | None:
        """The procedure in force of this code, with or without the tail of a province."""
        known = self.law.catalogue.find(code)
        return next((one for one in self.procedures if known is not None and one.code == known.code), None)


async def read_edition(
    connection: Connection, key: StoreKey, book: LawBook, environment: str, known: Edition | None = None
) -> Edition:
    """The directory of today by legal time; `known` again as long as nothing has changed.

    Whose row the hub has not written so is left out. Three or four short reads.
    """
    versions = await connection.fetch(_VERSIONS)
    imports = await connection.fetch(MARKS)
    clock = await read_clock(connection, environment)
    today = local_day(clock.of(datetime.now(UTC)))
    mark = (today, *(row["version"] for row in versions), *map(tuple, imports))
    if known is not None and known.mark == mark:
        return known
    stored_offices = await stored(connection, key, "organisations")
    offices = from_json(stored_offices.content) if stored_offices is not None else Organisations()
    return make_edition(mark, book.in_force(today), today, await registered(connection, key), offices)


def make_edition(
    mark: tuple[object, ...],
    law: Law,
    today: date,
    participants: Iterable[Participant],
    offices: Organisations,
) -> Edition:
    """Procedures in force on this day, and whom the participants speak for, each by code (pure)."""
    known = sorted(law.catalogue.procedures.values(), key=lambda one: one.code)
    procedures = [_or_none(_procedure, one, law, today) for one in known if one.is_in_force(today)]
    organisations = [
        _or_none(_organisation, code, of, offices.on(code, today)) for code, of in _spoken_for(participants)
    ]
    return Edition(
        mark,
        law,
        tuple(one for one in procedures if one is not None),
        tuple(one for one in organisations if one is not None),
    )


def _or_none(make: Callable[..., _Entry], *arguments: object) -> _Entry | None:
    """An entry of which nothing can be made is logged and left out; the others are shown."""
    try:
        return make(*arguments)
    except Exception as error:  # noqa: BLE001  see above
        log("directory_entry_failed", error=type(error).__name__)
        return None


def _spoken_for(participants: Iterable[Participant]) -> Iterable[tuple[str, set[str]]]:
    roles: dict[str, set[str]] = {}
    for participant in participants:
        for code in participant.organisations:
            roles.setdefault(code, set()).update(participant.roles)
    return [(code, of) for code, of in sorted(roles.items()) if of & SPEAKERS]


def _organisation(code: str, roles: set[str], office: Organisation | None) -> DirectoryOrganisation:
    return DirectoryOrganisation(
        code=code,
        is_one_stop="counter" in roles,
        is_agency="agency" in roles,
        mailbox=office.mailbox if office is not None else None,
    )


def _procedure(procedure: Procedure, law: Law, today: date) -> DirectoryProcedure:
    assert procedure.in_force_from is not None
    return DirectoryProcedure(
        code=procedure.code,
        name=procedure.name,
        catalogue=law.versions.catalogue,
        in_force_from=procedure.in_force_from,
        in_force_until=procedure.in_force_until,
        channels=tuple(
            _channel(procedure, channel, law.profile, today) for channel in sorted(procedure.channels)
        ),
        components=tuple(
            PublishedComponent(
                code=one.code,
                name=one.name,
                group=one.group,
                originals=one.originals,
                copies=one.copies,
                need=one.need,
                one_of=one.one_of,
                cases=tuple(sorted(one.cases)),
                digitise=one.digitise,
            )
            for one in procedure.components
        ),
        results=tuple(CodeAndName(code=one.code, name=one.name) for one in procedure.results),
        executing=tuple(CodeAndName(code=one.code, name=one.name) for one in procedure.executing),
    )


def _channel(procedure: Procedure, channel: Channel, profile: Profile, today: date) -> ChannelOffer:
    single = procedure.handling_time(channel)
    schedules = [one for one in procedure.schedules if channel in one.channels and one.is_in_force(today)]
    return ChannelOffer(
        channel=channel,
        return_channels=ways_of_return(procedure, channel, profile),
        needs_case=single is None,
        times=tuple(
            PublishedTime(
                id=one.id,
                time=f"{one.time.amount} {one.time.unit}",
                text=one.text,
                is_immediate=one.id in procedure.immediate,
            )
            for one in procedure.choices(channel)
        ),
        fees=(
            *(_fee(one) for one in procedure.channels[channel].fees),
            *(_scheduled(schedule, one) for schedule in schedules for one in schedule.sums),
        ),
    )


def _fee(fee: Fee) -> PublishedFee:
    amount = int(fee.amount) if fee.amount is not None else None
    return PublishedFee(
        kind=fee.kind,
        amount=amount,
        currency=fee.currency,
        text=fee.text,
        per=fee.per or None,
        pieces=fee.pieces,
    )


def _scheduled(schedule: Schedule, one: ScheduledSum) -> PublishedFee:
    return PublishedFee(
        kind=schedule.kind,
        amount=one.amount,
        currency="VND",
        text=one.text,
        per=one.per or None,
        pieces=one.pieces,
        provision=schedule.provision,
    )
