"""Facts and receipts that were stored under older names of rules stay readable."""

from __future__ import annotations

import pytest

from hub.dossier.renamed import current_code, current_rule, current_rules, renamed
from hub.dossier.rules.rulebook import RULES
from hub.dossier.texts import all_texts, refusal_texts

KNOWN = {rule.id for rule in RULES}


@pytest.mark.parametrize(("was", "now"), renamed().codes.items())
def test_an_old_code_has_the_texts_of_its_new_name_and_is_never_given_again(was: str, now: str) -> None:
    assert was not in all_texts()
    assert refusal_texts(was) == all_texts()[now] == refusal_texts(now)
    assert current_code(was) == now


def test_every_new_name_is_one_of_today() -> None:
    assert {one.now for one in renamed().rules} <= KNOWN
    assert not {*renamed().codes} & {*renamed().codes.values()}


@pytest.mark.parametrize(
    ("fact", "data", "stored", "now"),
    [
        ("dossier.submitted", {}, ("1.5", "3.8", "13.4", "13.7", "2.7", "14.3"),
         ("qd45-2023.2.2", "3.8", "13.4", "13", "2.8", "14.3")),
        ("dossier.accepted", {}, ("15.6.a1", "15.6.a"), ("15.6.b2", "15.6.a")),
        ("dossier.supplement_requested", {"stage": "intake"}, ("8.5.b", "14.2"), ("8.5.b", "15.1.b")),
        ("dossier.supplement_requested", {"stage": "appraisal"}, ("17.4", "14.2"), ("17.4",)),
        ("dossier.declined", {"mode": "refuse_intake"}, ("15.1.c", "17.8", "15.2.a"), ("15.1.c", "15.2.a")),
        ("dossier.declined", {"mode": "refuse_resolution"}, ("15.1.c", "17.8"), ("15.1.c", "17.8")),
        ("paper.handed_over", {}, ("12.2", "21.2"), ("12.2",)),
        ("loss.recorded", {}, ("21.2",), ("21.2",)),
        ("paper.received", {}, ("12.2", "16.4"), ("12.2",)),
        ("pickup.ordered", {}, ("20.1", "13.2"), ("13.2",)),
        ("pickup.progressed", {}, ("qd45.7", "tt17.5"), ("qd45-2016.7", "tt17-2017.5")),
        ("result.issued", {}, ("19.4", "17.10"), ("19.4", "17.10")),
    ],
)  # fmt: skip
def test_rules_of_a_stored_fact_are_told_by_their_names_of_today(
    fact: str, data: dict[str, str], stored: tuple[str, ...], now: tuple[str, ...]
) -> None:
    assert current_rules(fact, data, stored) == now


@pytest.mark.parametrize(
    ("code", "stored", "now"),
    [
        ("rule.21.2", "21.2", "12.2"),
        ("custody.same_holder", "21.2", "12.2"),
        ("custody.no_hand_over", "16.4", "12.2"),
        ("rule.21.2.loss", "21.2", "21.2"),
        ("pickup.already_open", "20.1", "13.2"),
        ("pickup.unknown_order", "qd45.6", "qd45-2016.6"),
        ("rule.17.10", "17.10", "18.1"),
        ("rule.17.10.signer", "17.10", "17.10"),
        ("rule.17.8", "17.8", "17.8"),
        ("rule.14.2", "14.2", "15.1.b"),
        ("rule.1.5", "1.5", "qd45-2023.2.2"),
    ],
)
def test_the_rule_of_a_stored_refusal_is_told_by_its_name_of_today(code: str, stored: str, now: str) -> None:
    assert current_rule(code, stored) == now
