"""What an engine knows of the store from the batches that it has committed, so that it need not ask (pure).

None of it is believed: `write_batch` compares the head of each dossier that a batch has looked at, that what
was taken for new is new, and the versions of the configuration. What is stale costs one miss; after it,
batches are read as if nothing was known for a while (docs/decisions/0079).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from hub.engine.decide.unit_of_work import InboxEntry, LoadedDossier, UnitOfWork, View
from hub.identifiers import alias_of, is_uuid
from hub.inbound.authorise import Authorised, Unreadable, named_by

_PAUSE, _LONGEST_PAUSE = 8, 1024
"""So many batches are read whole after a first miss, and after one of many in a short time."""
_NAMES, _ANSWERS, _REQUESTS = 4, 2, 20
"""So many aliases and participants, answers, and hashes of answered requests are kept for each dossier."""

_NOTHING: Mapping[str, LoadedDossier] = {}
_NO_NAMES: Mapping[str, str] = {}

Request = tuple[str, str]
"""Of a participant, by its id."""


@dataclass(slots=True)
class Wanted:
    """What a batch needs to read: ids to look up in the inbox, subjects as aliases or dossier ids."""

    participants: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    dossiers: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.ids or self.aliases or self.dossiers)

    def ask_inbox(self, item: Authorised) -> None:
        """Whether this request was answered before."""
        self.participants.append(item.sender.name)
        self.ids.append(item.envelope.id)


@dataclass(frozen=True, slots=True)
class Sought:
    """What the records of a batch name: what is to be read, what is known, and what is taken for new."""

    wanted: Wanted
    must_read: bool
    dossiers: Mapping[str, LoadedDossier] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    absent: AbstractSet[str] = frozenset()
    answers: Mapping[Request, InboxEntry] = field(default_factory=dict)

    def view(self, read: View | None, versions: Mapping[str, int]) -> View:
        """All of it with what was read; the `versions` are compared where nothing was."""
        if read is None:
            return View(self.answers, self.aliases, {}, frozenset(), self.dossiers, self.absent, versions)
        inbox, aliases = {**self.answers, **read.inbox}, {**self.aliases, **read.aliases}
        return View(inbox, aliases, read.dossiers, read.altered_aliases, self.dossiers, self.absent)


def wanted_of(items: Iterable[Authorised | Unreadable]) -> Wanted:
    """What the records of a batch name, all of it."""
    wanted = Wanted()
    aliases: set[str] = set()
    dossiers: set[str] = set()
    for item in items:
        if isinstance(item, Unreadable):
            continue
        wanted.ask_inbox(item)
        subject, caller = named_by(item)
        if is_uuid(subject):
            dossiers.add(subject)
        else:
            aliases.add(alias_of(subject, caller))
    wanted.aliases.extend(aliases)
    wanted.dossiers.extend(dossiers)
    return wanted


class KnownDossiers:
    """The dossiers that were used last, how they are named, and which requests were answered of late."""

    def __init__(self, most: int, pause: int = _PAUSE) -> None:
        """At most so many dossiers (none: all is read); after a miss `pause` batches are read whole."""
        self._most = most
        self._first_pause = pause
        self._dossiers: dict[str, LoadedDossier] = {}  # the one used last stands last
        self._aliases: dict[str, str] = {}
        self._parties: dict[tuple[str, str], None] = {}
        """Participants and dossiers about which they were answered as who has a part in them."""
        self._answers: dict[Request, InboxEntry] = {}
        self._answered: dict[int, None] = {}
        """Hashes of the requests that were answered: who repeats another one of them has the store asked."""
        self._pause = 0  # so many batches are still read whole
        self._next_pause = pause

    def __len__(self) -> int:
        return len(self._dossiers)

    def sought(self, items: Iterable[Authorised | Unreadable], before: UnitOfWork | None) -> Sought:
        """What these records name; `before` is the batch that is being written.

        Who has no part in a dossier costs the same read as who names one that is not there.
        """
        if self._pause or not self._most:
            return Sought(wanted_of(items), must_read=True)
        wanted = Wanted()
        dossiers: dict[str, LoadedDossier] = {}
        aliases: dict[str, str] = {}
        unread, unnamed, absent = set[str](), set[str](), set[str]()
        answers: dict[Request, InboxEntry] = {}
        held, named = (before.held, before.aliases) if before is not None else (_NOTHING, _NO_NAMES)
        for item in items:
            if isinstance(item, Unreadable):
                continue
            request = (item.sender.name, item.envelope.id)
            if request in self._answers:
                answers[request] = self._answers[request]
            elif hash(request) in self._answered:
                wanted.ask_inbox(item)
            if item.request is None or item.refusal is not None:
                continue  # it is refused whatever its subject names
            subject, caller = named_by(item)
            alias = None if is_uuid(subject) else alias_of(subject, caller)
            dossier_id = subject if alias is None else named.get(alias) or self._aliases.get(alias)
            is_own = subject.startswith("ref:") and caller == item.sender.name
            may_tell = is_own or (item.sender.name, dossier_id) in self._parties
            if dossier_id is not None and may_tell and (dossier_id in held or dossier_id in self._dossiers):
                if alias is not None:
                    aliases[alias] = dossier_id
                if dossier_id not in held:
                    dossiers[dossier_id] = self._dossiers[dossier_id]
            elif alias is None:
                unread.add(subject)
            elif dossier_id is None and is_own and item.request.subject == "new":
                absent.add(alias)
            else:
                unnamed.add(alias)
        wanted.aliases.extend(unnamed)
        wanted.dossiers.extend(unread)
        return Sought(wanted, bool(wanted), dossiers, aliases, absent - unnamed, answers)

    def keep(self, committed: UnitOfWork) -> None:
        """A batch is in the store: what it knew is so now."""
        if self._pause:
            self._pause -= 1
        else:
            self._next_pause = max(self._first_pause, self._next_pause // 2)
        if not self._most:
            return
        for dossier_id, held in committed.held.items():
            self._dossiers.pop(dossier_id, None)
            if held.altered is None:
                self._dossiers[dossier_id] = held
        view = committed.view
        self._aliases.update(
            (alias, id_) for alias, id_ in view.aliases.items() if alias not in view.altered_aliases
        )
        self._aliases.update(committed.aliases)
        for request, answer in committed.inbox.items():
            self._answered[hash(request)] = None
            if answer.receipt is not None:  # one that waits may be answered by anybody
                self._answers[request] = answer
            if answer.dossier_id is not None:
                self._parties[request[0], answer.dossier_id] = None
        _bound(self._dossiers, self._most)
        _bound(self._aliases, self._most * _NAMES)
        _bound(self._parties, self._most * _NAMES)
        _bound(self._answers, self._most * _ANSWERS)
        _bound(self._answered, self._most * _REQUESTS)

    def doubt(self) -> None:
        """A write missed: everything is read for a while, the longer the sooner it comes again.

        The miss of a batch that was read whole is another engine's doing, and makes the while no longer.
        """
        self.forget()
        if not self._pause:
            self._pause, self._next_pause = self._next_pause, min(2 * self._next_pause, _LONGEST_PAUSE)

    def forget(self) -> None:
        """Nothing is known any more."""
        self._dossiers.clear()
        self._aliases.clear()
        self._parties.clear()
        self._answers.clear()
        self._answered.clear()


def _bound(kept: dict[Any, Any], most: int) -> None:
    """Let go of what stands first."""
    while len(kept) > most:
        del kept[next(iter(kept))]
