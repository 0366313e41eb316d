"""What the portal's adapter keeps of persons: sealed while it is kept, gone with the dossier's erasure."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.national_portal import tables
from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.lodging import read_lodging, request_id
from adapters.national_portal.sealing import RecordSeal
from hub.delivery.adapter import OutMessage
from hub.embedded.stack import StackAddress
from hub.errors import StartupError
from tests.contract.portal_world import RECORD_KEY, Story, settings_for
from tests.integration.adapters.test_portal_adapter import LODGED, shown
from tests.integration.adapters.test_portal_kept import CODE, InTables, open_tables
from tests.integration.privacy.test_erasing_everywhere import BY, forms
from tests.support.hub_commands import hub_command
from tests.support.portal_kept import MemoryKept
from tests.support.portal_site import Site, portal_site, running
from tests.support.requests import ONE_STOP
from tests.support.waiting import eventually

PERSON = (LODGED["ChuHoSo"], LODGED["DinhDanhCHS"][0]["SoDinhDanh"], LODGED["SoDienThoai"])
TABLES = ("portal_dossier", "portal_line", "portal_lodging")
CALL = {"service": "NopHoSo", "data": LODGED}


async def in_clear(site: Site) -> set[str]:
    """The adapter's own tables in which something of the person can be read."""
    needles = [form for text in PERSON for form in forms(text)]
    found = set()
    for table in TABLES:
        for row in await site.hub.database.fetch(f"select * from {table}"):  # noqa: S608  names of this file
            whole = b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in row.values())
            if any(needle in whole for needle in needles):
                found.add(table)
    return found


async def digest(site: Site) -> bytes:
    request = request_id(LODGED["MaHoSo"])
    kept: bytes = await site.hub.database.fetchval(
        "select digest from portal_lodging where request = $1", request
    )
    return kept


async def test_a_lodged_dossier_is_kept_sealed_and_leaves_nothing_to_compare_guesses_with(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with portal_site(stack, tmp_path) as site:
        async with running(site):
            assert (await site.call("/nhanhsdvcqg", CALL))["error_code"] == "0"
            await shown(site, LODGED["MaHoSo"], "1")
            assert await in_clear(site) == set()
            settings = settings_for(site.portal.base, one_stop=ONE_STOP)
            lodging = read_lodging(LODGED, settings, datetime.now(UTC))
            plain = (lodging.content, lodging.report.data, json.dumps(LODGED, sort_keys=True).encode())
            assert await digest(site) not in {hashlib.sha256(text).digest() for text in plain}
        dossier = await site.hub.database.fetchval("select dossier from portal_dossier")
        await eventually(lambda: all_ended(site, dossier), 20, "the deliveries to end")
        status, said = await hub_command(site.hub.environment, "erase", dossier, *BY)
        assert status == 0, said
        assert await digest(site) == b""
        assert await site.hub.database.fetchval("select count(*) from portal_dossier") == 0
        again = PortalAdapter(settings_for(site.portal.base, **site.settings))
        async with running(site, again):
            repeated = await site.call("/nhanhsdvcqg", CALL)
        assert repeated == {"error_code": "1", "message": "Mã hồ sơ đã được dùng cho nội dung khác"}
        assert await in_clear(site) == set()
        assert await digest(site) == b""


async def all_ended(site: Site, dossier: str) -> bool:
    under_way = await site.hub.database.fetchval(
        "select count(*) from delivery where dossier = $1 and ended_at is null", dossier
    )
    return bool(under_way == 0)


async def take_both(taking: InTables, told: Story) -> OutMessage:
    """The submission and the acceptance, which it returns."""
    submitted, accepted = told.submitted(), told.accepted()
    await taking.take(submitted, accepted)
    return accepted


async def test_what_was_kept_in_clear_is_sealed_at_start_and_read_as_before(fresh_database: str) -> None:
    async with open_tables(fresh_database) as pool:
        told, taking = Story(MemoryKept(), CODE, "1.004873", {}), InTables(pool)
        accepted = await take_both(taking, told)
        before = await taking.kept.standing(accepted.dossier, accepted.id)
        assert before is not None
        assert before.line is not None
        await pool.execute("update portal_dossier set record = $1", before.record.model_dump_json().encode())
        await pool.execute(
            "update portal_line set line = $1 where message = $2",
            before.line.model_dump_json().encode(),
            accepted.id,
        )
        kept = tables.Tables(pool, RecordSeal(RECORD_KEY))
        keyed = RecordSeal(RECORD_KEY).digest(b"{}", "new")
        async with pool.acquire() as connection:
            await tables.store_lodging(connection, "old", "DVC-1", hashlib.sha256(b"{}").digest())
            await tables.store_lodging(connection, "new", "DVC-2", keyed)
        await kept.prepare()
        assert (await kept.lodged("old"), await kept.lodged("new")) == (b"", keyed)
        rows = await pool.fetch(
            "select record as kept from portal_dossier union all select line from portal_line"
        )
        assert [row["kept"][:1] for row in rows] == [b"\x01", b"\x01"]
        assert await taking.kept.standing(accepted.dossier, accepted.id) == before


async def test_a_key_that_does_not_fit_is_told_at_start_and_what_was_altered_counts_as_not_there(
    fresh_database: str,
) -> None:
    async with open_tables(fresh_database) as pool:
        told, taking = Story(MemoryKept(), CODE, "1.004873", {}), InTables(pool)
        await take_both(taking, told)
        other = tables.Tables(pool, RecordSeal("o" * 32))
        with pytest.raises(StartupError, match="HUB_PORTAL_RECORD_KEY"):
            await other.prepare()
        assert await other.shown(CODE) is None
        own = tables.Tables(pool, RecordSeal(RECORD_KEY))
        assert await own.shown(CODE) is not None
        await pool.execute(
            "update portal_dossier set record = set_byte(record, 40, 255 - get_byte(record, 40))"
        )
        assert await own.shown(CODE) is None
        assert await own.standing(f"d-{CODE}", f"m2-{CODE}") is None
        assert [record async for record in own.under_way()] == []
