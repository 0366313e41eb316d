"""The installed catalogues as an edition: read again as it was written, compared by version and code."""

from __future__ import annotations

import pytest

from hub.regulation import published
from hub.regulation.errors import RegisterError
from hub.regulation.lawbook import load_book
from hub.regulation.published import Publication


def test_every_procedure_of_every_installed_version_stands_in_it_once() -> None:
    book = load_book()
    made = published.of_book(book)
    keys = [(one.procedure, one.catalogue) for one in made.procedures]
    assert len(set(keys)) == len(keys) == sum(len(one.catalogue.procedures) for one in book.catalogues)
    assert {one.in_force_from for one in made.procedures} == {one.in_force_from for one in book.catalogues}
    again = published.from_json(made.as_json())
    assert again.procedures == made.procedures
    assert made.changes_to(again) == []


def test_another_record_of_a_procedure_is_a_change_and_a_new_version_is_added() -> None:
    made = published.of_book(load_book())
    first, *others = made.procedures
    edited = first.model_copy(update={"sha256": "0" * 64})
    newer = first.model_copy(update={"catalogue": "0" * 16})
    found = made.changes_to(Publication([edited, newer, *others[1:]]))
    assert sorted((one.kind, one.fields) for one in found) == [
        ("added", ()), ("changed", ("sha256",)), ("removed", ()),
    ]  # fmt: skip


def test_what_is_no_edition_is_refused() -> None:
    with pytest.raises(RegisterError, match="there is none"):
        published.from_json("{}")
