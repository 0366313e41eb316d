"""Reports of the regulation that are due: counted here, where the key is, on a session of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hub.delivery.database import translated
from hub.errors import AlteredRowError, HubError, StartupError
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, is_fact_genuine
from hub.forms.errors import FormError
from hub.forms.issuing import Issued
from hub.forms.typesetting import Sheet
from hub.postgres.database import Connection, connect
from hub.regulation.lawbook import LawBook
from hub.reports.asked import CountedReport, Sources
from hub.reports.errors import ReportError
from hub.reports.life import SealedFact
from hub.reports.paper import sheet_of
from hub.reports.scheduled import make_together
from hub.reports.sealed import opened_data
from hub.settings import PostgresSettings
from hub.typesetter.parked import Parked

REPORT: Final = Issued("report")
"""Stands for the one paper of a report that is due."""
_STATEMENT_S = 600.0
_FACT = f"""
select {FACT_COLUMNS}, k.wrapped from fact f join dossier_key k on k.dossier_id = f.dossier_id
where f.dossier_id = $1::uuid and f.id = $2::uuid
"""  # noqa: S608  our text


@dataclass(frozen=True, slots=True)
class ReportToFile:
    """What a fact asks for, and what was counted."""

    due: Mapping[str, Any]
    made: CountedReport

    def sheet(self) -> Sheet:
        """The paper; raises `FormError` for what cannot be put on paper."""
        try:
            return sheet_of(self.made)
        except ReportError as error:
            raise FormError(str(error)) from None


Counted = ReportToFile | HubError | None
"""A report, why it cannot be made, or None: its matter is erased."""


class ReportRoom:
    """Counts all reports that wait in one pass; what it reads of dossiers is gone with it."""

    def __init__(self, master: MasterKey, book: LawBook, postgres: PostgresSettings) -> None:
        self._master = master
        self._book = book
        self._postgres = postgres

    async def counted(self, waiting: Sequence[Parked], now: datetime) -> list[Counted]:
        """In the place of each what became of it.

        Counted by what the store has now; `now` is the legal time. Raises `StoreAwayError`.
        """
        with translated():
            connection = await connect(self._postgres, "typesetter-report", timeout_s=_STATEMENT_S)
            try:
                return await self._counted(connection, waiting, now)
            finally:
                connection.terminate()

    async def _counted(
        self, connection: Connection, waiting: Sequence[Parked], now: datetime
    ) -> list[Counted]:
        asked = [await self._due(connection, what) for what in waiting]
        dues = [one for one in asked if one is not None and not isinstance(one, HubError)]
        sources = Sources(connection, self._master.store, self._book, now)
        try:
            found: Sequence[CountedReport | HubError] = await make_together(sources, self._master, dues)
        except StartupError as error:
            found = [error] * len(dues)
        made = iter(found)
        return [one if one is None or isinstance(one, HubError) else _of(one, next(made)) for one in asked]

    async def _due(self, connection: Connection, what: Parked) -> Mapping[str, Any] | AlteredRowError | None:
        """What the fact asks for; None when the matter is erased, or has no such fact."""
        row = await connection.fetchrow(_FACT, what.dossier, what.fact_id)
        if row is None:
            return None
        if not is_fact_genuine(row, self._master.store):
            return AlteredRowError(fact_name(row))
        try:
            return opened_data(what.dossier, SealedFact(row["bytes"], row["wrapped"]), self._master)
        except AlteredRowError as error:
            return error


def _of(due: Mapping[str, Any], made: CountedReport | HubError) -> ReportToFile | HubError:
    return made if isinstance(made, HubError) else ReportToFile(due, made)
