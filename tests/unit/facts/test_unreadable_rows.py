"""What somebody else has put into the store: it is told apart from what the hub keeps, and ends nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from hub.budget.allowance import KINDS
from hub.budget.spending import possible
from hub.errors import UntrustedRowError
from hub.facts.parking import decode_record, encode_record, open_record
from hub.facts.sealing import MasterKey
from hub.inbound.envelope import Unstamped
from hub.privacy.erased_messages import names_dossier

DOSSIER = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
OTHER = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0002"
LETTER = decode_record(encode_record(Unstamped("in.counter-a", 0, 7, 1_800_000_000_000, None, b"x", ())))
ALIASES = {"code:000.00.01.h10-271129-0001", "ref:counter-a:hs-1"}


@pytest.mark.parametrize(
    "stored",
    [
        b"", b"garbage", b"\xff", b"[]", b"{}", b"null", b'["t",0,0,0,null,null]',
        b'["t",0,0,0,"a",null,[]]', b'["t",0,0,0,null,null,[["n"]]]',
        b'[7,0,0,0,null,null,[]]', b'["t",0,0,0,7,null,[]]', b"[" * 100_000,
    ],
)  # fmt: skip
def test_bytes_that_are_no_record_are_told_in_one_way(stored: bytes) -> None:
    with pytest.raises(UntrustedRowError):
        decode_record(stored)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12), b"garbage that is longer than a nonce"])
def test_bytes_that_a_key_has_not_sealed_are_told_in_one_way(sealed: bytes) -> None:
    with pytest.raises(InvalidTag):
        open_record(sealed, MasterKey(bytes(32)).quarantine(DOSSIER), DOSSIER)


@pytest.mark.parametrize(
    "subject",
    [
        DOSSIER, DOSSIER.upper(), DOSSIER.replace("-", ""), f"urn:uuid:{DOSSIER}",
        f"URN:UUID:{DOSSIER.upper()}",
        f"{{{DOSSIER}}}", f" {DOSSIER} ", "ref:hs-1", "REF:HS-1", "000.00.01.H10-271129-0001",
    ],
)  # fmt: skip
def test_a_letter_names_its_dossier_however_that_is_written(subject: str) -> None:
    for letter in (
        replace(LETTER, headers=(("ce_subject", subject.encode()),)),
        replace(LETTER, key=subject.encode()),
        replace(LETTER, value=json.dumps({"subject": subject, "data": {}}).encode()),
        replace(LETTER, value=json.dumps({"id": "1", "subject": subject}).encode()[:-1]),
        replace(LETTER, value=b'{"subject": "ref:other", ' + json.dumps({"subject": subject}).encode()[1:]),
    ):
        assert names_dossier(letter, DOSSIER, ALIASES)
        assert not names_dossier(letter, OTHER, set())


def test_a_letter_about_something_else_names_no_dossier() -> None:
    for subject in (b"", b"\xff", b"ref:hs-2", OTHER.encode(), str(UUID(OTHER).int).encode()):
        assert not names_dossier(replace(LETTER, key=subject), DOSSIER, ALIASES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_limit_that_cannot_be_is_read_as_the_default(kind: str) -> None:
    least = 0 if kind in {"letters", "letter_bytes"} else 1
    stored = (None, least, 5, least - 1, -(1 << 62))
    assert [possible("counter-a", kind, limit) for limit in stored] == [None, least, 5, None, None]
