"""Test support: a one-stop with desks, as files that are imported."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub
from tests.support.requests import ONE_STOP

CIVIL, LAND = "Hộ tịch", "Đất đai"
FILES = {
    "organisations.csv": (
        "code,kind,level,parent,name_vi,in_force_from",
        "H07.01,office,province,,Văn phòng Ủy ban nhân dân tỉnh,2020-01-01",
        f"{ONE_STOP},centre,province,H07.01,Trung tâm Phục vụ hành chính công tỉnh,2020-01-01",
    ),
    "desks.csv": (
        "organisation,desk,kind,fields,in_force_from",
        f"{ONE_STOP},01,fields,{CIVIL};{LAND},2020-01-01",
        f"{ONE_STOP},02,fields,{CIVIL},2020-01-01",
        f"{ONE_STOP},U1,reserved,,2020-01-01",
    ),
}
"""Organisations, then desks."""

DRAW = "onestop.ticket.issue.v1"
DRAWN_TO = """
update fact set bytes = convert_to(
    regexp_replace(convert_from(bytes, 'UTF8'), '"number":[0-9]+', '"number":' || $1), 'UTF8'
)
where (dossier_id, sequence) = (
    select dossier_id, sequence from fact
    where type = 'onestop.ticket.issued.v1' order by sequence desc limit 1
)
"""
"""The last ticket says that so many were drawn, as after a day of so many visitors."""


async def desks_are_imported(hub: Hub, folder: Path) -> None:
    """As an operator does it."""
    for name, lines in FILES.items():
        (folder / name).write_text("\n".join((*lines, "")))
    file, desks = (str(folder / name) for name in FILES)
    status, text = await hub_command(
        hub.environment, "organisations", "import", file, "--desks", desks, *SURE
    )
    assert (status, "5 added" in text) == (0, True), text
    status, text = await hub_command(hub.environment, "organisations", "show", ONE_STOP, "--json")
    assert (status, [one["desk"] for one in json.loads(text)["desks"]]) == (0, ["01", "02", "U1"]), text
