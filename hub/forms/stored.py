"""A stored dossier as the case of a form: its facts are opened here, and nowhere kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.errors import AlteredRowError
from hub.facts.fact_bytes import law_of, open_fact
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, is_fact_genuine
from hub.forms.case_file import CaseFile, letterheads
from hub.forms.contents import content_of, issuing_fact
from hub.forms.errors import FormError, NotIssuedError
from hub.forms.form_set import FormSet
from hub.forms.typesetting import as_pdf, made_at, qr_code
from hub.postgres.database import Connection
from hub.regulation.lawbook import LawBook
from hub.regulation.organisations import Organisations
from hub.regulation.sections import Form

_FACTS = f"select {FACT_COLUMNS} from fact f where f.dossier_id = $1::uuid order by f.sequence"  # noqa: S608  our text
_KEY = "select wrapped from dossier_key where dossier_id = $1::uuid"


class Forms:
    """Makes the forms of stored dossiers by the law of each; `organisations` are those that were imported."""

    def __init__(self, book: LawBook, sets: Mapping[str, FormSet], organisations: Organisations) -> None:
        self._book = book
        self._sets = sets
        self._letterheads = letterheads(organisations)

    async def pdf(self, connection: Connection, master: MasterKey, dossier_id: str, number: str) -> bytes:
        """The form of this number as PDF/A, the same bytes each time.

        Raises `NotIssuedError` where the dossier has none, `FormError` for an erased dossier or a template
        that does not fit, and `AlteredRowError` for a fact that is not what the hub has written.
        """
        facts = await _facts(connection, master, dossier_id)
        law = self._book.of(law_of(facts[-1]))
        form = next((one for one in law.profile.forms if one.number == number), None)
        if form is None:
            raise FormError(f"{law.profile.ref} has no form {number}")
        procedure = law.catalogue.find(facts[0]["data"]["procedure"])
        if procedure is None:
            raise FormError(f"{facts[0]['data']['procedure']} is not in the catalogue")
        form_set = self._sets[law.profile.ref]
        return printed(form, form_set, CaseFile(facts, procedure, self._letterheads))


def printed(form: Form, form_set: FormSet, case: CaseFile) -> bytes:
    """A form as PDF/A, dated by the fact that issued it (pure)."""
    template = form_set.templates.get(form.kind)
    if template is None:
        raise FormError(f"{form_set.ref} has no template for form {form.number}")
    issued = datetime.fromisoformat(issuing_fact(form.kind, case)["time"])
    content = content_of(form, case, form_set)
    content["qr"] = qr_code(content["qr_text"])
    return as_pdf(form_set.files, template, content, made_at(issued))


async def _facts(connection: Connection, master: MasterKey, dossier_id: str) -> list[Mapping[str, Any]]:
    wrapped = await connection.fetchval(_KEY, dossier_id)
    if wrapped is None:
        raise FormError("the dossier's personal data are erased: nothing can be printed of it")
    key, rows = master.unwrap(wrapped), await connection.fetch(_FACTS, dossier_id)
    for row in rows:
        if not is_fact_genuine(row, master.store):
            raise AlteredRowError(fact_name(row))
    if not rows:
        raise NotIssuedError("the dossier has no facts")
    return [open_fact(row["bytes"], key) for row in rows]
