"""The forms that go with e-mails: which document is whose, from `form.made`, and its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
from pydantic import ValidationError

from hub.delivery.adapter import OutMessage
from hub.delivery.database import translated
from hub.delivery.documents import StoredFiles
from hub.delivery.host import Connection
from schemas.form import FormMade
from schemas.notice import NoticePurpose

ATTACHED: Final[Mapping[NoticePurpose, str]] = {
    "receipt": "dossier.accepted",
    "supplement": "dossier.supplement_requested",
    "decline": "dossier.declined",
    "reschedule": "apology.sent",
}
"""The fact whose form goes with a notice (15.1, 15.2, 17.4, 17.8, 17.9)."""
_LARGEST: Final = 5 << 20
_KEEP = """
insert into notices_paper (dossier, fact, issued_at, form, digest) values ($1, $2, $3, $4, $5)
on conflict (dossier, fact, issued_at) do update set form = excluded.form, digest = excluded.digest
"""
_FIND = "select form, digest from notices_paper where dossier = $1 and fact = $2 and issued_at = $3"
_SWEEP = "delete from notices_paper where kept_at < now() - interval '30 days'"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it goes with an e-mail."""

    name: str
    content: bytes


async def keep(connection: Connection, messages: Sequence[OutMessage]) -> list[str]:
    """Note the papers of these facts; the ids of the messages, which are over with it."""
    told = [message for message in messages if message.type == FormMade.type]
    for message in told:
        try:
            fact = FormMade.model_validate_json(message.data, extra="ignore")
        except ValidationError:
            continue
        if fact.fact in ATTACHED.values():
            paper = next((one for one in fact.papers if one.for_applicant), fact.papers[0])
            await connection.execute(
                _KEEP, message.dossier, fact.fact, fact.issued_at, paper.form, paper.digest
            )
    return [message.id for message in told]


async def sweep(pool: asyncpg.Pool[Any]) -> None:
    """Forget what no notice waits for any more."""
    with translated():
        await pool.execute(_SWEEP)


async def paper_of(
    pool: asyncpg.Pool[Any], dossier: str, fact: str, issued_at: datetime
) -> tuple[str, str] | None:
    """Form and digest; None as long as it is not made. Raises `StoreAwayError`."""
    with translated():
        row = await pool.fetchrow(_FIND, dossier, fact, issued_at)
    return (row["form"], row["digest"]) if row is not None else None


async def read(files: StoredFiles, digest: str) -> bytes | None:
    """The document; None for one that is not there or too large. Raises `FilesAwayError`."""
    found = await files.open_file(digest)
    if found is None or found.size > _LARGEST:
        return None
    return b"".join([chunk async for chunk in found.chunks])
