"""One HTTP exchange with the operator: bounded in time and size, its failures split by what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from adapters.postal.errors import EffectUnsureError, NoEffectError
from adapters.postal.settings import PostalSettings

MAX_BODY_BYTES: Final = 16 << 20
_LONGEST_RETRY_AFTER_S: Final = 3600.0
_BEFORE_SENDING: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and whole body of an answer; `retry_after_s` when the operator named a pause in seconds."""

    status: int
    body: bytes
    retry_after_s: float | None


class Transport:
    """Sends requests over one pool of connections; never follows redirects, never repeats a request."""

    def __init__(self, settings: PostalSettings) -> None:
        self._total_timeout_s = settings.total_timeout_s
        self._retry_delay_s = settings.retry_delay_s
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.total_timeout_s, connect=settings.connect_timeout_s),
            # Shorter than a server's own keep-alive: no request meets a connection that is being closed.
            limits=httpx.Limits(max_connections=settings.max_connections, keepalive_expiry=2.0),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(
        self,
        operation: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
    ) -> Reply:
        """Make one exchange; NoEffectError before anything was sent, EffectUnsureError after."""
        request = self._http.build_request(
            method, url, headers=headers, params=params, content=content, data=form
        )
        auth = httpx.BasicAuth(*basic) if basic is not None else None
        try:
            async with asyncio.timeout(self._total_timeout_s):
                response = await self._http.send(request, auth=auth, stream=True)
                try:
                    body = await _read(operation, response)
                finally:
                    await response.aclose()
        except _BEFORE_SENDING as error:
            raise NoEffectError(f"{operation}: {type(error).__name__}", self._retry_delay_s) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise EffectUnsureError(f"{operation}: {type(error).__name__}") from error
        return Reply(response.status_code, body, _retry_after_s(response))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


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
