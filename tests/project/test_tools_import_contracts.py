"""The import contract `only`: keeps what it allows and names every other import."""

from __future__ import annotations

from typing import Any

import pytest
from grimp import ImportGraph

from tools.import_contracts import OnlyContract, matches

IMPORTS = [
    ("adapters.postal.sandbox", "adapters.postal.sandbox_book"),
    ("adapters.postal.adapter", "schemas.pickup"),
    ("adapters.postal.adapter", "hub.delivery.adapter"),
    ("hub.dossier.decide", "schemas.dossier"),
    ("hub.dossier.decide", "dataclasses"),
    ("hub.regulation.clock", "hub.errors"),
]


def broken(options: dict[str, Any], *more: tuple[str, str]) -> list[tuple[str, str]]:
    graph = ImportGraph()
    for importer, imported in (*IMPORTS, *more):
        for name in (importer, imported):
            graph.add_module(name)
        graph.add_import(importer=importer, imported=imported, line_number=7, line_contents="")
    session = {"root_packages": ["hub", "adapters", "schemas"]}
    check = OnlyContract("name", session, {"name": "name", "type": "only", **options}).check(
        graph, verbose=False
    )
    found = [(importer, imported) for importer, imported, _ in check.metadata["broken"]]
    assert check.kept == (not found and not check.warnings)
    return found


def test_imports_among_themselves_and_of_what_is_listed_are_kept() -> None:
    assert broken({"modules": ["adapters"], "may_import": ["schemas", "hub.delivery"]}) == []


def test_an_import_that_is_not_listed_is_named() -> None:
    wrong = ("adapters.postal.adapter", "hub.engine.loop")
    assert broken({"modules": ["adapters"], "may_import": ["schemas", "hub.delivery"]}, wrong) == [wrong]


def test_a_pattern_covers_the_sandboxes_and_not_their_adapter() -> None:
    wrong = ("adapters.postal.sandbox", "adapters.postal.adapter")
    assert broken({"modules": ["adapters.*.sandbox*"]}, wrong) == [wrong]


def test_what_may_not_be_imported_is_named_even_among_themselves() -> None:
    wrong = ("adapters.postal.client", "adapters.sandbox_kit.journal")
    options = {"modules": ["adapters"], "may_import": ["schemas", "hub.delivery"]}
    assert broken({**options, "may_not_import": ["adapters.sandbox_kit"]}, wrong) == [wrong]
    assert broken(options, wrong) == []


@pytest.mark.parametrize(("package", "is_kept"), [("dataclasses", True), ("httpx", False), ("orjson", True)])
def test_pure_modules_import_the_standard_library_and_what_is_listed(package: str, is_kept: bool) -> None:
    options = {"modules": ["hub.dossier"], "may_import": ["schemas", "orjson"], "is_pure": "true"}
    one = ("hub.dossier.state.evolve", package)
    assert broken(options, one) == ([] if is_kept else [one])


def test_exceptions_are_left_out() -> None:
    wrong = ("hub.dossier.job", "hub.engine.loop")
    options = {"modules": ["hub.dossier"], "may_import": ["schemas"], "except_modules": ["hub.dossier.job"]}
    assert broken(options, wrong) == []


def test_a_contract_about_modules_that_are_not_there_is_broken() -> None:
    graph = ImportGraph()
    session = {"root_packages": ["hub"]}
    options = {"name": "n", "type": "only", "modules": ["hub.gone"]}
    assert not OnlyContract("n", session, options).check(graph, verbose=False).kept


def test_a_name_that_only_begins_alike_does_not_match() -> None:
    assert matches("hub.dossier.decide", ["hub.dossier"])
    assert not matches("hub.engine.dossier_job", ["hub.dossier"])
