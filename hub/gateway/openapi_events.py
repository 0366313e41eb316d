"""Events in the OpenAPI document: attributes as headers, schemas of their data, examples (data)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from schemas.directory import DirectoryListing
from schemas.generate import EXAMPLES, json_schema
from schemas.registry import DIRECTORY, RECEIPTS, REQUESTS

Schema = dict[str, Any]
_DEFINED = "#/$defs/"
_COMPONENTS = "#/components/schemas/"
_KEYWORDS = {name: f"x-{name}" for name in ("formatMinimum", "formatExclusiveMaximum")}
"""OpenAPI wants an `x-` before keywords that are not of JSON Schema."""
OF_PARTICIPANTS = tuple(name for name, model in REQUESTS.items() if model.roles != {"hub"})

ID: Schema = {"type": "string", "pattern": "^[!-~]{1,64}$"}
SUBJECT: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 128,
    "pattern": "^[^\\u0000-\\u0020\\u007f]+$",
    "not": {"pattern": "^(ref:)?([0-9]{9}|[0-9]{12})$"},
    "description": "The dossier: its id, its official code or `ref:<own reference>`; printable, without "
    "spaces, and never shaped like an identity number.",
}
SOURCE: Schema = {"type": "string", "description": "`/participants/<your name>`"}
TYPE: Schema = {
    "type": "string",
    "description": "`onestop.<subject>.<verb>.v<N>`; the data follow the component of the same name.",
}
TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "description": "When it happened at the source; at most 5 minutes ahead.",
}
ENVIRONMENT: Schema = {"type": "string", "enum": ["live", "test"]}
_ATTRIBUTES: Mapping[str, tuple[Schema, str]] = {
    "specversion": ({"type": "string", "const": "1.0"}, "1.0"),
    "id": (ID, "019b8baf-c940-7459-9f3b-daa86aedcf4a"),
    "source": (SOURCE, "/participants/counter-a"),
    "type": (TYPE, "onestop.dossier.submit.v1"),
    "time": (TIME, "2026-01-05T08:05:12+07:00"),
    "subject": (SUBJECT, "ref:HS-2026-0017"),
    "environment": (ENVIRONMENT, "test"),
}
_OPTIONAL = "environment"


def header_parameters() -> list[Schema]:
    """The attributes of binary mode; in the other modes they stand in the body, so none is required here."""
    return [
        {
            "name": f"ce-{name}",
            "in": "header",
            "required": False,
            "description": "Binary mode only" + ("." if name == _OPTIONAL else ", and needed there."),
            "schema": schema,
            "example": shown,
        }
        for name, (schema, shown) in _ATTRIBUTES.items()
    ]


def receipt_headers() -> dict[str, Schema]:
    """The attributes of a receipt in binary mode."""
    return {
        f"ce-{name}": {"required": False, "description": "Binary mode.", "schema": {"type": "string"}}
        for name in ("specversion", "id", "source", "type", "time", "subject", "partitionkey")
    }


@cache
def data_schemas() -> Mapping[str, Schema]:
    """The schemas of requests, receipts and the directory by their type, and what they share by its name."""
    found: dict[str, Schema] = {}
    requests = {name: REQUESTS[name] for name in OF_PARTICIPANTS}
    for name, model in {**requests, **RECEIPTS, **DIRECTORY, "DirectoryListing": DirectoryListing}.items():
        schema = json_schema(name, model)
        for shared, definition in schema.pop("$defs", {}).items():
            moved = _moved(definition)
            assert found.setdefault(shared, moved) == moved, f"{shared} is two things"
        for keyword in ("$schema", "$id", "$comment"):
            del schema[keyword]
        found[name] = _moved(schema)
    return found


def _moved(node: Any) -> Any:
    """As it is, with references that hold in the OpenAPI document."""
    if isinstance(node, list):
        return [_moved(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        _KEYWORDS.get(name, name): part.replace(_DEFINED, _COMPONENTS) if name == "$ref" else _moved(part)
        for name, part in node.items()
    }


@cache
def examples() -> Mapping[str, Schema]:
    """One event of each type in the JSON format, as `components.examples`."""
    found: dict[str, Schema] = {}
    for name in OF_PARTICIPANTS:
        shown = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
        attributes = {
            header.removeprefix("ce_"): text
            for header, text in shown["headers"].items()
            if header.startswith("ce_")
        }
        event = {**attributes, "datacontenttype": "application/json", "data": shown["data"]}
        found[name] = {"summary": name, "value": event}
    return found


def shown(*names: str) -> dict[str, Schema]:
    """References to some of the examples."""
    return {name: {"$ref": f"#/components/examples/{name}"} for name in names}
