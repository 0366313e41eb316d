"""The shape of a case file, as a part of the OpenAPI document (data)."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_TIME: Schema = {"type": "string", "format": "date-time"}


def _named(**more: Schema) -> Schema:
    return {"type": "object", "properties": {"text": _TEXT, **more}}


def _several(**more: Schema) -> Schema:
    return {"type": "array", "items": _named(**more)}


_TEXTS: Schema = {"type": "array", "items": _TEXT}
EXPLANATION: Schema = {
    "type": "object",
    "description": "`text` is for people, in the language asked for; all else is for programs.",
    "required": ["dossier", "language", "status", "timeline", "limits", "custody", "possible", "rules"],
    "properties": {
        "dossier": {"type": "string", "format": "uuid"},
        "code": {"type": ["string", "null"]},
        "language": {"enum": ["vi", "en"]},
        "as_of": _TIME,
        "status": _named(name=_TEXT),
        "procedure": _named(code=_TEXT),
        "organisation": _named(code=_TEXT),
        "agency": _named(code=_TEXT),
        "turn": _named(side=_TEXT),
        "due_at": {"type": ["string", "null"], "format": "date-time"},
        "late": {"type": "boolean"},
        "law": _TEXTS,
        "timeline": _several(
            at=_TIME,
            name=_TEXT,
            sequence={"type": ["integer", "null"]},
            details=_several(name=_TEXT, label=_TEXT),
            rules=_TEXTS,
        ),
        "next_after": {
            "type": ["integer", "null"],
            "description": "Ask again with it as `after` for more facts; null when there are none.",
        },
        "limits": _several(
            kind=_TEXT,
            due_at=_TIME,
            of=_TEXT,
            rule=_TEXT,
            explained={"type": "string", "description": "how it was counted"},
            calendar=_TEXT,
            not_counted=_several(day={"type": "string", "format": "date"}, why=_TEXT),
        ),
        "custody": _several(paper=_TEXT, holder=_TEXT, to={"type": ["string", "null"]}),
        "waits_for": _several(kind=_TEXT, of=_TEXT),
        "next": {
            "type": ["object", "null"],
            "description": "The next main step, and what the rules would say against it now; null for others "
            "than the dossier's one-stop and agency.",
            "properties": {"type": _TEXT, "text": _TEXT, "missing": _several(rule=_TEXT, advice=_TEXT)},
        },
        "possible": _several(type=_TEXT, by=_several(side=_TEXT), own={"type": "boolean"}),
        "rules": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": _TEXT, "cites": _TEXT, "text": _TEXT, "titles": _TEXTS},
            },
        },
    },
}
