"""Identity checks (Art. 15.6.a): asked by the officer, answered by the population database's adapter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Literal

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.errors import ContextError
from hub.dossier.making import maker
from hub.dossier.parties import plain_name
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.state.model import Dossier
from hub.dossier.texts import refusal_texts
from schemas.base import Fact, Role
from schemas.identity import (
    CheckIdentity,
    IdentityCheckRequested,
    IdentityMatched,
    IdentityMismatched,
    IdentityUnavailable,
    Person,
    ReportIdentity,
    UnavailableCause,
    VerifyIdentity,
)
from schemas.party import Party, Proxy

_ASKERS: tuple[Role, ...] = ("counter", "portal", "hub")
"""A sender in several roles asks as the first of them."""
_LETTERS = bytes.maketrans(b"0123456789", b"ghijklmnop")
_REFUSALS: Mapping[UnavailableCause, str] = {
    "away": "identity.unavailable",
    "not_licensed": "identity.not_licensed",
    "officer": "identity.officer_unknown",
    "question": "identity.not_askable",
}


def refusal_of(cause: UnavailableCause | None) -> str:
    """The code of a refusal for want of an answer: each cause has a text and a next step of its own."""
    return _REFUSALS[cause or "away"]


def check_id(dossier_id: str, request_id: str) -> str:
    """Id of the check that a request asks for: 32 letters, so that it never looks like an identity number."""
    digest = hashlib.sha256(f"{dossier_id}\n{request_id}".encode()).digest()
    return digest[:16].hex().encode().translate(_LETTERS).decode()


@rule("15.6.a", "A check is asked about a party of the dossier")
def party_exists(
    dossier: Dossier, request: VerifyIdentity | CheckIdentity, _context: Context
) -> Refused | None:
    """There is no proxy to ask about when the applicant lodged the dossier."""
    if request.party == "proxy" and not dossier.has_proxy:
        return Refused("identity.no_proxy", rule="15.6.a", fields=("/party",))
    return None


@rule("15.6.a", "Who is asked about is the applicant of the dossier, or its proxy, and nobody else")
def person_is_of_the_dossier(_dossier: Dossier, request: VerifyIdentity, context: Context) -> Refused | None:
    """Number, name and birth as the submission names them; a birth that it does not name is the officer's.

    Where the submission is wrong, it is lodged again: the match of another person proves nothing here.
    """
    if context.applicant is None:
        raise ContextError("a check needs the applicant")
    party = context.applicant if request.party == "owner" else context.proxy
    if party is None:
        return None  # a dossier of before proxies were kept
    faults = tuple(f"/person/{name}" for name in _differing(request.person, party))
    return Refused("identity.another_person", rule="15.6.a", fields=faults) if faults else None


def _differing(person: Person, party: Party | Proxy) -> Iterator[str]:
    for name in ("identity_number", "old_identity_number"):
        asked = getattr(person, name)
        if asked is not None and asked != getattr(party, name):
            yield name
    if person.name != party.name and plain_name(person.name) != plain_name(party.name):
        yield "name"
    if isinstance(party, Proxy):
        return
    born_on = party.birth_date
    born_in = born_on.year if born_on is not None else party.birth_year
    if person.birth_date is not None and (
        person.birth_date != born_on if born_on is not None else born_in not in {None, person.birth_date.year}
    ):
        yield "birth_date"
    if person.birth_year is not None and born_in not in {None, person.birth_year}:
        yield "birth_year"


@rule("15.6.b1", "Only the one-stop asks for data: it alone is given what a lookup brings")
def data_are_for_the_one_stop(_dossier: Dossier, request: VerifyIdentity, context: Context) -> Refused | None:
    """A licence to give data to another role does not make them the counter's (NĐ 47/2020 Art. 35)."""
    if not request.wanted or "counter" in context.sender.roles:
        return None
    return Refused("identity.data_not_for_role", rule="15.6.b1", fields=("/wanted",))


_VERIFY: tuple[Check[Dossier, VerifyIdentity], ...] = (
    party_exists,
    person_is_of_the_dossier,
    data_are_for_the_one_stop,
)


_requested = maker(IdentityCheckRequested)


def verify(dossier: Dossier, request: VerifyIdentity, context: Context) -> Decision:
    """Ask; asking again replaces the check before. Whoever is no counter asks for the match alone."""
    if (refused := first_refusal(_VERIFY, dossier, request, context)) is not None:
        return refused
    asked_by = next(role for role in _ASKERS if role in context.sender.roles)
    fact = _requested(
        check=check_id(context.dossier_id, context.request_id),
        party=request.party,
        person=request.person,
        officer_account=request.officer_account,
        procedure=dossier.procedure,
        organisation=dossier.organisation,
        wanted=request.wanted if asked_by == "counter" else (),
        asked_by=asked_by,
    )
    return Accepted((fact,), ids_of(_VERIFY))


@rule("15.6.a", "An answer belongs to the latest check and is given once")
def check_is_open(dossier: Dossier, request: ReportIdentity, _context: Context) -> Refused | None:
    """`unavailable` may be followed by an answer to the same check; matched and mismatched are final."""
    for known in (dossier.owner, dossier.proxy):
        if known.check == request.check:
            is_open = known.outcome in {"requested", "unavailable"}
            return None if is_open else Refused("identity.already_answered", rule="15.6.a")
    return Refused("identity.unknown_check", rule="15.6.a", fields=("/check",))


def report(dossier: Dossier, request: ReportIdentity, context: Context) -> Decision:
    """Three outcomes, never two: could-not-ask stays what it is."""
    if (refused := check_is_open(dossier, request, context)) is not None:
        return refused
    return Accepted((_answer(dossier, request),), (check_is_open.id,))


def _answer(dossier: Dossier, request: ReportIdentity) -> Fact:
    check, asked_at = request.check, request.asked_at
    party: Literal["owner", "proxy"] = "owner" if dossier.owner.check == check else "proxy"
    match request.outcome:
        case "matched":
            return IdentityMatched(check=check, party=party, asked_at=asked_at)
        case "mismatched":
            return IdentityMismatched(check=check, party=party, asked_at=asked_at)
        case "unavailable":
            texts = refusal_texts(refusal_of(request.cause))
            return IdentityUnavailable(
                check=check,
                party=party,
                asked_at=asked_at,
                cause=request.cause or "away",
                reason=request.reason or "unspecified",
                reason_vi=request.reason_vi or texts.vi,
                reason_en=request.reason_en or texts.en,
            )
