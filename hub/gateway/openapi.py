"""What the endpoints take and answer, as parts of the OpenAPI document (data)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.gateway.cloud_events import BINARY
from hub.gateway.openapi_events import (
    ENVIRONMENT,
    ID,
    OF_PARTICIPANTS,
    SOURCE,
    SUBJECT,
    TYPE,
    header_parameters,
    receipt_headers,
    shown,
)
from hub.gateway.openapi_explanation import EXPLANATION
from hub.gateway.problems import MEDIA_TYPE, text_of
from hub.inbound.json_event import BATCH, STRUCTURED

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_TIME: Schema = {"type": "string", "format": "date-time"}
SHA256 = "^[0-9a-f]{64}$"

_DATA = (
    "By the component that is named as the `type`. Data that do not follow it are answered with 200 and the "
    "receipt `onestop.receipt.refused.v1`, whose `faults` name each path."
)
EVENT: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0, JSON format.",
    "required": ["specversion", "id", "source", "type", "time", "subject", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": ID,
        "source": SOURCE,
        "type": TYPE,
        "time": _TIME,
        "subject": SUBJECT,
        "environment": ENVIRONMENT,
        "traceparent": _TEXT,
        "datacontenttype": {"const": BINARY},
        "data": {"type": "object", "description": _DATA},
    },
}
PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457; `title_vi` and `detail_vi` say the same in Vietnamese.",
    "required": ["type", "status", "code", "title", "title_vi", "detail", "detail_vi"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "status": {"type": "integer"},
        "code": _TEXT,
        "title": _TEXT,
        "title_vi": _TEXT,
        "detail": _TEXT,
        "detail_vi": _TEXT,
        "fields": {"type": "array", "items": _TEXT},
        "faults": {
            "type": "array",
            "description": "Of each of the fields one word of the published list of reasons.",
            "items": {
                "type": "object",
                "required": ["path", "reason"],
                "properties": {
                    "path": _TEXT,
                    "reason": _TEXT,
                    "choices": {"type": "array", "items": _TEXT},
                    "others": {"type": "array", "items": _TEXT},
                },
            },
        },
    },
}
PENDING: Schema = {
    "type": "object",
    "required": ["request", "receipt_url"],
    "properties": {"request": _TEXT, "receipt_url": _TEXT},
}
_NAMES = ("specversion", "id", "source", "type", "subject", "datacontenttype")
_OUT: Schema = {
    "type": "object",
    "required": [*_NAMES, "time", "partitionkey", "data"],
    "properties": dict.fromkeys(_NAMES, _TEXT)
    | {name: {"type": "string", "description": "of facts"} for name in ("sequence", "ruleset", "causationid")}
    | {
        "time": _TIME,
        "partitionkey": {
            "type": "string",
            "minLength": 1,
            "description": "The dossier's id; the subject as it was sent where no dossier was found.",
        },
        "data": {"type": "object"},
    },
}
_RECEIPT: Schema = {
    "anyOf": [
        {"$ref": "#/components/schemas/onestop.receipt.accepted.v1"},
        {"$ref": "#/components/schemas/onestop.receipt.refused.v1"},
    ]
}
_ANSWERS: Schema = {
    "type": "object",
    "required": ["answers"],
    "properties": {
        "answers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "status"],
                "properties": {
                    "id": _TEXT,
                    "status": {"enum": [200, 202, 409]},
                    "receipt": {"$ref": "#/components/schemas/Message"},
                    "receipt_url": _TEXT,
                    "problem": {"$ref": "#/components/schemas/Problem"},
                },
            },
        }
    },
}
FEED: Schema = {
    "type": "object",
    "required": ["messages", "cursor"],
    "properties": {
        "messages": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}},
        "cursor": _TEXT,
    },
}
DOSSIER: Schema = {
    "type": "object",
    "required": ["dossier", "status", "sequence", "possible", "deadlines", "copies"],
    "properties": {
        "dossier": {"type": "string", "format": "uuid"},
        "code": _TEXT,
        "status": {"type": "string", "description": "`matter` of what is about no dossier"},
        "matter": {"enum": ["fees", "complaint", "register", "queue", "report"]},
        "sequence": {"type": "integer"},
        "submitted_at": _TIME,
        "accepted_at": _TIME,
        "due_at": _TIME,
        "possible": {"type": "array", "items": _TEXT},
        "copies": {
            "type": "array",
            "description": "Signed manifests (documents by SHA-256), which name the files of each copy.",
            "items": {
                "type": "object",
                "properties": {
                    "component": _TEXT,
                    "package": {"type": "string", "pattern": SHA256},
                    "is_certified": {"type": "boolean"},
                },
            },
        },
        "deadlines": {
            "type": "array",
            "items": {"type": "object", "properties": {"kind": _TEXT, "due_at": _TIME}},
        },
    },
}


DOCUMENT: Schema = {
    "type": "object",
    "required": ["sha256", "bytes", "media_type"],
    "properties": {
        "sha256": {"type": "string", "pattern": SHA256},
        "bytes": {"type": "integer"},
        "media_type": _TEXT,
    },
}
COMPONENTS: Mapping[str, Schema] = {
    "Event": EVENT,
    "Problem": PROBLEM,
    "Pending": PENDING,
    "Message": _OUT,
    "Receipt": _RECEIPT,
    "Answers": _ANSWERS,
    "Feed": FEED,
    "Dossier": DOSSIER,
    "Explanation": EXPLANATION,
    "Document": DOCUMENT,
}


def ref(name: str) -> Schema:
    """A reference to one of `COMPONENTS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def posted() -> Schema:
    """What `POST /v1/events` takes: attributes as headers or in the body, and an example of each type."""
    data = {"type": "object", "description": f"The data; attributes are headers `ce-...`. {_DATA}"}
    return {
        "parameters": header_parameters(),
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": ref("Event"), "examples": shown(*OF_PARTICIPANTS)},
                BATCH: {"schema": {"type": "array", "items": ref("Event"), "maxItems": 100}},
                BINARY: {"schema": data},
            },
        },
    }


UPLOADED: Schema = {
    "requestBody": {
        "required": True,
        "content": {"*/*": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
    }
}


def answers(good: Mapping[int, tuple[str, Mapping[str, Schema]]], *codes: str) -> dict[int | str, Any]:
    """Responses: the good ones with their media types, and problems by their codes."""
    found: dict[int | str, Any] = {
        status: {
            "description": text,
            "content": {kind: {"schema": schema} for kind, schema in content.items()},
        }
        for status, (text, content) in good.items()
    }
    every = (
        "http.unauthorized", "http.too_many_connections", "http.too_many_requests", "gateway.fault",
        "gateway.unavailable", *codes,
    )  # fmt: skip
    for code in every:
        found[text_of(code).status] = {
            "description": text_of(code).en,
            "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
        }
    return found


EVENTS = answers(
    {
        200: (
            "The receipt (accepted or refused: see its type), after the commit",
            {BINARY: {"anyOf": [ref("Receipt"), ref("Answers")]}, STRUCTURED: ref("Message")},
        ),
        202: (
            "Stored, not decided yet; the receipt will be at `receipt_url`",
            {BINARY: {"anyOf": [ref("Pending"), ref("Answers")]}},
        ),
    },
    "http.no_cloud_event", "http.media_type", "http.too_large", "http.slow", "security.id_reused",
    "http.over_kafka", "schema.too_many_values",
)  # fmt: skip
EVENTS[200]["headers"] = receipt_headers()
RECEIPT = answers(
    {
        200: ("The receipt", {BINARY: ref("Receipt"), STRUCTURED: ref("Message")}),
        202: ("Set aside behind a fault of the hub, to be decided later", {BINARY: ref("Pending")}),
    },
    "receipt.unknown", "http.invalid_parameter",
)  # fmt: skip
MESSAGES = answers(
    {200: ("Messages and the cursor behind them", {BINARY: ref("Feed"), "text/event-stream": _TEXT})},
    "feed.cursor", "feed.expired", "http.too_many_feeds", "http.over_kafka",
)  # fmt: skip
DOSSIERS = answers(
    {200: ("Where it stands", {BINARY: ref("Dossier")})}, "dossier.unknown", "http.invalid_parameter"
)
EXPLANATIONS = answers(
    {200: ("The case file", {BINARY: ref("Explanation")})}, "dossier.unknown", "http.invalid_parameter"
)
REPORTS = answers(
    {200: ("The report", {BINARY: {"type": "object"}, "*/*": {"type": "string", "format": "binary"}})},
    "report.refused", "report.busy", "http.invalid_parameter",
)  # fmt: skip
UPLOAD = answers(
    {
        200: ("This participant has uploaded it before", {BINARY: ref("Document")}),
        201: ("Stored", {BINARY: ref("Document")}),
    },
    "http.invalid_parameter", "http.too_large", "http.media_type", "http.slow",
)  # fmt: skip
DOWNLOAD = answers(
    {200: ("The bytes", {"*/*": {"type": "string", "format": "binary"}})},
    "document.unknown", "http.invalid_parameter",
)  # fmt: skip
HEAD = answers({200: ("It is there", {})}, "document.unknown", "http.invalid_parameter")
CONDITIONAL: Schema = {
    "parameters": [
        {
            "name": "if-none-match",
            "in": "header",
            "required": False,
            "description": "The `etag` of an earlier answer: `304` without a body when nothing has changed.",
            "schema": _TEXT,
        }
    ]
}


def _tagged(text: str, component: str, *codes: str) -> dict[int | str, Any]:
    found = answers({200: (text, {BINARY: ref(component)})}, *codes)
    tag = {"etag": {"required": True, "description": "Changes with the body.", "schema": _TEXT}}
    found[200]["headers"] = tag
    found[304] = {"description": "As the answer with this `etag`", "headers": tag}
    return found


DIRECTORY = _tagged("Every entry in short, and the versions of the law", "DirectoryListing")
PROCEDURE = _tagged(
    "The procedure", "onestop.directory.procedure.v1", "directory.unknown", "http.invalid_parameter"
)
