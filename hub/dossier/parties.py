"""Applicant and proxy of a dossier: kept sealed beside the state, opened for rules that compare (pure)."""

from __future__ import annotations

import re
import unicodedata

from msgspec import Struct

from schemas.base import Wire
from schemas.dossier import DossierSubmitted
from schemas.notice import NoticeWish
from schemas.party import Party, Proxy
from schemas.types import Email

_NUMBERS = ("identity_number", "old_identity_number", "travel_document", "tax_code")


class Parties(Struct, frozen=True, gc=False):
    """As the submission names them; `proxy` is None too for what was kept before proxies were.

    `notices` is where the applicant agreed to be told, `sender_address` whence a dossier by e-mail came.
    """

    applicant: Party
    proxy: Proxy | None = None
    notices: NoticeWish | None = None
    sender_address: str | None = None


class _Kept(Wire):
    applicant: Party
    proxy: Proxy | None = None
    notices: NoticeWish | None = None
    sender_address: Email | None = None


def kept(fact: DossierSubmitted) -> bytes:
    """What is sealed of a submission: the applicant alone, or with the proxy and the ways of notices."""
    if fact.proxy is None and fact.notices is None and fact.sender_address is None:
        return fact.applicant.model_dump_json(exclude_none=True).encode()
    found = _Kept(
        applicant=fact.applicant,
        proxy=fact.proxy,
        notices=fact.notices,
        sender_address=fact.sender_address,
    )
    return found.model_dump_json(exclude_none=True).encode()


def opened(private: bytes) -> Parties:
    """The inverse of `kept`."""
    if private.startswith(b'{"applicant":'):
        found = _Kept.model_validate_json(private)
        return Parties(found.applicant, found.proxy, found.notices, found.sender_address)
    return Parties(Party.model_validate_json(private))


def numbers_of(party: Party | Proxy) -> frozenset[str]:
    """All numbers and codes by which the party is known, without dashes."""
    found = (getattr(party, name, None) for name in (*_NUMBERS, "organisation"))
    return frozenset(number.replace("-", "") for number in found if number is not None)


def shared_number(proxy: Proxy, applicant: Party) -> str | None:
    """The name of a number that both have, and have alike: then they are one person."""
    for name in _NUMBERS:
        number = getattr(proxy, name)
        if number is not None and number == getattr(applicant, name):
            return name
    return None


_PERSONAL_DIGITS = 12


def household_differs(party: Party | Proxy) -> bool:
    """Whether a tax code of 12 digits is another number than the identity number beside it.

    That of a household that trades is its owner's own number since 1 July 2025 (Thông tư 86/2024/TT-BTC).
    """
    code, number = party.tax_code, party.identity_number
    return code is not None and len(code) == _PERSONAL_DIGITS and number not in {None, code}


def plain_name(name: str) -> str:
    """A name for comparing: letters alone, without accents and case; `Hòa` and `Hoà` are one."""
    decomposed = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return re.sub(r"[\W_]", "", decomposed).casefold()
