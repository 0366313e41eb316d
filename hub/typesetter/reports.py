"""Reports of the regulation that are due: counted here, where the key is, on a session of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from hub.delivery.database import translated
from hub.delivery.host import Connection
from hub.errors import AlteredRowError, StartupError
from hub.facts.fact_bytes import open_fact
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, is_fact_genuine
from hub.forms.errors import FormError
from hub.forms.issuing import Issued
from hub.forms.typesetting import Sheet
from hub.postgres.database import connect
from hub.regulation.lawbook import LawBook
from hub.reports.asked import Sources
from hub.reports.errors import ReportError
from hub.reports.paper import sheet_of
from hub.reports.scheduled import make_due
from hub.settings import PostgresSettings

REPORT: Final = Issued("report")
"""Stands for the one paper of a report that is due."""
_STATEMENT_S = 600.0
_FACT = f"select {FACT_COLUMNS} from fact f where f.dossier_id = $1::uuid and f.id = $2::uuid"  # noqa: S608
_KEY = "select wrapped from dossier_key where dossier_id = $1::uuid"


class ReportRoom:
    """Counts one report at a time; what it reads of dossiers is gone with it."""

    def __init__(self, master: MasterKey, book: LawBook, postgres: PostgresSettings) -> None:
        self._master = master
        self._book = book
        self._postgres = postgres

    async def due(self, connection: Connection, matter: str, fact_id: str) -> Mapping[str, Any] | None:
        """What the fact asks for; None when the matter is erased, or has no such fact.

        Raises `AlteredRowError` and what PostgreSQL raises.
        """
        row = await connection.fetchrow(_FACT, matter, fact_id)
        wrapped = await connection.fetchval(_KEY, matter)
        if row is None or wrapped is None:
            return None
        if not is_fact_genuine(row, self._master.store):
            raise AlteredRowError(fact_name(row))
        try:
            data: Mapping[str, Any] = open_fact(row["bytes"], self._master.unwrap(wrapped))["data"]
        finally:
            self._master.forget()
        return data

    async def sheet(self, due: Mapping[str, Any], now: datetime) -> Sheet:
        """The paper, counted by what the store has now; `now` is the legal time.

        Raises `FormError` for what cannot be counted or put on paper, `AlteredRowError`, `StoreAwayError`.
        """
        with translated():
            connection = await connect(self._postgres, "typesetter-report", timeout_s=_STATEMENT_S)
            try:
                sources = Sources(connection, self._master.store, self._book, now)
                return sheet_of(await make_due(sources, self._master, due))
            except (ReportError, StartupError) as error:
                raise FormError(str(error)) from None
            finally:
                connection.terminate()
