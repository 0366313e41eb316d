"""What every published model is: frozen, strict, closed; a request or a fact by its type on the wire."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

Role = Literal[
    "counter",
    "agency",
    "portal",
    "postal",
    "population",
    "payments",
    "notifier",
    "typesetter",
    "public",
    "hub",
]
SERVING_ROLES: frozenset[Role] = frozenset({"portal", "postal", "population", "notifier", "typesetter"})
"""Roles whose orders go to one participant of each organisation, or to the one that is bound to none."""
Subject = Literal["dossier", "new", "none", "matter"]
"""`dossier`: an existing one; `new`: the request opens it; `none`: a thing of its own, opened if unknown;
`matter`: about no dossier, under the name that the request gives it."""


class Wire(BaseModel):
    """A value on the wire; readers of facts validate with `extra="ignore"`, so that a field can be added."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", ser_json_bytes="base64")


class Request(Wire):
    """What a participant asks to record; `type` is the CloudEvents type, `roles` may send it."""

    type: ClassVar[str]
    roles: ClassVar[frozenset[Role]]
    subject: ClassVar[Subject] = "dossier"

    def matter(self, _day: date) -> str:
        """The matter that it is about, by the hub's own reference, where `subject` is `matter`."""
        raise NotImplementedError


class Fact(Wire):
    """What the hub accepted; never changed, only followed by a correcting one."""

    type: ClassVar[str]
