"""What an office publishes, on the real stack: its mailbox (13.4), and whom it lets decide for it (6.2.c)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

from hub.embedded.stack import StackAddress
from hub.participants.published_directory import read_edition
from hub.regulation.catalogue_import import import_catalogue
from hub.regulation.completion import completed
from hub.regulation.lawbook import load_book
from hub.regulation.pins import pinned_files
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.lawbooks import NEXT_REF, SHIPPED, SHIPPED_CATALOGUE, law_folder, profile_text
from tests.support.provinces import ISSUE, REACHABLE, RESULT, Province, asked, did, did_not
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    FORWARD,
    OFFICER,
    ONE_STOP,
    PROCEDURE,
    SUBMIT,
    acceptance,
    submission,
)
from tests.support.waiting import eventually

MAILBOX, ADDRESS = "mot-cua@vi-du.example", "nguoi-nop@vi-du.example"
BEGINS = date(2026, 6, 1)
ALLOWED = f'[procedures."{PROCEDURE}".email]\nprovision = "Điều 7 Nghị định mẫu"\nlike = "online"\n'
BY_EMAIL = {
    "channel": "email", "return_channel": "email", "result_form": "electronic", "mailbox": MAILBOX,
    "sender_address": ADDRESS, "applicant": REACHABLE,
}  # fmt: skip


def regulation(folder: Path) -> Path:
    """A site whose catalogue allows e-mail, and whose profile takes results without a signed package."""
    shipped = pinned_files(files("hub.regulation.data"))
    text = shipped[f"catalogues/{SHIPPED_CATALOGUE}.toml"].decode()
    names = [line.strip(' ",') for line in text.splitlines() if line.startswith('  "')]
    own = {"completions/bentre-1.toml": shipped["completions/bentre-1.toml"], "email.toml": ALLOWED.encode()}
    records = import_catalogue([shipped[f"procedures/{name}"] for name in names]).catalogue
    text = text.replace(SHIPPED_CATALOGUE, completed(records, own).version)
    text = text.replace('"bentre-1.toml"', '"bentre-1.toml", "email.toml"')
    text = text.replace("in_force_from = 2023-12-19", f"in_force_from = {BEGINS}")
    profile = profile_text(SHIPPED + 1, BEGINS, result_signature='"named"')
    named = {"catalogues/own.toml": text, "completions/email.toml": ALLOWED}
    return law_folder(folder, **named, **{f"profiles/{NEXT_REF}.toml": profile})


async def imported(hub: Hub, name: str, folder: Path, content: Mapping[str, Any]) -> str:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(content))
    status, said = await hub_command(hub.environment, name, "import", str(file), *SURE)
    assert status == 0, said
    return said


async def publishes(hub: Hub, folder: Path) -> None:
    """The one-stop has a mailbox from now on."""

    def office(code: str, **values: str) -> dict[str, str]:
        return {"code": code, "level": "province", "name_vi": "Mẫu", "in_force_from": "2020-01-01"} | values

    above = office("H07.01", kind="office")
    one_stop = office(ONE_STOP, kind="centre", parent="H07.01", mailbox=MAILBOX)
    agency = office(AGENCY, kind="department")
    said = await imported(hub, "organisations", folder, {"organisations": [above, one_stop, agency]})
    assert "no mailbox is given" not in said


async def by_email(province: Province, folder: Path) -> None:
    """13.4: through the published mailbox, and back to the address that it came from, which stays sealed."""
    counter = province.counter
    assert await did_not(counter, SUBMIT, f"ref:{uuid4()}", submission(**BY_EMAIL)) == "rule.13.4.no_mailbox"
    await publishes(province.hub, folder)

    async def is_open() -> bool:
        other = submission(**BY_EMAIL | {"mailbox": "khac@vi-du.example"})
        return await did_not(counter, SUBMIT, f"ref:{uuid4()}", other) == "rule.13.4.mailbox"

    await eventually(is_open, 30, "the mailbox to be known")
    edition = await read_edition(
        province.hub.database, province.hub.store_key, load_book(folder=folder / "law"), "test"
    )
    assert {one.code: one.mailbox for one in edition.organisations}[ONE_STOP] == MAILBOX
    dossier = (await did(counter, SUBMIT, f"ref:{uuid4()}", submission(**BY_EMAIL)))["dossier"]
    await province.known(dossier)
    code = (await did(counter, ACCEPT, dossier, acceptance()))["code"]
    await did(counter, FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})
    await did(province.lead, "dossier.receive", code, {"officer": OFFICER})
    electronic = {"papers": [{"code": RESULT, "number": "01/XN", "mode": "electronic"}], "signer": OFFICER}
    await did(province.lead, "result.issue", code, electronic)
    back = {"channel": "email", "papers": [RESULT], "received_by": "Nguyễn Văn Thử"}
    assert await did_not(counter, "result.return", code, back | {"address": MAILBOX}) == "rule.13.4.address"
    await did(counter, "result.return", code, back | {"address": ADDRESS})
    rows = await province.hub.database.fetch("select bytes from fact where dossier_id = $1::uuid", dossier)
    assert not [row for row in rows if ADDRESS.encode() in row["bytes"]]


async def decided_at_the_one_stop(province: Province, folder: Path) -> None:
    """6.2.c: by an authority on record, before the transfer; the agency in whose name it was is told."""
    dossier, code = await province.accepted()
    assert await did_not(province.counter, "result.issue", code, ISSUE) == "officer.may_not_decide"
    officer = {"account": OFFICER["account"], "in_force_from": "2020-01-01"}
    posting = officer | {"name": OFFICER["name"], "title": "Công chức", "level": "province"}
    given = officer | {"provision": "6.2.c", "principal": "Giám đốc Sở Mẫu", "deed": "QĐ 01/2026"}
    roster = {
        "officers": [posting | {"organisation": ONE_STOP}], "delegations": [given | {"organisation": AGENCY}],
    }  # fmt: skip
    await imported(province.hub, "roster", folder, roster)

    async def is_decided() -> bool:
        return "facts" in await asked(province.counter, "result.issue", code, ISSUE)

    await eventually(is_decided, 30, "the authority to be known")
    told = await province.lead.fact("result.issued", dossier)
    assert (told.data["decided_by"], told.data["agency"]) == (ONE_STOP, AGENCY)
    back = {"channel": "in_person", "papers": [RESULT], "received_by": "Nguyễn Văn Thử"}
    await did(province.counter, "result.return", code, back)


async def test_what_an_office_has_published_counts_from_its_import_on(
    stack: StackAddress, tmp_path: Path
) -> None:
    folder = regulation(tmp_path / "law")
    async with own_hub(stack, tmp_path, environment="test") as hub:
        hub.environment["HUB_REGULATION"] = str(folder)
        province = Province(hub)
        await province.open(HUB_REGULATION=str(folder))
        await by_email(province, tmp_path)
        await decided_at_the_one_stop(province, tmp_path)
        status, said = await hub_command(hub.environment, "verify")
        assert status == 0, said
