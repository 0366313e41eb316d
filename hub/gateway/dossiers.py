"""GET /v1/dossiers/{id|code}: where it stands and what is possible now, for those who were told of it."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.dossier.codec import from_json
from hub.dossier.decision import Sender
from hub.dossier.standing import has_standing, possible_now
from hub.dossier.state import Dossier
from hub.gateway.parts import Parts, caller_of
from hub.gateway.problems import ProblemError
from hub.identifiers import is_uuid
from hub.recording import rfc3339
from hub.regulation.profile import Profile
from hub.workspace import alias_of
from schemas.registry import REQUESTS

_WAS_TOLD = """
exists (
    select from fact f
    where f.dossier_id = d.id and (convert_from(f.bytes, 'UTF8')::jsonb -> 'to') ? $2
)
"""
_BY_ID = f"""
select d.id::text as id, d.state, d.sequence from dossier d where d.id = $1::uuid and {_WAS_TOLD}
"""  # noqa: S608  no value stands in it
_BY_ALIAS = f"""
select d.id::text as id, d.state, d.sequence from alias a join dossier d on d.id = a.dossier_id
where a.alias = $1 and {_WAS_TOLD}
"""  # noqa: S608  no value stands in it


async def answer(parts: Parts, request: Request, subject: str) -> Response:
    """The state as JSON, without anything personal; 404 alike for what is unknown and what is foreign."""
    sender = caller_of(request).sender
    row = await _find(parts.pool, subject, sender.name)
    if row is None or row["state"] is None:
        raise ProblemError("dossier.unknown")
    body = view(from_json(row["state"]), row["id"], row["sequence"], sender, parts.profile)
    return Response(orjson.dumps(body), media_type="application/json")


async def _find(pool: asyncpg.Pool, subject: str, participant: str) -> asyncpg.Record | None:
    if "\x00" in subject:
        return None
    if is_uuid(subject):
        return await pool.fetchrow(_BY_ID, subject, participant)
    return await pool.fetchrow(_BY_ALIAS, alias_of(subject, participant), participant)


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
        "deadlines": [
            {"kind": timer.kind, "due_at": rfc3339(timer.due_at)}
            for timer in sorted(dossier.timers.values(), key=lambda timer: timer.due_at)
        ],
        "copies": [
            {"component": code, "package": copy.package, "is_certified": copy.is_certified}
            for code, copy in dossier.digitised.items()
        ],
        "possible": [kind for kind in possible_now(dossier, profile) if _may(kind, dossier, sender)],
    }
    return {name: content for name, content in found.items() if content is not None}


def _may(kind: str, dossier: Dossier, sender: Sender) -> bool:
    model = REQUESTS[kind]
    return bool(model.roles & sender.roles) and has_standing(dossier, model.model_construct(), sender)


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment is not None else None
