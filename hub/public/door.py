"""The application behind the door: reads what was typed, limits it, and answers with a page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from http import HTTPStatus

from hub.errors import UntrustedRowError
from hub.facts.look_up_key import are_digits
from hub.facts.untrusted import tell_untrusted
from hub.forms.look_up import PATH
from hub.http.admission import site_of
from hub.http.answer import Message, Receive, Send
from hub.logs import log, place_of
from hub.postgres.away import reason_of
from hub.process.rhythm import Line, Rhythm
from hub.process.supervise import is_away
from hub.public import pages
from hub.public.asking import Fields, NotReadableError, asked_of, read_fields
from hub.public.feedback_pages import COMPLAIN, RATE, feedback_part
from hub.public.limits import Limits, TooOften
from hub.public.look_up import LookUp, is_code
from hub.public.metrics import Outcome, PublicMetrics
from hub.public.pages import Asked
from hub.public.queue import QueueScreens
from hub.public.queue_pages import QUEUE
from hub.public.standing import Standing
from hub.public.voices import Voices

_STEP_S = 1.0
_KEYS: Mapping[Outcome, tuple[HTTPStatus, str]] = {
    "unknown": (HTTPStatus.NOT_FOUND, "unknown"),
    "limited_address": (HTTPStatus.TOO_MANY_REQUESTS, "limited"),
    "limited_code": (HTTPStatus.TOO_MANY_REQUESTS, "limited"),
    "away": (HTTPStatus.SERVICE_UNAVAILABLE, "away"),
    "fault": (HTTPStatus.INTERNAL_SERVER_ERROR, "away"),
}


class Page:
    """ASGI. Nothing of a look-up is logged but how many there were; `step` is its side task."""

    def __init__(
        self,
        look_up: LookUp,
        limits: Limits,
        metrics: PublicMetrics,
        screens: QueueScreens,
        voices: Voices | None = None,
    ) -> None:
        """Without `voices` nobody rates or complains here."""
        self._screens = screens
        self._voices = voices
        self._look_up = look_up
        self._limits = limits
        self._metrics = metrics
        self._refused: Rhythm[Outcome, None] = Rhythm()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"]
        if path == "/" and method in ("GET", "HEAD"):
            await _send(send, HTTPStatus.SEE_OTHER, "", {"location": PATH})
            return
        spoken = {RATE, COMPLAIN} if self._voices is not None and method == "POST" else set()
        if path not in {PATH, QUEUE, *spoken} or method not in ("GET", "HEAD", "POST"):
            await _send(send, HTTPStatus.NOT_FOUND, pages.refusal_page(Asked(), "nothing"))
            return
        try:
            fields = await read_fields(scope, receive)
        except NotReadableError:
            await _send(send, HTTPStatus.BAD_REQUEST, pages.refusal_page(Asked(), "unknown"))
            return
        asked = asked_of(fields)
        if path == PATH and method != "POST" and not asked.code:
            await _send(send, HTTPStatus.OK, pages.form_page(asked))
            return
        await self._answer(scope, asked, fields, send)

    async def step(self) -> None:
        """Tell how many look-ups showed nothing, and rest."""
        for line in self._refused.due(time.monotonic()):
            _tell(line)
        await asyncio.sleep(_STEP_S)

    async def _answer(self, scope: Message, asked: Asked, fields: Fields, send: Send) -> None:
        began_at = time.monotonic()
        address = site_of((scope.get("client") or ("",))[0])
        outcome, page, headers = await self._found(address, scope, asked, fields)
        status = HTTPStatus.OK if outcome == "shown" else _KEYS[outcome][0]
        self._metrics.look_ups.labels(outcome).inc()
        self._metrics.latency.observe(time.monotonic() - began_at)
        if outcome != "shown":
            line = self._refused.add(outcome, 1, None, time.monotonic())
            if line is not None:
                _tell(line)
        await _send(send, status, page, headers)

    async def _found(
        self, address: str, scope: Message, asked: Asked, fields: Fields
    ) -> tuple[Outcome, str, Mapping[str, str]]:
        try:
            return await self._looked_up(address, scope, asked, fields)
        except UntrustedRowError as error:
            tell_untrusted(error)
            return _refused(asked, "away")
        except Exception as error:  # noqa: BLE001  the outermost loop of a request
            return _refused(asked, _judged(error))

    async def _looked_up(
        self, address: str, scope: Message, asked: Asked, fields: Fields
    ) -> tuple[Outcome, str, Mapping[str, str]]:
        now_s = time.monotonic()
        if (wait := self._limits.look_up(address, now_s)) is not None:
            return _limited(asked, wait)
        if scope["path"] == QUEUE:
            screen = await self._screens.answer(scope["method"], fields)
            return ("shown", screen, {}) if screen is not None else _refused(asked, "unknown")
        if not is_code(asked.code):
            return _refused(asked, "unknown")
        # A right check code is held up by nobody's tries; whether it is right, needs no store.
        wait = self._limits.try_code(asked.code, now_s)
        if wait is not None and are_digits(asked.factor):
            return _limited(asked, wait)
        standing = await self._look_up.find(asked.code, asked.factor)
        if standing is None:
            return _limited(asked, wait) if wait is not None else _refused(asked, "unknown")
        if wait is None:
            self._limits.was_right(asked.code)
        return "shown", await self._shown(scope["path"], asked, fields, standing), {}

    async def _shown(self, path: str, asked: Asked, fields: Fields, standing: Standing) -> str:
        """The page of a dossier that may be shown, or what became of what its applicant said of it."""
        if self._voices is None:
            return pages.dossier_page(asked, standing, self._look_up.now())
        if path == RATE:
            return await self._voices.rate(asked, fields, standing)
        if path == COMPLAIN:
            return await self._voices.complain(asked, fields, time.monotonic())
        return pages.dossier_page(asked, standing, self._look_up.now(), feedback_part(asked, standing))


def _refused(asked: Asked, outcome: Outcome) -> tuple[Outcome, str, Mapping[str, str]]:
    headers = {"retry-after": "60"} if outcome == "away" else {}
    return outcome, pages.refusal_page(asked, _KEYS[outcome][1]), headers


def _limited(asked: Asked, wait: TooOften) -> tuple[Outcome, str, Mapping[str, str]]:
    outcome: Outcome = "limited_address" if wait.limit == "address" else "limited_code"
    return outcome, pages.refusal_page(asked, "limited"), {"retry-after": str(int(wait.seconds) + 1)}


def _judged(error: Exception) -> Outcome:
    if is_away(error):
        log("look_up_waits", error=reason_of(error))
        return "away"
    log("look_up_failed", error=place_of(error))
    return "fault"


def _tell(line: Line[Outcome, None]) -> None:
    log("look_ups_not_shown", outcome=line.key, count=line.count)


async def _send(send: Send, status: HTTPStatus, page: str, headers: Mapping[str, str] | None = None) -> None:
    body = page.encode()
    found = {
        **pages.HEADERS,
        "content-type": "text/html; charset=utf-8",
        "content-length": str(len(body)),
        **(headers or {}),
    }
    pairs = [(name.encode(), value.encode()) for name, value in found.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": pairs})
    await send({"type": "http.response.body", "body": body})
