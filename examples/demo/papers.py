"""The papers and messages of the week, as people hold them: what the hub's roles made and sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import get_args

from examples.demo.members import ONE_STOPS
from examples.demo.operators import command
from examples.demo.province import MESSAGES, Places, Province
from examples.demo.week import DAYS, MONDAY
from hub.postgres.database import Connection
from schemas.notice import NoticePurpose

_FORMS = ("01", "02", "03", "04", "05", "urging")
_LATER = {"HUB_PROFILE": "nd118-2025"}
_LATER_FORMS = ("01", "02", "03", "04", "05", "06")
_REPORTS = ("766", "gains", "work", "late")
_WEEK = ("--from", f"{MONDAY}", "--to", f"{MONDAY + timedelta(days=DAYS - 1)}")
_TOLD = """
select convert_from(bytes, 'UTF8')::jsonb -> 'data' ->> 'purpose' as purpose, count(*) as count
from fact where type = 'onestop.notice.sent.v1' group by 1
"""
_MADE = """
select convert_from(f.bytes, 'UTF8')::jsonb -> 'data' -> 'papers' as papers, f.dossier_id::text as dossier
from fact f where f.type = 'onestop.form.made.v1' order by f.time, f.dossier_id, f.sequence
"""


@dataclass(frozen=True, slots=True)
class Papers:
    """Where one of each form lies, and how many of each the week made."""

    folder: Path
    counts: Mapping[str, int]

    @property
    def missing(self) -> tuple[str, ...]:
        """Forms that nobody of the week got."""
        return tuple(number for number in _FORMS if number not in self.counts)

    def __str__(self) -> str:
        counted = ", ".join(f"{count} of {name}" for name, count in sorted(self.counts.items()))
        return f"papers of the week: {counted}; the first of each: {self.folder}"


@dataclass(frozen=True, slots=True)
class Messages:
    """Where e-mails and short messages lie, and how often applicants were told of what."""

    mail: Path
    journal: Path
    counts: Mapping[str, int]

    @property
    def mails(self) -> int:
        """How many e-mails came."""
        return len(list(self.mail.glob("*.eml")))

    @property
    def short(self) -> int:
        """How many short messages came."""
        return len(self.journal.read_text("utf-8").splitlines()) if self.journal.exists() else 0

    @property
    def missing(self) -> tuple[str, ...]:
        """Of what nobody of the week was told."""
        return tuple(sorted({*get_args(NoticePurpose)} - self.counts.keys()))

    def __str__(self) -> str:
        counted = ", ".join(f"{count} of {name}" for name, count in sorted(self.counts.items()))
        return (
            f"messages of the week: {self.mails} e-mails: {self.mail}; "
            f"{self.short} short messages: {self.journal}; applicants were told: {counted}"
        )


async def show_papers(places: Places, database: Connection) -> Papers:
    """Copy the first paper of each form out of the store of documents, `form-01.pdf` and so on."""
    folder, store = places.run / "forms", places.run / "documents" / "objects"
    folder.mkdir()
    counts: Counter[str] = Counter()
    for row in await database.fetch(_MADE):
        for paper in json.loads(row["papers"]):
            name = paper["form"] + ("-applicant" if paper.get("for_applicant") else "")
            if not counts[name]:
                content = (store / paper["digest"][:2] / paper["digest"]).read_bytes()
                (folder / f"form-{name}.pdf").write_bytes(content)
            counts[name] += 1
    return Papers(folder, counts)


async def messages_of(places: Places, database: Connection) -> Messages:
    """What applicants got."""
    counts = {row["purpose"]: row["count"] for row in await database.fetch(_TOLD)}
    return Messages(places.run / f"{MESSAGES}-mail", places.journal(MESSAGES), counts)


async def show_reports(province: Province) -> Path:
    """The week's reports as papers for the head of an office, as an operator makes them."""
    folder = province.places.run / "reports"
    folder.mkdir()
    for kind in _REPORTS:
        await _hub(province, "report", kind, *_WEEK, "--into", str(folder / f"report-{kind}.pdf"))
    of_quarter = ("--from", "2026-07-01", "--to", "2026-09-30")
    await _hub(province, "report", "settlement", *of_quarter, "--into", str(folder / "report-settlement.pdf"))
    return folder


async def show_registers(province: Province, papers: Papers) -> str:
    """The register of the week at one one-stop, and the later set of forms, as an operator makes them.

    Nothing of the week is under Decree 118: the others of its forms are of the invented dossier.
    """
    later = province.places.run / "forms-of-03-2025"
    later.mkdir()
    for file in (papers.folder / "form-06.pdf", papers.folder / "form-06.xlsx"):
        await _register(province, file)
    await _register(province, later / "form-07.pdf", **_LATER)
    for number in _LATER_FORMS:
        into = ("--into", str(later / f"form-{number}.pdf"))
        await _hub(province, "forms", "preview", number, "--sample", *into, **_LATER)
    return (
        f"register of the week (Form 06, as PDF and XLSX): {papers.folder}; "
        f"forms of Circular 03/2025, of an invented dossier, and its register of the week: {later}"
    )


async def _register(province: Province, file: Path, **settings: str) -> None:
    words = ("forms", "register", ONE_STOPS["counter-1"], *_WEEK, "--into", str(file))
    await _hub(province, *words, "--reason", "the register of the demo", **settings)


async def _hub(province: Province, *words: str, **settings: str) -> None:
    await command({**province.hub.environment, **settings}, *words)
