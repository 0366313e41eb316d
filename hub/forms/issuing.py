"""Which papers a fact issues, and what each of them is made of (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from hub.forms.case_file import CaseFile, short_name
from hub.forms.contents import HAND_OVERS, ISSUED_BY, content_of, is_issued_by, issuing_fact
from hub.forms.form_set import FormSet, form_of
from hub.forms.other_papers import installed_papers, papers_issued_by, sheet_of_paper
from hub.forms.typesetting import Sheet, made_at, qr_code, typeset
from hub.regulation.profile import Profile
from hub.regulation.sections import Form

Size = Literal["A4", "A5"]


_ISSUING = frozenset(name for names in ISSUED_BY.values() for name in names)


@dataclass(frozen=True, slots=True)
class Issued:
    """A form by its number or a paper by its name; `for_applicant` is the copy alone that is handed out.

    `size` is that of the sheet, where it is not the one of the form.
    """

    form: str
    for_applicant: bool = False
    size: Size | None = None


def is_issuing(fact: Mapping[str, Any]) -> bool:
    """Whether some paper belongs to the fact."""
    is_of_form = short_name(fact) in HAND_OVERS or is_issued_by(fact, _ISSUING)
    return is_of_form or bool(papers_issued_by(fact))


def issued_by(fact: Mapping[str, Any], profile: Profile) -> tuple[Issued, ...]:
    """The papers of a fact; the control slip is made anew with each hand-over, Form 01 in one copy too."""
    name, found = short_name(fact), []
    for form in profile.forms:
        if form.kind == "control_slip":
            found += [Issued(form.number)] if name in HAND_OVERS else []
        elif is_issued_by(fact, ISSUED_BY.get(form.kind, ())):
            found.append(Issued(form.number))
            if form.kind == "receipt":
                found.append(Issued(form.number, for_applicant=True))
    return (*found, *(Issued(paper) for paper in papers_issued_by(fact)))


def sheet_of(wanted: Issued, profile: Profile, form_set: FormSet, case: CaseFile) -> Sheet:
    """What the paper is made of, of the last fact of the case that issues it.

    Raises `NotIssuedError` where the case has none, and `FormError`.
    """
    if wanted.form in installed_papers().by_name:
        sheet = sheet_of_paper(wanted.form, form_set, case)
    else:
        sheet = sheet_of_form(form_of(profile, wanted.form), form_set, case, wanted)
    if wanted.size is not None:
        sheet = replace(sheet, content={**sheet.content, "paper": wanted.size})
    return replace(sheet, mark=case.mark)


def sheet_of_form(form: Form, form_set: FormSet, case: CaseFile, wanted: Issued | None = None) -> Sheet:
    """A form, dated by the fact that issued it."""
    issued = datetime.fromisoformat(issuing_fact(form.kind, case)["time"])
    content = content_of(form, case, form_set)
    if wanted is not None and wanted.for_applicant and "copies" in content:
        content["copies"] = [form_set.words.copies["handed_out"]]
    content["qr"] = qr_code(content["qr_text"])
    if (look_up := content.get("look_up")) is not None:
        look_up["qr"] = qr_code(look_up["link"])
    return Sheet(form_set.files, form_set.template(form), content, made_at(issued))


def printed(form: Form, form_set: FormSet, case: CaseFile) -> bytes:
    """A form as PDF/A, dated by the fact that issued it."""
    return typeset(sheet_of_form(form, form_set, case))
