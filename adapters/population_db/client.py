"""Wire calls of dialect N1: signed header, one POST per question, answers read with limits."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal, Self
from urllib.parse import quote

import httpx

from adapters.population_db.mapping import Answer, SoapFault, Unreadable, WireForm, decode, encode
from adapters.population_db.question import Question
from adapters.population_db.settings import PopulationSettings

MAX_TOLERATED_SKEW_S: Final = 120.0
MAX_RETRY_AFTER_S: Final = 3600.0

Failure = Literal["timeout", "unreachable", "http_error", "busy", "credentials", "clock"]


@dataclass(frozen=True, slots=True)
class NotAsked:
    """No answer that can be trusted came; a verification reads only, so asking again has no effect."""

    failure: Failure
    retry_after_s: float | None = None


class PopulationClient:
    """One connection pool to the population database; safe for concurrent calls."""

    def __init__(self, settings: PopulationSettings) -> None:
        self._settings = settings
        self._form = wire_form(settings)
        timeout = httpx.Timeout(settings.total_timeout_s, connect=settings.connect_timeout_s)
        self._http = httpx.AsyncClient(
            timeout=timeout, trust_env=False, follow_redirects=False, verify=_trust(settings)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, question: Question, now: datetime) -> Answer | NotAsked:
        """Ask once, within `total_timeout_s` to the last byte; never raises for what the counterpart does."""
        content = encode(question, self._form)
        headers = signed_headers(self._settings, now)
        try:
            async with asyncio.timeout(self._settings.total_timeout_s):
                response, body = await self._post(content, headers)
        except (TimeoutError, httpx.TimeoutException):
            return NotAsked("timeout")
        except httpx.HTTPError:
            return NotAsked("unreachable")
        if body is None:
            return Unreadable("too large")
        answer = decode(body, question, self._form, self._settings.max_answer_bytes)
        known = frozenset(self._settings.fault_codes)
        return judge(response.status_code, response.headers, answer, now, known)

    async def _post(self, content: bytes, headers: dict[str, str]) -> tuple[httpx.Response, bytes | None]:
        """Send, and read at most `max_answer_bytes`, nothing unpacked; no body beyond that."""
        url = self._settings.service_url
        async with self._http.stream("POST", url, content=content, headers=headers) as response:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self._settings.max_answer_bytes:
                    return response, None
            return response, bytes(body)


def wire_form(settings: PopulationSettings) -> WireForm:
    """Return the form of the wire that the settings choose."""
    return WireForm(
        namespace=settings.namespace,
        date_format=settings.date_format,
        verify_code=settings.verify_code,
        lookup_code=settings.lookup_code,
        is_unit_sent=settings.is_unit_sent,
        is_account_sent=settings.is_account_sent,
    )


def signed_headers(settings: PopulationSettings, now: datetime) -> dict[str, str]:
    """Return the headers of one call; `Timestamp` and `Authorization` are made for this very moment."""
    factor = 1000 if settings.timestamp_unit == "ms" else 1
    timestamp = str(int(now.timestamp() * factor))
    url = settings.signed_url or settings.service_url
    signed = url + settings.user + timestamp + settings.secret_key.get_secret_value()
    token = f"{settings.user}:{hashlib.sha256(signed.encode()).hexdigest()}"
    headers = {
        "Content-Type": "application/xml",
        "Accept-Encoding": "identity",
        "SOAPAction": '""',
        "Timestamp": timestamp,
        "Authorization": "Basic " + base64.b64encode(token.encode()).decode(),
        "X-Road-Client": quote(settings.x_road_client, safe="/-._~"),
    }
    if settings.api_key is not None:
        headers["ApiKey"] = settings.api_key.get_secret_value()
    return headers


def judge(
    status: int, headers: httpx.Headers, answer: Answer, now: datetime, known_faults: frozenset[str]
) -> Answer | NotAsked:
    """Decide what a whole response says (pure): only a 200 can carry an answer, a 200 or 500 any fault."""
    if status == httpx.codes.OK:
        return answer
    if isinstance(answer, SoapFault) and (status == 500 or answer.code in known_faults):
        return answer
    return _failure(status, headers, now)


def _failure(status: int, headers: httpx.Headers, now: datetime) -> NotAsked:
    if status in {401, 403}:
        return NotAsked("clock" if _skew_s(headers, now) > MAX_TOLERATED_SKEW_S else "credentials")
    if status in {429, 503}:
        return NotAsked("busy", _retry_after_s(headers))
    return NotAsked("http_error")


def _skew_s(headers: httpx.Headers, now: datetime) -> float:
    try:
        return abs((parsedate_to_datetime(headers.get("date", "")) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _retry_after_s(headers: httpx.Headers) -> float | None:
    value = headers.get("retry-after", "")
    return min(float(value), MAX_RETRY_AFTER_S) if value.isascii() and value.isdigit() else None


def _trust(settings: PopulationSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file)
