"""Checks of rows: each says all that its row says, and of which kind it is."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hub.errors import StartupError
from hub.facts.integrity import ERASED, FILE_NAME, StoreKey
from hub.facts.sealing import MasterKey

KEY = StoreKey.of(bytes(range(32)))
ID, OTHER = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001", "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0002"
HEAD = bytes(32)


def all_different(*checks: bytes) -> bool:
    return len(set(checks)) == len(checks) and {len(check) for check in checks} == {16}


def test_whatever_is_altered_in_a_dossier_gives_another_check() -> None:
    assert all_different(
        KEY.dossier(ID, HEAD, 1, b"state", b"private", b"wrapped"),
        KEY.dossier(OTHER, HEAD, 1, b"state", b"private", b"wrapped"),
        KEY.dossier(ID, None, 1, b"state", b"private", b"wrapped"),
        KEY.dossier(ID, HEAD, 2, b"state", b"private", b"wrapped"),
        KEY.dossier(ID, HEAD, 1, None, b"private", b"wrapped"),
        KEY.dossier(ID, HEAD, 1, b"", b"private", b"wrapped"),
        KEY.dossier(ID, HEAD, 1, b"statep", b"rivate", b"wrapped"),
        KEY.dossier(ID, HEAD, 1, b"state", b"privatew", b"rapped"),
        KEY.dossier(ID, HEAD, 1, b"state", None, b"wrapped"),
        KEY.dossier(ID, HEAD, 1, b"state", b"private", None),
    )


def test_whatever_is_altered_in_an_answer_gives_another_check() -> None:
    assert all_different(
        KEY.inbox("counter-a", "e1", HEAD, b"receipt", ID),
        KEY.inbox("counter-b", "e1", HEAD, b"receipt", ID),
        KEY.inbox("counter-a", "e2", HEAD, b"receipt", ID),
        KEY.inbox("counter-a", "e1", ERASED, b"receipt", ID),
        KEY.inbox("counter-a", "e1", HEAD, None, ID),
        KEY.inbox("counter-a", "e1", HEAD, b"receipt", None),
    )


def test_an_offset_is_bound_to_the_batch_that_set_it() -> None:
    topics, batches, ends = ("in.a", "in.b"), (None, ID), (None, 9)
    rows = itertools.product(topics, (0, 1), ("id-1", "id-2"), (7, 8), batches, ends)
    assert all_different(*(KEY.offset(*row) for row in rows))


def test_rows_of_one_kind_are_none_of_another() -> None:
    assert all_different(
        KEY.fact(HEAD), KEY.alias("code:1", ID), KEY.segment(1, HEAD), KEY.segment(2, HEAD),
        KEY.blocked("out.a", 1, HEAD), KEY.blocked("out.a", 2, HEAD), KEY.blocked("out.b", 1, HEAD),
    )  # fmt: skip


def test_another_master_key_gives_other_checks_and_digests() -> None:
    other = StoreKey.of(bytes(32))
    assert KEY.fact(HEAD) != other.fact(HEAD)
    assert KEY.digest(HEAD) != other.digest(HEAD)
    assert not other.is_repeat(KEY.digest(HEAD), HEAD)


def test_a_repeat_is_known_by_its_contents_and_after_an_erasure_by_its_id_alone() -> None:
    assert KEY.is_repeat(KEY.digest(HEAD), HEAD)
    assert not KEY.is_repeat(KEY.digest(HEAD), ERASED)
    assert KEY.is_repeat(ERASED, HEAD)


def test_the_file_beside_the_master_key_holds_the_key_that_the_hub_derives(tmp_path: Path) -> None:
    master = MasterKey.create_file(tmp_path / "master.key")
    file = tmp_path / FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert StoreKey.from_file(file).fact(HEAD) == master.store.fact(HEAD)
    assert file.read_text() != (tmp_path / "master.key").read_text()


@pytest.mark.parametrize("content", ["no hex", "00" * 31, None])
def test_a_file_without_a_key_is_named_without_its_contents(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "store.key"
    if content is not None:
        file.write_text(content)
    with pytest.raises(StartupError, match=r"HUB_STORE_KEY_FILE: .*store\.key") as raised:
        StoreKey.from_file(file)
    assert content is None or content not in str(raised.value)
