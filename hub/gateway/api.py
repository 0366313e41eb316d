"""The addresses of the gateway and their OpenAPI document."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hub.explaining.words import Language
from hub.gateway import (
    documents,
    dossiers,
    events,
    explanations,
    messages,
    openapi,
    published_directory,
    reports,
)
from hub.gateway.context import GatewayContext, caller_of
from hub.gateway.guard import AWAY_HERE, is_away_here
from hub.gateway.openapi_events import data_schemas, examples
from hub.gateway.problems import Problem, ProblemError
from hub.gateway.refusals import PROBLEM
from hub.reports.asked import Kind, WantedReport
from hub.reports.report import By
from schemas.reasons import reason_of
from schemas.receipt import Fault
from schemas.types import OrganisationCode

_TITLE = "One-stop hub: gateway"
Ending = Literal["json", "csv", "xlsx", "pdf"]
Given = Annotated[str, Field(pattern=r"^[a-z_]{1,40}=[0-9]{1,12}$")]
_ABOUT = """\
HTTPS for participants without a Kafka client. A request is a CloudEvent (binary, structured or batch mode)
and is answered with its receipt. Every refusal is problem+json in Vietnamese and English.
"""


def make_api(parts: GatewayContext) -> FastAPI:
    """The application behind the guard."""
    api = FastAPI(
        title=_TITLE, description=_ABOUT, version="1", docs_url=None, redoc_url=None, redirect_slashes=False,
        servers=[{"url": "/", "description": "The gateway that serves this document."}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )  # fmt: skip
    _route_events(api, parts)
    _route_messages(api, parts)
    _route_documents(api, parts)
    _route_reports(api, parts)
    _route_directory(api, parts)
    name_problems(api)
    build = api.openapi

    def with_components() -> dict[str, Any]:
        return _completed(build())

    api.openapi = with_components  # type: ignore[method-assign]  # as FastAPI's documentation extends it
    return api


def _route_events(api: FastAPI, parts: GatewayContext) -> None:
    @api.post(
        "/v1/events", responses=openapi.EVENTS, openapi_extra=openapi.posted(), response_class=Response,
        operation_id="postEvents", summary="Send requests",
    )  # fmt: skip
    async def post_events(request: Request) -> Response:
        return await events.post(parts, request)

    @api.get(
        "/v1/receipts/{id:path}", responses=openapi.RECEIPT, response_class=Response,
        operation_id="getReceipt", summary="The receipt of an own request",
    )  # fmt: skip
    async def get_receipt(
        request: Request,
        request_id: Annotated[str, Path(alias="id", pattern="^[!-~]{1,64}$")],
        wait: Annotated[int, Query(ge=0, le=messages.MAX_WAIT_S, description="seconds")] = 0,
    ) -> Response:
        return await events.receipt(parts, request, request_id, wait)


def _route_messages(api: FastAPI, parts: GatewayContext) -> None:
    @api.get(
        "/v1/messages", responses=openapi.MESSAGES, response_class=Response,
        operation_id="getMessages", summary="The own messages, from a cursor on",
    )  # fmt: skip
    async def get_messages(
        request: Request,
        cursor: Annotated[str | None, Query(description="of an earlier answer")] = None,
        wait: Annotated[int, Query(ge=0, le=messages.MAX_WAIT_S, description="seconds")] = 0,
        limit: Annotated[int, Query(ge=1, le=messages.MAX_MESSAGES)] = 100,
    ) -> Response:
        return await messages.answer(parts, request, cursor=cursor, wait_s=wait, limit=limit)

    @api.get(
        "/v1/dossiers/{subject:path}", responses=openapi.DOSSIERS, response_class=Response,
        operation_id="getDossier", summary="Where a dossier stands and what is possible now",
    )  # fmt: skip
    async def get_dossier(
        request: Request,
        subject: Annotated[str, Path(min_length=1, max_length=128, description="id, code or `ref:`")],
    ) -> Response:
        return await dossiers.answer(parts, request, subject)

    @api.get(
        "/v1/explanations/{subject:path}", responses=openapi.EXPLANATIONS, response_class=Response,
        operation_id="getExplanation", summary="The case file of a dossier in words",
    )  # fmt: skip
    async def get_explanation(
        request: Request,
        subject: Annotated[str, Path(min_length=1, max_length=128, description="id, code or `ref:`")],
        language: Annotated[Language, Query(description="of the words")] = "vi",
        after: Annotated[int, Query(ge=0, le=2**31 - 1, description="`next_after` of an earlier page")] = 0,
    ) -> Response:
        return await explanations.answer(parts, request, subject, language, after)


def _route_reports(api: FastAPI, parts: GatewayContext) -> None:
    @api.get(
        "/v1/reports/{kind}", responses=openapi.REPORTS, response_class=Response,
        operation_id="getReport", summary="A report over the dossiers that this participant was told of",
    )  # fmt: skip
    async def get_report(
        request: Request,
        kind: Kind,
        first: Annotated[date, Query(alias="from", description="first day of the period")],
        last: Annotated[date, Query(alias="to", description="its last day")],
        by: Annotated[By, Query(description="a part for each of these")] = "all",
        organisation: Annotated[
            OrganisationCode | None, Query(description="dossiers of this one-stop or agency alone")
        ] = None,
        ending: Annotated[Ending, Query(alias="format")] = "json",
        number: Annotated[
            str | None, Query(max_length=10, description="the indicator, of kind `explain`")
        ] = None,
        given: Annotated[
            list[Given] | None,
            Query(alias="input", description="NAME=N, a number that is not the hub's to know"),
        ] = None,
        language: Annotated[Language, Query(description="of the titles")] = "vi",
    ) -> Response:
        asked = WantedReport(
            kind, first, last, by, organisation,
            {name: int(count) for name, _, count in (one.partition("=") for one in given or ())},
            english=language == "en", told_to=caller_of(request).sender.name, number=number,
        )  # fmt: skip
        return await reports.answer(parts, request, ending, asked)


def _route_directory(api: FastAPI, parts: GatewayContext) -> None:
    @api.get(
        "/v1/directory", responses=openapi.DIRECTORY, openapi_extra=openapi.CONDITIONAL,
        response_class=Response, operation_id="getDirectory",
        summary="What requests may name: procedures in force, organisations",
    )  # fmt: skip
    async def get_directory(request: Request) -> Response:
        return await published_directory.listing(parts, request)

    @api.get(
        "/v1/directory/procedures/{code}", responses=openapi.PROCEDURE, openapi_extra=openapi.CONDITIONAL,
        response_class=Response, operation_id="getProcedure",
        summary="A procedure in force: times, fees, components",
    )  # fmt: skip
    async def get_procedure(
        request: Request, code: Annotated[str, Path(min_length=1, max_length=40, description="its code")]
    ) -> Response:
        return await published_directory.procedure(parts, request, code)


def _route_documents(api: FastAPI, parts: GatewayContext) -> None:
    @api.post(
        "/v1/documents", responses=openapi.UPLOAD, openapi_extra=openapi.UPLOADED, response_class=Response,
        operation_id="postDocument", summary="Upload a document", status_code=201,
    )  # fmt: skip
    async def post_document(
        request: Request,
        sha256: Annotated[str, Query(pattern=openapi.SHA256, description="of the bytes that follow")],
    ) -> Response:
        return await documents.upload(parts, request, caller_of(request).name, sha256)

    @api.head(
        "/v1/documents/{sha256}", responses=openapi.HEAD, response_class=Response,
        operation_id="headDocument", summary="Size and type of a document that this participant may see",
    )  # fmt: skip
    async def head_document(
        request: Request,
        sha256: Annotated[str, Path(pattern=openapi.SHA256)],
        dossier: Annotated[str | None, Query(description="id of the dossier it came with")] = None,
    ) -> Response:
        return await documents.download(parts, request, sha256, dossier)

    @api.get(
        "/v1/documents/{sha256}", responses=openapi.DOWNLOAD, response_class=Response,
        operation_id="getDocument", summary="A document that this participant may see",
    )  # fmt: skip
    async def get_document(
        request: Request,
        sha256: Annotated[str, Path(pattern=openapi.SHA256)],
        dossier: Annotated[str | None, Query(description="id of the dossier it came with")] = None,
    ) -> Response:
        return await documents.download(parts, request, sha256, dossier)


def name_problems(api: FastAPI) -> None:
    """Answer each error that has a meaning as a problem; others pass to the guard."""

    async def own(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return _respond(request, error.problem)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = {404: "http.unknown_address", 405: "http.method"}.get(error.status_code, "gateway.fault")
        return _respond(request, Problem(code, headers=dict(error.headers or {})))

    async def parameters(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        reasons = {str(item["loc"][-1]): reason_of(item["type"]) for item in reversed(error.errors())}
        faults = tuple(Fault(path=name, reason=reason) for name, reason in reversed(reasons.items()))
        problem = Problem("http.invalid_parameter", tuple(reversed(reasons)), faults=faults)
        return _respond(request, problem)

    async def away(request: Request, error: Exception) -> Response:
        if not is_away_here(error):
            raise error
        return _respond(request, Problem("gateway.unavailable", headers={"retry-after": "2"}))

    api.add_exception_handler(ProblemError, own)
    api.add_exception_handler(HTTPException, http)
    api.add_exception_handler(RequestValidationError, parameters)
    for kind in AWAY_HERE:
        api.add_exception_handler(kind, away)


def _respond(request: Request, problem: Problem) -> Response:
    request.scope[PROBLEM] = problem.code
    return Response(problem.encoded(), problem.status, problem.http_headers())


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """Components of ours, how to identify oneself, and 400 where FastAPI assumes its own 422."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for assumed in ("HTTPValidationError", "ValidationError"):
        schemas.pop(assumed, None)
    schemas.update(openapi.COMPONENTS)
    schemas.update(data_schemas())
    components["examples"] = examples()
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    return document
