"""Old versions become the newest one step by step."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.upcasting import CURRENT, UPCASTERS, UnknownTypeError, upcast


def rename_title(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "thing.v2", {"label": data["title"]}


def wrap_label(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "thing.v3", {"labels": [data["label"]]}


CHAIN = {"thing.v1": rename_title, "thing.v2": wrap_label}


@pytest.mark.parametrize(
    ("type_name", "data"),
    [
        ("thing.v1", {"title": "a"}),
        ("thing.v2", {"label": "a"}),
        ("thing.v3", {"labels": ["a"]}),
    ],
)
def test_every_version_becomes_the_newest(type_name: str, data: dict[str, Any]) -> None:
    assert upcast(type_name, data, CHAIN, {"thing.v3"}) == ("thing.v3", {"labels": ["a"]})


def test_the_given_data_stay_as_they_were() -> None:
    data = {"title": "a"}
    upcast("thing.v1", data, CHAIN, {"thing.v3"})
    assert data == {"title": "a"}


@pytest.mark.parametrize("type_name", ["thing.v4", "thing.v0", ""])
def test_an_unknown_type_is_named(type_name: str) -> None:
    with pytest.raises(UnknownTypeError) as raised:
        upcast(type_name, {}, CHAIN, {"thing.v3"})
    assert raised.value.type_name == type_name
    assert raised.value.code == "schemas.unknown_type"


def test_a_chain_that_ends_at_no_current_type_is_an_error() -> None:
    with pytest.raises(UnknownTypeError) as raised:
        upcast("thing.v1", {"title": "a"}, {"thing.v1": rename_title}, {"thing.v3"})
    assert raised.value.type_name == "thing.v2"


def test_a_chain_that_never_ends_is_an_error() -> None:
    circle = {"thing.v1": lambda data: ("thing.v2", data), "thing.v2": lambda data: ("thing.v1", data)}
    with pytest.raises(UnknownTypeError):
        upcast("thing.v1", {}, circle, {"thing.v1", "thing.v2"})


def test_every_published_type_is_current() -> None:
    assert upcast("onestop.dossier.submit.v1", {"a": 1}) == ("onestop.dossier.submit.v1", {"a": 1})
    assert "onestop.dossier.submitted.v1" in CURRENT
    assert "onestop.receipt.refused.v1" in CURRENT


def test_no_current_type_has_an_upcaster() -> None:
    assert not UPCASTERS.keys() & CURRENT
