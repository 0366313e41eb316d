"""The AsyncAPI 3.0 document of the hub's topics, seen from a participant (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any, get_args

from pydantic import BaseModel

from schemas.base import Request, Role
from schemas.directory import DirectoryEntry

_Json = dict[str, Any]
_Models = Mapping[str, type[BaseModel]]

_BINDING = "0.5.0"
_DAY_MS = 86_400_000
_WITHOUT_DOSSIER = "ref:<own reference>, since it opens the dossier"

_HEADERS: Mapping[str, _Json] = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {
        "type": "string",
        "pattern": "^[ -~]{1,64}$",
        "description": "Unique per source; UUIDv7 is best.",
    },
    "ce_source": {"type": "string", "pattern": "^/participants/[a-z0-9-]+$"},
    "ce_type": {"type": "string", "description": "Selects the model of the data."},
    "ce_time": {"type": "string", "format": "date-time", "description": "When it happened at the source."},
    "ce_subject": {
        "type": "string",
        "minLength": 1,
        "description": "The dossier: its id, its code, or ref:<own reference>.",
    },
    "content-type": {"type": "string", "const": "application/json"},
    "ce_environment": {"type": "string", "enum": ["live", "test"]},
    "ce_traceparent": {"type": "string", "description": "W3C Trace Context."},
    "ce_causationid": {"type": "string", "description": "The id of the request or event behind this one."},
}
_FACT_HEADERS: Mapping[str, _Json] = {
    "ce_sequence": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "1, 2, 3 per dossier."},
    "ce_ruleset": {"type": "string", "description": "The version of the rules that were applied."},
}
_REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type")


def asyncapi_document(
    requests: Mapping[str, type[Request]],
    facts: _Models,
    receipts: _Models,
    directory: _Models,
    examples: Mapping[str, Mapping[str, Any]],
) -> _Json:
    """The whole document; payloads refer to `./json-schema/<type>.json` beside it."""
    messages = {
        **{name: _message(name, model, examples[name], "headers") for name, model in requests.items()},
        **{name: _message(name, model, examples[name], "factHeaders") for name, model in facts.items()},
        **{name: _message(name, model, examples[name], "headers") for name, model in receipts.items()},
        **{name: _message(name, model, examples[name], "headers") for name, model in directory.items()},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "One-stop hub",
            "version": "1.0.0",
            "description": "Events of administrative dossiers between counters, agencies, the national "
            "portal, the post and the population database. CloudEvents 1.0 on Kafka in binary mode. Each "
            "request is answered on the sender's out topic by exactly one receipt. No key, header or subject "
            "may hold personal data, nor anything shaped like an identity number.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {**_channels(requests, facts, receipts), "directory": _directory(directory)},
        "operations": {**_operations(requests, facts, receipts), "receiveDirectory": _receive(directory)},
        "components": {"messages": messages, "schemas": _header_schemas()},
    }


def _message(name: str, model: type[BaseModel], example: Mapping[str, Any], headers: str) -> _Json:
    summary, _, rest = cleandoc(model.__doc__ or "").partition("\n\n")
    key = _key(model)
    return {
        "name": name,
        "title": name,
        "summary": " ".join(summary.split()),
        **({"description": " ".join(rest.split())} if rest else {}),
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": f"#/components/schemas/{headers}"},
                {"type": "object", "properties": {"ce_type": {"const": name}}},
            ]
        },
        "payload": {"$ref": f"./json-schema/{name}.json"},
        "bindings": {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": _BINDING}},
        "examples": [{"name": "synthetic", "headers": example["headers"], "payload": example["data"]}],
        **({"x-roles": sorted(model.roles)} if issubclass(model, Request) else {}),
    }


def _header_schemas() -> _Json:
    headers = {"type": "object", "required": list(_REQUIRED), "properties": dict(_HEADERS)}
    more = {"type": "object", "required": list(_FACT_HEADERS), "properties": dict(_FACT_HEADERS)}
    return {"headers": headers, "factHeaders": {"allOf": [{"$ref": "#/components/schemas/headers"}, more]}}


def _key(model: type[BaseModel]) -> str:
    if issubclass(model, DirectoryEntry):
        return "The kind and the code: `procedure:1.004873`."
    if not issubclass(model, Request):
        return "The id of the dossier."
    subject = {
        "dossier": "the dossier's id, code or alias",
        "new": _WITHOUT_DOSSIER,
        "none": "ref:<own reference>",
        "matter": "a reference of its own that names nothing else, as ref:QT-2026-Q3",
    }
    return f"Equal to ce_subject: {subject[model.subject]}."


def _channels(requests: Mapping[str, type[Request]], facts: _Models, receipts: _Models) -> _Json:
    of_participants = [name for name, model in requests.items() if model.roles != {"hub"}]
    of_hub = [name for name, model in requests.items() if "hub" in model.roles]
    participant = {"participant": {"description": "The participant's name, as in ce_source."}}
    return {
        "in": {
            "address": "in.{participant}",
            "title": "What a participant sends",
            "description": "Only that participant may write. The broker's append time is the time of "
            "receipt. The data are at most 256 KiB. An event may also come whole, as "
            "application/cloudevents+json under the same key (structured mode of CloudEvents); several in "
            "one record may not. Batches of records may be compressed in any way or not at all: the broker "
            "stores them uncompressed. No transactions.",
            "parameters": participant,
            "messages": _references(of_participants),
            "bindings": _topic(7),
        },
        "out": {
            "address": "out.{participant}",
            "title": "What a participant gets",
            "description": "Receipts of its requests, and the facts that concern it, in order per dossier; "
            "only that participant may read. A message may come twice with the same ce_id.",
            "parameters": participant,
            "messages": _references([*receipts, *facts]),
            "bindings": _topic(14),
        },
        "facts": {
            "address": "dossier.facts",
            "title": "Every fact",
            "description": "In order per dossier, kept for ever, for analytics and auditors. Each names the "
            "ruleset, catalogue and calendar by which it was decided. Personal fields are sealed.",
            "messages": _references(facts),
            "bindings": _topic(None),
        },
        "inHub": {
            "address": "in.hub",
            "title": "The hub's own requests",
            "description": "Timers that are due and what the hub asks itself; closed to participants.",
            "messages": _references(of_hub),
            "bindings": _topic(7),
        },
    }


def _directory(directory: _Models) -> _Json:
    configuration = {"cleanup.policy": ["compact"]}
    return {
        "address": "directory",
        "title": "What may be named",
        "description": "Procedures in force and organisations that take part, one message each, compacted: "
        "the last message of a key holds, and one without a value takes the entry away. Every participant "
        "may read it.",
        "messages": _references(directory),
        "bindings": {"kafka": {"topicConfiguration": configuration, "bindingVersion": _BINDING}},
    }


def _receive(directory: _Models) -> _Json:
    return {
        "action": "receive",
        "channel": {"$ref": "#/channels/directory"},
        "summary": "A participant reads what its requests may name.",
        "messages": _of_channel("directory", directory),
    }


def _operations(requests: Mapping[str, type[Request]], facts: _Models, receipts: _Models) -> _Json:
    operations: _Json = {}
    for role in get_args(Role):
        granted = [name for name, model in requests.items() if role in model.roles]
        if granted and role != "hub":
            operations[f"sendAs{role.title()}"] = {
                "action": "send",
                "channel": {"$ref": "#/channels/in"},
                "summary": f"A participant with the role {role} sends its requests.",
                "messages": _of_channel("in", granted),
                "reply": {
                    "channel": {"$ref": "#/channels/out"},
                    "messages": _of_channel("out", receipts),
                },
            }
    operations["receive"] = {
        "action": "receive",
        "channel": {"$ref": "#/channels/out"},
        "summary": "A participant reads its receipts and the facts that concern it.",
        "messages": _of_channel("out", [*receipts, *facts]),
    }
    operations["receiveFacts"] = {
        "action": "receive",
        "channel": {"$ref": "#/channels/facts"},
        "summary": "Analytics and auditors read every fact.",
        "messages": _of_channel("facts", facts),
    }
    return operations


def _references(names: Iterable[str]) -> _Json:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _of_channel(channel: str, names: Iterable[str]) -> list[_Json]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]


def _topic(retention_days: int | None) -> _Json:
    retention_ms = -1 if retention_days is None else retention_days * _DAY_MS
    configuration = {"cleanup.policy": ["delete"], "retention.ms": retention_ms}
    return {"kafka": {"topicConfiguration": configuration, "bindingVersion": _BINDING}}
