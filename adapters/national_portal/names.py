"""Names that meet at the door: the hub's, the portal's own, and the ids of our requests (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from typing import Final
from uuid import UUID

from schemas.types import IDENTITY_SHAPE

_OFFICIAL: Final = re.compile(
    r"(?:[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.([A-Z][0-9]{2})|([A-Z][0-9]{2})(?:\.[0-9]+)*)-[0-9]+-[0-9]+",
    re.IGNORECASE,
)
_UNIT: Final = re.compile(r"(?:[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.)?([A-Z][0-9]{2})(?:\.[0-9]+)*", re.IGNORECASE)
_NUMBERED: Final = re.compile(r".*__[A-Z][0-9]+", re.IGNORECASE)
"""Numbers of payments and of postal orders: `<dossier>__P1`."""
_SEPARATORS: Final = re.compile(r"[^0-9A-Za-z]")
_PAYMENT: Final = re.compile(r"(?P<dossier>[\x21-\x7e]{1,60})__P[0-9]{1,4}")


def root_of(unit: str) -> str | None:
    """The level-1 part of a unit code, `H07` of `000.12.34.H07` and of `H07.34.12`; None for no unit code."""
    match = _UNIT.fullmatch(unit)
    return match[1].upper() if match else None


def is_ours_by_shape(code: str, portal_units: Collection[str]) -> bool:
    """Whether a foreign code could be taken for a name that a hub gives, whatever its letters' case.

    That is an official dossier code (but those that the portal numbers itself under its own units), a dossier
    id in any notation of a UUID, and a number of a payment or postal order.
    """
    official = _OFFICIAL.fullmatch(code)
    if official is not None:
        return (official[1] or official[2]).upper() not in portal_units
    return _NUMBERED.fullmatch(code) is not None or _is_uuid(code)


def names_person(code: str) -> bool:
    """Whether an identity number stands in a foreign code, or is all of it once separators are dropped."""
    return bool(IDENTITY_SHAPE.search(code) or IDENTITY_SHAPE.fullmatch(_SEPARATORS.sub("", code)))


def dossier_of_payment(reference: str) -> str | None:
    """The dossier (its official code or id) that a payment's number names; None when it is none of a hub."""
    match = _PAYMENT.fullmatch(reference)
    return match["dossier"] if match else None


def derived_id(mark: str, *parts: str) -> str:
    """The id of our request about a thing of the portal: the same for the same parts, which hold no person.

    Without runs of digits that look like an identity number.
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f"{mark}-{digest[:40].translate(str.maketrans('0123456789', 'ghijklmnop'))}"


def _is_uuid(code: str) -> bool:
    try:
        UUID(code)
    except ValueError:
        return False
    return True
