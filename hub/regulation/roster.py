"""Officers by day: who is posted where, who stands in, who may sign for whom (Điều 7.7, 8, 9; pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from hub.regulation.errors import Mistake
from hub.regulation.organisations import Level
from hub.regulation.registers import (
    STRICT_ROW,
    EditionChange,
    Table,
    Tables,
    as_csv,
    as_json,
    compare,
    csv_rows,
    json_tables,
    overlapping,
    periods_are_right,
    read_edition,
)
from hub.regulation.sections import Officers
from schemas.types import Account, Day, Line, OrganisationCode, PersonName, Phone, ProcedureCode

Position = Literal["head", "deputy", "officer", "reserve"]
Provision = Literal["6.2.c", "8.3.a", "17.5.a", "19.7"]
"""An officer of the one-stop decides what was assigned to it, or asks for opinions; a vice-chair of a
commune, or a leader of a room who is posted there, signs."""
SIGNING: frozenset[Provision] = frozenset({"6.2.c", "8.3.a", "19.7"})
_LISTS = frozenset({"fields", "procedures"})
_POSTED: frozenset[Position] = frozenset({"officer", "reserve"})
_APPROVED_BY: Mapping[Level, str] = {"province": "8.1.c", "district": "8.2.c", "commune": "8.3.b"}


class Posting(BaseModel):
    """One officer at one organisation for some days; a reserve stands in for others (9.2)."""

    model_config = STRICT_ROW

    account: Account
    name: PersonName
    title: Line
    organisation: OrganisationCode
    level: Level
    position: Position = "officer"
    sent_by: OrganisationCode | None = None
    """The agency that posts the officer there; without it, its own."""
    rank: Line | None = None
    years: Annotated[int, Field(ge=0, le=60)] | None = None
    """In the field, when the posting began (8.4.b)."""
    rating: Line | None = None
    fields: tuple[Line, ...] = ()
    phone: Phone | None = None
    approver: Line | None = None
    decision: Line | None = None
    in_force_from: Day
    in_force_until: Day | None = None
    """The first day without it."""
    change_reason: Line | None = None
    """Why it is shorter or longer than the text wants (9.2)."""
    exchange: Line | None = None
    """When and how the agency spoke with the one-stop before it took the officer back (9.2)."""

    def is_there(self, day: date) -> bool:
        """Whether this posting holds on the day."""
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)


class Delegation(BaseModel):
    """An authority that somebody was given in writing, for all procedures or for some."""

    model_config = STRICT_ROW

    account: Account
    organisation: OrganisationCode
    """In whose name."""
    provision: Provision
    principal: Line
    """Who gave it."""
    deed: Line
    procedures: tuple[ProcedureCode, ...] = ()
    in_force_from: Day
    in_force_until: Day | None = None

    def holds(self, procedure: str, day: date) -> bool:
        """Whether it covers this procedure on this day."""
        is_today = self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)
        return is_today and (
            not self.procedures or any(f"{procedure}.".startswith(f"{one}.") for one in self.procedures)
        )


class Roster:
    """One edition: postings and delegations. Of an organisation without any posting it says nothing."""

    def __init__(self, postings: Sequence[Posting] = (), delegations: Sequence[Delegation] = ()) -> None:
        self.postings = tuple(postings)
        self.delegations = tuple(delegations)
        self._at: dict[str, list[Posting]] = {}
        self._posted: dict[tuple[str, str], list[Posting]] = {}
        for one in postings:
            self._at.setdefault(one.organisation, []).append(one)
            self._posted.setdefault((one.organisation, one.account), []).append(one)
        self._given: dict[tuple[str, str], list[Delegation]] = {}
        for given in delegations:
            self._given.setdefault((given.organisation, given.account), []).append(given)

    def __bool__(self) -> bool:
        """Whether anything was imported."""
        return bool(self.postings)

    def level_of(self, organisation: str) -> Level | None:
        """Of one whose officers are listed here; None for any other."""
        found = self._at.get(organisation)
        return found[0].level if found else None

    def posted(self, organisation: str, account: str, day: date) -> Posting | None:
        """The posting of this account there on this day."""
        found = self._posted.get((organisation, account), ())
        return next((one for one in found if one.is_there(day)), None)

    def was_posted(self, organisation: str, account: str, first: date, last: date) -> Posting | None:
        """The last posting of this account there that held on one of these days."""
        found = [
            one
            for one in self._posted.get((organisation, account), ())
            if one.in_force_from <= last and (one.in_force_until is None or first < one.in_force_until)
        ]
        return max(found, key=lambda one: one.in_force_from, default=None)

    def sent(self, organisation: str, sender: str, day: date) -> frozenset[str]:
        """Accounts of the officers whom an agency has posted there on this day."""
        found = self._at.get(organisation, ())
        return frozenset(one.account for one in found if one.sent_by == sender and one.is_there(day))

    def heads(self, organisation: str, day: date) -> frozenset[str]:
        """Accounts of its heads on this day."""
        found = self._at.get(organisation, ())
        return frozenset(one.account for one in found if one.position == "head" and one.is_there(day))

    def may(
        self, organisation: str, account: str, provisions: frozenset[Provision], procedure: str, day: date
    ) -> bool:
        """Whether a delegation of one of these kinds covers this procedure on this day."""
        found = self._given.get((organisation, account), ())
        return any(one.provision in provisions and one.holds(procedure, day) for one in found)

    def as_json(self) -> str:
        """As it is stored and exported."""
        return as_json({"officers": self.postings, "delegations": self.delegations})

    def as_csv(self) -> str:
        """The officers, without the delegations."""
        return as_csv(self.postings, tuple(Posting.model_fields))

    def delegations_as_csv(self) -> str:
        """The delegations."""
        return as_csv(self.delegations, tuple(Delegation.model_fields))

    def changes_to(self, after: Roster) -> list[EditionChange]:
        """What the other edition changes."""
        return [
            *compare({_key(one): one for one in self.postings}, {_key(one): one for one in after.postings}),
            *compare(
                {_key(one): one for one in self.delegations}, {_key(one): one for one in after.delegations}
            ),
        ]

    def warnings(self, officers: Officers) -> list[str]:
        """What the text wants of agencies, and no act depends on (7.1, 7.7, 8.1-8.4, 8.7, 9.2)."""
        return [*self._of_postings(officers), *self._of_heads(), *self._of_reserves(officers)]

    def _of_postings(self, officers: Officers) -> Iterator[str]:
        ranks = {rank.casefold() for rank in officers.ranks}
        for one in self.postings:
            who = f"{one.organisation} {one.account}"
            if one.phone is None:
                yield f"{who}: 7.7: a phone number is published, and none is given"
            if one.position not in _POSTED:
                continue
            if one.approver is None:
                yield f"{who}: {_APPROVED_BY[one.level]}: nobody has approved the posting"
            if not one.fields:
                yield f"{who}: 7.7: the field is published, and none is given"
            if one.level == "commune":
                continue
            if (one.rank or "").casefold() not in ranks:
                yield f"{who}: 8.4.b: the rank is none of {', '.join(officers.ranks)}"
            if (one.years or 0) < officers.years_in_field:
                yield f"{who}: 8.4.b: fewer than {officers.years_in_field} years in the field"
            if one.rating is None:
                yield f"{who}: 8.4.b: no rating is given"
            yield from _length(who, one, officers)

    def _of_heads(self) -> Iterator[str]:
        """A one-stop to which officers are posted has a head on record, with rank or title (7.1)."""
        posted = {one.organisation for one in self.postings if one.sent_by is not None}
        led = {one.organisation for one in self.postings if one.position == "head"}
        for organisation in sorted(posted - led):
            yield f"{organisation}: 7.1: no head is given, who answers for all of its work"

    def _of_reserves(self, officers: Officers) -> Iterator[str]:
        """At least one reserve of each agency that posts officers to a one-stop (9.2)."""
        sent: dict[tuple[str, str], int] = {}
        for one in self.postings:
            if one.position in _POSTED and one.sent_by is not None:
                key = (one.organisation, one.sent_by)
                sent[key] = sent.get(key, 0) + (one.position == "reserve")
        for (organisation, agency), reserves in sorted(sent.items()):
            if reserves < officers.reserves:
                yield f"{organisation}: 9.2: reserves of {agency}: {reserves}, at least {officers.reserves}"


def _length(who: str, one: Posting, officers: Officers) -> Iterator[str]:
    """How long a posting to a provincial or district one-stop lasts (8.7)."""
    if one.position != "officer" or one.sent_by is None:
        return
    if one.change_reason is not None:
        if one.exchange is None and _is_cut_short(one, officers):
            yield f"{who}: 9.2: taken back early, and no exchange with the one-stop is given"
        return
    if one.in_force_until is None:
        yield f"{who}: 8.7: the posting has no end"
        return
    months = _months(one.in_force_from, one.in_force_until)
    if not officers.months_least <= months <= officers.months_most:
        yield f"{who}: 8.7: {months} months, and not {officers.months_least} to {officers.months_most}"


def _is_cut_short(one: Posting, officers: Officers) -> bool:
    until = one.in_force_until
    return until is not None and _months(one.in_force_from, until) < officers.months_least


def _months(first: date, until: date) -> int:
    """Whole months between two days."""
    return (until.year - first.year) * 12 + until.month - first.month - (until.day < first.day)


def _key(one: Posting | Delegation) -> str:
    if isinstance(one, Posting):
        return f"{one.organisation} {one.account} from {one.in_force_from}"
    about = " ".join((one.provision, *one.procedures, one.deed))
    return f"{one.organisation} {one.account} from {one.in_force_from} by {about}"


def from_json(text: str) -> Roster:
    """An edition of a JSON file with `officers` and `delegations`; raises RegisterError with all mistakes."""
    return _made(json_tables(text, ("officers", "delegations")))


def from_csv(text: str, delegations: str | None, before: Roster) -> Roster:
    """An edition of CSV files; without one of delegations those of `before` stay. Raises RegisterError."""
    given = csv_rows(delegations, _LISTS) if delegations is not None else ()
    made = _made({"officers": csv_rows(text, _LISTS), "delegations": given})
    return made if delegations is not None else Roster(made.postings, before.delegations)


def _made(tables: Tables) -> Roster:
    postings = Table("officers", Posting, _mistakes)
    officers, (given,) = read_edition(tables, postings, Table("delegations", Delegation, _mistaken))
    return Roster(officers, given)


def _mistakes(postings: Sequence[tuple[int, Posting]]) -> Iterator[Mistake]:
    levels: dict[str, Level] = {}
    for line, one in postings:
        yield from periods_are_right(line, one.in_force_from, one.in_force_until)
        if levels.setdefault(one.organisation, one.level) != one.level:
            yield Mistake(line, "level", f"{one.organisation} has level {levels[one.organisation]} above")
    yield from overlapping(
        (line, f"{one.account} at {one.organisation}", one.in_force_from, one.in_force_until)
        for line, one in postings
    )


def _mistaken(given: Sequence[tuple[int, Delegation]]) -> Iterator[Mistake]:
    """Of the vice-chairs of a commune one signs at a time (8.3.a)."""
    for line, one in given:
        yield from periods_are_right(line, one.in_force_from, one.in_force_until)
    yield from overlapping(
        (line, f"an authority by 8.3.a of {one.organisation}", one.in_force_from, one.in_force_until)
        for line, one in given
        if one.provision == "8.3.a"
    )
