"""The screens of a one-stop's queue (5.1.d): all read what was called, its own machines draw numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from hub.facts.look_up_key import LookUpKey
from hub.public.asking import Fields
from hub.public.look_up import LookUp
from hub.public.pages import LANGUAGE
from hub.public.queue_pages import (
    FIELD,
    GROUND,
    GROUNDS,
    MACHINE,
    NONCE,
    ONE_STOP,
    Hall,
    Viewer,
    board_page,
    no_number_page,
    number_page,
)
from hub.public.sending import PageSender, Receipt
from schemas.ticket import IssueTicket
from schemas.types import OrganisationCode

_NONCE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_CODE: Final[TypeAdapter[str]] = TypeAdapter(OrganisationCode)
_MOST_FIELD = 250


@dataclass(frozen=True, slots=True)
class QueueScreens:
    """Without a `sender` no machine draws; a machine shows the code that its one-stop has of the key."""

    look_up: LookUp
    key: LookUpKey
    sender: PageSender | None = None

    async def answer(self, method: str, fields: Fields) -> str | None:
        """The page; None for a one-stop that nobody knows. Raises what is away."""
        hall = await self._hall(fields.get(ONE_STOP, ""))
        if hall is None:
            return None
        machine = fields.get(MACHINE, "")
        may_draw = self.sender is not None and self.key.is_machine_code(hall.code, machine)
        viewer = Viewer("en" if fields.get(LANGUAGE) == "en" else "vi", machine if may_draw else "")
        if method == "POST" and may_draw:
            return await self._drawn(hall, viewer, fields)
        return board_page(hall, viewer, uuid4().hex)

    async def _hall(self, code: str) -> Hall | None:
        try:
            return await self.look_up.hall(_CODE.validate_python(code))
        except ValidationError:
            return None

    async def _drawn(self, hall: Hall, viewer: Viewer, fields: Fields) -> str:
        """Once, however often the button is pressed."""
        nonce = fields.get(NONCE, "")
        data = _data(hall, fields)
        if data is None or not _NONCE.fullmatch(nonce):
            return no_number_page(hall, viewer, "queue_incomplete")
        assert self.sender is not None
        subject = f"ref:queue-{hall.code}"
        told = await self.sender.become(IssueTicket.type, subject, data, f"ticket:{nonce}")
        if told is None:
            return no_number_page(hall, viewer, "queue_waits")
        if isinstance(told, Receipt):
            message = told.message[viewer.language == "en"]
            return no_number_page(hall, viewer, "not_taken", message=message)
        return number_page(hall, viewer, told)


def _data(hall: Hall, fields: Fields) -> Mapping[str, Any] | None:
    """The data of the request; None for what the form does not offer."""
    field, ground = fields.get(FIELD, ""), fields.get(GROUND, "")
    if (ground and ground not in GROUNDS) or len(field) > _MOST_FIELD:
        return None
    data: dict[str, Any] = {"organisation": hall.code}
    return data | ({"field": field} if field else {}) | ({"priority": ground} if ground else {})
