"""Builders for reuse: what a lookup brought, a paper of an earlier dossier, an account; all synthetic."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hub.dossier.source import SourceDossier
from hub.dossier.verification import CopyOutcome, SignedBy, VerifiedCopy, VerifiedFile
from schemas.account import AccountHolder, RecordAccount
from schemas.component import (
    ComponentReusable,
    Difference,
    PaperSource,
    RecordMismatch,
    ReuseComponent,
    ReusedData,
)
from schemas.person_data import PersonDatum, ReportPersonData
from tests.support.dossiers import AGENCY_CODE, MONDAY, OFFICER, OWNER, PROCEDURE, RESULT_CODE, Story, at

OTHER_ID = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0009"
OTHER_CODE = "H07.34.12-260803-0002"
PAPER = "c" * 64
"""The package of a paper that the applicant's earlier dossier left behind."""


def looked_up(check: str, usable_until: datetime, **changes: Any) -> ReportPersonData:
    """A lookup that found the applicant, with one field."""
    values: dict[str, Any] = {
        "check": check,
        "asked_at": MONDAY,
        "query": check,
        "purpose": PROCEDURE,
        "usable_until": usable_until,
        "data": (PersonDatum(field="sex", value="2"),),
    }
    return ReportPersonData(**{**values, **changes})


def reuse(component: str, *, check: str | None = None, **changes: Any) -> ReuseComponent:
    """A component out of a lookup, or out of an earlier dossier of the same applicant."""
    if check is not None:
        data = ReusedData(check=check, fields=("sex",))
        return ReuseComponent(component=component, data=data, officer=OFFICER)
    paper = PaperSource(**{"dossier": OTHER_CODE, "package": PAPER, **changes})
    return ReuseComponent(component=component, paper=paper, officer=OFFICER)


def kept_paper(**changes: Any) -> VerifiedCopy:
    """The paper of the earlier dossier as its package shows it: valid to the very day of most stories."""
    signed_at = at("2026-08-06 10:00")
    values: dict[str, Any] = {
        "purpose": "result",
        "dossier": OTHER_ID,
        "component": RESULT_CODE,
        "manifest": "d" * 64,
        "files": (VerifiedFile("f" * 64, 2000, "application/pdf", 1),),
        "officer": SignedBy(AGENCY_CODE, "canbo.mau", signed_at, signed_at, signed_at),
        "agency": SignedBy(AGENCY_CODE, None, signed_at, signed_at, signed_at),
        "valid_until": date(2026, 10, 5),
        "scope": f"Thủ tục {PROCEDURE}",
    }
    return VerifiedCopy(**{**values, **changes})


def other_dossier(**changes: Any) -> SourceDossier:
    """The applicant's earlier dossier, which ended with its result."""
    announced = ComponentReusable(
        kind="result",
        component=RESULT_CODE,
        package=PAPER,
        manifest="d" * 64,
        agency=AGENCY_CODE,
        reusable_from=at("2026-08-06 10:00"),
    )
    values: dict[str, Any] = {
        "id": OTHER_ID,
        "status": "returned",
        "applicant": OWNER,
        "papers": (announced,),
    }
    return SourceDossier(**{**values, **changes})


def mismatch(component: str) -> RecordMismatch:
    """The ward on a paper is another one than in the database."""
    difference = Difference(field="residence_ward", on_paper="28757", in_database="28756")
    return RecordMismatch(
        component=component, database="population", differences=(difference,), officer=OFFICER
    )


def account(**changes: Any) -> RecordAccount:
    """The officer made the applicant an account on the national portal."""
    values: dict[str, Any] = {
        "system": "national_portal",
        "account": "nguyenthimau.mau",
        "holder": AccountHolder(identity_number=OWNER.identity_number),
        "made_by": "officer",
        "officer": OFFICER,
    }
    return RecordAccount(**{**values, **changes})


def beside(story: Story, other: SourceDossier | None = None, paper: CopyOutcome | None = None) -> Story:
    """The story, with the earlier dossier and its paper in what the rules may look at."""
    story.sources = {OTHER_CODE: other if other is not None else other_dossier()}
    story.copies = {PAPER: paper if paper is not None else kept_paper()}
    return story
