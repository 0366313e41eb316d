"""Who takes part: participants by name, role and organisation (pure; loaded by the store)."""

from __future__ import annotations

from collections.abc import Iterable

from hub.dossier.decision import Sender
from hub.errors import AlteredRowError

HUB = Sender("hub", frozenset({"hub"}), frozenset())


class Directory:
    """An immutable snapshot of the participants; `hub` itself is always one.

    `altered` names those whose rows the hub has not written so: they take no part, and what they send waits.
    """

    def __init__(self, participants: Iterable[Sender], altered: Iterable[str] = ()) -> None:
        self._altered = frozenset(altered)
        self._by_name = {participant.name: participant for participant in participants} | {HUB.name: HUB}
        self._speaking: dict[tuple[str, str], tuple[str, ...]] = {}
        self._unbound: dict[str, tuple[str, ...]] = {}

    def find(self, name: str) -> Sender | None:
        """The participant that owns `in.<name>`, or None."""
        return self._by_name.get(name)

    def must_believe(self, name: str) -> None:
        """Raises for one whose row was altered: nothing is refused for good to it."""
        if name in self._altered:
            raise AlteredRowError(f"participant {name}")

    def names(self) -> tuple[str, ...]:
        """All names, sorted, with `hub`."""
        return tuple(sorted(self._by_name))

    def speaking_for(self, role: str, organisation: str) -> tuple[str, ...]:
        """Names of the participants with `role` that speak for `organisation`, sorted."""
        key = (role, organisation)
        found = self._speaking.get(key)
        if found is None:
            with_role = (p for p in self._by_name.values() if role in p.roles)
            found = tuple(sorted(p.name for p in with_role if organisation in p.organisations))
            self._speaking[key] = found
        return found

    def with_role(self, role: str) -> tuple[str, ...]:
        """Names of the participants with `role`, sorted."""
        return tuple(sorted(p.name for p in self._by_name.values() if role in p.roles))

    def serving(self, role: str, organisation: str) -> tuple[str, ...]:
        """Who with `role` serves an organisation: those bound to it, else those that are bound to none."""
        return self.speaking_for(role, organisation) or self._bound_to_none(role)

    def _bound_to_none(self, role: str) -> tuple[str, ...]:
        found = self._unbound.get(role)
        if found is None:
            found = tuple(name for name in self.with_role(role) if not self._by_name[name].organisations)
            self._unbound[role] = found
        return found
