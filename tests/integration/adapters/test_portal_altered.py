"""Rows of the portal's tables that were altered in the database lead nobody to another's dossier."""

from __future__ import annotations

from dataclasses import replace

from adapters.national_portal import tables
from tests.integration.adapters.test_portal_kept import (
    CODE,
    LODGED_AS,
    LODGING,
    OPENED,
    SEAL,
    InTables,
    open_tables,
    story,
)

VICTIM = "G22.99-260302-000078"


async def test_a_lodging_that_was_led_to_the_code_of_another_gives_its_dossier_no_code(
    fresh_database: str,
) -> None:
    async with open_tables(fresh_database) as pool:
        taking = InTables(pool)
        await taking.lodge(LODGING, LODGED_AS)
        await pool.execute("update portal_lodging set code = $1", VICTIM)
        await taking.take(replace(story().submitted(), dossier=OPENED, cause=LODGING))
        standing = await taking.kept.standing(OPENED, f"m1-{CODE}")
        assert standing is not None
        assert (standing.record.wire_code, standing.is_there) == (None, False)


async def test_a_record_is_found_only_by_the_names_that_it_has_itself(fresh_database: str) -> None:
    async with open_tables(fresh_database) as pool:
        taking, kept = InTables(pool), tables.Tables(pool, SEAL)
        await taking.lodge(LODGING, LODGED_AS)
        told = story()
        await taking.take(
            replace(told.submitted(), dossier=OPENED, cause=LODGING), replace(told.accepted(), dossier=OPENED)
        )
        shown, charged = await kept.shown(LODGED_AS), [await kept.charged(name) for name in (OPENED, CODE)]
        assert [found is not None and found[0] for found in (shown, *charged)] == [OPENED] * 3
        await pool.execute("update portal_dossier set portal_code = $1, code = $1", VICTIM)
        assert (await kept.shown(VICTIM), await kept.charged(VICTIM)) == (None, None)
        await pool.execute("update portal_dossier set portal_code = null, code = $1", LODGED_AS)
        assert await kept.charged(LODGED_AS) is None
