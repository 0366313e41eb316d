"""GET /v1/reports/{kind}: a report over the dossiers that the caller was told of, one at a time."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hub.errors import UntrustedRowError
from hub.facts.untrusted import tell_untrusted
from hub.gateway.context import GatewayContext, caller_of
from hub.gateway.problems import ProblemError, ReportLostError
from hub.logs import log
from hub.reports.asked import ALTERED, MADE, REFUSED, WantedReport
from schemas.receipt import Fault

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


async def answer(parts: GatewayContext, request: Request, ending: str, asked: WantedReport) -> Response:
    """The report; 400 for a period that cannot be counted, 429 while another is made, 503 when it is lost."""
    caller = caller_of(request).sender.name
    try:
        found = await parts.reports.made(ending, asked)
    except ReportLostError as error:
        log("report_lost", participant=caller, reason=str(error))
        raise ProblemError("gateway.unavailable", headers={"retry-after": "60"}) from None
    head, body = found[:1], found[1:]
    if head == MADE:
        return Response(body, media_type=MEDIA_TYPES[ending], headers={"cache-control": "no-store"})
    if head == REFUSED:
        name, reason, _ = body.decode().split("\n", 2)
        raise ProblemError("report.refused", faults=(Fault(path=name, reason=reason),))
    assert head == ALTERED
    row, _, why = body.decode().partition("\n")
    tell_untrusted(UntrustedRowError(row, why))
    raise ProblemError("gateway.unavailable", headers={"retry-after": "60"})
