"""Everything that can stand in a case file has a name in both languages."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, Literal, get_args

import pytest

from hub.dossier.state.model import Status
from hub.dossier.turn import WaitKind
from hub.explaining.words import CaseWords, all_words
from hub.regulation.catalogue import TimeUnit
from schemas.base import Fact
from schemas.due import TimerKind
from schemas.personal import personal_paths
from schemas.registry import FACTS, REQUESTS

NUMBERS = {"01", "02", "03", "04", "6.3.b", "7.1", "21.2", "21.3"}
"""Values that say themselves: numbers of forms and of provisions."""


def short(kind: str) -> str:
    return kind.removeprefix("onestop.").removesuffix(".v1")


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("facts", {short(kind) for kind in FACTS}),
        ("requests", {short(kind) for kind in REQUESTS}),
        ("statuses", set(get_args(Status))),
        ("timers", set(get_args(TimerKind))),
        ("waits", set(get_args(WaitKind))),
    ],
)
def test_each_fact_request_status_and_clock_has_its_name_and_no_other_is_there(
    table: str, wanted: set[str]
) -> None:
    assert set(all_words()[table]) == wanted


def test_each_word_is_there_in_both_languages() -> None:
    for table, words in all_words().items():
        for name, entry in words.items() if table != "hidden" else ():
            assert set(entry) == {"vi", "en"}, (table, name)
            assert all(text == text.strip() != "" for text in entry.values()), (table, name)


def test_the_clocks_are_counted_in_words_and_so_is_each_unit() -> None:
    counted = set(all_words()["counted"])
    assert {kind for kind in get_args(TimerKind) if kind != "due"} <= counted
    assert {unit.value for unit in TimeUnit} | {"weekend", "day_off"} == set(all_words()["units"])


def open_fields(fact: type[Fact]) -> Iterator[tuple[str, Any]]:
    personal = set(personal_paths(fact))
    yield from (
        (name, field.annotation)
        for name, field in fact.model_fields.items()
        if f"/{name}" not in personal and f"/{name}/*" not in personal
    )


def test_each_open_field_of_a_fact_has_a_label_or_is_left_out_on_purpose() -> None:
    known = set(all_words()["fields"]) | set(all_words()["hidden"]["fields"])
    fields = {name for fact in FACTS.values() for name, _ in open_fields(fact)}
    assert fields == known
    assert not set(all_words()["fields"]) & set(all_words()["hidden"]["fields"])


def choices(annotation: Any) -> Iterator[str]:
    if typing.get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
        return
    for part in get_args(annotation):
        yield from choices(part)


def test_each_value_that_a_shown_field_can_have_has_a_word() -> None:
    values, shown = all_words()["values"], all_words()["fields"]
    words = CaseWords("vi")
    for fact in FACTS.values():
        for field, annotation in open_fields(fact):
            if field not in shown or (
                field == "kind" and short(fact.type).startswith(("deadline.", "limit."))
            ):
                continue
            for value in set(choices(annotation)) - NUMBERS:
                assert value in values, (fact.type, field, value)
                assert words.value(field, value) != value or "_" not in value


def test_a_name_of_a_newer_program_stands_for_itself() -> None:
    assert CaseWords("vi").of("facts", "moon.seen") == "moon.seen"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59, "59 s"), (3_661, "1 h 1 min"), (200_000, "2 d 7 h")]
)
def test_a_span_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert CaseWords("en").span(seconds) == said
