"""What an act leaves to do, with a limit: applicants are told (15.2.a, 17.9), papers go back (17.4, 17.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hub.dossier.rules.rule import rule
from hub.dossier.rules.transfer import papers_held_by
from hub.dossier.state.model import Dossier
from hub.regulation.deadlines import papers_back_limit, told_limit
from hub.regulation.law import Law

ANSWER_TOLD: Final = "notice:answer"
NEW_TIME_TOLD: Final = "notice:new_time"
PAPERS_BACK: Final = "papers_back"
DUTIES: Final = (ANSWER_TOLD, NEW_TIME_TOLD, PAPERS_BACK)
"""Names of their timers."""
TELLS: Final = {
    "intake": ANSWER_TOLD,
    "supplement": ANSWER_TOLD,
    "decline": ANSWER_TOLD,
    "reschedule": NEW_TIME_TOLD,
}
"""Which duty a notice of this purpose meets."""


@rule(
    "15.2.a", "Who lodged online is told within the 8 working hours what lacks, or that nothing is taken in"
)
def answer_told_by(dossier: Dossier, answered_at: datetime, law: Law) -> datetime | None:
    """Until when; a late answer has the time of the profile. None where it was not lodged online."""
    limit = told_limit(law.calendar, law.profile, answered_at)
    if limit is None or dossier.intake_limit is None:
        return None
    return dossier.intake_limit if answered_at < dossier.intake_limit else limit


@rule("17.9", "The new time of Form 04 is told to the applicant")
def new_time_told_by(apologised_at: datetime, law: Law) -> datetime | None:
    """Until when, by the profile; «đồng thời» with the change of the time names no minute."""
    return told_limit(law.calendar, law.profile, apologised_at)


@rule("17.4", "With the agency's Form 02 the papers go back, through the one-stop")
def papers_back_with_form_02(dossier: Dossier, asked_at: datetime, law: Law) -> datetime | None:
    """Until when the agency hands on what it holds of the applicant; None where it holds none."""
    return _papers_back(dossier, asked_at, law)


@rule("17.8", "With the agency's refusal the papers go back, through the one-stop")
def papers_back_with_refusal(dossier: Dossier, refused_at: datetime, law: Law) -> datetime | None:
    """Until when the agency hands on what it holds of the applicant; None where it holds none."""
    return _papers_back(dossier, refused_at, law)


def _papers_back(dossier: Dossier, since: datetime, law: Law) -> datetime | None:
    if dossier.agency == dossier.organisation or not papers_held_by(dossier, dossier.agency):
        return None
    return papers_back_limit(law.calendar, law.profile, since)
