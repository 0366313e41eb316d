"""What a door bears: connections by whom they are of, and times (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network
SLOWEST_BYTES_PER_S = 4096
"""What comes or is taken more slowly than this over the idle time-out is cut off."""


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Connections at a time, and seconds.

    `reserved` of them are kept for those who were recognised lately or call from `trusted` networks; whoever
    else is there may hold the others. `per_address`: of one address before it is recognised; `per_caller`:
    of one caller who is. `is_closed`: only the trusted networks are let in.
    """

    connections: int
    per_address: int
    reserved: int = 0
    per_caller: int | None = None
    trusted: tuple[Network, ...] = ()
    is_closed: bool = False
    handshake_s: float = 5.0
    head_s: float = 10.0
    idle_s: float = 20.0
    keep_alive_s: int = 5
    grace_s: int = 2


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a client reads before its connection is closed."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def bare_refusal(code: str) -> Refusal:
    """Without words, for doors of machines; `code` is `http.slow` or `http.no_http`."""
    return Refusal(408 if code == "http.slow" else 400)


Refuse = Callable[[str], Refusal]
