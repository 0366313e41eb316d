"""What one batch knows: its view of the store, the uncommitted batch before it, its own changes (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from msgspec import Struct

from hub.dossier.state.matter import State
from hub.dossier.state.model import Timer
from hub.engine.decide.rules import Rules
from hub.errors import AlteredRowError, UntrustedRowError
from hub.facts.sealing import DossierKey, MasterKey
from hub.identifiers import alias_of, derived_id, is_uuid
from hub.inbound.authorise import Authorised, named_by

_MOST = 2**31 - 1


class InboxEntry(Struct, gc=False):
    """An inbox row: the request's digest and its receipt (an encoded message).

    There is none while the request is parked, nor between its acceptance and the making of its facts.
    """

    digest: bytes
    receipt: bytes | None
    dossier_id: str | None = None
    is_altered: bool = False


class StoredDossier(Struct, frozen=True, gc=False):
    """A dossier as the store has it.

    `state` is None while even its submission is parked; without a key its personal data were erased for good.
    Of what is altered nothing counts but that it is there.
    """

    id: str
    head: bytes | None
    sequence: int
    parked: int
    state: bytes | None
    wrapped_key: bytes | None
    private: bytes | None = None
    is_altered: bool = False


class View(Struct, frozen=True, gc=False):
    """What a batch is decided on: what one read brought, without locks, and what was known without reading.

    `write_batch` compares the heads of what was used, that `absent` aliases are so, and the `versions`.
    """

    inbox: Mapping[tuple[str, str], InboxEntry]
    aliases: Mapping[str, str]
    dossiers: Mapping[str, StoredDossier]
    altered_aliases: frozenset[str] = frozenset()
    known: Mapping[str, LoadedDossier] = {}
    absent: AbstractSet[str] = frozenset()
    versions: Mapping[str, int] = {}


class LoadedDossier(Struct, gc=False):
    """A dossier while its batch is decided: as it was read, and as it is after the requests so far.

    `private` is personal data that later rules need, sealed with `key`. Of an altered one (`altered` is its
    row) requests are parked, under a key of their own.
    """

    id: str
    key: DossierKey
    is_new: bool
    read_head: bytes | None
    read_parked: int
    head: bytes | None
    sequence: int
    parked: int
    state: State | None
    read_timers: Mapping[str, Timer]
    private: bytes | None = None
    is_changed: bool = False
    altered: StoredDossier | None = None

    def count_parked(self, more: int) -> None:
        """So many more of its requests wait; the column holds the sum, whatever stood in it."""
        self.parked = min(self.parked + more, _MOST)
        self.is_changed = True


class UnitOfWork:
    """Look-ups in the order own changes, uncommitted batch before, view; and the changes themselves."""

    def __init__(self, rules: Rules, master: MasterKey, view: View, before: UnitOfWork | None) -> None:
        self._rules = rules
        self._master = master
        self.view = view
        self._before = before
        self.held: dict[str, LoadedDossier] = {}
        self.inbox: dict[tuple[str, str], InboxEntry] = {}
        self.aliases: dict[str, str] = {}

    def forget_before(self) -> None:
        """Let go of the batch before, once it is committed, so that no chain of batches stays alive."""
        self._before = None

    def answered(self, key: tuple[str, str]) -> InboxEntry | None:
        """What the request (participant, id) was answered, if it was seen."""
        found = self.inbox.get(key)
        if found is None and self._before is not None:
            found = self._before.inbox.get(key)
        return found if found is not None else self.view.inbox.get(key)

    def find(self, subject: str, sender: str) -> LoadedDossier | None:
        """The dossier that a subject names, or None."""
        dossier_id = self._id_of(subject, sender)
        if dossier_id is None:
            return None
        held = self.held.get(dossier_id)
        if held is None:
            held = self._overlaid(dossier_id) or self._read(dossier_id)
            if held is not None:
                self.held[dossier_id] = held
        return held

    def find_erased(self, subject: str, sender: str) -> StoredDossier | None:
        """The dossier that a subject names, if its key was destroyed."""
        stored = self.view.dossiers.get(self._id_of(subject, sender) or "")
        is_gone = stored is not None and stored.wrapped_key is None and not stored.is_altered
        return stored if is_gone else None

    def open(self, item: Authorised) -> LoadedDossier:
        """A new dossier under the request's own reference, or a matter under the hub's, with its own key."""
        dossier_id = derived_id(item.record.timestamp, "dossier", item.envelope.source, item.envelope.id)
        held: LoadedDossier = LoadedDossier(
            id=dossier_id, key=self._master.new_key(), is_new=True, read_head=None, read_parked=0,
            head=None, sequence=0, parked=0, state=None, read_timers={},
        )  # fmt: skip
        self.held[dossier_id] = held
        self.aliases[alias_of(*named_by(item))] = dossier_id
        return held

    def close(self, item: Authorised, held: LoadedDossier) -> None:
        """Take `open` back: the submission was refused."""
        del self.held[held.id]
        del self.aliases[alias_of(*named_by(item))]

    def learn_code(self, held: LoadedDossier, code: str) -> None:
        """From now on the dossier is found by its official code."""
        self.aliases[f"code:{code}"] = held.id

    def learn_name(self, held: LoadedDossier, name: str) -> None:
        """From now on the dossier is found by this alias too."""
        self.aliases[name] = held.id

    def _overlaid(self, dossier_id: str) -> LoadedDossier | None:
        earlier = self._before.held.get(dossier_id) if self._before is not None else None
        if earlier is None:
            earlier = self.view.known.get(dossier_id)
        if earlier is None:
            return None
        return LoadedDossier(
            id=dossier_id, key=earlier.key, is_new=False, read_head=earlier.head, read_parked=earlier.parked,
            head=earlier.head, sequence=earlier.sequence, parked=earlier.parked, state=earlier.state,
            read_timers=self._timers(earlier.state), private=earlier.private, altered=earlier.altered,
        )  # fmt: skip

    def _read(self, dossier_id: str) -> LoadedDossier | None:
        stored = self.view.dossiers.get(dossier_id)
        if stored is not None and stored.is_altered:
            return LoadedDossier(
                id=dossier_id, key=self._master.quarantine(dossier_id), is_new=False, read_head=stored.head,
                read_parked=stored.parked, head=stored.head, sequence=stored.sequence, parked=stored.parked,
                state=None, read_timers={}, private=stored.private, altered=stored,
            )  # fmt: skip
        if stored is None or stored.wrapped_key is None:
            return None
        state = self.state_of(stored)
        return LoadedDossier(
            id=dossier_id, key=self._master.unwrap(stored.wrapped_key), is_new=False, read_head=stored.head,
            read_parked=stored.parked, head=stored.head, sequence=stored.sequence, parked=stored.parked,
            state=state, read_timers=self._timers(state), private=stored.private,
        )  # fmt: skip

    def state_of(self, stored: StoredDossier) -> State | None:
        """The stored state; `UntrustedRowError` names the dossier whose state this program cannot read."""
        try:
            return self._rules.load(stored.state) if stored.state is not None else None
        except UntrustedRowError as error:
            raise UntrustedRowError(f"dossier {stored.id}", error.why) from error

    def _timers(self, state: State | None) -> Mapping[str, Timer]:
        return self._rules.timers(state) if state is not None else {}

    def _id_of(self, subject: str, sender: str) -> str | None:
        return subject if is_uuid(subject) else self._alias(alias_of(subject, sender))

    def _alias(self, alias: str) -> str | None:
        found = self.aliases.get(alias)
        if found is None and self._before is not None:
            found = self._before.aliases.get(alias)
        if found is None:
            found = self.view.aliases.get(alias)
            if found is not None and alias in self.view.altered_aliases:
                raise AlteredRowError(f"alias of dossier {found}")
        return found
