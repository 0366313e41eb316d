"""From the fact to the question (pure): local refusals 001-005 before any call, names without accents."""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from pydantic import ValidationError

from adapters.population_db.person_fields import WIRE_FIELDS
from adapters.population_db.reasons import reject
from adapters.population_db.settings import Licence, LookupField, Officer, Rights
from hub.delivery.adapter import OutMessage
from hub.delivery.errors import ForeignTextError
from hub.delivery.foreign_text import line
from hub.delivery.outcome import Rejected
from schemas.identity import IdentityCheckRequested

Operation = Literal["verify", "lookup"]

MAX_REQUEST_ID: Final = 40
MAX_SERVICE_CODE: Final = 20
MAX_NAME: Final = 100
_REQUIRED: Final = (
    ("procedure", "population.001"),
    ("organisation", "population.002"),
    ("officer_account", "population.003"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the population database, ready for the wire; holds personal data, is never stored."""

    operation: Operation
    request_id: str
    """MaYeuCau, at most 40 characters."""
    service_code: str
    """MaDVC."""
    officer_number: str
    """MaCanBo."""
    officer_account: str
    unit: str
    """MaDonVi."""
    identity_number: str | None
    old_identity_number: str | None
    name: str
    """Upper case, without accents and spaces."""
    birth_date: date | None
    birth_year: int | None
    fields: frozenset[LookupField]
    """What an answer may keep beyond number, name and birth."""
    officer_key: str | None = None
    """AuthHash of the officer (N2)."""
    use_hours: float = 24.0
    """How long what is kept may be used."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A question with the fact it comes from."""

    fact: IdentityCheckRequested
    question: Question


def prepare(message: OutMessage, rights: Rights, *, needs_key: bool = False) -> Asking | Rejected:
    """Return what to ask for `message`, or the refusal that spares the call (contract II 4, III 4).

    `needs_key`: the counterpart knows officers by a key of their own (N2).
    """
    missing = _missing_part(message)
    if missing is not None:
        return missing
    try:
        fact = IdentityCheckRequested.model_validate_json(message.data, extra="ignore")
    except ValidationError:
        return reject("population.fact_unreadable")
    licence = _licence(fact.procedure, rights)
    officer = rights.officers.get(fact.officer_account)
    refusal = _refusal(fact, licence, officer, rights)
    if refusal is not None or licence is None or officer is None or officer.number is None:
        return reject(refusal or "population.005")
    key = _key_of(officer)
    if needs_key and key is None:
        return reject("population.no_officer_key")
    fields = _fields_for(fact, licence)
    if isinstance(fields, str):
        return reject(fields)
    name = plain_name(fact.person.name)
    if name is None:
        return reject("population.name_not_askable")
    unit = rights.agencies[fact.organisation]
    question = _question(fact, licence, officer.number, unit, name)
    return Asking(fact, replace(question, fields=fields, officer_key=key, use_hours=licence.use_hours))


def plain_name(name: str) -> str | None:
    """Return the name in upper case without accents, spaces, punctuation; None if letters would be lost."""
    try:
        written = line(name)
    except ForeignTextError:
        return None
    decomposed = unicodedata.normalize("NFD", written.replace("đ", "d").replace("Đ", "D"))
    kept = [char for char in decomposed if not unicodedata.combining(char)]
    plain = "".join(char for char in kept if char.isascii() and char.isalnum()).upper()
    has_lost_letter = any(not char.isascii() and unicodedata.category(char)[0] in "LMN" for char in kept)
    return None if has_lost_letter or not plain or len(plain) > MAX_NAME else plain


def national_code(procedure: str) -> str:
    """Return the procedure's national code: without the tail of the province (`.H07`)."""
    head, _, tail = procedure.rpartition(".")
    return head if tail.startswith("H") else procedure


def request_id(check: str, attempt: int) -> str:
    """Return MaYeuCau of one attempt (from 1): the check's own id, then with a suffix; <= 40 characters.

    An id that would be too long is replaced by a digest of it, so that the same check always asks alike.
    """
    suffix = "" if attempt == 1 else f"-{attempt}"
    if len(check) + len("-99") > MAX_REQUEST_ID:
        check = hashlib.sha256(check.encode()).hexdigest()[: MAX_REQUEST_ID - len("-99")]
    return check + suffix


def _missing_part(message: OutMessage) -> Rejected | None:
    try:
        data: Any = json.loads(message.data)
    except (ValueError, RecursionError):
        return reject("population.fact_unreadable")
    if not isinstance(data, dict):
        return reject("population.fact_unreadable")
    for field, code in _REQUIRED:
        value = data.get(field)
        if value is None or (isinstance(value, str) and not value.strip()):
            return reject(code)
    return None if message.dossier else reject("population.no_dossier")


def _licence(procedure: str, rights: Rights) -> Licence | None:
    """The licence of the code as written, of the national code, or of its short form (`1.004194`)."""
    national = national_code(procedure)
    short = ".".join(national.split(".")[:2])
    codes = (procedure, national, short)
    return next((rights.licences[code] for code in codes if code in rights.licences), None)


def _refusal(
    fact: IdentityCheckRequested, licence: Licence | None, officer: Officer | None, rights: Rights
) -> str | None:
    if licence is None:
        return "population.004"
    if len(licence.service_code or national_code(fact.procedure)) > MAX_SERVICE_CODE:
        return "population.001"
    if fact.organisation not in rights.agencies:
        return "population.002"
    if officer is None or fact.organisation not in officer.organisations:
        return "population.005"
    return "population.no_officer_number" if officer.number is None else None


def _fields_for(fact: IdentityCheckRequested, licence: Licence) -> frozenset[LookupField] | str:
    """The wanted fields, or all that role and procedure may be given; the refusal's code if they may not."""
    may_be_given = licence.operation == "lookup" and fact.asked_by in licence.roles
    allowed = licence.fields if may_be_given else frozenset()
    if fact.wanted is None:
        return allowed
    wanted = frozenset(WIRE_FIELDS[field] for field in fact.wanted)
    if wanted <= allowed:
        return wanted
    return "population.fields_not_licensed" if may_be_given else "population.role_not_licensed"


def _key_of(officer: Officer) -> str | None:
    if officer.key_name is None or officer.key_pass is None:
        return None
    return base64.b64encode(f"{officer.key_name}:{officer.key_pass.get_secret_value()}".encode()).decode()


def _question(
    fact: IdentityCheckRequested, licence: Licence, officer_number: str, unit: str, name: str
) -> Question:
    person = fact.person
    return Question(
        operation=licence.operation,
        request_id=request_id(fact.check, 1),
        service_code=licence.service_code or national_code(fact.procedure),
        officer_number=officer_number,
        officer_account=fact.officer_account,
        unit=unit,
        identity_number=person.identity_number,
        old_identity_number=None if person.identity_number else person.old_identity_number,
        name=name,
        birth_date=person.birth_date,
        birth_year=None if person.birth_date else person.birth_year,
        fields=frozenset(),
    )
