"""From what somebody showed to the state of a dossier: the same statements whether there is one or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from asyncpg.pool import Pool

from hub.dossier.state.codec import from_json, state_from_json
from hub.dossier.state.matter import Matter
from hub.dossier.state.model import Dossier
from hub.errors import AlteredRowError
from hub.facts.integrity import StoreKey
from hub.facts.look_up_key import are_digits
from hub.facts.trusted import is_dossier_genuine
from hub.facts.untrusted import tell_untrusted
from hub.identifiers import alias_of
from hub.inbound.directory import HUB
from hub.legal_time import LegalClock
from hub.participants import register_editions
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.public.queue_pages import Hall
from hub.public.standing import Standing, standing_of
from hub.public.words import Language
from hub.regulation import organisations
from hub.regulation.clock import local_day
from hub.regulation.lawbook import LawBook
from hub.regulation.organisations import Organisations

_CODE = re.compile(r"[A-Z0-9][A-Z0-9.]{2,40}-[0-9]{6,8}-[0-9]{4,7}", re.ASCII)
_SIGNS = str.maketrans({"–": "-", "—": "-", "‑": "-", "−": "-"})
"""What telephones make of a dash."""
_ALIAS = "select dossier_id::text as id, mac from alias where alias = $1"
_ROW = """
select d.id::text as id, d.head, d.sequence, d.parked, d.state, d.private, k.wrapped, d.mac
from dossier d join dossier_key k on k.dossier_id = d.id where d.id = $1::uuid
"""
"""Of one that is not erased."""
_NOBODY = str(UUID(int=0))
_NEWEST = "select max(number), count(*) from register_edition where register = 'organisations'"


def clean_code(typed: str) -> str:
    """A code as people type it: without spaces, in capitals, with plain dashes (pure)."""
    return "".join(typed.translate(_SIGNS).split()).upper()


def is_code(code: str) -> bool:
    """Whether it has the shape of a dossier's code (pure)."""
    return _CODE.fullmatch(code) is not None


@dataclass(frozen=True, slots=True)
class Known:
    """What changes seldom: who is called how, and the steps of the clock."""

    edition: tuple[int | None, int] | None = None
    organisations: Organisations = Organisations()  # noqa: RUF009  nobody writes into it
    clock: LegalClock = LegalClock()  # noqa: RUF009  nobody writes into it


class LookUp:
    """Reads only, and only what has no personal data open in it; it has no key that opens any."""

    def __init__(self, pool: Pool, key: StoreKey, book: LawBook, environment: str) -> None:
        self._pool = pool
        self._key = key
        self._book = book
        self._environment = environment
        self._known = Known()

    async def refresh(self) -> None:
        """Read what changes seldom anew."""
        async with self._pool.acquire() as connection:
            self._known = await _read(
                connection,  # type: ignore[arg-type]  # a proxy has what a connection has
                self._key,
                self._environment,
                self._known,
            )

    def now(self) -> datetime:
        """Legal time."""
        return self._known.clock.of(datetime.now(UTC))

    async def find(self, code: str, factor: str) -> Standing | None:
        """The dossier, if what was shown belongs to it; None else, whatever is wrong.

        Raises what is away, and `UntrustedRowError` for a row of it that was altered or is too new.
        """
        if are_digits(factor):
            dossier_id = await self._id(f"code:{code}")
            named = await self._id(self._key.look_up.phone_alias(dossier_id or _NOBODY, factor))
            is_right = dossier_id is not None and named == dossier_id
        else:
            is_right = self._key.look_up.is_check_code(code, factor)
            dossier_id = await self._id(f"code:{code}")
        if not is_right or dossier_id is None:
            return None
        dossier = await self._state(dossier_id)
        if dossier is None or dossier.code is None:
            return None
        return standing_of(dossier, self._book.of(dossier.law), self._known.organisations, self.now())

    async def hall(self, one_stop: str) -> Hall | None:
        """A one-stop with its queue of today; None where neither the register nor a number knows it."""
        today, known = local_day(self.now()), self._known.organisations
        record, queue = known.on(one_stop, today), await self._queue(f"ref:queue/{one_stop}/{today}")
        if record is None and queue is None:
            return None
        name = record.name_vi if record is not None else one_stop
        names: dict[Language, str] = {"vi": name, "en": (record.name_en if record else None) or name}
        return Hall(one_stop, names, known.desks_of(one_stop, today), queue)

    async def _queue(self, name: str) -> Matter | None:
        found = await self._id(alias_of(name, HUB.name))
        row = await self._pool.fetchrow(_ROW, found) if found is not None else None
        if row is None or row["state"] is None:
            return None
        if not is_dossier_genuine(row, self._key):
            raise AlteredRowError(f"dossier {found}")
        state = state_from_json(row["state"])
        return state if isinstance(state, Matter) else None

    async def _id(self, alias: str) -> str | None:
        row = await self._pool.fetchrow(_ALIAS, alias)
        if row is None:
            return None
        if self._key.alias(alias, row["id"]) != row["mac"]:
            tell_untrusted(AlteredRowError(f"alias of dossier {row['id']}"))
            return None
        return str(row["id"])

    async def _state(self, dossier_id: str) -> Dossier | None:
        row = await self._pool.fetchrow(_ROW, dossier_id)
        if row is None or row["state"] is None:
            return None
        if not is_dossier_genuine(row, self._key):
            raise AlteredRowError(f"dossier {dossier_id}")
        return from_json(row["state"])


async def _read(connection: Connection, key: StoreKey, environment: str, known: Known) -> Known:
    clock = await read_clock(connection, environment)
    newest = tuple(await connection.fetchrow(_NEWEST) or ())
    if newest == known.edition:
        return Known(known.edition, known.organisations, clock)
    found = await register_editions.stored(connection, key, "organisations")
    named = organisations.from_json(found.content) if found is not None else Organisations()
    return Known(newest, named, clock)
