"""A stored dossier as the case of a form: its facts are opened here, and nowhere kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from hub.errors import AlteredRowError
from hub.facts.fact_bytes import law_of, open_body
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACTS_OF_DOSSIER, fact_name, genuine_body
from hub.forms.case_file import CaseFile, letterheads, short_name
from hub.forms.errors import FormError
from hub.forms.form_set import FormSet, set_of
from hub.forms.issuing import Issued, sheet_of
from hub.forms.look_up import LookUpPage
from hub.forms.register import NAMING
from hub.forms.typesetting import typeset
from hub.postgres.database import Connection
from hub.regulation.lawbook import LawBook
from hub.regulation.organisations import Organisations
from hub.regulation.profile import Profile

_KEY = "select wrapped from dossier_key where dossier_id = $1::uuid"


class CaseFiles:
    """Opens stored facts, by the law and the form set of each dossier."""

    def __init__(
        self,
        book: LawBook,
        sets: Mapping[str, FormSet],
        organisations: Organisations,
        look_up_url: str = "",
    ) -> None:
        """`look_up_url` is where everybody looks dossiers up, for Form 01; empty: nowhere."""
        self._look_up_url = look_up_url
        self._book = book
        self._sets = sets
        self._letterheads = letterheads(organisations)

    def opened(
        self, rows: Sequence[asyncpg.Record], wrapped: bytes | None, master: MasterKey
    ) -> tuple[CaseFile, Profile, FormSet]:
        """The case of a dossier's facts in their order; without a key (erased) nothing personal is in it."""
        key = master.unwrap(wrapped) if wrapped is not None else None
        facts = [open_body(body, key) for body in _bodies(rows, master)]
        mark = key.paper_mark if key is not None else ""
        return self._case(facts, master, mark)

    def for_register(
        self, rows: Sequence[asyncpg.Record], wrapped: bytes | None, master: MasterKey
    ) -> tuple[CaseFile, FormSet]:
        """As `opened`; of the facts whose persons the register does not name nothing is opened."""
        key = master.unwrap(wrapped) if wrapped is not None else None
        facts = [
            open_body(body, key) if short_name(body) in NAMING else body for body in _bodies(rows, master)
        ]
        case, _, form_set = self._case(facts, master)
        return case, form_set

    def _case(
        self, facts: Sequence[Mapping[str, Any]], master: MasterKey, mark: str = ""
    ) -> tuple[CaseFile, Profile, FormSet]:
        law, code = self._book.of(law_of(facts[-1])), facts[0]["data"]["procedure"]
        procedure = law.catalogue.find(code)
        if procedure is None:
            raise FormError(f"{code} is not in the catalogue")
        form_set = set_of(self._sets, law.profile)
        page = LookUpPage(self._look_up_url, master.store.look_up) if self._look_up_url else None
        return CaseFile(facts, procedure, self._letterheads, page, mark), law.profile, form_set


def _bodies(rows: Sequence[asyncpg.Record], master: MasterKey) -> list[dict[str, Any]]:
    """What genuine facts say; raises `AlteredRowError`."""
    bodies = []
    for row in rows:
        body = genuine_body(row, master.store)
        if body is None:
            raise AlteredRowError(fact_name(row))
        bodies.append(body)
    return bodies


class Forms:
    """Makes the forms of stored dossiers."""

    def __init__(self, cases: CaseFiles) -> None:
        self._cases = cases

    async def pdf(self, connection: Connection, master: MasterKey, dossier_id: str, wanted: Issued) -> bytes:
        """The form or paper as PDF/A, the same bytes each time.

        Raises `NotIssuedError` where the dossier has none, `FormError` for an erased dossier or a template
        that does not fit, and `AlteredRowError` for a fact that is not what the hub has written.
        """
        wrapped = await connection.fetchval(_KEY, dossier_id)
        if wrapped is None:
            raise FormError("the dossier's personal data are erased: nothing can be printed of it")
        rows = await connection.fetch(FACTS_OF_DOSSIER, dossier_id)
        case, profile, form_set = self._cases.opened(rows, wrapped, master)
        return typeset(sheet_of(wanted, profile, form_set, case))
