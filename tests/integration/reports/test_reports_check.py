"""The check of reports: what it asks for at each look, for a province with many one-stops."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID, uuid4

from hub.checks.reports import ReportsOnRecord
from hub.facts.integrity import StoreKey
from hub.facts.sealing import MasterKey
from hub.identifiers import alias_of
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import load_book
from hub.regulation.report_days import Due, PlannedReport, periods_due, reports_of
from tests.support.many_one_stops import province

NOW = datetime(2027, 2, 15, 9, tzinfo=VIETNAM)
_FACT = ("dossier_id", "sequence", "id", "type", "time", "bytes", "hash")


async def told(connection: Connection, matter: UUID, sequence: int, name: str) -> None:
    rows = [(matter, sequence, uuid4(), f"onestop.report.{name}.v1", NOW, b"{}", b"")]
    await connection.copy_records_to_table("fact", records=rows, columns=_FACT)


async def on_record(connection: Connection, key: StoreKey, planned: list[PlannedReport]) -> list[UUID]:
    """Each with its alias and a last fact: sent."""
    matters = [uuid4() for _ in planned]
    aliases = [alias_of(f"ref:{one.matter}", "hub") for one in planned]
    rows = [
        (alias, matter, key.alias(alias, str(matter))) for alias, matter in zip(aliases, matters, strict=True)
    ]
    columns = ("alias", "dossier_id", "mac")
    await connection.copy_records_to_table("alias", records=rows, columns=columns)
    for matter in matters:
        await told(connection, matter, 1, "sent")
    return matters


async def test_what_was_sent_is_asked_for_once_an_hour_and_all_else_at_each_look(store: Connection) -> None:
    key, known, seconds = MasterKey(bytes(32)).store, province(), [0.0]
    law = load_book().in_force(NOW.date())
    periods: tuple[Due, ...] = tuple(periods_due(law, NOW, date(2026, 11, 1)))
    planned = list(reports_of(periods, known))
    assert len(planned) > 1_000
    matters = await on_record(store, key, planned[:-2])
    watch = ReportsOnRecord(lambda: seconds[0])

    async def asked() -> dict[str, str | None]:
        return {one.planned.matter: one.last for one in await watch.look(store, key, known, periods)}

    assert len(await asked()) == len(planned)
    assert await asked() == {one.matter: None for one in planned[-2:]}
    await told(store, matters[0], 2, "unsent")
    assert len(await asked()) == 2
    seconds[0] += 3_600
    assert (await asked())[planned[0].matter] == "onestop.report.unsent.v1"
    assert set(await asked()) == {one.matter for one in (planned[0], *planned[-2:])}, "unsent stays in sight"
    later = tuple(periods_due(law, NOW.replace(month=3), date(2026, 11, 1)))
    assert len(later) > len(periods)
    found = await watch.look(store, key, known, later)
    assert len(found) > 3, "and so are those of a day that has come"
