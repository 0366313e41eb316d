"""One call to an outside system over HTTP: bounded in time and size, its failures split by what they say."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from hub.delivery.errors import CallError, Cause, EffectUnsureError, NoEffectError
from hub.delivery.outcome import RetryAt, Unknown
from hub.http.trusted_ca import TrustedCa
from schemas.counting import has_more_values

LONGEST_RETRY_AFTER_S: Final = 3600.0
_KEEPALIVE_S: Final = 2.0
"""Shorter than a server's own keep-alive: no request meets a connection that is being closed."""
MOST_VALUES: Final = 500_000
"""Of one answer: many times the largest that a counterpart is known to give."""
_CODINGS: Final = {"": False, "identity": False, "gzip": True, "x-gzip": True, "deflate": True}
"""What may stand in `Content-Encoding`, and whether it packs."""
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
_WRAPPING: Final = 1024
"""By how much bytes that cannot be packed grow at most when they are."""
_BEFORE_SENDING: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def outcome_after(error: CallError) -> RetryAt | Unknown:
    """What a failed call makes of a delivery that changes something over there."""
    if isinstance(error, NoEffectError):
        return RetryAt(error.delay_s, str(error), is_alone=error.is_alone)
    return Unknown(str(error))


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What one call may take: `total_timeout_s` from its first to the last byte of its answer.

    `retry_delay_s` is the pause after a call that was not sent.
    """

    total_timeout_s: float
    connect_timeout_s: float
    retry_delay_s: float
    max_body_bytes: int
    max_connections: int = 100


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, whatever its status and however it is labelled; `headers` are found in any case."""

    operation: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after_s(self) -> float | None:
        """The pause that the counterpart asks for."""
        return retry_after_s(self.headers)

    def must_be_ok(self, not_taken: frozenset[int], delay_s: float) -> None:
        """Raise for every status but 200.

        NoEffectError for one of `not_taken`, with the counterpart's own pause or `delay_s`; EffectUnsureError
        for the rest, redirects among them.
        """
        if self.status in not_taken:
            raise NoEffectError(f"{self.operation}: HTTP {self.status}", self.retry_after_s or delay_s)
        if self.status != httpx.codes.OK:
            raise EffectUnsureError(f"{self.operation}: HTTP {self.status}")

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; EffectUnsureError when it is none, and for one of very many values."""
        if has_more_values(self.body, MOST_VALUES):
            raise EffectUnsureError(f"{self.operation}: answer of over {MOST_VALUES} values", "too_large")
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            raise EffectUnsureError(f"{self.operation}: answer is no JSON") from None
        if not isinstance(document, dict):
            raise EffectUnsureError(f"{self.operation}: answer is no object")
        return document


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`, an hour at most; None without it, or for a date."""
    value = headers.get("Retry-After", "")
    return min(float(value), LONGEST_RETRY_AFTER_S) if value.isascii() and value.isdigit() else None


class HttpCaller:
    """Sends requests over one pool of connections; never follows a redirect, never repeats a request.

    Trusts the authority of `ca_file`, read again when the file is renewed, or those of the system; takes no
    proxy from the environment. Safe for concurrent calls.
    """

    def __init__(self, limits: CallLimits, ca_file: Path | None = None) -> None:
        self._limits = limits
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(limits.total_timeout_s, connect=limits.connect_timeout_s),
            limits=httpx.Limits(max_connections=limits.max_connections, keepalive_expiry=_KEEPALIVE_S),
            follow_redirects=False,
            trust_env=False,
            verify=TrustedCa(ca_file),
            headers={"Accept-Encoding": "gzip"},
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
        is_unpacked: bool = True,
    ) -> Reply:
        """Make one exchange; NoEffectError before anything was sent, EffectUnsureError after.

        `is_unpacked`: a compressed answer is unpacked and counts so, else its bytes are given as they came.
        """
        request = self._http.build_request(
            method, url, headers=headers, params=params, content=content, data=form
        )
        auth = httpx.BasicAuth(*basic) if basic is not None else None
        try:
            async with asyncio.timeout(self._limits.total_timeout_s):
                response = await self._http.send(request, auth=auth, stream=True)
                try:
                    body = await self._read(operation, response, is_unpacked=is_unpacked)
                finally:
                    await response.aclose()
        except _BEFORE_SENDING as error:
            why = f"{operation}: {type(error).__name__}"
            raise NoEffectError(why, self._limits.retry_delay_s, _cause(error)) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise EffectUnsureError(f"{operation}: {type(error).__name__}", _cause(error)) from error
        return Reply(operation, response.status_code, response.headers, body)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _read(self, operation: str, response: httpx.Response, *, is_unpacked: bool) -> bytes:
        limit = self._limits.max_body_bytes
        packed = _Packed(operation, response.headers) if is_unpacked else None
        body, read = bytearray(), 0
        async for chunk in response.aiter_raw():
            read += len(chunk)
            body += chunk if packed is None else packed.unpack(chunk, limit + 1 - len(body))
            if len(body) > limit or read > limit + _WRAPPING:
                raise EffectUnsureError(f"{operation}: answer over {limit} bytes", "too_large")
        if packed is not None and read:
            packed.must_be_over()
        return bytes(body)


class _Packed:
    """What an answer's bytes stand for, never more at once than is asked for: a few can stand for any number.

    Raises EffectUnsureError for what is packed twice, or in another way than was asked for.
    """

    def __init__(self, operation: str, headers: Mapping[str, str]) -> None:
        self._operation = operation
        coding = headers.get("Content-Encoding", "").strip().lower()
        if coding not in _CODINGS:
            raise EffectUnsureError(f"{operation}: answer is packed in a way that is not read")
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB) if _CODINGS[coding] else None

    def unpack(self, chunk: bytes, most: int) -> bytes:
        """At most so many bytes, `most` only of an answer that is too large; nothing behind its end."""
        if self._zlib is None:
            return chunk
        try:
            return b"" if self._zlib.eof else self._zlib.decompress(chunk, most)
        except zlib.error:
            raise EffectUnsureError(f"{self._operation}: packed answer cannot be read") from None

    def must_be_over(self) -> None:
        """All of it has come."""
        if self._zlib is not None and not self._zlib.eof:
            raise EffectUnsureError(f"{self._operation}: packed answer has no end")


def _cause(error: Exception) -> Cause:
    return "timeout" if isinstance(error, TimeoutError | httpx.TimeoutException) else "unreachable"
