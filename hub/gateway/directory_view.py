"""What participants may name today, as this gateway knows it."""

from __future__ import annotations

from asyncpg.pool import Pool

from hub.facts.integrity import StoreKey
from hub.participants.published_directory import Edition, read_edition
from hub.regulation.lawbook import LawBook


class DirectoryView:
    """The edition of today; made anew when participants, the clock or the day have changed."""

    def __init__(self, pool: Pool, key: StoreKey, book: LawBook, environment: str) -> None:
        self._pool = pool
        self._key = key
        self._book = book
        self._environment = environment
        self._edition: Edition | None = None

    async def edition(self) -> Edition:
        """The directory as it is now; raises what is `AWAY`."""
        async with self._pool.acquire() as connection:
            self._edition = await read_edition(
                connection,  # type: ignore[arg-type]  # a proxy has what a connection has
                self._key,
                self._book,
                self._environment,
                self._edition,
            )
        return self._edition
