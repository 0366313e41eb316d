"""Test support: requests as a participant writes them, JSON-shaped; all persons are synthetic."""

from __future__ import annotations

from datetime import date
from typing import Any

from hub.regulation.lawbook import load_book

ONE_STOP, AGENCY = "000.12.34.H07", "000.12.35.H07"
PROCEDURE = "1.004873"
COMPONENTS = [{"code": "000.00.00.G15-KQ003448", "originals": 1}]
OFFICER = {"account": "can-bo-thu", "name": "Cán Bộ Thử"}
APPLICANT = {
    "kind": "citizen",
    "name": "Nguyễn Văn Thử",
    "identity_number": "083090000001",
    "birth_date": "1990-01-02",
}

SUBMIT = "onestop.dossier.submit.v1"
ACCEPT = "onestop.dossier.accept.v1"
FORWARD = "onestop.dossier.forward.v1"
WITHDRAW = "onestop.dossier.withdraw.v1"
VERIFY = "onestop.identity.verify.v1"
CHECK = "onestop.identity.check.v1"
REPORT_IDENTITY = "onestop.identity.report.v1"


def submission(**changes: Any) -> dict[str, Any]:
    """A dossier for a confirmation of marital status, lodged in person."""
    return {
        "procedure": PROCEDURE,
        "organisation": ONE_STOP,
        "agency": AGENCY,
        "channel": "in_person",
        "return_channel": "in_person",
        "applicant": APPLICANT,
        "components": COMPONENTS,
    } | changes


def not_needed(components: list[dict[str, Any]], procedure: str = PROCEDURE) -> list[str]:
    """The other published papers, as an officer confirms that the dossier does without them."""
    published = load_book().in_force(date.max).catalogue.procedures[procedure].components
    there = {item["code"] for item in components}
    return list(dict.fromkeys(item.code for item in published if item.code not in there))


def acceptance(**changes: Any) -> dict[str, Any]:
    """The officer takes it as complete."""
    components = changes.get("components", COMPONENTS)
    return {"officer": OFFICER, "components": components, "not_needed": not_needed(components)} | changes


def verification(applicant: dict[str, Any] = APPLICANT) -> dict[str, Any]:
    """Ask the population database about the applicant."""
    person = {name: applicant[name] for name in ("identity_number", "name", "birth_date")}
    return {"person": person, "officer_account": "can-bo-thu"}


def hand_check(applicant: dict[str, Any] = APPLICANT) -> dict[str, Any]:
    """An officer saw the paper of somebody whom the population database does not know."""
    number = applicant.get("tax_code") or applicant.get("travel_document") or applicant["identity_number"]
    return {"paper": "other", "number": number, "officer": OFFICER}


def identity_report(check: str, outcome: str = "matched") -> dict[str, Any]:
    """The answer of the population database's adapter."""
    return {"check": check, "outcome": outcome, "asked_at": "2026-11-23T02:00:00Z"}
