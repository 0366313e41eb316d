"""Who may join: name, roles and organisations, and what those who are or were there say to it (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from hub.errors import StartupError
from hub.inbound.directory import HUB
from hub.kafka.topics import DIRECTORY_TOPIC, FACTS_TOPIC, HEARTBEAT_TOPIC
from hub.regulation.codes import parse_unit_code
from schemas.base import SERVING_ROLES, Role

ROLES = tuple(role for role in get_args(Role) if role != HUB.name)
GROUP = "hub-engine"
GATEWAY = "hub.gateway"
"""User of the gateway."""
SPEAKERS = frozenset({"counter", "agency"})
"""Roles that act for an organisation; without one they could do nothing."""
_NAME = re.compile(r"[a-z][a-z0-9-]{1,40}", re.ASCII)
_TOPICS = (FACTS_TOPIC, HEARTBEAT_TOPIC, DIRECTORY_TOPIC, f"in.{HUB.name}", f"out.{HUB.name}")
_OWN = (HUB.name, GROUP, GATEWAY, *_TOPICS)
"""Groups, users and topics of the hub itself, without the prefix."""


def _reserved() -> frozenset[str]:
    words = {word for name in _OWN for word in re.split(r"[.-]", name)}
    return frozenset(words | {re.sub(r"\.", "-", name) for name in _OWN} | set(_OWN))


RESERVED = _reserved()
"""What no participant may be called, wherever dots and dashes stand."""


@dataclass(frozen=True, slots=True)
class Member:
    """A participant that is there, or (`is_former`) was there under this name."""

    name: str
    roles: Collection[str]
    organisations: Collection[str]
    is_former: bool = False


def check_candidate(name: str, roles: Sequence[str], organisations: Sequence[str]) -> None:
    """Raises `StartupError` in one line for what is wrong whoever else is there."""
    if not _NAME.fullmatch(name):
        raise StartupError(f"participant name {name!r}: lower-case letters, digits and '-', 2 to 41")
    if name in RESERVED or name.startswith(f"{HUB.name}-"):
        raise StartupError(f"participant name {name!r}: the hub's own topics, groups and users have it")
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise StartupError(f"roles {', '.join(unknown) or '(none)'}: one or more of {', '.join(ROLES)}")
    wrong = [code for code in organisations if parse_unit_code(code) is None]
    if wrong:
        shapes = "a unit's code is like 000.12.34.H07 or H07.34.12"
        raise StartupError(f"organisations {', '.join(map(repr, wrong))}: {shapes}")
    speaking = [role for role in roles if role in SPEAKERS]
    if speaking and not organisations:
        raise StartupError(f"organisations (none): role {speaking[0]} speaks for one or more")


def check_among(candidate: Member, others: Iterable[Member]) -> None:
    """Raises `StartupError` in one line for what somebody who is or was there has against it."""
    for other in others:
        if other.name == candidate.name:
            _check_name(candidate, other)
        elif not other.is_former:
            _check_orders(candidate, other)


def _check_name(candidate: Member, holder: Member) -> None:
    if not holder.is_former:
        raise StartupError(
            f"participant {candidate.name} exists already; hub participants rotate {candidate.name}"
            " draws a new password or token"
        )
    mine, theirs = set(candidate.organisations), set(holder.organisations)
    is_same = mine <= theirs and bool(mine) == bool(theirs)
    if not is_same or (not theirs and not set(candidate.roles) <= set(holder.roles)):
        raise StartupError(
            f"participant name {candidate.name!r}: it was that of {_whose(holder)}, whose messages"
            " and references are still there; take another name"
        )


def _check_orders(candidate: Member, other: Member) -> None:
    roles = sorted(SERVING_ROLES & set(candidate.roles) & set(other.roles))
    shared = sorted(set(candidate.organisations) & set(other.organisations))
    are_unbound = not candidate.organisations and not other.organisations
    if roles and (shared or are_unbound):
        of = f"of {', '.join(shared)}" if shared else "of all organisations without one of their own"
        raise StartupError(
            f"role {roles[0]}: the orders {of} go to {other.name}, and would go to both;"
            " name other organisations"
        )


def _whose(holder: Member) -> str:
    return ", ".join(holder.organisations) or f"a participant with role {', '.join(holder.roles)}"
