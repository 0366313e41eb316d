"""The papers of the week: of each form one, made of stored facts as `hub forms preview` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.demo.province import Places
from hub.facts.sealing import MasterKey
from hub.forms.form_set import installed_form_sets
from hub.forms.issuing import Issued
from hub.forms.stored import CaseFiles, Forms
from hub.participants.register_editions import stored
from hub.postgres.database import Connection
from hub.regulation.lawbook import load_book
from hub.regulation.organisations import Organisations, from_json

_ISSUED: Mapping[str, str] = {
    "01": "dossier.accepted",
    "02": "dossier.supplement_requested",
    "03": "dossier.declined",
    "04": "apology.sent",
    "05": "result.returned",
}
"""Whose paper is shown: the dossier that has this fact first."""
_FIRST = """
select dossier_id::text from fact where type = 'onestop.' || $1 || '.v1' order by time, dossier_id limit 1
"""


@dataclass(frozen=True, slots=True)
class Papers:
    """Where they lie, and the numbers of the forms that were made."""

    folder: Path
    numbers: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Forms that nobody of the week got."""
        return tuple(number for number in _ISSUED if number not in self.numbers)


async def make_papers(places: Places, database: Connection) -> Papers:
    """Write `form-01.pdf` to `form-05.pdf`; a form that no dossier has is left out."""
    folder = places.run / "forms"
    folder.mkdir()
    master = MasterKey.from_file(places.master_key)
    edition = await stored(database, master.store, "organisations")
    known = from_json(edition.content) if edition is not None else Organisations()
    forms = Forms(CaseFiles(load_book(), installed_form_sets(), known))
    made = []
    for number, issued in _ISSUED.items():
        dossier = await database.fetchval(_FIRST, issued)
        if dossier is not None:
            content = await forms.pdf(database, master, dossier, Issued(number))
            (folder / f"form-{number}.pdf").write_bytes(content)
            made.append(number)
    return Papers(folder, tuple(made))
