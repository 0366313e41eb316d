"""`hub forms`: the papers that people hold, as PDF/A of a dossier's facts or of an invented dossier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.asking import By
from hub.cli.shared import fail, operator_name, settings, with_store
from hub.facts.sealing import MasterKey
from hub.forms.case_file import letterheads
from hub.forms.form_set import installed_form_sets
from hub.forms.register import RegisterRow
from hub.forms.sample import sample_case
from hub.forms.stored import Forms, printed
from hub.forms.stored_register import DossierRegister, RegisterBook, register_pdf
from hub.oversight.names import one_dossier
from hub.participants import register_editions
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, print_rows, say
from hub.regulation import organisations
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import LawBook, load_book
from hub.regulation.organisations import Organisations
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Forms: what people hold, as PDF/A made of a dossier's facts.")
_COLUMNS = ("number", "form", "set", "paper")


@app.command("list")
def list_forms(as_json: AsJson = False) -> None:
    """List the forms of the law in force today, with the template of each."""
    profile = _book().in_force(datetime.now(UTC).astimezone(VIETNAM).date()).profile
    form_set = installed_form_sets()[profile.ref]
    rows = [
        {
            "number": form.number,
            "form": form.vi,
            "set": form_set.ref if form.kind in form_set.templates else None,
            "paper": form.paper,
            "en": form.en,
        }
        for form in profile.forms
    ]
    print_rows(rows, _COLUMNS, as_json=as_json, none="no forms", more=("en",))


@app.command()
def preview(
    number: Annotated[str, typer.Argument(help="as `hub forms list` has it: 01")],
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
    into.write_bytes(content)
    into.chmod(0o600)
    say(f"{into}: form {number}, {len(content)} bytes")


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
    _may_write(into)

    async def work(tree: Settings, connection: Connection) -> int:
        master = MasterKey.from_file(tree.master_key_file)
        book = load_book(tree.profile, tree.regulation)
        known = await _organisations(connection, master)
        rows = DossierRegister(book, installed_form_sets(), known).rows(
            connection, master, organisation, first.date(), last.date()
        )
        if into.suffix == ".xlsx":
            count = await _as_table(rows, into, first)
        else:
            profile = book.in_force(last.date()).profile
            form, form_set = profile.form("register"), installed_form_sets()[profile.ref]
            found = [row async for row in rows]
            head, days = letterheads(known)(organisation, last.date()), (first.date(), last.date())
            into.write_bytes(register_pdf(form, form_set, head, found, *days))
            count = len(found)
        into.chmod(0o600)
        who = operator.strip() or operator_name()
        await record_action(connection, who, "register_written", organisation, reason.strip())
        return count

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


async def _as_table(rows: AsyncIterator[RegisterRow], into: Path, first: datetime) -> int:
    table = RegisterBook(into, first.date())
    try:
        async for row in rows:
            table.add(row)
    finally:
        table.close()
    return table.rows


def _of_sample(number: str) -> bytes:
    law = _book().in_force(datetime.now(UTC).astimezone(VIETNAM).date())
    form = next((one for one in law.profile.forms if one.number == number), None)
    if form is None:
        fail(f"no form {number}: hub forms list names them", 2)
    return printed(form, installed_form_sets()[law.profile.ref], sample_case(law.catalogue))


def _of_dossier(number: str, name: str, reason: str, operator: str) -> bytes:
    async def work(tree: Settings, connection: Connection) -> bytes:
        master = MasterKey.from_file(tree.master_key_file)
        known = await _organisations(connection, master)
        forms = Forms(load_book(tree.profile, tree.regulation), installed_form_sets(), known)
        found = await one_dossier(connection, master.store, name)
        content = await forms.pdf(connection, master, found, number)
        who = operator.strip() or operator_name()
        await record_action(connection, who, "form_printed", f"{found}/{number}", reason.strip())
        return content

    return with_store("operator", work)


def _book() -> LawBook:
    tree = settings()
    return load_book(tree.profile, tree.regulation)
