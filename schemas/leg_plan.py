"""What a one-stop fixes of each part of an interlinked dossier (Art. 17.6)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Wire
from schemas.types import OrganisationCode, Text, in_words

LegName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[\x21-\x7e]+$")]
"""The one-stop's own word for one part of a dossier: printable ASCII without spaces."""


class LegPlan(Wire):
    """One part: whose it is, what is to be done, in how many working days, and whose results it needs.

    `needs` are earlier parts of the list; their results go to it, and its time runs from then on.
    """

    leg: LegName
    of: OrganisationCode
    task: Annotated[Text, in_words("rule.17.6.b.task")]
    working_days: int = Field(ge=1, le=250)
    needs: tuple[LegName, ...] = Field(default=(), max_length=20)
