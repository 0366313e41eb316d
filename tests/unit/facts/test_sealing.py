"""Dossier keys, wrapped by a master key that lies in a file of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from hub.errors import StartupError, StopError
from hub.facts.sealing import MasterKey

PLAIN = "Nguyễn Văn Thử".encode()


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(bytes(range(32)))


def test_what_was_sealed_opens_with_the_unwrapped_key(master: MasterKey) -> None:
    key = master.new_key()
    sealed = key.seal(PLAIN, b"fact-1")
    assert PLAIN not in sealed
    assert master.unwrap(key.wrapped).open(sealed, b"fact-1") == PLAIN


def test_two_seals_of_the_same_text_differ(master: MasterKey) -> None:
    key = master.new_key()
    assert key.seal(PLAIN, b"x") != key.seal(PLAIN, b"x")


def test_an_opened_key_is_kept_until_all_are_forgotten(master: MasterKey) -> None:
    wrapped = master.new_key().wrapped
    opened = master.unwrap(wrapped)
    assert master.unwrap(wrapped) is opened
    master.forget()
    assert master.unwrap(wrapped) is not opened


def test_every_altered_byte_is_noticed(master: MasterKey) -> None:
    key = master.new_key()
    sealed = key.seal(PLAIN, b"x")
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(InvalidTag):
            key.open(bytes(altered), b"x")


@pytest.mark.parametrize("cut", [0, 1, 11, 12, 13, 27])
def test_cut_bytes_do_not_open(master: MasterKey, cut: int) -> None:
    key = master.new_key()
    with pytest.raises((InvalidTag, ValueError)):
        key.open(key.seal(PLAIN, b"x")[:cut], b"x")


def test_what_is_sealed_for_one_place_does_not_open_at_another(master: MasterKey) -> None:
    key = master.new_key()
    with pytest.raises(InvalidTag):
        key.open(key.seal(PLAIN, b"fact-1"), b"fact-2")


def test_the_key_of_another_dossier_does_not_open(master: MasterKey) -> None:
    sealed = master.new_key().seal(PLAIN, b"x")
    with pytest.raises(InvalidTag):
        master.new_key().open(sealed, b"x")


def test_another_master_key_stops_the_work_and_the_start(master: MasterKey) -> None:
    wrapped = master.new_key().wrapped
    other = MasterKey(bytes(32))
    with pytest.raises(StopError, match="HUB_MASTER_KEY_FILE"):
        other.unwrap(wrapped)
    with pytest.raises(StartupError, match="HUB_MASTER_KEY_FILE"):
        other.must_fit(wrapped)
    master.must_fit(wrapped)
    other.must_fit(None)


def test_a_master_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    made = MasterKey.create_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    MasterKey.from_file(path).must_fit(made.new_key().wrapped)
    with pytest.raises(FileExistsError):
        MasterKey.create_file(path)


@pytest.mark.parametrize("content", [b"", b"no hex", b"abcd", b"00" * 100, b"\x00" * 64, b"\xff\xfe"])
def test_a_file_without_a_key_is_named_and_its_content_is_not_shown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.key"
    path.write_bytes(content)
    with pytest.raises(StartupError) as refused:
        MasterKey.from_file(path)
    text = str(refused.value)
    assert text.startswith(f"HUB_MASTER_KEY_FILE: {path} ")
    assert not content or content.decode(errors="replace") not in text.replace(str(path), "")
    assert "\n" not in text


def test_a_key_does_not_show_itself_and_its_mark_is_the_same_each_time(master: MasterKey) -> None:
    key = master.new_key()
    assert repr(key) == str(key) == "DossierKey"
    assert key.paper_mark == master.unwrap(key.wrapped).paper_mark != master.new_key().paper_mark
