"""`hub explain`: the case file of a dossier in words, in Vietnamese or English."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from hub.cli.shared import fail, with_store
from hub.explaining.case_file import CaseReading, case_file
from hub.explaining.naming import Names
from hub.explaining.printed import printed
from hub.explaining.words import CaseWords, Language
from hub.facts.sealing import store_key_of
from hub.facts.untrusted import tell_untrusted
from hub.oversight.dossiers import Casebook
from hub.oversight.names import one_dossier
from hub.oversight.timeline import timeline
from hub.participants.register_editions import ORGANISATIONS, RegisterReader
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.printing.tables import AsJson, print_record, say
from hub.regulation.clock import local_day
from hub.regulation.lawbook import load_book
from hub.settings import Settings


def explain(
    name: Annotated[
        str, typer.Argument(help="official code, id or its first 8 digits, or a participant's reference")
    ],
    language: Annotated[Language, typer.Option(help="of the words")] = "vi",
    as_json: AsJson = False,
) -> None:
    """Explain one dossier: what happened by which rules, how limits were counted, what is next."""

    async def work(tree: Settings, connection: Connection) -> dict[str, Any]:
        key = store_key_of(tree)
        dossier_id = await one_dossier(connection, key, name)
        clock = await read_clock(connection, tree.environment)
        (seen,) = await Casebook(connection, key, clock).of_ids([dossier_id])
        if seen.matter is not None:
            fail(f"{name} is a matter, about no dossier: hub matter show and hub dossier timeline say all")
        if seen.state is None:
            fail(f"the state of {name} cannot be believed or read: hub dossier show and hub doctor say more")
        law = load_book(tree.profile, tree.regulation).of(seen.state.law)
        registers = await RegisterReader(key, tell_untrusted, ORGANISATIONS).read(connection)
        now = clock.of(datetime.now(UTC))
        procedure = law.catalogue.procedures.get(seen.state.procedure)
        names = Names(CaseWords(language), registers.organisations, procedure, local_day(now))
        entries = await timeline(connection, key, dossier_id)
        return case_file(CaseReading(dossier_id, seen.state, entries, entries), law, now, names, None)

    file = with_store("explain", work)
    if as_json:
        print_record(file, as_json=True)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 110
    for line in printed(file, language, width):
        say(line)
