"""The ten dossier status codes of the systems around the national portal; texts stand in the profile."""

from __future__ import annotations

from enum import IntEnum

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass


class DossierStatus(IntEnum):
    """Trạng thái hồ sơ on the wire; local extensions are mapped by the adapters."""

    NEWLY_REGISTERED = 1
    ACCEPTED = 2
    NOT_ACCEPTED = 3
    IN_PROCESS = 4
    SUPPLEMENT_REQUESTED = 5
    FINANCIAL_DUTY_REQUESTED = 6
    WITHDRAWAL_REQUESTED = 7
    STOPPED = 8
    FINISHED = 9
    RETURNED = 10


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class StatusText:
    """What officers and citizens read for a status."""

    number: DossierStatus
    vi: str
    en: str
