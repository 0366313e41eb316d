"""Acceptances to the national portal: the dossier is brought and its line added, two calls in one session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

from adapters.national_portal.folding import fold
from adapters.national_portal.mapping import Words, dossier_item, progress_item
from adapters.national_portal.procedures import read_procedure
from adapters.national_portal.settings import PortalSettings
from adapters.national_portal.status_codes import read_status_codes
from bench.deliveries_kind import FACT_TIME, Call, Numbers, message
from hub.delivery.adapter import OutMessage
from schemas.dossier import DossierAccepted, DossierSubmitted
from schemas.sync import ReportSync

_PREFIX: Final = "/XrdAdapter/RestService/forward"
_UNIT: Final = "000.00.00.H07"
_RECORD_KEY = "r" * 32
_ONE_STOP, _AGENCY, _PROCEDURE = "H07.34.12", "H07.20", "1.004873"
_ACCOUNT: Final = {"username": "hub-thu", "password": "mat-khau-thu"}
_COMPONENTS: Final = [{"code": "000.00.00.G15-KQ002966", "originals": 1}]
_HEADERS: Final = {"Accept": "application/json", "Content-Type": "application/json", "Charset": "utf-8"}
_APPLICANT: Final = {
    "kind": "citizen",
    "name": "Nguyễn Thị Thử",
    "identity_number": "083190000001",
    "phone": "0900000001",
    "address": "Số 12 đường Giả Định, Phường Mẫu",
}


class PortalKind:
    """Fills `Kind`; the applicant is synthetic."""

    name = "portal"
    title = "national portal"
    sandbox = "adapters.national_portal.sandbox"
    calls_per_delivery = 2

    def sandbox_options(self, folder: Path) -> list[str]:  # noqa: ARG002  no files
        """One account; codes are numbers, so that answers can be told by their bytes."""
        return ["--account", ":".join(_ACCOUNT.values()), "--unit", _UNIT, "--codes", "int"]

    def settings(self, base: str, folder: Path) -> dict[str, str]:  # noqa: ARG002  no files
        """The account."""
        account = {f"HUB_PORTAL_{name.upper()}": text for name, text in _ACCOUNT.items()}
        return account | {
            "HUB_PORTAL_BASE_URL": base,
            "HUB_PORTAL_UNIT": _UNIT,
            "HUB_PORTAL_RECORD_KEY": _RECORD_KEY,
        }

    def earlier(self, numbers: Numbers) -> list[OutMessage]:
        """Submissions: the portal is told of them with the acceptance, when there is a code."""
        return [_submitted(number) for number in numbers]

    def messages(self, numbers: Numbers) -> list[OutMessage]:
        """One acceptance a dossier."""
        return [_accepted(number) for number in numbers]

    def effects(self, numbers: Numbers) -> Counter[str]:
        """Each dossier inserted once, with one line."""
        return Counter(f"{kind} {_code(number)}" for number in numbers for kind in ("insert", "progress"))

    def journaled(self, entry: Mapping[str, Any]) -> str:
        """`insert CODE`, `update CODE`, `progress CODE`."""
        return f"{entry.get('action', entry['kind'])} {entry['code']}"

    def reports(self, numbers: Numbers) -> Counter[str]:
        """Delivered, once an acceptance."""
        return Counter(f"{ReportSync.type} {_code(number)} delivered" for number in numbers)

    def reported(self, kind: str, subject: str, data: Mapping[str, Any]) -> str:
        """`TYPE SUBJECT OUTCOME`."""
        return f"{kind} {subject} {data.get('outcome')}"

    async def calls(self, http: httpx.AsyncClient, base: str, numbers: Numbers) -> list[list[Call]]:
        """What the adapter's own mapping makes of submission and acceptance, in one session."""
        logged_in = await http.post(f"{base}{_PREFIX}/mapi/login", json=_ACCOUNT)
        session = logged_in.raise_for_status().json()["session"]
        always = {"session": session, "madonvi": _UNIT}
        url = f"{base}{_PREFIX}/mapi/g"
        asked = await http.post(url, json={**always, "service": "LayThuTuc", "maTTHC": _PROCEDURE})
        procedure = read_procedure(asked.raise_for_status().json()["result"][0])
        words = words_of(base)
        made = []
        for number in numbers:
            submitted, _ = fold(None, _submitted(number))
            record, line = fold(submitted, _accepted(number))
            assert line is not None
            synced = {"isUpdating": "False", "data": [dossier_item(record, procedure, words)]}
            added = {"data": [progress_item(_code(number), line, words)]}
            bodies = (
                always | {"service": "DongBoHoSoMC"} | synced,
                always | {"service": "CapNhatTienDoHoSoMC"} | added,
            )
            made.append([Call(url, _HEADERS, orjson.dumps(body), _DONE) for body in bodies])
        return made


_DONE: Final = (b'"error_code":0,', b'"error_code": 0,')


def words_of(base: str) -> Words:
    settings = PortalSettings.model_validate(
        {**_ACCOUNT, "base_url": base, "unit": _UNIT, "record_key": _RECORD_KEY}
    )
    codes = read_status_codes(settings.status_codes_file)
    return Words(codes, settings.unit_names, settings.procedure_codes, settings.shape_of_return, lambda _: "")


def _code(number: int) -> str:
    return f"{_ONE_STOP}-260302-{number:07}"


def _submitted(number: int) -> OutMessage:
    fact = {
        "procedure": _PROCEDURE,
        "organisation": _ONE_STOP,
        "agency": _AGENCY,
        "channel": "in_person",
        "return_channel": "in_person",
        "applicant": _APPLICANT,
        "components": _COMPONENTS,
        "submitted_at": FACT_TIME.isoformat(),
    }
    return message(DossierSubmitted.type, f"m-submitted-{number}", _code(number), 1, fact)


def _accepted(number: int) -> OutMessage:
    fact = {
        "code": _code(number),
        "procedure": _PROCEDURE,
        "organisation": _ONE_STOP,
        "agency": _AGENCY,
        "officer": {"account": "can-bo-thu", "name": "Cán Bộ Thử"},
        "components": _COMPONENTS,
        "sets": 1,
        "handling": "3 WORKING_DAY",
        "accepted_at": FACT_TIME.isoformat(),
        "due_at": FACT_TIME.replace(day=5).isoformat(),
    }
    return message(DossierAccepted.type, f"m-accepted-{number}", _code(number), 2, fact)
