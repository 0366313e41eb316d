"""What is still open of a procedure, and that saying it closes the point."""

from __future__ import annotations

from datetime import date
from typing import get_args

from hub.regulation.catalogue import Procedure
from hub.regulation.lawbook import load_book
from hub.regulation.open_points import REMEDIES, What, open_points
from tests.support.dossiers import PROCEDURE, PROCEDURE_WITH_CASES, papers
from tests.support.lawbooks import completed_law

DAY = date(2026, 10, 5)


def procedure(code: str, text: str = "[procedures]") -> Procedure:
    return completed_law(text).catalogue.procedures[code]


def whats(one: Procedure) -> set[str]:
    return {point.what for point in open_points(one, DAY)}


def test_what_nobody_has_said_is_open_and_what_was_said_is_not() -> None:
    count = len(procedure(PROCEDURE).components)
    points = {point.what: point.where for point in open_points(procedure(PROCEDURE), DAY)}
    assert points["need_of_papers"] == points["digitising"] == f"{count} of {count}"
    assert "process" in points
    assert not {"time", "first_day", "results"} & set(points)
    said = (
        f'[procedures."{PROCEDURE}".components."{papers()[0].code}"]\nneed = "required"\ndigitise = true\n'
        f'[[procedures."{PROCEDURE}".steps]]\nname = "Thẩm định"\ntime = "1 WORKING_DAY"\n'
    )
    points = {point.what: point.where for point in open_points(procedure(PROCEDURE, said), DAY)}
    assert points["need_of_papers"] == points["digitising"] == f"{count - 1} of {count}"
    assert "process" not in points
    assert {"approval", "announced"} <= set(points)
    decided = (
        f'[procedures."{PROCEDURE}"]\nprocess_approved = "QĐ 12/QĐ-UBND ngày 05/01/2026"\n'
        f'announced = "QĐ 11/QĐ-UBND ngày 05/01/2026 của Chủ tịch UBND tỉnh"\n{said}'
    )
    assert not {"approval", "announced"} & whats(procedure(PROCEDURE, decided))


def test_several_times_and_fees_without_an_amount_are_told_by_channel() -> None:
    assert "several_times" in whats(procedure(PROCEDURE_WITH_CASES))
    catalogue = load_book().in_force(date.max).catalogue
    fees = [point for one in catalogue.procedures.values() for point in open_points(one, DAY)]
    assert any(point.what == "fee" and ": " in point.where for point in fees)


def test_each_kind_has_its_remedy() -> None:
    assert set(REMEDIES) == set(get_args(What))
