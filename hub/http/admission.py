"""Who holds which connection of a door, and who has to make room (pure: the moment is an argument)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from itertools import chain

from hub.http.limits import DoorLimits

_KNOWN_S = 3600.0
_MAX_KNOWN = 10_000
_IPV6_SITE_BITS = 64


@dataclass(eq=False, slots=True)
class Guest:
    """One open connection, from its acceptance on.

    `caller`: who was recognised on it. `is_waiting`: whether it is the client's turn; such a connection can
    be closed without loss. `close` ends it.
    """

    address: str
    is_stranger: bool
    caller: str | None = None
    is_waiting: Callable[[], bool] = lambda: True
    close: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Entered:
    """A connection that is let in; `leaving` made room for it, because of `reason`."""

    guest: Guest
    leaving: Guest | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """A connection that is not let in."""

    reason: str


class Admission:
    """The connections of one door.

    Where a limit of those who are not recognised is reached, one that waits for its client makes room: who
    only holds connections open holds them only until somebody else comes. For who comes from a trusted
    network others of it make room too. It is the oldest of the address
    that holds most, so that a crowd makes room for itself before it takes the place of a single client.
    """

    def __init__(self, limits: DoorLimits) -> None:
        self._limits = limits
        self._guests: dict[Guest, None] = {}
        self._strangers: dict[Guest, None] = {}
        self._by_address: dict[str, dict[Guest, None]] = {}
        self._by_caller: dict[str, dict[Guest, None]] = {}
        self._known: dict[str, float] = {}

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._guests)

    def enter(self, host: str, now_s: float) -> Entered | Turned:
        """Let a new connection in, or not; the guest that leaves for it is no longer counted."""
        address, is_trusted = site_of(host), self._is_trusted(host)
        if self._limits.is_closed and not is_trusted:
            return Turned("address")
        is_known = is_trusted or now_s - self._known.get(address, -_KNOWN_S) < _KNOWN_S
        guest, leaving = Guest(address, is_stranger=not is_known), None
        reason, crowd = self._full(guest, is_trusted=is_trusted)
        if reason:
            leaving = next((other for other in crowd if other.is_waiting()), None)
            if leaving is None:
                return Turned(reason)
            self.leave(leaving)
        self._add(guest, address if is_trusted else None)
        return Entered(guest, leaving, reason)

    def recognise(self, guest: Guest, caller: str, now_s: float) -> bool:
        """Note whose connection it is; False when this caller holds too many: nothing is changed then."""
        if guest not in self._guests:
            return True
        self._known.pop(guest.address, None)
        if len(self._known) >= _MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[guest.address] = now_s
        if guest.caller == caller:
            return True
        most = self._limits.per_caller
        if most is not None and len(self._by_caller.get(caller, ())) >= most:
            return False
        self.leave(guest)
        self._add(guest, caller)
        return True

    def forget(self, guest: Guest) -> None:
        """What was shown on this connection is no longer believed."""
        if guest.caller is not None and guest in self._guests:
            self.leave(guest)
            guest.is_stranger = True
            self._add(guest, None)

    def leave(self, guest: Guest) -> None:
        """The connection is gone; may be said twice."""
        if self._guests.pop(guest, 0) is None:
            self._strangers.pop(guest, None)
            _drop(self._by_address, guest.address, guest)
            _drop(self._by_caller, guest.caller or "", guest)

    def _full(self, guest: Guest, *, is_trusted: bool) -> tuple[str, Iterable[Guest]]:
        """The limit that a newcomer would break, and whose connections could be closed for it."""
        limits, mine = self._limits, self._by_address.get(guest.address, {})
        if not is_trusted and len(mine) >= limits.per_address:
            return "address_connections", mine
        is_full = guest.is_stranger and len(self._strangers) >= limits.connections - limits.reserved
        if is_full or len(self._guests) >= limits.connections:
            others = self._trusted_by_crowd() if is_trusted else ()
            return "connections", chain(self._strangers_by_crowd(), others)
        return "", ()

    def _strangers_by_crowd(self) -> Iterator[Guest]:
        crowds = sorted(self._by_address.values(), key=len, reverse=True)
        return (guest for crowd in crowds for guest in crowd if guest.is_stranger)

    def _trusted_by_crowd(self) -> Iterator[Guest]:
        """Behind a proxy everybody comes from a trusted address: there too, who only holds on makes room."""
        crowds = sorted(self._by_caller.values(), key=len, reverse=True)
        return (guest for crowd in crowds for guest in crowd if guest.caller == guest.address)

    def _add(self, guest: Guest, caller: str | None) -> None:
        guest.caller = caller
        self._guests[guest] = None
        if caller is not None:
            self._by_caller.setdefault(caller, {})[guest] = None
            return
        self._by_address.setdefault(guest.address, {})[guest] = None
        if guest.is_stranger:
            self._strangers[guest] = None

    def _is_trusted(self, host: str) -> bool:
        address = _parsed(host)
        return address is not None and any(address in network for network in self._limits.trusted)


def site_of(host: str) -> str:
    """What counts as one address: of IPv6 the network that a site is given."""
    address = _parsed(host)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _IPV6_SITE_BITS), strict=False))
    return str(address or host)


def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _drop(groups: dict[str, dict[Guest, None]], key: str, guest: Guest) -> None:
    group = groups.get(key)
    if group is not None and group.pop(guest, 0) is None and not group:
        del groups[key]
