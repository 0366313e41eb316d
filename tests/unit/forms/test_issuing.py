"""Which papers a fact issues, and that they are made of what stood in the dossier then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.engine.decide.routing import AUDIENCES
from hub.forms.case_file import CaseFile, short_name
from hub.forms.contents import HAND_OVERS, ISSUED_BY
from hub.forms.issuing import Issued, is_issuing, issued_by, sheet_of
from hub.forms.other_papers import papers_issued_by
from hub.forms.register import register_row
from hub.forms.typesetting import typeset
from tests.support.forms import LATER, case, form_set, law, pages_of, text_of

FACTS = case().facts
TOLD = {kind.type.removeprefix("onestop.")[:-3] for kind, who in AUDIENCES.items() if "typesetter" in who}


def until(name: str) -> CaseFile:
    """The invented dossier as it was with the first fact of this type."""
    place = next(n for n, fact in enumerate(FACTS) if short_name(fact) == name)
    return replace(case(), facts=FACTS[: place + 1])


def test_who_makes_papers_is_told_of_the_facts_that_issue_one_and_of_no_others() -> None:
    of_forms = {name for names in ISSUED_BY.values() for name in names} | set(HAND_OVERS)
    of_papers = {short_name(fact) for fact in FACTS if papers_issued_by(fact)}
    assert of_forms | of_papers | {"report.due"} == TOLD, "a report that is due is made of all dossiers"


def test_the_papers_of_a_fact_are_its_forms_slips_and_letters() -> None:
    found = {}
    for fact in FACTS:
        wanted = issued_by(fact, law().profile)
        assert bool(wanted) == is_issuing(fact)
        found[short_name(fact)] = [one.form + ("*" if one.for_applicant else "") for one in wanted]
    assert {name: papers for name, papers in found.items() if papers} == {
        "dossier.accepted": ["01", "01*"],
        "dossier.supplement_requested": ["02"],
        "dossier.declined": ["03"],
        "apology.sent": ["04"],
        "paper.handed_over": ["05", "hand-over"],
        "result.issued": ["05"],
        "result.returned": ["05"],
        "leg.started": ["transfer-slip"],
        "pickup.progressed": ["post-minutes"],
        "reminder.issued": ["urging"],
        "copy.certified": ["true-copy"],
        "payment.recorded": ["payment"],
        "loss.recorded": ["loss"],
        "loss.settled": ["loss-apology"],
    }


def test_the_later_set_has_a_notice_for_who_takes_a_dossier_back() -> None:
    fact = until("dossier.withdrawn").facts[-1]
    named = {**fact, "data": {**fact["data"], "form": "05"}}
    assert is_issuing(named)
    assert [one.form for one in issued_by(named, law(LATER).profile)] == ["05"]
    assert [one.form for one in issued_by(until("paper.handed_over").facts[-1], law(LATER).profile)] == [
        "06",
        "hand-over",
    ]


def supplemented(form: str | None) -> CaseFile:
    """The invented dossier when it was full again, after the acceptance."""
    made = until("dossier.accepted")
    (paper, *_) = made.facts[-1]["data"]["components"]
    data = {
        "components": [{**paper, "originals": 7}], "supplemented_at": "2026-01-08T10:00:00+07:00",
        "due_at": "2026-01-09T17:00:00+07:00", "form": form,
    }  # fmt: skip
    again = {"type": "onestop.dossier.supplemented.v1", "time": "2026-01-08T10:00:00+07:00", "data": data}
    return replace(made, facts=(*made.facts, again))


def test_form_01_is_issued_anew_when_the_time_counts_from_the_start() -> None:
    made = supplemented("01")
    assert issued_by(made.facts[-1], law().profile) == (Issued("01"), Issued("01", for_applicant=True))
    sheet = sheet_of(Issued("01"), law().profile, form_set(), made)
    (component,) = sheet.content["components"]
    assert component["originals"] == 7
    assert sheet.content["handling"] == "01 ngày làm việc"
    assert sheet.content["officer"] == made.last("dossier.accepted")["data"]["officer"]["name"]
    for name, day in (("date", "08"), ("accepted_at", "08"), ("due_at", "09")):
        assert f"ngày {day} tháng 01 năm 2026" in sheet.content[name]
    assert sheet.content["qr_text"].endswith("2026-01-09T17:00+07:00")
    slip = sheet_of(Issued("05"), law().profile, form_set(), made)
    assert slip.content["due_at"] == sheet.content["due_at"]
    assert register_row(made, form_set(), is_erased=False).due == "09/01/2026 17:00"


def test_a_supplement_that_names_no_form_leaves_the_receipt_as_it_was() -> None:
    made, before = supplemented(None), until("dossier.accepted")
    assert not is_issuing(made.facts[-1])
    assert issued_by(made.facts[-1], law().profile) == ()
    sheets = [sheet_of(Issued("01"), law().profile, form_set(), one) for one in (made, before)]
    assert sheets[0] == sheets[1]
    assert register_row(made, form_set(), is_erased=False) == register_row(
        before, form_set(), is_erased=False
    )


def test_a_report_of_the_post_without_minutes_issues_nothing() -> None:
    fact = until("pickup.progressed").facts[-1]
    data = {name: value for name, value in fact["data"].items() if name != "minutes"}
    assert not is_issuing({**fact, "data": data})


def test_the_applicants_copy_is_the_one_that_is_handed_out_and_nothing_else() -> None:
    made = until("dossier.accepted")
    both, one = (
        typeset(sheet_of(Issued("01", for_applicant=is_one), law().profile, form_set(), made))
        for is_one in (False, True)
    )
    assert (len(pages_of(both)), len(pages_of(one))) == (2, 1)
    assert "Liên 2" in text_of(one)
    assert "Liên 1" not in text_of(one)


@pytest.mark.parametrize("size", ["A4", "A5"])
def test_a_paper_can_be_had_on_the_size_that_the_printer_has(size: str) -> None:
    wanted = Issued("02", size="A4" if size == "A4" else "A5")
    (page, *_) = pages_of(typeset(sheet_of(wanted, law().profile, form_set(), case())), dpi=72)
    assert page.size == {"A4": (596, 842), "A5": (420, 596)}[size]


def test_the_same_facts_give_the_same_bytes() -> None:
    sheets = [sheet_of(Issued("01"), law().profile, form_set(), until("dossier.accepted")) for _ in "ab"]
    assert typeset(sheets[0]) == typeset(sheets[1])


@pytest.mark.parametrize("form", ["02", "hand-over"])
def test_papers_of_two_dossiers_that_say_the_same_have_other_digests(form: str) -> None:
    first, second = (replace(case(), mark=mark * 32) for mark in "ab")
    one, other = (
        typeset(sheet_of(Issued(form), law().profile, form_set(), made)) for made in (first, second)
    )
    assert one != other
    assert one.replace(b"a" * 32, b"b" * 32) == other
    assert text_of(one) == text_of(other)
    assert len(pages_of(one)) == len(pages_of(other)) > 0
