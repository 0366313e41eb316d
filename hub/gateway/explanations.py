"""GET /v1/explanations/{id|code}: the case file of a dossier in words, for those who were told of it."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.explaining.case_file import CaseReading, case_file
from hub.explaining.naming import Names
from hub.explaining.reading import read_page
from hub.explaining.words import CaseWords, Language
from hub.facts.fact_bytes import rfc3339
from hub.gateway.context import GatewayContext, caller_of
from hub.gateway.dossiers import told
from hub.postgres.clock import read_clock
from hub.regulation.clock import local_day


async def answer(
    parts: GatewayContext, request: Request, subject: str, language: Language, after: int
) -> Response:
    """The facts that this participant was told, in words; 404 and 503 as of the dossier itself."""
    sender = caller_of(request).sender
    row, dossier, law = await told(parts, subject, sender.name)
    page = await read_page(parts.pool.fetch, parts.key, row["id"], sender.name, after)
    async with parts.pool.acquire() as connection:
        clock = await read_clock(connection, parts.environment)  # type: ignore[arg-type]  # a proxy of one
        registers = await parts.registers.read(connection)  # type: ignore[arg-type]  # a proxy of one
    now = clock.of(datetime.now(UTC))
    words, procedure = CaseWords(language), law.catalogue.procedures.get(dossier.procedure)
    names = Names(words, registers.organisations, procedure, local_day(now))
    reading = CaseReading(row["id"], dossier, page.entries, page.history)
    body = case_file(reading, law, now, names, sender) | {"next_after": page.next_after}
    return Response(orjson.dumps(body, default=_plain), media_type="application/json")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    raise TypeError(type(value).__name__)
