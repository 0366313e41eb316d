"""Organisations of an invented province around the merger of 2025: three levels, then two."""

from __future__ import annotations

from hub.regulation import organisations, roster
from hub.regulation.organisations import Organisations
from hub.regulation.registered import Registers
from hub.regulation.roster import Roster
from tests.support.dossiers import AGENCY_CODE, ONE_STOP, PROCEDURE

OFFICE = "H07.34"
NEW_OFFICE, NEW_CENTRE, NEW_AGENCY = "H61.10", "H61.10.10", "H61.20"
BRANCH = "G12.07"
MERGER = "2025-07-01"
FIELDS = (
    "code,kind,level,name_vi,parent,territory,procedures,payee_account,"
    "in_force_from,in_force_until,successors"
)
ROWS = f"""\
{OFFICE},office,province,Văn phòng UBND tỉnh,,83,,,2020-01-01,{MERGER},{NEW_OFFICE}
{ONE_STOP},centre,province,Trung tâm,{OFFICE},83,,3511.0.1234,2020-01-01,{MERGER},{NEW_CENTRE}
{AGENCY_CODE},department,province,Sở Tư pháp,,83,{PROCEDURE};1.000656,,2020-01-01,{MERGER},{NEW_AGENCY}
{NEW_OFFICE},office,province,Văn phòng UBND tỉnh mới,,86,,,{MERGER},,
{NEW_CENTRE},centre,province,Trung tâm mới,{NEW_OFFICE},86,,3511.0.5678,{MERGER},,
{NEW_AGENCY},department,province,Sở Tư pháp tỉnh mới,,86,{PROCEDURE},,{MERGER},,
{BRANCH},vertical,province,Cơ quan ngành dọc,,,,,2020-01-01,,
"""
CSV = f"{FIELDS}\n{ROWS}"


def merged(text: str = CSV, lists: str | None = None) -> Organisations:
    """The edition of this text."""
    return organisations.from_csv(text, lists, Organisations())


def registers(text: str = CSV, lists: str | None = None) -> Registers:
    """The same, as rules get it."""
    return Registers(merged(text, lists))


def listed(*rows: str) -> str:
    """A file of lists: `own_office,1.004873`."""
    return "\n".join(("list,procedure,in_force_from", *(f"{row},2020-01-01" for row in rows), ""))


def desks(*rows: str) -> Organisations:
    """An edition with desks of the one-stop: `01,fields,Hộ tịch`, and the day on which one ends."""
    fields = "organisation,in_force_from,desk,kind,fields,in_force_until"
    lines = (f"{ONE_STOP},2020-01-01,{row}{',' * (3 - row.count(','))}" for row in rows)
    return organisations.from_csv(CSV, None, Organisations(), "\n".join((fields, *lines, "")))


OFFICER_FIELDS = "account,name,title,organisation,level,position,in_force_from,in_force_until"
ROSTER = f"""\
{OFFICER_FIELDS}
canbo.mau,Lê Thị Thí Dụ,Công chức một cửa,{ONE_STOP},province,officer,2026-01-01,2027-01-01
du.phong,Đỗ Văn Ví Dụ,Công chức một cửa,{ONE_STOP},province,reserve,2026-01-01,
giam.doc,Phan Thị Giả Lập,Giám đốc,{AGENCY_CODE},province,head,2026-01-01,
"""


def officers(text: str = ROSTER, given: str | None = None) -> Roster:
    """The edition of this text."""
    return roster.from_csv(text, given, Roster())


def delegated(*rows: str) -> str:
    """A file of delegations: `account,organisation,provision,procedures`."""
    fields = "account,organisation,provision,procedures,principal,deed,in_force_from"
    return "\n".join((fields, *(f"{row},Giám đốc Sở,QĐ 01/2026,2020-01-01" for row in rows), ""))
