"""A provider of short messages over HTTP; raises `CallError` and nothing else for what it does."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote

from adapters.notices.settings import NoticesSettings
from adapters.notices.sms import ShortMessage
from hub.delivery.errors import EffectUnsureError
from hub.delivery.http import CallLimits, HttpCaller, Reply

_NOT_TAKEN: Final = frozenset({401, 403, 408, 425, 429, 503})
"""Statuses of a request that did nothing. ASSUMPTION for every provider: to be confirmed with yours."""
_FOR_GOOD: Final = frozenset({400, 404, 410, 422})
_NOT_THERE: Final = 404


class SmsRefusedError(Exception):
    """The provider said no to this number or this text for good."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class SmsClient:
    """One pool of connections; safe for concurrent calls."""

    def __init__(self, settings: NoticesSettings) -> None:
        self._settings = settings
        limits = CallLimits(
            settings.total_timeout_s,
            settings.connect_timeout_s,
            settings.retry_delay_s,
            settings.max_answer_bytes,
        )
        self._http = HttpCaller(limits, settings.sms_ca_file)

    async def send(self, identity: str, phone: str, message: ShortMessage) -> str:
        """Give the provider's number; `identity` is ours, by which it knows a repeated request."""
        settings = self._settings
        assert settings.sms_url is not None
        places = {
            "id": identity,
            "brand": settings.sms_brand,
            "phone": phone,
            "text": message.text,
            "encoding": message.encoding,
            "parts": str(message.parts),
        }
        body = {name: _filled(value, places) for name, value in settings.sms_body.items()}
        reply = await self._http.send(
            "sms", "POST", settings.sms_url, headers=self._headers(), content=_json(body)
        )
        if reply.status in _FOR_GOOD:
            raise SmsRefusedError(reply.status)
        return self._number(reply)

    async def find(self, identity: str) -> str | None:
        """The provider's number of an earlier request; None when it has none. Only with `sms_query_url`."""
        settings = self._settings
        assert settings.sms_query_url is not None
        url = settings.sms_query_url.replace("{id}", quote(identity, safe=""))
        reply = await self._http.send("sms look-up", "GET", url, headers=self._headers())
        return None if reply.status == _NOT_THERE else self._number(reply)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _number(self, reply: Reply) -> str:
        if reply.status not in {201, 202}:
            reply.must_be_ok(_NOT_TAKEN, self._settings.retry_delay_s)
        number = reply.json_object().get(self._settings.sms_answer_id)
        if not isinstance(number, str | int) or not str(number).strip():
            raise EffectUnsureError(f"{reply.operation}: answer without a number")
        return str(number)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if (token := self._settings.sms_token) is not None:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        return headers


def _filled(value: str, places: dict[str, str]) -> str:
    """A place is a whole value: a text that names a place stays what it is."""
    return places.get(value[1:-1], value) if value.startswith("{") and value.endswith("}") else value


def _json(body: dict[str, str]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
