"""The application behind the door: reads what was typed, limits it, and answers with a page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from hub.errors import UntrustedRowError
from hub.facts.look_up_key import are_digits
from hub.facts.untrusted import tell_untrusted
from hub.forms.look_up import CODE, FACTOR, PATH
from hub.http.admission import site_of
from hub.http.answer import Message, Receive, Send
from hub.logs import log, place_of
from hub.postgres.away import reason_of
from hub.process.rhythm import Line, Rhythm
from hub.process.supervise import is_away
from hub.public import pages
from hub.public.limits import Limits, TooOften
from hub.public.look_up import LookUp, clean_code, is_code
from hub.public.metrics import Outcome, PublicMetrics
from hub.public.pages import Asked

_MOST_BYTES: Final = 4096
_BODY_S = 10.0
_STEP_S = 1.0
_FORM = b"application/x-www-form-urlencoded"
_KEYS: Mapping[Outcome, tuple[HTTPStatus, str]] = {
    "unknown": (HTTPStatus.NOT_FOUND, "unknown"),
    "limited_address": (HTTPStatus.TOO_MANY_REQUESTS, "limited"),
    "limited_code": (HTTPStatus.TOO_MANY_REQUESTS, "limited"),
    "away": (HTTPStatus.SERVICE_UNAVAILABLE, "away"),
    "fault": (HTTPStatus.INTERNAL_SERVER_ERROR, "away"),
}


class _NotReadableError(Exception):
    """A body that is too large, too slow or no form."""


class Page:
    """ASGI. Nothing of a look-up is logged but how many there were; `step` is its side task."""

    def __init__(self, look_up: LookUp, limits: Limits, metrics: PublicMetrics) -> None:
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
        if path != PATH or method not in ("GET", "HEAD", "POST"):
            await _send(send, HTTPStatus.NOT_FOUND, pages.refusal_page(Asked(), "nothing"))
            return
        try:
            asked = await _asked(scope, receive)
        except _NotReadableError:
            await _send(send, HTTPStatus.BAD_REQUEST, pages.refusal_page(Asked(), "unknown"))
            return
        if method != "POST" and not asked.code:
            await _send(send, HTTPStatus.OK, pages.form_page(asked))
            return
        await self._answer(scope, asked, send)

    async def step(self) -> None:
        """Tell how many look-ups showed nothing, and rest."""
        for line in self._refused.due(time.monotonic()):
            _tell(line)
        await asyncio.sleep(_STEP_S)

    async def _answer(self, scope: Message, asked: Asked, send: Send) -> None:
        began_at = time.monotonic()
        asked = replace(asked, code=clean_code(asked.code), factor=asked.factor.strip())
        address = site_of((scope.get("client") or ("",))[0])
        outcome, page, headers = await self._found(address, asked)
        status = HTTPStatus.OK if outcome == "shown" else _KEYS[outcome][0]
        self._metrics.look_ups.labels(outcome).inc()
        self._metrics.latency.observe(time.monotonic() - began_at)
        if outcome != "shown":
            line = self._refused.add(outcome, 1, None, time.monotonic())
            if line is not None:
                _tell(line)
        await _send(send, status, page, headers)

    async def _found(self, address: str, asked: Asked) -> tuple[Outcome, str, Mapping[str, str]]:
        now_s = time.monotonic()
        if (wait := self._limits.look_up(address, now_s)) is not None:
            return _limited(asked, wait)
        if not is_code(asked.code):
            return _refused(asked, "unknown")
        # A right check code is held up by nobody's tries; whether it is right, needs no store.
        wait = self._limits.try_code(asked.code, now_s)
        if wait is not None and are_digits(asked.factor):
            return _limited(asked, wait)
        try:
            standing = await self._look_up.find(asked.code, asked.factor)
        except UntrustedRowError as error:
            tell_untrusted(error)
            return _refused(asked, "away")
        except Exception as error:  # noqa: BLE001  the outermost loop of a request
            return _refused(asked, _judged(error))
        if standing is None:
            return _limited(asked, wait) if wait is not None else _refused(asked, "unknown")
        if wait is None:
            self._limits.was_right(asked.code)
        return "shown", pages.dossier_page(asked, standing, self._look_up.now()), {}


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


async def _asked(scope: Message, receive: Receive) -> Asked:
    given = scope["query_string"]
    if scope["method"] == "POST":
        kinds = [value for name, value in scope["headers"] if name == b"content-type"]
        if len(kinds) != 1 or kinds[0].partition(b";")[0].strip().lower() != _FORM:
            raise _NotReadableError
        given = await _body(receive)
    try:
        fields = parse_qs(given.decode("ascii"), max_num_fields=10, errors="strict")
    except ValueError as error:
        raise _NotReadableError from error
    code, factor, language = (fields.get(name, [""])[0] for name in (CODE, FACTOR, pages.LANGUAGE))
    return Asked(code, factor, "en" if language == "en" else "vi")


async def _body(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    try:
        async with asyncio.timeout(_BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _NotReadableError
                pieces.append(message.get("body", b""))
                if sum(map(len, pieces)) > _MOST_BYTES:
                    raise _NotReadableError
                if not message.get("more_body", False):
                    return b"".join(pieces)
    except TimeoutError as error:
        raise _NotReadableError from error


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
