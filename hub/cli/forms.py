"""`hub forms`: the papers that people hold, as PDF/A of a dossier's facts or of an invented dossier."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.asking import By
from hub.cli.shared import fail, operator_name, settings, with_store
from hub.facts.private_file import write_private
from hub.facts.sealing import MasterKey
from hub.forms.case_file import letterheads
from hub.forms.checking import check_forms, sample_pdf
from hub.forms.form_set import installed_form_sets, set_of
from hub.forms.issuing import Issued, Size
from hub.forms.other_papers import installed_papers
from hub.forms.register import RegisterRow
from hub.forms.register_files import RegisterBook, register_pdf
from hub.forms.stored import CaseFiles, Forms
from hub.forms.stored_register import register_rows
from hub.oversight.names import one_dossier
from hub.participants import register_editions
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, print_rows, say
from hub.process.collecting import collect_rarely
from hub.regulation import organisations
from hub.regulation.clock import VIETNAM
from hub.regulation.law import Law
from hub.regulation.lawbook import load_book
from hub.regulation.organisations import Organisations
from hub.settings import Settings
from hub.typesetter import parked

app = typer.Typer(no_args_is_help=True, help="Forms: what people hold, as PDF/A made of a dossier's facts.")
_FIRST, _LAST = date(2000, 1, 1), date(2200, 1, 1)
_PARKED = ("dossier", "form", "since", "tries", "reason")
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
            "assumed": form_set.assumed.get(form.kind),
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
            "assumed": None,
        }
        for name, one in papers.by_name.items()
    ]
    print_rows(rows, _COLUMNS, as_json=as_json, none="no forms", more=("decision", "en", "assumed"))


@app.command()
def preview(
    number: Annotated[str, typer.Argument(help="as `hub forms list` has it: 01, urging")],
    into: Annotated[Path, typer.Option("--into", help="the PDF to write; it must not be there yet")],
    dossier: Annotated[
        str | None, typer.Option(help="official code, id or reference; its personal data are printed")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="of an invented dossier")] = False,
    size: Annotated[Size | None, typer.Option(help="of the sheet, where it is not that of the form")] = None,
    reason: Annotated[str, typer.Option(help="why personal data are printed; kept with your name")] = "",
    operator: By = "",
) -> None:
    """Make one form: of a dossier as it is stored, or of an invented one."""
    if sample == (dossier is not None):
        fail("give either --dossier or --sample", 2)
    if dossier is not None and not reason.strip():
        fail("--reason is needed: that personal data were printed is kept", 2)
    _may_write(into)
    wanted = Issued(number, size=size)
    content = (
        sample_pdf(_law_today(), wanted)
        if dossier is None
        else _of_dossier(wanted, dossier, reason, operator)
    )
    write_private(into, content, is_new=True)
    say(f"{into}: form {number}, {len(content)} bytes")


@app.command()
def check() -> None:
    """Make each form and paper of an invented dossier; names a template that asks for what is not there."""
    forms, papers = check_forms(_law_today())
    say(f"{forms} forms and {papers} papers can be made")


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
        collect_rarely()
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


@app.command("parked")
def list_parked(as_json: AsJson = False) -> None:
    """List the papers that could not be made, and why; nothing personal."""

    async def work(_: Settings, connection: Connection) -> list[dict[str, object]]:
        return await parked.listed(connection)

    rows = with_store("operator", work)
    print_rows(rows, _PARKED, as_json=as_json, none="no paper waits", more=("for_applicant", "is_wanted"))


@app.command("again")
def make_again(
    dossier: Annotated[str, typer.Argument(help="official code, id or reference; `all` for all")],
    number: Annotated[str | None, typer.Option("--form", help="this form alone")] = None,
    reason: Annotated[str, typer.Option(help="kept with your name")] = "",
    operator: By = "",
) -> None:
    """Have parked papers made once more, by the role that makes them."""
    if not reason.strip():
        fail("--reason is needed: that papers are made again is kept", 2)

    async def work(tree: Settings, connection: Connection) -> int:
        store = MasterKey.from_file(tree.master_key_file).store
        found = None if dossier == "all" else await one_dossier(connection, store, dossier)
        await _record(connection, operator, "papers_wanted", f"{found or 'all'}/{number or 'all'}", reason)
        return await parked.want(connection, found, number)

    say(f"{with_store('operator', work)} papers are made again")


def _may_write(into: Path) -> None:
    if into.exists():
        fail(f"{into} is there already: give another name", 2)
    if not into.parent.is_dir():
        fail(f"there is no folder {into.parent}", 2)


async def _as_table(rows: AsyncGenerator[RegisterRow], into: Path, first: date) -> int:
    """Half a register looks like a whole one: nothing is left of it."""
    write_private(into, b"", is_new=True)
    table = RegisterBook(into, first)
    try:
        async with aclosing(rows) as found:
            async for row in found:
                table.add(row)
    except BaseException:
        table.discard()
        raise
    table.close()
    return table.rows


async def _record(connection: Connection, operator: str, action: str, target: str, reason: str) -> None:
    """Before anything personal is opened."""
    await record_action(connection, operator.strip() or operator_name(), action, target, reason.strip())


def _of_dossier(wanted: Issued, name: str, reason: str, operator: str) -> bytes:
    async def work(tree: Settings, connection: Connection) -> bytes:
        master = MasterKey.from_file(tree.master_key_file)
        book, known = load_book(tree.profile, tree.regulation), await _organisations(connection, master)
        found = await one_dossier(connection, master.store, name)
        await _record(connection, operator, "form_printed", f"{found}/{wanted.form}", reason)
        cases = CaseFiles(book, installed_form_sets(), known, tree.public.url)
        return await Forms(cases).pdf(connection, master, found, wanted)

    return with_store("operator", work)


def _law_today() -> Law:
    tree = settings()
    return load_book(tree.profile, tree.regulation).in_force(datetime.now(UTC).astimezone(VIETNAM).date())
