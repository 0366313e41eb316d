"""Identity checks to the population database, dialect N1: one signed SOAP call each (pure but for files)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from adapters.population_db.dialects import exchange
from adapters.population_db.question import Asking, prepare
from adapters.population_db.settings import Licence, Officer, PopulationSettings, Rights
from bench.deliveries_kind import Call, Numbers, message
from hub.delivery.adapter import OutMessage
from schemas.identity import IdentityCheckRequested, ReportIdentity

_PATH: Final = "/csdldc/congdan"
_ORGANISATION: Final = "000.12.34.H07"
_OFFICER: Final = "can-bo-thu@example.test"
_PROCEDURE: Final = "1.004194.000.00.00.H07"
_PERSON: Final = {"identity_number": "000190000001", "name": "Nguyễn Thị Thử", "birth_date": "1990-01-02"}
_KNOWN_THERE: Final = {
    "identity_number": "000190000001",
    "old_identity_number": "",
    "name": "Nguyễn Thị Thử",
    "birth": "19900102",
}
_ACCOUNT: Final = {
    "user": "hub-thu",
    "secret_key": "khoa-thu",
    "x_road_client": "VN/GOV/000.12.34.H07/hub",
}
RIGHTS: Final = Rights(
    licences={"1.004194.000.00.00": Licence()},
    agencies={_ORGANISATION: _ORGANISATION},
    officers={_OFFICER: Officer(number="cb.thu.01", organisations=frozenset({_ORGANISATION}))},
)


class PopulationKind:
    """Fills `Kind`; the person is synthetic."""

    name = "population"
    title = "population database (N1)"
    sandbox = "adapters.population_db.sandbox"
    calls_per_delivery = 1

    def sandbox_options(self, folder: Path) -> list[str]:
        """The account and the person."""
        config, people = folder / "config.json", folder / "people.json"
        known = {"user": _ACCOUNT["user"], "secret": _ACCOUNT["secret_key"]}
        config.write_text(json.dumps(known | {"x_road_client": _ACCOUNT["x_road_client"]}), "utf-8")
        people.write_text(json.dumps({"synthetic": True, "people": [_KNOWN_THERE]}), "utf-8")
        return ["--config", str(config), "--people", str(people)]

    def settings(self, base: str, folder: Path) -> dict[str, str]:
        """The account and the rights."""
        rights = folder / "rights.json"
        rights.write_text(RIGHTS.model_dump_json(), "utf-8")
        account = {f"HUB_POPULATION_{name.upper()}": text for name, text in _ACCOUNT.items()}
        return account | {
            "HUB_POPULATION_SERVICE_URL": base + _PATH,
            "HUB_POPULATION_RIGHTS_FILE": str(rights),
        }

    def earlier(self, numbers: Numbers) -> list[OutMessage]:  # noqa: ARG002  nothing is needed before
        """Nothing."""
        return []

    def messages(self, numbers: Numbers) -> list[OutMessage]:
        """One check a dossier."""
        return [
            message(IdentityCheckRequested.type, f"m-{_check(number)}", _subject(number), 1, _fact(number))
            for number in numbers
        ]

    def effects(self, numbers: Numbers) -> Counter[str]:
        """Each check answered once, with a match."""
        return Counter(f"effect {_check(number)} match" for number in numbers)

    def journaled(self, entry: Mapping[str, Any]) -> str:
        """`effect CHECK OUTCOME`; a refusal has its code in place of the outcome."""
        said = entry.get("outcome") or entry.get("code") or entry.get("fault")
        return f"{entry['kind']} {entry['request_id']} {said}"

    def reports(self, numbers: Numbers) -> Counter[str]:
        """Matched, once a check."""
        return Counter(f"{ReportIdentity.type} {_subject(number)} matched" for number in numbers)

    def reported(self, kind: str, subject: str, data: Mapping[str, Any]) -> str:
        """`TYPE SUBJECT OUTCOME`."""
        return f"{kind} {subject} {data.get('outcome')}"

    async def calls(self, http: httpx.AsyncClient, base: str, numbers: Numbers) -> list[list[Call]]:  # noqa: ARG002  no login
        """The bytes of the adapter's own mapping, signed now: the signature is good for five minutes."""
        settings = PopulationSettings.model_validate(
            {"service_url": base + _PATH, "rights": RIGHTS.model_dump(), **_ACCOUNT}
        )
        made = []
        for one in self.messages(numbers):
            asking = prepare(one, RIGHTS)
            assert isinstance(asking, Asking)
            ready = exchange(asking.question, settings, None, datetime.now(UTC))
            made.append([Call(ready.url, ready.headers, ready.content, (b">true<",))])
        return made


def _check(number: int) -> str:
    return f"check-{number:07}."


def _subject(number: int) -> str:
    return f"{_ORGANISATION}-260302-{number:07}"


def _fact(number: int) -> dict[str, Any]:
    return {
        "check": _check(number),
        "party": "owner",
        "person": _PERSON,
        "officer_account": _OFFICER,
        "procedure": _PROCEDURE,
        "organisation": _ORGANISATION,
        "asked_by": "counter",
    }
