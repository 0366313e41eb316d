"""Every refusal of the gateway as problem+json (RFC 9457), in Vietnamese and English (pure)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import orjson

from hub.dossier.texts import all_texts, refusal_texts
from hub.errors import HubError
from schemas.receipt import Fault

MEDIA_TYPE = "application/problem+json"
_STATUSES = {
    "document.media_type_differs": 415,
    "document.media_type_not_allowed": 415,
    "document.missing": 404,
    "document.too_large": 413,
    "envelope.content_type": 415,
    "envelope.too_large": 413,
    "matter.no_dossier": 404,
    "security.id_reused": 409,
}
"""Of refusals that are not the gateway's alone (`hub/dossier/texts.toml`); the others are 400."""


@dataclass(frozen=True, slots=True)
class Text:
    """A refusal in words."""

    status: int
    vi: str
    en: str
    advice_vi: str
    advice_en: str


class ProblemError(HubError):
    """The request is refused; `code` is the stable name of the reason, `fields` are paths, never values."""

    code = "http"

    def __init__(
        self,
        code: str,
        fields: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        super().__init__(code)
        named = fields or tuple(fault.path for fault in faults)
        self.problem = Problem(code, named, dict(headers or {}), faults)


class ReportLostError(Exception):
    """The process of a report died, wrote too much, or was ended because it took too long."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal: its code, the fields at fault as paths, what is wrong there, headers of the answer."""

    code: str
    fields: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def status(self) -> int:
        """HTTP status."""
        return text_of(self.code).status

    def body(self) -> dict[str, object]:
        """The members of RFC 9457, `title` and `detail` in English, with their Vietnamese twins first."""
        text = text_of(self.code)
        found: dict[str, object] = {
            "type": f"urn:onestop:problem:{self.code}",
            "status": text.status,
            "code": self.code,
            "title_vi": text.vi,
            "title": text.en,
            "detail_vi": text.advice_vi,
            "detail": text.advice_en,
        }
        if self.fields:
            found["fields"] = list(self.fields)
        if self.faults:
            found["faults"] = [fault.model_dump(exclude_defaults=True) for fault in self.faults]
        return found

    def http_headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {"content-type": MEDIA_TYPE, **self.headers}

    def encoded(self) -> bytes:
        """The body as bytes."""
        return orjson.dumps(self.body())


@cache
def _own_texts() -> dict[str, Text]:
    data = tomllib.loads((files("hub.gateway") / "problems.toml").read_text(encoding="utf-8"))
    return {code: Text(**entry) for code, entry in data.items()}


def problems() -> dict[str, Text]:
    """Status and words of every code with which the gateway itself refuses."""
    shared = (code for code in all_texts() if code in _STATUSES or code.startswith("envelope."))
    return {code: text_of(code) for code in (*_own_texts(), *shared)}


@cache
def text_of(code: str) -> Text:
    """Status and words of a code; raises KeyError for one that is not published."""
    own = _own_texts().get(code)
    if own is not None:
        return own
    shared = refusal_texts(code)
    return Text(_STATUSES.get(code, 400), shared.vi, shared.en, shared.advice_vi, shared.advice_en)
