"""The regulation profile: every number, limit, form and choice of the law as validated data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from hub.regulation.sections import (
    STRICT,
    Channel,
    DossierCodeFormat,
    Due,
    Feedback,
    FeeSettlement,
    Form,
    FormKind,
    Forward,
    Handling,
    Hours,
    Intake,
    Interlinked,
    Minutes,
    Notices,
    Officers,
    PeriodicReport,
    Postal,
    Reschedule,
    Returning,
    Supplement,
    TicketQueue,
    Urging,
)
from hub.regulation.status import DossierStatus, StatusText
from hub.regulation.toml_files import read_toml
from schemas.due import TimerKind

_Name = Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]


@dataclass(frozen=True, slots=True, config=STRICT)
class Profile:
    """One regulation as data; a dossier keeps its `ref` from acceptance for life (design, promise 6)."""

    id: _Name
    version: Annotated[int, Field(ge=1)]
    decision: str
    in_force_from: date
    calendar: _Name
    hours: Hours
    intake: Intake
    forward: Forward
    supplement: Supplement
    due: Due
    reschedule: Reschedule
    returning: Returning
    notices: Notices
    dossier_code: DossierCodeFormat
    postal: Postal
    channel_codes: Mapping[Channel, int]
    forms: tuple[Form, ...]
    statuses: tuple[StatusText, ...]
    officers: Officers = Officers()
    handling: Handling = Handling()
    interlinked: Interlinked = Interlinked()
    urging: Urging = Urging()
    feedback: Feedback = Feedback()
    settlement: FeeSettlement = FeeSettlement()
    queue: TicketQueue = TicketQueue()
    near_due: Mapping[TimerKind, Minutes] = field(default_factory=dict)
    """Opening minutes before each limit at which it is told that it is near (6.3.b); left out: not told."""
    reports: tuple[PeriodicReport, ...] = ()
    """Made of each period and sent by themselves."""

    @property
    def ref(self) -> str:
        """Name and version, as kept with each dossier: `bentre-45-2023@1`."""
        return f"{self.id}@{self.version}"

    def form(self, kind: FormKind) -> Form:
        """The form that serves this purpose; raises KeyError when the profile has none."""
        for form in self.forms:
            if form.kind == kind:
                return form
        raise KeyError(kind)

    def status(self, status: DossierStatus) -> StatusText:
        """What officers and citizens read for this status."""
        return self.statuses[status - 1]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        kinds = {form.kind for form in self.forms}
        if len(kinds) != len(self.forms) or len({form.number for form in self.forms}) != len(kinds):
            raise ValueError("a form is named twice")
        if len({report.name for report in self.reports}) != len(self.reports):
            raise ValueError("a report is named twice")
        if not self.near_due.keys().isdisjoint({"apology", "near"}):
            raise ValueError("near_due: the clock of the apology is a warning itself")
        if [text.number for text in self.statuses] != list(DossierStatus):
            raise ValueError("statuses must name each of the ten codes once, in order")
        return self


def read_profile(text: str) -> Profile:
    """Validate the TOML text of a profile; raises ProfileError that names each wrong field."""
    return read_toml(text, "profile", Profile)
