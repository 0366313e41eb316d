"""Which documents a fact names: every digest of every published fact is listed, as a document or as none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.documents.fields import NAMED, NO_DOCUMENT, is_package, json_paths
from hub.signing.listed import files_in
from schemas.registry import FACTS
from tests.support import signing

_PATTERN = "^[0-9a-f]{64}$"


def digests_in(schema: dict[str, Any], definitions: dict[str, Any], place: str = "") -> Iterator[str]:
    """Places of SHA-256 values in a JSON Schema, written as in the table."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("pattern") == _PATTERN:
        yield place.removeprefix(".")
    for choice in schema.get("anyOf", []):
        yield from digests_in(choice, definitions, place)
    for name, inner in schema.get("properties", {}).items():
        yield from digests_in(inner, definitions, f"{place}.{name}")
    if "items" in schema:
        yield from digests_in(schema["items"], definitions, f"{place}[*]")


def test_every_digest_of_a_fact_is_listed() -> None:
    found = {}
    for kind, model in FACTS.items():
        schema = model.model_json_schema()
        places = set(digests_in(schema, schema.get("$defs", {})))
        if places:
            found[kind] = places
    listed = {kind: {*NAMED.get(kind, ()), *NO_DOCUMENT.get(kind, ())} for kind in found}
    assert found == listed
    assert not any(set(NAMED[kind]) & set(NO_DOCUMENT.get(kind, ())) for kind in NAMED)


def test_a_path_leads_to_each_field() -> None:
    assert json_paths()["onestop.copy.registered.v1"] == ["$.package", "$.files[*].digest"]
    assert [is_package(path) for path in ("$.papers[*].package", "$.files[*].digest")] == [True, False]


def test_the_files_of_a_package_are_those_of_its_manifest() -> None:
    assert files_in(signing.package()) == {file.sha256 for file in signing.FILES}
    assert files_in(signing.certified()) == {file.sha256 for file in signing.FILES}
    for other in (b"", signing.SCAN, b"<a/>", signing.package()[:-5], b"<!DOCTYPE a><a/>"):
        assert files_in(other) == frozenset()
