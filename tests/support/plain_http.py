"""Test support: HTTP clients for servers on loopback, without the machine's list of authorities."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

# Trusts nobody. httpx would load the list for each client, also where all is plain HTTP: 40 ms of work.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def plain_http(timeout_s: float = 5, **options: Any) -> httpx.AsyncClient:
    """A client of plain HTTP; settings of the environment (proxies) are not looked at."""
    # Servers close what was idle for 5 s: it must not be taken up again at that moment.
    kept = httpx.Limits(keepalive_expiry=2)
    return httpx.AsyncClient(
        timeout=timeout_s, trust_env=False, verify=_NO_AUTHORITIES, **{"limits": kept} | options
    )
