"""One call of a webhook: where it may go, how it is signed, what came of it."""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import httpx

from hub.errors import StartupError

Outcome = Literal["delivered", "rejected", "unreachable", "denied"]
_TIMEOUT_S = 15.0
_NAT64 = IPv6Network("64:ff9b::/96")
_MARK = "whsec_"
_RESOLVE_S = 5.0


class DeniedError(Exception):
    """The host has an address where nothing may be called."""


@dataclass(frozen=True, slots=True)
class Call:
    """A signed POST: id and body of one message, to a URL."""

    url: str
    secret: str
    message_id: str
    timestamp: int
    body: bytes


def new_secret() -> str:
    """A secret in the notation of Standard Webhooks."""
    return _MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(call: Call) -> str:
    """`v1,` and HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks 1.0; pure)."""
    key = base64.b64decode(call.secret.removeprefix(_MARK))
    signed = f"{call.message_id}.{call.timestamp}.".encode() + call.body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def check_url(url: str, *, is_test: bool) -> None:
    """`StartupError` unless it is an https URL (http in environment test) with a host, without a user."""
    parts = _split(url)
    schemes = ("https", "http") if is_test else ("https",)
    if parts is None or parts.scheme not in schemes or not parts.hostname or parts.username or parts.fragment:
        raise StartupError(f"a webhook needs a plain URL that begins with {' or '.join(schemes)}://")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_port = parts.port != 0
    except ValueError:
        return None
    return parts if is_port else None


def is_allowed(address: str, allowed: Sequence[str]) -> bool:
    """Whether an address may be called: public ones, and private ones that the settings name (pure)."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if any(ip in ip_network(network) for network in allowed):
        return True
    is_nat64 = isinstance(ip, IPv6Address) and ip in _NAT64
    return ip.is_global and not ip.is_multicast and not is_nat64


def choose(addresses: Iterable[str], allowed: Sequence[str]) -> str:
    """The address to connect to; DeniedError when one of them may not be called: no mix is trusted (pure)."""
    found = list(addresses)
    if not found or not all(is_allowed(address, allowed) for address in found):
        raise DeniedError
    return found[0]


async def perform(client: httpx.AsyncClient, call: Call, allowed: Sequence[str]) -> Outcome:
    """Resolve once and connect to that very address, so that a second look-up cannot lead elsewhere.

    Redirects are not followed, of the answer only the status is read, and the certificate is checked against
    the host's name.
    """
    parts = urlsplit(call.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            address = choose(await _resolve(host, port), allowed)
            async with client.stream(
                "POST",
                httpx.URL(call.url).copy_with(host=address),
                content=call.body,
                headers=_headers(call, host if parts.port is None else f"{host}:{port}"),
                extensions={"sni_hostname": host},
                follow_redirects=False,
            ) as answer:
                return "delivered" if answer.is_success else "rejected"
    except DeniedError:
        return "denied"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError):
        return "unreachable"


def _headers(call: Call, host: str) -> dict[str, str]:
    return {
        "host": host,
        "content-type": "application/cloudevents+json",
        "webhook-id": call.message_id,
        "webhook-timestamp": str(call.timestamp),
        "webhook-signature": signature(call),
    }


async def _resolve(host: str, port: int) -> list[str]:
    async with asyncio.timeout(_RESOLVE_S):
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(item[4][0]) for item in found]
