"""Whether each form and paper can be made: of an invented dossier, before one of a real one is wanted."""

from __future__ import annotations

from datetime import date

from hub.forms.form_set import installed_form_sets, set_of
from hub.forms.issuing import Issued, sheet_of
from hub.forms.other_papers import installed_papers
from hub.forms.register import register_row
from hub.forms.register_files import register_pdf
from hub.forms.sample import SAMPLE_ONE_STOP, sample_case
from hub.forms.typesetting import typeset
from hub.regulation.law import Law


def check_forms(law: Law) -> tuple[int, int]:
    """Make all of them; how many forms and other papers there are.

    Raises `FormError` with file and line of a template that asks for what is not there.
    """
    made = [form.number for form in law.profile.forms if form.kind != "register"]
    papers = tuple(installed_papers().by_name)
    for number in (*made, *papers):
        sample_pdf(law, Issued(number))
    form_set, case = set_of(installed_form_sets(), law.profile), sample_case(law.catalogue)
    row = register_row(case, form_set, is_erased=False)
    day = date(2026, 1, 5)
    register_pdf(law.profile.form("register"), form_set, case.organisation(SAMPLE_ONE_STOP), [row], day, day)
    return len(made) + 1, len(papers)


def sample_pdf(law: Law, wanted: Issued) -> bytes:
    """One of the invented dossier."""
    form_set = set_of(installed_form_sets(), law.profile)
    return typeset(sheet_of(wanted, law.profile, form_set, sample_case(law.catalogue)))
