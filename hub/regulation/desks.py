"""Desks of one-stops by day: which fields each serves (Điều 5.1.a; pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from pydantic import BaseModel

from hub.regulation.errors import Mistake
from hub.regulation.registers import STRICT_ROW, overlapping, periods_are_right
from schemas.types import Day, Line, OrganisationCode, Reference

DeskKind = Literal["fields", "guidance", "reserved"]
"""Quầy của lĩnh vực, quầy hướng dẫn, quầy dành riêng cho người cao tuổi, phụ nữ mang thai, người khuyết
tật."""


class Desk(BaseModel):
    """One desk for some days; a reserved one without fields serves all of them."""

    model_config = STRICT_ROW

    organisation: OrganisationCode
    desk: Reference
    kind: DeskKind = "fields"
    fields: tuple[Line, ...] = ()
    in_force_from: Day
    in_force_until: Day | None = None
    """The first day on which it is not there any more, or serves others."""

    def is_there(self, day: date) -> bool:
        """Whether this record holds on the day."""
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)

    def serves(self, field: str | None, *, has_priority: bool) -> bool:
        """Whether it calls who waits for this field, or for guidance where none is named."""
        if self.kind == "guidance":
            return field is None
        if self.kind == "reserved":
            return has_priority and (not self.fields or field in self.fields)
        return field in self.fields


def fields_of(desks: Iterable[Desk]) -> tuple[str, ...]:
    """Every field that one of them serves, each once."""
    return tuple(dict.fromkeys(one for desk in desks for one in desk.fields))


def mistakes(desks: Sequence[tuple[int, Desk]]) -> Iterator[Mistake]:
    """What is wrong among the records of a file, by line."""
    for line, one in desks:
        yield from periods_are_right(line, one.in_force_from, one.in_force_until)
        if one.kind == "fields" and not one.fields:
            yield Mistake(line, "fields", "such a desk serves one field at least (5.1.a)")
        if one.kind == "guidance" and one.fields:
            yield Mistake(line, "fields", "a desk for guidance serves no field")
    yield from overlapping(
        (line, f"{one.organisation} {one.desk}", one.in_force_from, one.in_force_until) for line, one in desks
    )
