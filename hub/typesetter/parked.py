"""Papers that wait because they could not be made: kept, told by a check, made again when wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.checks.check import Check, Finding
from hub.checks.store import Connect
from hub.delivery.host import Connection
from hub.forms.issuing import Issued

_PARK = """
insert into typesetter_parked (fact_id, form, for_applicant, dossier_id, reason) values ($1, $2, $3, $4, $5)
on conflict (fact_id, form, for_applicant) do update
set reason = excluded.reason, tries = least(typesetter_parked.tries::bigint + 1, 2147483647),
    is_wanted = false
"""
_WANT_NEW = """
insert into typesetter_parked (fact_id, form, for_applicant, dossier_id, reason, tries, is_wanted)
values ($1, $2, $3, $4, 'due', 0, true) on conflict (fact_id, form, for_applicant) do nothing
"""
_WANTED = """
select fact_id::text as fact_id, form, for_applicant, dossier_id::text as dossier_id from typesetter_parked
where is_wanted order by since, fact_id, form, for_applicant limit 1
"""
_WANTED_OF = """
select fact_id::text as fact_id, form, for_applicant, dossier_id::text as dossier_id from typesetter_parked
where is_wanted and form = $1 order by since, fact_id, for_applicant limit $2
"""
_FORGET = "delete from typesetter_parked where fact_id = $1 and form = $2 and for_applicant = $3"
_LISTED = """
select dossier_id::text as dossier, form, for_applicant, since, tries, is_wanted, reason
from typesetter_parked
order by since, dossier_id, form, for_applicant
"""
_WANT = """
update typesetter_parked set is_wanted = true
where ($1::uuid is null or dossier_id = $1) and ($2::text is null or form = $2)
"""
_COUNT = """
select count(*) as papers, count(distinct dossier_id) as dossiers from typesetter_parked where not is_wanted
"""
_ERASE = "delete from typesetter_parked where dossier_id = any($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Parked:
    """One paper of one fact."""

    dossier: str
    fact_id: str
    wanted: Issued


async def park(connection: Connection, parked: Parked, reason: str) -> None:
    """Keep it, or that it could not be made again. Idempotent but for the count of tries."""
    wanted = parked.wanted
    await connection.execute(_PARK, parked.fact_id, wanted.form, wanted.for_applicant, parked.dossier, reason)


async def want_new(connection: Connection, parked: Parked) -> None:
    """Have it made as soon as there is time: it is not made while its fact comes in. Idempotent."""
    wanted = parked.wanted
    await connection.execute(_WANT_NEW, parked.fact_id, wanted.form, wanted.for_applicant, parked.dossier)


async def next_wanted(connection: Connection) -> Parked | None:
    """The oldest that an operator has made again."""
    row = await connection.fetchrow(_WANTED)
    return _parked(row) if row is not None else None


async def wanted_of(connection: Connection, form: str, most: int) -> list[Parked]:
    """Those of one form that are made again, the oldest first."""
    return [_parked(row) for row in await connection.fetch(_WANTED_OF, form, most)]


def _parked(row: Mapping[str, Any]) -> Parked:
    return Parked(row["dossier_id"], row["fact_id"], Issued(row["form"], row["for_applicant"]))


async def forget(connection: Connection, parked: Parked) -> None:
    """It is made."""
    wanted = parked.wanted
    await connection.execute(_FORGET, parked.fact_id, wanted.form, wanted.for_applicant)


async def listed(connection: Connection) -> list[dict[str, object]]:
    """All, the oldest first."""
    return [dict(row) for row in await connection.fetch(_LISTED)]


async def want(connection: Connection, dossier: str | None, form: str | None) -> int:
    """Have these made again (None: all); how many they are."""
    return int((await connection.execute(_WANT, dossier, form)).rpartition(" ")[2])


async def erase(connection: Connection, dossiers: Sequence[str]) -> None:
    """Nothing of an erased dossier is made. Idempotent."""
    await connection.execute(_ERASE, dossiers)


def checks(connect: Connect) -> Sequence[Check]:
    """For the role's own process, which tells operators, and `hub doctor`."""

    async def nothing_parked() -> Sequence[Finding]:
        row = await (await connect()).fetchrow(_COUNT)
        if row is None or not row["papers"]:
            return []
        reason = f"{row['papers']} papers of {row['dossiers']} dossiers could not be made"
        return [Finding(reason, "`hub forms parked` says why, `hub forms again` makes them once more")]

    return [Check("papers", "every paper of a fact could be made", nothing_parked, ends_start=False)]
