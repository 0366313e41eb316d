"""GET /v1/dossiers/{id|code}: where it stands and what is possible now, for those who were told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import asyncpg
import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.dossier import matters
from hub.dossier.decision import Sender
from hub.dossier.standing import may_ask, possible_now
from hub.dossier.state.codec import state_from_json
from hub.dossier.state.matter import Matter, State
from hub.dossier.state.model import Dossier, Timer
from hub.errors import AlteredRowError, UntrustedRowError
from hub.facts.fact_bytes import rfc3339
from hub.facts.trusted import FACT_COLUMNS, is_dossier_genuine, is_fact_genuine
from hub.facts.untrusted import tell_untrusted
from hub.gateway.context import GatewayContext, caller_of
from hub.gateway.problems import ProblemError
from hub.identifiers import alias_of, is_uuid
from hub.regulation.law import Law
from hub.regulation.profile import Profile
from schemas.registry import REQUESTS

_ROW = "d.id::text as id, d.head, d.sequence, d.parked, d.state, d.private, k.wrapped, d.mac"
_BY_ID = f"""
select {_ROW}, null as alias_mac from dossier d left join dossier_key k on k.dossier_id = d.id
where d.id = $1::uuid
"""  # noqa: S608  no value stands in it
_BY_ALIAS = f"""
select {_ROW}, a.mac as alias_mac from alias a join dossier d on d.id = a.dossier_id
left join dossier_key k on k.dossier_id = d.id
where a.alias = $1
"""  # noqa: S608  no value stands in it
_TOLD = f"""
select {FACT_COLUMNS} from fact f
where f.dossier_id = {{dossier}} and (json_of(f.bytes) -> 'to') ? $2
order by f.sequence limit 20
"""  # noqa: S608  no value stands in it
_TOLD_BY_ID = _TOLD.format(dossier="$1::uuid")
_TOLD_BY_ALIAS = _TOLD.format(dossier="(select a.dossier_id from alias a where a.alias = $1)")


async def answer(parts: GatewayContext, request: Request, subject: str) -> Response:
    """The state as JSON, without anything personal; 404 alike for what is unknown and what is foreign.

    503 for a dossier of the caller's whose row was altered, or is of a version newer than this program.
    """
    sender = caller_of(request).sender
    row, state = await _told(parts, subject, sender.name)
    if isinstance(state, Matter):
        body = matter_view(state, row["id"], row["sequence"], sender)
    else:
        body = view(state, row["id"], row["sequence"], sender, _law_of(parts, state).profile)
    return Response(orjson.dumps(body), media_type="application/json")


async def told(parts: GatewayContext, subject: str, participant: str) -> tuple[asyncpg.Record, Dossier, Law]:
    """Row, state and law of a dossier that the participant was told of; else the problem that says so."""
    row, state = await _told(parts, subject, participant)
    if isinstance(state, Matter):
        raise ProblemError("matter.no_dossier")
    return row, state, _law_of(parts, state)


async def _told(parts: GatewayContext, subject: str, participant: str) -> tuple[asyncpg.Record, State]:
    try:
        row = await find(parts, subject, participant)
        if row is None or row["state"] is None:
            raise ProblemError("dossier.unknown")
        return row, state_from_json(row["state"])
    except UntrustedRowError as error:
        raise _unavailable(error) from error


def _law_of(parts: GatewayContext, dossier: Dossier) -> Law:
    try:
        return parts.book.of(dossier.law)
    except UntrustedRowError as error:
        raise _unavailable(error) from error


def _unavailable(error: UntrustedRowError) -> ProblemError:
    tell_untrusted(error)
    return ProblemError("gateway.unavailable", headers={"retry-after": "60"})


async def find(parts: GatewayContext, subject: str, participant: str) -> asyncpg.Record | None:
    """The dossier if a genuine fact of it was told to the participant.

    That is asked first, by one statement that finds nothing of a foreign dossier as of none: then no more is.
    """
    if "\x00" in subject:
        return None
    alias = None if is_uuid(subject) else alias_of(subject, participant)
    facts = await parts.pool.fetch(_TOLD_BY_ALIAS if alias else _TOLD_BY_ID, alias or subject, participant)
    if not any(is_fact_genuine(fact, parts.key) for fact in facts):
        return None
    row = await parts.pool.fetchrow(_BY_ALIAS if alias else _BY_ID, alias or subject)
    if row is None:
        return None
    if alias is not None and parts.key.alias(alias, row["id"]) != row["alias_mac"]:
        tell_untrusted(AlteredRowError(f"alias of dossier {row['id']}"))
        return None
    if not is_dossier_genuine(row, parts.key):
        raise AlteredRowError(f"dossier {row['id']}")
    return row


def view(
    dossier: Dossier, dossier_id: str, sequence: int, sender: Sender, profile: Profile
) -> dict[str, object]:
    """What is shown of a dossier (pure): `possible` lists what this sender may ask for now."""
    found: dict[str, object] = {
        "dossier": dossier_id,
        "code": dossier.code,
        "status": dossier.status,
        "sequence": sequence,
        "procedure": dossier.procedure,
        "organisation": dossier.organisation,
        "agency": dossier.agency,
        "channel": dossier.channel,
        "return_channel": dossier.return_channel,
        "submitted_at": _time(dossier.submitted_at),
        "accepted_at": _time(dossier.accepted_at),
        "due_at": _time(dossier.due_at),
        "deadlines": _deadlines(dossier.timers),
        "copies": [
            {"component": code, "package": copy.package, "is_certified": copy.is_certified}
            for code, copy in dossier.digitised.items()
        ],
        "possible": [kind for kind in possible_now(dossier, profile) if _may(kind, dossier, sender)],
    }
    return {name: content for name, content in found.items() if content is not None}


def matter_view(matter: Matter, matter_id: str, sequence: int, sender: Sender) -> dict[str, object]:
    """What is shown of what is about no dossier (pure)."""
    found: dict[str, object] = {
        "dossier": matter_id,
        "status": "matter",
        "matter": matter.kind,
        "sequence": sequence,
        "organisation": matter.organisation,
        "agency": matter.agency,
        "opened_at": rfc3339(matter.opened_at),
        "deadlines": _deadlines(matter.timers),
        "copies": [],
        "possible": [kind for kind in matters.possible_now(matter) if REQUESTS[kind].roles & sender.roles],
    }
    return {name: content for name, content in found.items() if content is not None}


def _deadlines(timers: Mapping[str, Timer]) -> list[dict[str, str]]:
    """The nearest first."""
    return [
        {"kind": timer.kind, "due_at": rfc3339(timer.due_at)}
        for timer in sorted(timers.values(), key=lambda timer: timer.due_at)
    ]


def _may(kind: str, dossier: Dossier, sender: Sender) -> bool:
    model = REQUESTS[kind]
    return bool(model.roles & sender.roles) and may_ask(dossier, model, sender)


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment is not None else None
