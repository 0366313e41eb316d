"""A fact and its dossier become papers: opened with the key, made by the renderer, stored by digest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from hub.delivery.adapter import OutMessage
from hub.delivery.host import Connection
from hub.documents.reason import DocumentReason
from hub.documents.store import DocumentStore
from hub.errors import HubError
from hub.facts.fact_bytes import receiver_message_id
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS, must_fit
from hub.facts.untrusted import tell_untrusted
from hub.forms.case_file import CaseFile
from hub.forms.errors import FormError
from hub.forms.form_set import FormSet
from hub.forms.issuing import Issued, Size, issued_by, sheet_of
from hub.forms.stored import CaseFiles
from hub.forms.typesetting import Sheet
from hub.participants.register_editions import ORGANISATIONS, RegisterReader
from hub.regulation.lawbook import LawBook
from hub.regulation.profile import Profile
from hub.typesetter.rendering import Renderer, RendererLostError
from schemas.form import MadePaper

_KEY = "select wrapped from dossier_key where dossier_id = $1::uuid"
_SEQUENCE = "select sequence from fact where dossier_id = $1::uuid and id = $2::uuid"
_UP_TO = f"""
select {FACT_COLUMNS} from fact f where f.dossier_id = $1::uuid and f.sequence <= $2 order by f.sequence
"""  # noqa: S608  our text
_AT = "select id::text as id from fact where dossier_id = $1::uuid and sequence = $2"
Note = Callable[[str], Awaitable[None]]
MOST_FACTS = 2_000
"""Many times what a dossier has: all of them are opened for each paper, while the papers of others wait."""


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A dossier up to the fact that issues papers, and which they are."""

    fact_id: str
    case: CaseFile
    profile: Profile
    form_set: FormSet
    papers: tuple[Issued, ...]

    @property
    def fact(self) -> Mapping[str, Any]:
        """The one that issues them."""
        return self.case.facts[-1]


@dataclass(frozen=True, slots=True)
class NotMade:
    """A paper that is parked, and why; nothing personal stands in it."""

    wanted: Issued
    reason: str


@dataclass(frozen=True, slots=True)
class Printing:
    """Size of the sheets, where not that of the form; where everybody looks dossiers up, if anywhere."""

    size: Size | None
    look_up_url: str


class Workshop:
    """Has the master key; keeps no opened fact and no opened key beyond a paper."""

    def __init__(
        self,
        master: MasterKey,
        book: LawBook,
        sets: Mapping[str, FormSet],
        store: DocumentStore,
        renderer: Renderer,
        printing: Printing,
    ) -> None:
        self._master = master
        self._book = book
        self._sets = sets
        self._store = store
        self._renderer = renderer
        self._printing = printing
        self._registers = RegisterReader(master.store, tell_untrusted, ORGANISATIONS)

    async def must_fit(self, connection: Any) -> None:
        """`StartupError` when what is stored was written under another key."""
        await must_fit(connection, self._master)

    async def open(self, connection: Connection, dossier: str, fact_id: str) -> OpenedCase | None:
        """The dossier as it was with this fact; None when it is erased, or has no such fact.

        Raises `FormError`, `UntrustedRowError` and what PostgreSQL raises.
        """
        wrapped = await connection.fetchval(_KEY, dossier)
        sequence = await connection.fetchval(_SEQUENCE, dossier, fact_id)
        if wrapped is None or sequence is None:
            return None
        if sequence > MOST_FACTS:
            raise FormError(f"the dossier has more than {MOST_FACTS} facts")
        rows = await connection.fetch(_UP_TO, dossier, sequence)  # what came later is not on its papers
        known = await self._registers.read(connection)  # type: ignore[arg-type]  # as a connection reads
        cases = CaseFiles(self._book, self._sets, known.organisations, self._printing.look_up_url)
        try:
            case, profile, form_set = cases.opened(rows, wrapped, self._master)
        finally:
            self._master.forget()
        return OpenedCase(fact_id, case, profile, form_set, issued_by(case.facts[-1], profile))

    async def fact_of(self, connection: Connection, receiver: str, message: OutMessage) -> str | None:
        """The fact that a message to this receiver tells of: they have one place in the dossier."""
        found = await connection.fetchval(_AT, message.dossier, message.sequence)
        is_told = found is not None and receiver_message_id(found, receiver) == message.id
        return str(found) if is_told else None

    async def make(
        self, opened: OpenedCase, wanted: Sequence[Issued], note: Note
    ) -> AsyncIterator[MadePaper | NotMade]:
        """Each of these papers, stored, or why it was not made.

        `note` hears of a digest before anything is stored under it: an erasure that comes meanwhile finds it.
        Raises `DocumentsAwayError`, and what `note` raises.
        """
        for one in wanted:
            try:
                yield await self._made(opened, one, note)
            except (FormError, RendererLostError) as error:
                yield NotMade(one, str(error)[:500])

    async def aclose(self) -> None:
        """End the renderer."""
        await self._renderer.aclose()

    async def store(self, sheet: Sheet, note: Note) -> tuple[str, int]:
        """Make the paper of a sheet and store it; digest and size.

        Raises as `make`, and `FormError` or `RendererLostError` where it cannot be made.
        """
        content = await self._renderer.pdf(sheet)
        digest = sha256(content).hexdigest()
        await note(digest)

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        stored = await self._store.put(digest, chunks(), "application/pdf", len(content))
        if isinstance(stored, DocumentReason):
            raise FormError(f"the store of documents does not take it: {stored.value}")
        return digest, len(content)

    async def _made(self, opened: OpenedCase, wanted: Issued, note: Note) -> MadePaper:
        sized = replace(wanted, size=self._printing.size)
        sheet = sheet_of(sized, opened.profile, opened.form_set, opened.case)
        digest, size = await self.store(sheet, note)
        return MadePaper(form=wanted.form, digest=digest, size=size, for_applicant=wanted.for_applicant)


def reason_of(error: HubError) -> str:
    """Why a dossier could not be opened for a paper, or a report not be counted."""
    return str(error)[:500]
