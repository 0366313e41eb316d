"""The portal's services, typed; the session travels in the body (contract 1.4, 2.1 to 2.4)."""

from __future__ import annotations

import json
from typing import Any

from adapters.national_portal.answers import Answer, read_answer
from adapters.national_portal.session import sessions
from adapters.national_portal.settings import PortalSettings
from adapters.national_portal.transport import Transport
from hub.delivery.errors import EffectUnsureError, NoEffectError

Item = dict[str, Any]


class PortalClient:
    """Calls in the name of the province.

    Every method raises NoEffectError or EffectUnsureError and nothing else for what the portal does. A dead
    session costs one login and one more try.
    """

    def __init__(self, settings: PortalSettings) -> None:
        self._settings = settings
        self._transport = Transport(settings)
        self._sessions = sessions(self._transport, settings)

    async def sync_dossier(self, item: Item, *, is_update: bool) -> Answer:
        """DongBoHoSoMC with one dossier: how the portal takes a part of a larger array is not known."""
        body = {"isUpdating": "True" if is_update else "False", "data": [item]}
        return await self._call("DongBoHoSoMC", self._settings.integration_path, body)

    async def add_progress(self, item: Item) -> Answer:
        """CapNhatTienDoHoSoMC with one line; the portal appends, so a repeat would be a second line."""
        return await self._call("CapNhatTienDoHoSoMC", self._settings.integration_path, {"data": [item]})

    async def has_dossier(self, code: str) -> bool:
        """TraCuuHoSo: whether the portal knows this code; changes nothing."""
        answer = await self._call("TraCuuHoSo", self._settings.integration_path, {"mahoso": code})
        if answer.code != "0" or not isinstance(answer.result, list):
            raise EffectUnsureError("TraCuuHoSo: no result")
        return bool(answer.result)

    async def read_procedure(self, code: str) -> Item | None:
        """LayThuTuc: the published record, None when the portal has none; changes nothing."""
        try:
            answer = await self._call("LayThuTuc", self._settings.share_path, {"maTTHC": code})
        except EffectUnsureError as error:
            raise NoEffectError(str(error), self._settings.retry_delay_s) from error
        if answer.code != "0" or not isinstance(answer.result, list):
            raise NoEffectError("LayThuTuc: no result", self._settings.retry_delay_s)
        first = answer.result[0] if answer.result else None
        if first is not None and not isinstance(first, dict):
            raise NoEffectError("LayThuTuc: unreadable result", self._settings.retry_delay_s)
        return first

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def _call(self, service: str, path: str, parameters: Item) -> Answer:
        session = await self._sessions.current()
        answer = await self._send(service, path, parameters, session.value)
        if answer.says_session_is_dead(self._settings.session_codes):
            session = await self._sessions.renewed(session)
            answer = await self._send(service, path, parameters, session.value)
            if answer.says_session_is_dead(self._settings.session_codes):
                raise NoEffectError(f"{service}: session refused twice", self._settings.retry_delay_s)
        if answer.code in self._settings.retry_codes:
            raise NoEffectError(f"{service}: error {answer.code[:20]}", self._settings.retry_delay_s)
        return answer

    async def _send(self, service: str, path: str, parameters: Item, session: str) -> Answer:
        body = {"session": session, "madonvi": self._settings.unit, "service": service, **parameters}
        encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        answer = read_answer(await self._transport.post(service, path, encoded))
        if not answer.code:
            raise EffectUnsureError(f"{service}: answer without error_code")
        return answer
