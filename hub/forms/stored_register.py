"""The register of a one-stop out of the store, dossier by dossier, as XLSX or PDF."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import asyncpg
import xlsxwriter

from hub.errors import AlteredRowError
from hub.facts.fact_bytes import law_of, open_fact
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, is_fact_genuine
from hub.forms.case_file import CaseFile, Letterhead, letterheads, short_name
from hub.forms.errors import FormError
from hub.forms.form_set import FormSet
from hub.forms.register import HEADINGS, REGISTERED, RegisterRow, register_row
from hub.forms.typesetting import as_pdf, made_at
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import LawBook
from hub.regulation.organisations import Organisations
from hub.regulation.sections import Form

_ACCEPTED = """
select f.dossier_id from fact f
where f.type = 'onestop.dossier.accepted.v1' and f.time >= $1 and f.time < $2
  and convert_from(f.bytes, 'UTF8')::jsonb -> 'data' ->> 'organisation' = $3
order by f.time, f.dossier_id
"""
_FACTS = f"""
select {FACT_COLUMNS}, k.wrapped from fact f left join dossier_key k on k.dossier_id = f.dossier_id
where f.dossier_id = any($1) and f.type = any($2) order by f.dossier_id, f.sequence
"""  # noqa: S608  our text
_TYPES = [f"onestop.{name}.v1" for name in REGISTERED]
_AT_ONCE = 500
_WIDTHS = (6, 26, 40, 9, 26, 40, 34, 17, 17, 17, 17, 17, 30, 26, 20)
MOST_IN_PDF = 5_000
"""Rows of a PDF; of more only a table for programs is made."""


class DossierRegister:
    """Reads one-stops' registers; `organisations` are those that were imported."""

    def __init__(self, book: LawBook, sets: Mapping[str, FormSet], organisations: Organisations) -> None:
        self._book = book
        self._sets = sets
        self._letterheads = letterheads(organisations)

    async def rows(
        self, connection: Connection, master: MasterKey, one_stop: str, first: date, last: date
    ) -> AsyncIterator[RegisterRow]:
        """A row for each dossier that the one-stop accepted on these days of Viet Nam, in that order.

        Raises `AlteredRowError` for a fact that is not what the hub has written, and `FormError`.
        """
        begin, end = (datetime.combine(day, time(), VIETNAM) for day in (first, last + timedelta(days=1)))
        async with connection.transaction(readonly=True, isolation="repeatable_read"):
            found = await connection.cursor(_ACCEPTED, begin, end, one_stop)
            while ids := [row["dossier_id"] for row in await found.fetch(_AT_ONCE)]:
                facts = await connection.fetch(_FACTS, ids, _TYPES)
                of_dossier = {key: list(rows) for key, rows in groupby(facts, lambda row: row["dossier"])}
                for dossier in ids:
                    yield self._row(of_dossier[str(dossier)], master)

    def _row(self, rows: Sequence[asyncpg.Record], master: MasterKey) -> RegisterRow:
        for row in rows:
            if not is_fact_genuine(row, master.store):
                raise AlteredRowError(fact_name(row))
        wrapped = rows[0]["wrapped"]
        key = master.unwrap(wrapped) if wrapped is not None else None
        facts = [open_fact(row["bytes"], key) for row in rows]
        law = self._book.of(law_of(next(one for one in facts if short_name(one) == "dossier.accepted")))
        procedure = law.catalogue.find(facts[0]["data"]["procedure"])
        if procedure is None:
            raise FormError(f"{facts[0]['data']['procedure']} is not in the catalogue")
        case = CaseFile(facts, procedure, self._letterheads)
        return register_row(case, self._sets[law.profile.ref], is_erased=key is None)


class RegisterBook:
    """The register as XLSX, written row by row in little memory; every cell is text, and none a formula."""

    def __init__(self, into: Path, first: date) -> None:
        self._book = xlsxwriter.Workbook(str(into), {"constant_memory": True})
        self._book.set_properties({"created": datetime.combine(first, time())})
        self._sheet = self._book.add_worksheet("Sổ theo dõi hồ sơ")
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.freeze_panes(1, 0)
        bold = self._book.add_format({"bold": True, "text_wrap": True})
        for column, (heading, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, heading, bold)
        self.rows = 0

    def add(self, row: RegisterRow) -> None:
        """The next row."""
        self.rows += 1
        for column, cell in enumerate(row.cells(self.rows)):
            self._sheet.write_string(self.rows, column, cell)

    def close(self) -> None:
        """Finish the file."""
        self._book.close()


def register_pdf(
    form: Form,
    form_set: FormSet,
    head: Letterhead,
    rows: Sequence[RegisterRow],
    first: date,
    last: date,
) -> bytes:
    """The register as PDF/A, A4 across, dated by its last day; `FormError` for more rows than it may have."""
    template = form_set.templates.get(form.kind)
    if template is None:
        raise FormError(f"{form_set.ref} has no template for form {form.number}")
    if len(rows) > MOST_IN_PDF:
        raise FormError(f"{len(rows)} rows: a PDF has {MOST_IN_PDF} at most, write .xlsx or fewer days")
    content: dict[str, Any] = {
        "title": form.vi,
        "above": head.above,
        "one_stop": head.name,
        "first": f"{first:%d/%m/%Y}",
        "last": f"{last:%d/%m/%Y}",
        "rows": list(_numbered(rows)),
    }
    return as_pdf(form_set.files, template, content, made_at(datetime.combine(last, time(), VIETNAM)))


def _numbered(rows: Sequence[RegisterRow]) -> Iterator[Sequence[str]]:
    return (row.cells(serial) for serial, row in enumerate(rows, start=1))
