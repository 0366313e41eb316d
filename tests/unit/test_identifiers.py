"""Ids and shards: derived, and never taken for what the database would refuse."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.identifiers import derived_id, is_uuid, shard_of_key

GOOD = "019aa000-0000-8000-8000-0000000000ff"


def test_a_derived_id_is_a_uuid_of_version_8_ordered_by_its_time() -> None:
    first, second = derived_id(1_000, "fact", "a"), derived_id(1_001, "fact", "a")
    assert first < second
    assert UUID(first).version == 8
    assert UUID(first).variant == "specified in RFC 4122"
    assert derived_id(1_000, "fact", "a") == first != derived_id(1_000, "fact", "b")


@pytest.mark.parametrize(
    "text",
    [
        "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
        GOOD.upper(),
        GOOD.replace("-", ""),
        GOOD + "\n",
        "{" + GOOD + "}",
        "ref:" + GOOD,
        "",
    ],
)
def test_what_postgresql_would_not_store_as_it_stands_is_no_dossier_id(text: str) -> None:
    assert is_uuid(GOOD)
    assert not is_uuid(text)


@given(st.text(max_size=40), st.integers(1, 64))
def test_every_key_has_a_shard(key: str, shards: int) -> None:
    assert 0 <= shard_of_key(key, shards) < shards
