"""One HTTP exchange with the portal through the security server: bounded, its failures split by effect."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

import httpx

from adapters.national_portal.errors import EffectUnsureError, NoEffectError
from adapters.national_portal.settings import PortalSettings

MAX_BODY_BYTES: Final = 8 << 20
_BEFORE_SENDING: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_TAKEN: Final = frozenset({401, 403, 404, 429, 503})
"""The security server has not passed the call on."""
_LONGEST_RETRY_AFTER_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """An answer of HTTP 200: the JSON object of its body."""

    document: dict[str, Any]


class Transport:
    """Posts JSON over one pool of connections; never follows redirects, never repeats a request."""

    def __init__(self, settings: PortalSettings) -> None:
        self._settings = settings
        self._base = settings.base_url.rstrip("/") + settings.prefix.rstrip("/")
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Charset": "utf-8",
        }
        self._params: dict[str, str] = {}
        if settings.dstcode is not None and settings.dstcode_in != "query":
            self._headers["dstcode"] = settings.dstcode
        if settings.dstcode is not None and settings.dstcode_in != "header":
            self._params["dstcode"] = settings.dstcode
        if settings.provider_url is not None:
            self._params["providerurl"] = settings.provider_url
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.total_timeout_s, connect=settings.connect_timeout_s),
            # Shorter than a server's own keep-alive: no request meets a connection that is being closed.
            limits=httpx.Limits(max_connections=settings.max_connections, keepalive_expiry=2.0),
            follow_redirects=False,
            trust_env=False,
        )

    async def post(self, operation: str, path: str, body: bytes) -> Exchange:
        """Make one exchange; NoEffectError when the portal cannot have got it, else EffectUnsureError."""
        request = self._http.build_request(
            "POST", self._base + path, params=self._params or None, headers=self._headers, content=body
        )
        try:
            async with asyncio.timeout(self._settings.total_timeout_s):
                response = await self._http.send(request, stream=True)
                try:
                    raw = await _read(operation, response)
                finally:
                    await response.aclose()
        except _BEFORE_SENDING as error:
            delay_s = self._settings.retry_delay_s
            raise NoEffectError(f"{operation}: {type(error).__name__}", delay_s) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise EffectUnsureError(f"{operation}: {type(error).__name__}") from error
        if response.status_code in _NOT_TAKEN:
            delay_s = _retry_after_s(response) or self._settings.retry_delay_s
            raise NoEffectError(f"{operation}: HTTP {response.status_code}", delay_s)
        if response.status_code != 200:
            raise EffectUnsureError(f"{operation}: HTTP {response.status_code}")
        return Exchange(_object(operation, raw))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _object(operation: str, raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise EffectUnsureError(f"{operation}: answer is no JSON") from None
    if not isinstance(document, dict):
        raise EffectUnsureError(f"{operation}: answer is no object")
    return document


async def _read(operation: str, response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise EffectUnsureError(f"{operation}: answer over {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _retry_after_s(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return min(float(value), _LONGEST_RETRY_AFTER_S) if value.isascii() and value.isdigit() else None
