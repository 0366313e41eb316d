"""One call of a webhook: how it is signed, where it goes, what came of it."""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import httpx

from hub.errors import StartupError
from hub.participants.addresses import DeniedError, Network, choose, target_of
from hub.participants.look_ups import LookUps

Outcome = Literal["delivered", "rejected", "unreachable", "denied", "fault"]
"""`fault`: an error of the gateway itself, in a call of this one participant."""
_TIMEOUT_S = 15.0
_MARK = "whsec_"
_RESOLVE_S = 5.0


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """A signed POST: id and body of one message, to a URL."""

    url: str
    secret: str
    message_id: str
    timestamp: int
    body: bytes


def new_secret() -> str:
    """A secret in the notation of Standard Webhooks."""
    return _MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(call: WebhookCall) -> str:
    """`v1,` and HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks 1.0; pure)."""
    key = base64.b64decode(call.secret.removeprefix(_MARK))
    signed = f"{call.message_id}.{call.timestamp}.".encode() + call.body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def check_url(url: str, *, is_test: bool) -> None:
    """`StartupError` unless it is an https URL (http in environment test) that can be called."""
    schemes = ("https", "http") if is_test else ("https",)
    wanted = f"a webhook needs a plain URL that begins with {' or '.join(schemes)}://"
    try:
        target = target_of(url)
    except ValueError as error:
        raise StartupError(f"{wanted}: {error}") from None
    if target.scheme not in schemes:
        raise StartupError(wanted)


async def perform(
    client: httpx.AsyncClient, look_ups: LookUps, call: WebhookCall, allowed: Sequence[Network]
) -> Outcome:
    """Resolve once and connect to that very address, so that a second look-up cannot lead elsewhere.

    Redirects are not followed, of the answer only the status is read, and the certificate is checked against
    the host's name.
    """
    try:
        target = target_of(call.url)
    except ValueError:
        return "unreachable"
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            address = choose(await look_ups.addresses(target.host, _RESOLVE_S), allowed)
            async with client.stream(
                "POST",
                target.at(address),
                content=call.body,
                headers=_headers(call, target.authority),
                extensions={"sni_hostname": target.host},
                follow_redirects=False,
            ) as answer:
                return "delivered" if answer.is_success else "rejected"
    except DeniedError:
        return "denied"
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return "unreachable"


def _headers(call: WebhookCall, host: str) -> dict[str, str]:
    return {
        "host": host,
        "content-type": "application/cloudevents+json",
        "webhook-id": call.message_id,
        "webhook-timestamp": str(call.timestamp),
        "webhook-signature": signature(call),
    }
