"""How the sandbox speaks on each of its addresses: caller check, request, answer, in N1, N2 and N3."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Protocol

from adapters.population_db import sandbox_json, sandbox_soap
from adapters.population_db.sandbox_people import SyntheticPerson
from adapters.population_db.sandbox_state import SandboxConfig, refuse_caller

SERVICE_PATH: Final = "/csdldc/congdan"
LGSP_PATH: Final = "/lgsp/csdldc/congdan"
LGSP_TOKEN_PATH: Final = "/lgsp/token"  # noqa: S105 - an address
JSON_PATH: Final = "/dancu"
JSON_TOKEN_PATH: Final = "/Authentication/Token"  # noqa: S105 - an address


class Wire(Protocol):
    """One dialect on one address."""

    @property
    def media_type(self) -> str:
        """Of the answers."""
        ...

    def refuse_caller(self, headers: Mapping[str, str], now: datetime) -> str | None:
        """The fault code for a caller that may not ask."""
        ...

    def refuse_officer(self, headers: Mapping[str, str], asked: sandbox_soap.AskedFor) -> bool:
        """Whether the officer's own key is wrong."""
        ...

    def parse(self, data: bytes) -> sandbox_soap.AskedFor:
        """Read a request; raises BadRequestError."""
        ...

    def peek_request_id(self, data: bytes) -> str:
        """MaYeuCau of whatever came."""
        ...

    def answer(self, operation: str, person: SyntheticPerson | None) -> bytes:
        """Write the answer about a person, or about nobody."""
        ...

    def fault(self, code: str, text: str) -> bytes:
        """Write a fault."""
        ...


@dataclass(slots=True)
class LgspTokens:
    """Tokens of an LGSP, each with its end on the monotonic clock."""

    config: SandboxConfig
    requests: int = 0
    _ends: dict[str, float] = field(default_factory=dict)

    def give(self, dialect: Literal["N2", "N3"], headers: Mapping[str, str], body: bytes) -> bytes | None:
        """A new token for the right account, else None."""
        self.requests += 1
        is_right = self._knows_lgsp(headers, body) if dialect == "N2" else self._knows_user(body)
        if not is_right:
            return None
        token, life_s = secrets.token_hex(16), self.config.token_life_s
        self._ends[token] = time.monotonic() + life_s
        if dialect == "N2":
            return _json({"access_token": token, "token_type": "Bearer", "expires_in": int(life_s)})
        ends = datetime.now(UTC) + timedelta(seconds=life_s)
        return _json({"token": token, "refreshToken": "r-" + token, "expiryDate": ends.isoformat()})

    def holds(self, headers: Mapping[str, str]) -> bool:
        """Whether the caller shows a token that lives."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        return kind == "Bearer" and time.monotonic() < self._ends.get(token, 0.0)

    def forget(self) -> None:
        """Let every token run out."""
        self._ends.clear()

    def _knows_lgsp(self, headers: Mapping[str, str], body: bytes) -> bool:
        return body == b"grant_type=client_credentials" and is_lgsp(self.config, headers)

    def _knows_user(self, body: bytes) -> bool:
        try:
            shown = json.loads(body)
        except ValueError:
            return False
        return bool(shown == {"userName": self.config.user, "password": self.config.secret})


def is_lgsp(config: SandboxConfig, headers: Mapping[str, str]) -> bool:
    """Whether `lgspaccesstoken` is that of the configured account."""
    try:
        shown = json.loads(base64.b64decode(headers.get("lgspaccesstoken", ""), validate=True))
    except ValueError:
        return False
    return bool(shown == config.lgsp)


@dataclass(frozen=True, slots=True)
class SoapWire:
    """N1: SOAP under a signed header."""

    config: SandboxConfig
    url: str
    media_type: str = "text/xml"

    def refuse_caller(self, headers: Mapping[str, str], now: datetime) -> str | None:
        """The fault code for a wrong clock, signature or header."""
        return refuse_caller(self.config, headers, self.url, now)

    def refuse_officer(self, headers: Mapping[str, str], asked: sandbox_soap.AskedFor) -> bool:  # noqa: ARG002 - the protocol's
        """N1 knows no keys of officers."""
        return False

    def parse(self, data: bytes) -> sandbox_soap.AskedFor:
        """Read a request."""
        return sandbox_soap.parse_request(data, self.config.namespace, self.config.date_format)

    def peek_request_id(self, data: bytes) -> str:
        """MaYeuCau of whatever came."""
        return sandbox_soap.peek_request_id(data)

    def answer(self, operation: str, person: SyntheticPerson | None) -> bytes:
        """Write the answer."""
        if operation == sandbox_soap.OPERATIONS[0]:
            return sandbox_soap.verified(person is not None, self.config.namespace)
        return sandbox_soap.found(person)

    def fault(self, code: str, text: str) -> bytes:
        """Write a fault."""
        return sandbox_soap.soap_fault(code, text, self.config.namespace)


@dataclass(frozen=True, slots=True)
class LgspWire(SoapWire):
    """N2: the same SOAP under a token, the LGSP's account and the officer's own key."""

    tokens: LgspTokens = field(kw_only=True)

    def refuse_caller(self, headers: Mapping[str, str], now: datetime) -> str | None:  # noqa: ARG002 - the protocol's
        """The fault code for a missing or dead token, or another LGSP account."""
        is_known = self.tokens.holds(headers) and is_lgsp(self.config, headers)
        return None if is_known else "CREDENTIALS_WRONG"

    def refuse_officer(self, headers: Mapping[str, str], asked: sandbox_soap.AskedFor) -> bool:
        """Whether AuthHash is not the key of MaCanBo."""
        key = base64.b64encode(self.config.officer_keys.get(asked.officer, "").encode())
        return not hmac.compare_digest(key, headers.get("authhash", "").encode())


@dataclass(frozen=True, slots=True)
class JsonWire:
    """N3: JSON under a token; the address names the operation."""

    config: SandboxConfig
    operation: str
    tokens: LgspTokens
    media_type: str = "application/json"

    def refuse_caller(self, headers: Mapping[str, str], now: datetime) -> str | None:  # noqa: ARG002 - the protocol's
        """The fault code for a missing or dead token."""
        return None if self.tokens.holds(headers) else "CREDENTIALS_WRONG"

    def refuse_officer(self, headers: Mapping[str, str], asked: sandbox_soap.AskedFor) -> bool:  # noqa: ARG002 - the protocol's
        """N3 knows no keys of officers."""
        return False

    def parse(self, data: bytes) -> sandbox_soap.AskedFor:
        """Read a request."""
        config = self.config
        return sandbox_json.parse_request(data, self.operation, config.user_name_service, config.date_format)

    def peek_request_id(self, data: bytes) -> str:
        """MaYeuCau of whatever came."""
        return sandbox_json.peek_request_id(data)

    def answer(self, operation: str, person: SyntheticPerson | None) -> bytes:
        """Write the answer."""
        if operation == sandbox_soap.OPERATIONS[0]:
            return sandbox_json.verified(person is not None)
        return sandbox_json.found(person)

    def fault(self, code: str, text: str) -> bytes:
        """Write a fault."""
        return sandbox_json.fault(code, text)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
