"""`hub forms`: the papers that people hold, as PDF/A of a dossier's facts or of an invented dossier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.asking import By
from hub.cli.shared import fail, operator_name, settings, with_store
from hub.facts.private_file import write_private
from hub.facts.sealing import MasterKey
from hub.forms.case_file import letterheads
from hub.forms.form_set import form_of, installed_form_sets, set_of
from hub.forms.other_papers import installed_papers, printed_paper
from hub.forms.register import RegisterRow, register_row
from hub.forms.register_files import RegisterBook, register_pdf
from hub.forms.sample import SAMPLE_ONE_STOP, sample_case
from hub.forms.stored import CaseFiles, Forms, printed
from hub.forms.stored_register import register_rows
from hub.oversight.names import one_dossier
from hub.participants import register_editions
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, print_rows, say
from hub.regulation import organisations
from hub.regulation.clock import VIETNAM
from hub.regulation.law import Law
from hub.regulation.lawbook import load_book
from hub.regulation.organisations import Organisations
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Forms: what people hold, as PDF/A made of a dossier's facts.")
_FIRST, _LAST = date(2000, 1, 1), date(2200, 1, 1)
_COLUMNS = ("number", "form", "set", "paper")


@app.command("list")
def list_forms(as_json: AsJson = False) -> None:
    """List the forms of the law in force today and the other papers, with the template of each."""
    profile = _law_today().profile
    form_set = set_of(installed_form_sets(), profile)
    rows = [
        {
            "number": form.number,
            "form": form.vi,
            "set": form_set.ref if form.kind in form_set.templates else None,
            "paper": form.paper,
            "decision": form_set.decision,
            "en": form.en,
        }
        for form in profile.forms
    ]
    papers = installed_papers()
    rows += [
        {
            "number": name,
            "form": one.vi,
            "set": f"papers ({one.rule})",
            "paper": one.size,
            "decision": papers.decision,
            "en": one.en,
        }
        for name, one in papers.by_name.items()
    ]
    print_rows(rows, _COLUMNS, as_json=as_json, none="no forms", more=("decision", "en"))


@app.command()
def preview(
    number: Annotated[str, typer.Argument(help="as `hub forms list` has it: 01, urging")],
    into: Annotated[Path, typer.Option("--into", help="the PDF to write; it must not be there yet")],
    dossier: Annotated[
        str | None, typer.Option(help="official code, id or reference; its personal data are printed")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="of an invented dossier")] = False,
    reason: Annotated[str, typer.Option(help="why personal data are printed; kept with your name")] = "",
    operator: By = "",
) -> None:
    """Make one form: of a dossier as it is stored, or of an invented one."""
    if sample == (dossier is not None):
        fail("give either --dossier or --sample", 2)
    if dossier is not None and not reason.strip():
        fail("--reason is needed: that personal data were printed is kept", 2)
    _may_write(into)
    content = _of_sample(number) if dossier is None else _of_dossier(number, dossier, reason, operator)
    write_private(into, content, is_new=True)
    say(f"{into}: form {number}, {len(content)} bytes")


@app.command()
def check() -> None:
    """Make each form and paper of an invented dossier; names a template that asks for what is not there."""
    law = _law_today()
    form_set, head = set_of(installed_form_sets(), law.profile), sample_case(law.catalogue).organisation
    made = [form.number for form in law.profile.forms if form.kind != "register"]
    for number in (*made, *installed_papers().by_name):
        _of_sample(number)
    row = register_row(sample_case(law.catalogue), form_set, is_erased=False)
    day = date(2026, 1, 5)
    register_pdf(law.profile.form("register"), form_set, head(SAMPLE_ONE_STOP), [row], day, day)
    say(f"{len(made) + 1} forms and {len(installed_papers().by_name)} papers can be made")


@app.command()
def register(
    organisation: Annotated[str, typer.Argument(help="code of the one-stop")],
    into: Annotated[Path, typer.Option("--into", help="the file to write: .xlsx, or .pdf for a few days")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first day of acceptance")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="last day of acceptance")],
    reason: Annotated[str, typer.Option(help="why personal data are written; kept with your name")] = "",
    operator: By = "",
) -> None:
    """Write Form 06: the dossiers that a one-stop accepted on these days."""
    if into.suffix not in {".xlsx", ".pdf"}:
        fail("--into names a file .xlsx or .pdf", 2)
    if not reason.strip():
        fail("--reason is needed: that personal data were written is kept", 2)
    if not _FIRST <= first.date() <= last.date() < _LAST:
        fail("--from is a day before --to or the same, of this century or the next", 2)
    _may_write(into)

    async def work(tree: Settings, connection: Connection) -> int:
        master = MasterKey.from_file(tree.master_key_file)
        book, known = load_book(tree.profile, tree.regulation), await _organisations(connection, master)
        cases = CaseFiles(book, installed_form_sets(), known, tree.public.url)
        await _record(connection, operator, "register_written", organisation, reason)
        days = first.date(), last.date()
        rows = register_rows(connection, master, cases, organisation, *days)
        if into.suffix == ".xlsx":
            return await _as_table(rows, into, days[0])
        found, profile = [row async for row in rows], book.in_force(days[1]).profile
        form_set, head = set_of(installed_form_sets(), profile), letterheads(known)(organisation, days[1])
        write_private(into, register_pdf(profile.form("register"), form_set, head, found, *days), is_new=True)
        return len(found)

    count = with_store("operator", work)
    say(f"{into}: {count} dossiers of {organisation}")


async def _organisations(connection: Connection, master: MasterKey) -> Organisations:
    found = await register_editions.stored(connection, master.store, "organisations")
    return organisations.from_json(found.content) if found is not None else Organisations()


def _may_write(into: Path) -> None:
    if into.exists():
        fail(f"{into} is there already: give another name", 2)
    if not into.parent.is_dir():
        fail(f"there is no folder {into.parent}", 2)


async def _as_table(rows: AsyncIterator[RegisterRow], into: Path, first: date) -> int:
    """Half a register looks like a whole one: nothing is left of it."""
    write_private(into, b"", is_new=True)
    table = RegisterBook(into, first)
    try:
        async for row in rows:
            table.add(row)
    except BaseException:
        table.discard()
        raise
    table.close()
    return table.rows


async def _record(connection: Connection, operator: str, action: str, target: str, reason: str) -> None:
    """Before anything personal is opened."""
    await record_action(connection, operator.strip() or operator_name(), action, target, reason.strip())


def _of_sample(number: str) -> bytes:
    law = _law_today()
    form_set, case = set_of(installed_form_sets(), law.profile), sample_case(law.catalogue)
    if number in installed_papers().by_name:
        return printed_paper(number, form_set, case)
    return printed(form_of(law.profile, number), form_set, case)


def _of_dossier(number: str, name: str, reason: str, operator: str) -> bytes:
    async def work(tree: Settings, connection: Connection) -> bytes:
        master = MasterKey.from_file(tree.master_key_file)
        book, known = load_book(tree.profile, tree.regulation), await _organisations(connection, master)
        found = await one_dossier(connection, master.store, name)
        await _record(connection, operator, "form_printed", f"{found}/{number}", reason)
        cases = CaseFiles(book, installed_form_sets(), known, tree.public.url)
        return await Forms(cases).pdf(connection, master, found, number)

    return with_store("operator", work)


def _law_today() -> Law:
    tree = settings()
    return load_book(tree.profile, tree.regulation).in_force(datetime.now(UTC).astimezone(VIETNAM).date())
