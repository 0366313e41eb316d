"""What the hub and its site have to know of this adapter."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from hub.checks.check import Check, Finding
from hub.checks.store import Connect
from hub.delivery.declaration import AdapterDeclaration
from hub.delivery.host import Connection

_NAMELESS = "select count(*) from tax_office_notice where taxpayer = ''"


async def erase(connection: Connection, dossiers: Sequence[str]) -> None:
    """Delete what is kept of these dossiers."""
    await connection.execute("delete from tax_office_notice where dossier = any($1::text[])", dossiers)


def checks(connect: Connect) -> Sequence[Check]:
    """Every notice names its taxpayer."""

    async def look() -> Sequence[Finding]:
        nameless = await (await connect()).fetchval(_NAMELESS)
        return [Finding(f"{nameless} notices name nobody", "ask the tax office")] if nameless else []

    return (Check("tax-office", "every notice names its taxpayer", look, ends_start=False),)


DECLARATION = AdapterDeclaration(
    name="tax-office",
    role="agency",
    settings_prefix="HUB_TAX_OFFICE_",
    factory="tax_office.adapter:build",
    migrations=files("tax_office") / "migrations",
    erase=erase,
    checks=checks,
)
