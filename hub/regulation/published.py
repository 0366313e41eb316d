"""The installed catalogues procedure by procedure, as they are put on record (Điều 3.8, 6.2.a, 9.7; pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from hub.regulation.errors import Mistake
from hub.regulation.lawbook import LawBook
from hub.regulation.registers import (
    STRICT_ROW,
    EditionChange,
    Table,
    as_json,
    compare,
    json_tables,
    read_edition,
)
from schemas.types import Day

_TABLE = "procedures"


class PublishedProcedure(BaseModel):
    """One procedure in one version of the catalogue; `sha256` is of the national record."""

    model_config = STRICT_ROW

    procedure: str
    name: str
    catalogue: str
    in_force_from: Day
    announced: str | None = None
    """The decision that announces it, as a completion says."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Publication:
    """One edition: every procedure of every version that is installed."""

    def __init__(self, procedures: Sequence[PublishedProcedure] = ()) -> None:
        self.procedures = tuple(procedures)

    def as_json(self) -> str:
        """As it is stored and exported."""
        return as_json({_TABLE: self.procedures})

    def changes_to(self, after: Publication) -> list[EditionChange]:
        """What the other edition changes."""
        return compare(*({_key(one): one for one in side.procedures} for side in (self, after)))


def of_book(book: LawBook) -> Publication:
    """What this program has, by version and code."""
    return Publication(
        [
            PublishedProcedure(
                procedure=code,
                name=procedure.name,
                catalogue=one.ref,
                in_force_from=one.in_force_from,
                announced=procedure.announced,
                sha256=procedure.digest,
            )
            for one in book.catalogues
            for code, procedure in sorted(one.catalogue.procedures.items())
        ]
    )


def from_json(text: str) -> Publication:
    """An edition as it is stored; raises RegisterError."""
    procedures, _ = read_edition(json_tables(text, (_TABLE,)), Table(_TABLE, PublishedProcedure, _mistakes))
    return Publication(procedures)


def _mistakes(_rows: Sequence[tuple[int, PublishedProcedure]]) -> Iterator[Mistake]:
    yield from ()


def _key(one: PublishedProcedure) -> str:
    return f"{one.procedure} in {one.catalogue}"
