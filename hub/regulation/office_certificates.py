"""Certificates with which organisations sign as themselves, by day (Điều 4.1, 17.1, 17.10; pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, StringConstraints

from hub.regulation.errors import Mistake
from hub.regulation.registers import STRICT_ROW, overlapping, periods_are_right
from schemas.types import Day, Line, OrganisationCode

Fingerprint = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$"),
    AfterValidator(lambda text: text.replace(":", "").lower()),
]
"""SHA-256 of a certificate (DER), also with colons and upper-case letters, as other tools print it."""


class OfficeCertificate(BaseModel):
    """One certificate of an organisation (chứng thư chữ ký số), for the days on which it signs with it."""

    model_config = STRICT_ROW

    organisation: OrganisationCode
    certificate_sha256: Fingerprint
    name: Line | None = None
    """As the certificate names it, or what it is for."""
    in_force_from: Day
    in_force_until: Day | None = None
    """The first day on which it signs with it no more: it ran out, was revoked or replaced."""

    def is_there(self, day: date) -> bool:
        """Whether this record holds on the day."""
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)


def mistakes(certificates: Sequence[tuple[int, OfficeCertificate]]) -> Iterator[Mistake]:
    """What is wrong among the records of a file, by line; a certificate is of one organisation."""
    for line, one in certificates:
        yield from periods_are_right(line, one.in_force_from, one.in_force_until)
    yield from overlapping(
        (line, f"certificate {one.certificate_sha256[:16]}", one.in_force_from, one.in_force_until)
        for line, one in certificates
    )
