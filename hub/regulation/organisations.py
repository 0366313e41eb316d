"""Organisations by day: what they are and do, and who follows them (Điều 2, 3.10, 4; pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from hub.regulation import desks as desk_tables
from hub.regulation import office_certificates as certificate_tables
from hub.regulation.desks import Desk
from hub.regulation.errors import Mistake
from hub.regulation.office_certificates import OfficeCertificate
from hub.regulation.opening import read_hours
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
from schemas.types import Day, Email, Line, Mailbox, OrganisationCode, ProcedureCode

Kind = Literal["centre", "section", "committee", "office", "department", "vertical", "post"]
"""Trung tâm Phục vụ hành chính công, Bộ phận Một cửa, Ủy ban nhân dân, Văn phòng, cơ quan chuyên môn,
cơ quan ngành dọc, doanh nghiệp bưu chính công ích."""
Level = Literal["province", "district", "commune"]
ListName = Literal["own_office", "vertical", "beyond_boundaries", "post"]
"""Of 4.5, 4.6, 4.7 and 20.2."""
PostTask = Literal["guide", "receive", "digitise", "return"]
"""Hướng dẫn, tiếp nhận, số hóa hồ sơ, trả kết quả (5.2)."""
ONE_STOPS: frozenset[Kind] = frozenset({"centre", "section"})
_CERTIFICATES = "certificates"
_LISTS = frozenset({"codes", "procedures", "successors", "levels", "tasks", "fields"})
_PARENTS: Mapping[Kind, frozenset[Kind]] = {
    "centre": frozenset({"office", "committee"}),
    "section": frozenset({"office", "committee"}),
}
"""To whom a one-stop belongs (4.1-4.3)."""


class Organisation(BaseModel):
    """One organisation for some days; another name or competence from a day on is a record of its own."""

    model_config = STRICT_ROW

    code: OrganisationCode
    kind: Kind
    level: Level
    name_vi: Line
    name_en: Line | None = None
    parent: OrganisationCode | None = None
    codes: tuple[Line, ...] = ()
    """What other systems call it."""
    territory: Annotated[str, Field(pattern=r"^[0-9]{2,5}(/[0-9]{2,5}){0,2}$")] | None = None
    """Codes of areas from the widest on: `83`, `83/28756`."""
    procedures: tuple[ProcedureCode, ...] | None = None
    """For which it is competent; without them nothing is said about that."""
    place: Line | None = None
    """Địa danh before the date of its papers (Decree 30/2020/NĐ-CP, Annex I): `Mỏ Cày`."""
    payee_account: Line | None = None
    mailbox: Mailbox | None = None
    """Its published one, to which dossiers may come where a procedure allows it (13.4)."""
    report_email: Email | None = None
    """Where the reports of the regulation go that it gets."""
    opening_hours: Annotated[Line, AfterValidator(lambda text: read_hours(text) and text)] | None = None
    """Of its own, as `1-5 07:00-11:00 13:00-17:00`; those of the profile else (Điều 10)."""
    tasks: tuple[PostTask, ...] = ()
    """Of a post: what the province has assigned to its staff at one-stops."""
    decision: Line | None = None
    """That set it up, merged or ended it, or assigned these tasks."""
    in_force_from: Day
    in_force_until: Day | None = None
    """The first day on which it is not there any more, or is as another record says."""
    successors: tuple[OrganisationCode, ...] = ()
    """Who follows it; the first goes on with what is open."""

    def is_there(self, day: date) -> bool:
        """Whether this record holds on the day."""
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)

    def is_competent(self, procedure: str) -> bool:
        """Whether it handles this procedure, as far as that is said."""
        if self.procedures is None:
            return True
        return any(procedure == one or procedure.startswith(f"{one}.") for one in self.procedures)

    def covers(self, other: Organisation) -> bool:
        """Whether the other one's area lies in its own, as far as both are said."""
        if self.territory is None or other.territory is None:
            return True
        return f"{other.territory}/".startswith(f"{self.territory}/")


class Listed(BaseModel):
    """A procedure on one of the four lists, for all levels or for some."""

    model_config = STRICT_ROW

    list: ListName
    procedure: ProcedureCode
    levels: tuple[Level, ...] = ()
    decision: Line | None = None
    in_force_from: Day
    in_force_until: Day | None = None

    def holds(self, procedure: str, day: date, level: Level | None) -> bool:
        """Whether it stands there on this day for a one-stop of this level."""
        is_named = procedure == self.procedure or procedure.startswith(f"{self.procedure}.")
        is_today = self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)
        return is_named and is_today and (not self.levels or level is None or level in self.levels)


class Organisations:
    """One edition: records, lists and desks. An empty one says nothing, and nothing is asked of it."""

    def __init__(
        self,
        records: Sequence[Organisation] = (),
        lists: Sequence[Listed] = (),
        desks: Sequence[Desk] = (),
        certificates: Sequence[OfficeCertificate] = (),
    ) -> None:
        self.records = tuple(records)
        self.lists = tuple(lists)
        self.desks = tuple(desks)
        self.certificates = tuple(certificates)
        self._certificates: dict[str, list[OfficeCertificate]] = {}
        for one in certificates:
            self._certificates.setdefault(one.organisation, []).append(one)
        self._desks: dict[str, list[Desk]] = {}
        for desk in desks:
            self._desks.setdefault(desk.organisation, []).append(desk)
        self._by_code: dict[str, list[Organisation]] = {}
        for record in sorted(records, key=lambda one: one.in_force_from):
            self._by_code.setdefault(record.code, []).append(record)
        self._listed: dict[ListName, list[Listed]] = {}
        for listed in lists:
            self._listed.setdefault(listed.list, []).append(listed)

    def __bool__(self) -> bool:
        """Whether anything was imported."""
        return bool(self.records)

    def on(self, code: str, day: date) -> Organisation | None:
        """The organisation as it is on this day, or None."""
        return next((one for one in self._by_code.get(code, ()) if one.is_there(day)), None)

    def is_known(self, code: str) -> bool:
        """Whether it is, was or will be there."""
        return code in self._by_code

    def followers(self, code: str, day: date) -> tuple[str, ...]:
        """Who is there today in place of one that is not there any more; empty for one that is."""
        found: dict[str, None] = {}
        passed, ahead = set[str](), [code] if self.on(code, day) is None else []
        while ahead:
            if (one := ahead.pop()) in passed:
                continue
            passed.add(one)
            if self.on(one, day) is not None:
                found[one] = None
            else:
                ahead += reversed(self.successors(one, day))
        return tuple(found)

    def heir(self, code: str, day: date) -> str:
        """Who goes on with what was open: itself, or the first that follows it."""
        return (self.followers(code, day) or (code,))[0]

    def successors(self, code: str, day: date) -> tuple[str, ...]:
        """Whom its last record before this day names."""
        past = [one for one in self._by_code.get(code, ()) if one.in_force_from <= day]
        return past[-1].successors if past else ()

    def is_kept(self, name: ListName) -> bool:
        """Whether this list was imported; one that was not rules nothing."""
        return name in self._listed

    def is_listed(self, name: ListName, procedure: str, day: date, level: Level | None = None) -> bool:
        """Whether a procedure stands on the list today."""
        return any(one.holds(procedure, day, level) for one in self._listed.get(name, ()))

    def desks_of(self, code: str, day: date) -> tuple[Desk, ...]:
        """The desks of a one-stop on this day, in the order of the file."""
        return tuple(one for one in self._desks.get(code, ()) if one.is_there(day))

    def certificates_of(self, code: str) -> tuple[OfficeCertificate, ...]:
        """Its certificates of all days; where there is none nothing is asked."""
        return tuple(self._certificates.get(code, ()))

    def as_json(self) -> str:
        """As it is stored and exported."""
        tables = {"organisations": self.records, "lists": self.lists, "desks": self.desks}
        return as_json({**tables, _CERTIFICATES: self.certificates})

    def as_csv(self) -> str:
        """The organisations, without lists and desks."""
        return as_csv(self.records, tuple(Organisation.model_fields))

    def lists_as_csv(self) -> str:
        """The lists."""
        return as_csv(self.lists, tuple(Listed.model_fields))

    def desks_as_csv(self) -> str:
        """The desks."""
        return as_csv(self.desks, tuple(Desk.model_fields))

    def certificates_as_csv(self) -> str:
        """The certificates."""
        return as_csv(self.certificates, tuple(OfficeCertificate.model_fields))

    def changes_to(self, after: Organisations) -> list[EditionChange]:
        """What the other edition changes."""
        return [
            *compare({_key(one): one for one in self.records}, {_key(one): one for one in after.records}),
            *compare({_key(one): one for one in self.lists}, {_key(one): one for one in after.lists}),
            *compare({_key(one): one for one in self.desks}, {_key(one): one for one in after.desks}),
            *compare(
                {_key(one): one for one in self.certificates}, {_key(one): one for one in after.certificates}
            ),
        ]

    def warnings(self, by_email: Collection[str] = ()) -> list[str]:
        """What the text wants of an organisation (4.1, 5.1.a, 5.2, 13.4).

        `by_email` are the procedures that are lodged by e-mail: each one-stop needs a mailbox for them.
        """
        unassigned = [
            f"{one.code}: 5.2: tasks of the post are assigned by a decision, and none is given"
            for one in self.records
            if one.tasks and one.decision is None
        ]
        accounts = [
            f"{one.code}: 4.1: the provincial centre has an account of its own, and none is given"
            for one in self.records
            if one.kind == "centre" and one.level == "province" and one.payee_account is None
        ]
        accounts += [
            f"{one.code}: 4.1: the provincial centre signs as itself, and no certificate of its own is given"
            for one in self.records
            if self.certificates
            and one.kind == "centre"
            and one.level == "province"
            and not self.certificates_of(one.code)
        ]
        one_stops = {one.code for one in self.records if one.kind in ONE_STOPS}
        strange = dict.fromkeys(one.organisation for one in self.desks if one.organisation not in one_stops)
        placed = [f"{code}: 5.1.a: it has desks, and is no one-stop of this file" for code in strange]
        named = ", ".join(sorted(by_email))
        boxes = [
            f"{one.code}: 13.4: procedures in force come by e-mail too ({named}), and no mailbox is given"
            for one in self.records
            if by_email and one.kind in ONE_STOPS and one.mailbox is None
        ]
        known = {one.code for one in self.records}
        stray = dict.fromkeys(one.organisation for one in self.certificates if one.organisation not in known)
        held = [f"{code}: 4.1: it has certificates, and is not in this file" for code in stray]
        return unassigned + accounts + placed + boxes + held


def _key(one: Organisation | Listed | Desk | OfficeCertificate) -> str:
    if isinstance(one, OfficeCertificate):
        return f"{one.organisation} certificate {one.certificate_sha256[:16]} from {one.in_force_from}"
    if isinstance(one, Desk):
        return f"{one.organisation} desk {one.desk} from {one.in_force_from}"
    name = one.code if isinstance(one, Organisation) else f"{one.list} {one.procedure}"
    return f"{name} from {one.in_force_from}"


def from_json(text: str) -> Organisations:
    """An edition of a JSON file with all tables; raises RegisterError with every mistake."""
    return _made(json_tables(text, ("organisations", "lists", "desks", _CERTIFICATES)))


def from_csv(
    text: str,
    lists: str | None,
    before: Organisations,
    desks: str | None = None,
    certificates: str | None = None,
) -> Organisations:
    """An edition of CSV files; tables without one stay as before. Raises RegisterError."""
    listed = csv_rows(lists, _LISTS) if lists is not None else ()
    placed = csv_rows(desks, _LISTS) if desks is not None else ()
    held = csv_rows(certificates, _LISTS) if certificates is not None else ()
    made = _made(
        {"organisations": csv_rows(text, _LISTS), "lists": listed, "desks": placed, _CERTIFICATES: held}
    )
    return Organisations(
        made.records,
        made.lists if lists is not None else before.lists,
        made.desks if desks is not None else before.desks,
        made.certificates if certificates is not None else before.certificates,
    )


def _made(tables: Tables) -> Organisations:
    main = Table("organisations", Organisation, _mistakes)
    records, beside = read_edition(
        tables,
        main,
        Table("lists", Listed, _mistaken),
        Table("desks", Desk, desk_tables.mistakes),
        Table(_CERTIFICATES, OfficeCertificate, certificate_tables.mistakes),
    )
    return Organisations(records, *beside)


def _mistaken(lists: Sequence[tuple[int, Listed]]) -> Iterator[Mistake]:
    for line, one in lists:
        yield from periods_are_right(line, one.in_force_from, one.in_force_until)
    named = ((line, f"{one.list} {one.procedure}", one) for line, one in lists)
    yield from overlapping((line, name, one.in_force_from, one.in_force_until) for line, name, one in named)


def _mistakes(records: Sequence[tuple[int, Organisation]]) -> Iterator[Mistake]:
    known: dict[str, list[Organisation]] = {}
    for _, one in records:
        known.setdefault(one.code, []).append(one)
    for line, one in records:
        yield from periods_are_right(line, one.in_force_from, one.in_force_until)
        if one.successors and one.in_force_until is None:
            yield Mistake(line, "successors", "only of one that ends: in_force_until is missing")
        for code in one.successors:
            if code not in known:
                yield Mistake(line, "successors", f"{code} is not in this file")
        if one.parent is not None and one.parent not in known:
            yield Mistake(line, "parent", f"{one.parent} is not in this file")
        yield from _belongs(line, one, known)
        if one.tasks and one.kind != "post":
            yield Mistake(line, "tasks", "only a public post is assigned tasks of a one-stop (5.2)")
    yield from overlapping((line, one.code, one.in_force_from, one.in_force_until) for line, one in records)
    yield from _circles(records, known)


def _belongs(line: int, one: Organisation, known: Mapping[str, Sequence[Organisation]]) -> Iterator[Mistake]:
    """A one-stop belongs to an office or a committee of its level (4.1-4.3)."""
    fitting = _PARENTS.get(one.kind)
    if fitting is None:
        return
    if one.parent is None:
        yield Mistake(line, "parent", "a one-stop belongs to an office or a committee (4.1-4.3)")
    elif not any(above.kind in fitting and above.level == one.level for above in known.get(one.parent, ())):
        yield Mistake(line, "parent", f"{one.parent} is no office or committee of this level (4.1-4.3)")


def _circles(
    records: Sequence[tuple[int, Organisation]], known: Mapping[str, Sequence[Organisation]]
) -> Iterator[Mistake]:
    above = _circled({code: known.keys() & {found[0].parent} for code, found in known.items()})
    by_day = Organisations([one for _, one in records])
    after = _circled({code: set(by_day.successors(code, date.max)) & known.keys() for code in known})
    for line, one in records:
        if one.code in above or one.parent == one.code:
            yield Mistake(line, "parent", "it would stand above itself")
        if one.code in one.successors:
            yield Mistake(line, "successors", "it cannot follow itself")
        elif one.successors and one.code in after and not by_day.followers(one.code, date.max):
            yield Mistake(line, "successors", "they lead back to it, and nobody stays")


def _circled(arrows: Mapping[str, AbstractSet[str]]) -> AbstractSet[str]:
    """What is reached from itself, or lies between such: ends are taken away from both sides."""
    left = set(arrows)
    for there, back in ((arrows, _turned(arrows)), (_turned(arrows), arrows)):
        count = {code: len(there[code] & left) for code in left}
        ends = [code for code in left if not count[code]]
        while ends:
            left.discard(gone := ends.pop())
            for code in back[gone] & left:
                count[code] -= 1
                if not count[code]:
                    ends.append(code)
    return left


def _turned(arrows: Mapping[str, AbstractSet[str]]) -> Mapping[str, AbstractSet[str]]:
    found: dict[str, set[str]] = {code: set() for code in arrows}
    for code, others in arrows.items():
        for other in others:
            found[other].add(code)
    return found
