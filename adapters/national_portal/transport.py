"""One JSON exchange with the portal through the security server, which may refuse to pass it on."""

from __future__ import annotations

from typing import Any, Final

from adapters.national_portal.settings import PortalSettings
from hub.delivery.http import CallLimits, HttpCaller

MAX_BODY_BYTES: Final = 8 << 20
_NOT_TAKEN: Final = frozenset({401, 403, 404, 429, 503})
"""The security server has not passed the call on."""


class Transport:
    """Posts JSON to the portal; raises NoEffectError when it cannot have got it, else EffectUnsureError."""

    def __init__(self, settings: PortalSettings) -> None:
        self._retry_delay_s = settings.retry_delay_s
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
        limits = CallLimits(
            settings.total_timeout_s,
            settings.connect_timeout_s,
            settings.retry_delay_s,
            MAX_BODY_BYTES,
            settings.max_connections,
        )
        self._http = HttpCaller(limits, settings.ca_file)

    async def post(self, operation: str, path: str, body: bytes) -> dict[str, Any]:
        """Make one exchange: the JSON object of an answer of HTTP 200."""
        reply = await self._http.send(
            operation,
            "POST",
            self._base + path,
            headers=self._headers,
            params=self._params or None,
            content=body,
        )
        reply.must_be_ok(_NOT_TAKEN, self._retry_delay_s)
        return reply.json_object()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
