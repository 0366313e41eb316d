"""The portal's journal beside the facts it had to learn of: what is wrong in it is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.support.ledger.portal import Told, check_portal, portal_counts

CODE = "H07.1-261005-0001"
FACTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("dossier.submitted", {}),
    ("identity.matched", {}),
    ("dossier.accepted", {"code": CODE}),
    ("payment.requested", {"payment": f"{CODE}__P1"}),
    ("payment.recorded", {"payment": f"{CODE}__P1", "status": "refused"}),
    ("payment.recorded", {"payment": f"{CODE}__P1", "status": "paid"}),
    ("dossier.forwarded", {}),
    ("dossier.supplement_requested", {}),
    ("dossier.supplemented", {}),
    ("copy.registered", {}),
    ("result.issued", {}),
    ("result.returned", {}),
)
CODES = ("2", "6", "6", "2", "4", "5", "4", "9", "10")
"""Of the facts with a line, in order."""


def told(*, lodged_as: str | None = None, unknown: int = 0) -> list[Told]:
    return [
        Told("d1", number, f"onestop.{kind}.v1", time(number), data, lodged_as, is_unknown=number == unknown)
        for number, (kind, data) in enumerate(FACTS, start=1)
    ]


def time(number: int) -> str:
    return f"202610050830{number:02}"


def dossier(status: str, action: str = "update", code: str = CODE) -> dict[str, Any]:
    return {"kind": "dossier", "action": action, "code": code, "item": {"TrangThaiHoSo": status}}


def line(number: int, status: str, code: str = CODE) -> dict[str, Any]:
    item = {"ThoiDiemXuLy": time(number), "TrangThai": status}
    return {"kind": "progress", "code": code, "item": item}


def journal() -> list[Mapping[str, Any]]:
    numbers = (3, 4, 5, 6, 7, 8, 9, 11, 12)
    lines = [line(number, status) for number, status in zip(numbers, CODES, strict=True)]
    return [dossier("2", "insert"), *lines[:7], dossier("9"), lines[7], dossier("10"), lines[8]]


def found(entries: Sequence[Mapping[str, Any]], facts: list[Told] | None = None) -> list[str]:
    return [finding.kind for finding in check_portal(facts or told(), entries)]


def test_a_portal_in_step_has_nothing_wrong() -> None:
    assert found(journal()) == []
    assert portal_counts(journal(), told()) == {
        "portal_dossiers": 1,
        "portal_lines": 9,
        "portal_lines_of_unknown_result": 0,
    }


@pytest.mark.parametrize(
    ("entries", "kinds"),
    [
        (journal()[1:], ["lost"]),
        (journal()[:-1], ["lost"]),
        ([*journal(), line(12, "10")], ["duplicated"]),
        ([*journal(), line(13, "10")], ["phantom"]),
        ([*journal(), dossier("1", "insert", "G22.99-1")], ["phantom"]),
        ([*journal(), dossier("9")], ["altered"]),
        ([dossier("10", "insert"), *journal()], ["duplicated"]),
        ([*journal()[:1], journal()[2], journal()[1], *journal()[3:]], ["misordered"]),
        ([journal()[0], {"kind": "forgotten", "code": CODE}, *journal()], []),
    ],
)
def test_what_is_wrong_at_the_portal_is_named(entries: list[Mapping[str, Any]], kinds: list[str]) -> None:
    assert found(entries) == kinds


def test_a_line_of_unknown_result_may_be_there_or_not() -> None:
    without = [entry for entry in journal() if entry != line(7, "4")]
    assert found(without) == ["lost"]
    assert found(without, told(unknown=7)) == []
    assert found(journal(), told(unknown=7)) == []


def test_a_dossier_that_was_lodged_there_keeps_the_portals_code_and_is_there_from_the_start() -> None:
    entries = [dossier("1", "insert", "G22.99-1"), line(1, "1", "G22.99-1")]
    assert found(entries, told(lodged_as="G22.99-1")[:2]) == []
    assert found(entries, told()[:2]) == ["phantom"]
