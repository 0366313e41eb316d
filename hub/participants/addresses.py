"""Where a webhook may lead: its URL in parts, its name in punycode, which addresses may be called (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import idna

Network = IPv4Network | IPv6Network
_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_NAME = 253
_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
"""IANA's special-purpose registries; `is_global` of the standard library differs between versions."""


class DeniedError(Exception):
    """The host has an address where nothing may be called."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in parts: `host` is an ASCII name or the text of an address, `path` begins with `/` or `?`."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As the header `Host` has it: IPv6 in brackets, a port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def at(self, address: str) -> str:
        """The URL that connects to this address."""
        return f"{self.scheme}://{f'[{address}]' if ':' in address else address}:{self.port}{self.path}"


def target_of(url: str) -> Target:
    """Take a URL apart; ValueError says in a few words what is wrong with it."""
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("it holds blanks or other characters that have to be encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("host or port cannot be read") from None
    if parts.scheme not in _PORTS:
        raise ValueError("the scheme is not one of https, http")
    if parts.username is not None or parts.password is not None or "#" in url:
        raise ValueError("no user, password or fragment may stand in it")
    if port == 0:
        raise ValueError("port 0 cannot be called")
    query = f"?{parts.query}" if parts.query else ""
    host = ascii_host(parts.hostname or "")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], (parts.path or "/") + query)


def ascii_host(host: str) -> str:
    """A name in ASCII (IDNA 2008, mapped by UTS 46), or an address; ValueError for what is neither."""
    if ":" in host:
        return str(ip_address(host))
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise ValueError("the host is no domain name") from None
    name = name.lower().removesuffix(".")
    if len(name) > _MAX_NAME or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("the host is no domain name: labels have 1 to 63 letters, digits and '-'")
    return name


def is_allowed(address: str, allowed: Sequence[Network]) -> bool:
    """Whether an address may be called: public ones, and others that the settings name.

    An IPv6 address that holds an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) leads through it to
    where nobody has looked, so it is none of the public ones.
    """
    ip: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(ip, IPv6Address) and ip.scope_id is not None:
        return False
    if any(ip in network for network in allowed if network.version == ip.version):
        return True
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _SPECIAL_V4)
    return ip in _GLOBAL_V6 and not any(ip in network for network in _SPECIAL_V6)


def choose(addresses: Iterable[str], allowed: Sequence[Network]) -> str:
    """The address to connect to; DeniedError when one of them may not be called: no mix is trusted."""
    found = list(addresses)
    if not found or not all(is_allowed(address, allowed) for address in found):
        raise DeniedError
    return found[0]
