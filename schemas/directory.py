"""What participants may name: procedures in force, and organisations that take part (read only)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Wire
from schemas.payment import FeeKind
from schemas.types import Channel, Day, Mailbox, OrganisationCode, ProcedureCode, ReturnChannel


class DirectoryEntry(Wire):
    """One thing that may be named; it is followed by a newer one of the same key, or by none."""

    type: ClassVar[str]


class PublishedTime(Wire):
    """A published handling time; `id` is what `case` of `dossier.accept` names, `time` as `5 WORKING_DAY`.

    `is_immediate`: the result is given at once, so Form 01 may be left out (15.4).
    """

    id: str
    time: str
    text: str
    is_immediate: bool = False


class PublishedFee(Wire):
    """A published charge; without `amount` the record refers to a table or a text.

    With `per` it is counted by that piece, at most `pieces` in one demand. With `provision` it stands in the
    approved schedule that completes the record: a demand names that as `basis`.
    """

    kind: FeeKind
    amount: Annotated[int, Field(ge=0)] | None = None
    currency: Literal["VND", "USD"] | None = None
    text: str
    per: str | None = None
    pieces: int = 1
    provision: str | None = None


class ChannelOffer(Wire):
    """What is published for one way of lodging; `needs_case`: `case` of `dossier.accept` must name a time.

    `return_channels` is what `return_channel` of `dossier.submit` may be, for a dossier that is lodged so.
    """

    channel: Channel
    return_channels: tuple[ReturnChannel, ...]
    needs_case: bool
    times: tuple[PublishedTime, ...]
    fees: tuple[PublishedFee, ...]


class PublishedComponent(Wire):
    """A paper that may be demanded, in at most these numbers; `group` is the heading above it.

    `need`, `one_of`, `cases` and `digitise` stand where record or administrator say it: whether it has to be
    there, with which others one is enough, by which `times`, and whether it gets a signed copy.
    """

    code: str
    name: str
    group: str
    originals: int
    copies: int
    need: Literal["required", "optional"] | None = None
    one_of: str | None = None
    cases: tuple[str, ...] = ()
    digitise: bool | None = None


class CodeAndName(Wire):
    """A code with its name; the code may be empty where the record has none."""

    code: str
    name: str


class DirectoryProcedure(DirectoryEntry):
    """A procedure in force today (thủ tục hành chính), as the catalogue `catalogue` publishes it."""

    type: ClassVar[str] = "onestop.directory.procedure.v1"
    code: ProcedureCode
    name: str
    catalogue: str
    in_force_from: Day
    in_force_until: Day | None = None
    channels: tuple[ChannelOffer, ...]
    components: tuple[PublishedComponent, ...]
    results: tuple[CodeAndName, ...]
    executing: tuple[CodeAndName, ...]


class DirectoryOrganisation(DirectoryEntry):
    """A one-stop or agency that takes part: `organisation`, `agency` and `to` may name it.

    `mailbox` is its published one (hộp thư công vụ), through which dossiers by e-mail come (Art. 13.4).
    """

    type: ClassVar[str] = "onestop.directory.organisation.v1"
    code: OrganisationCode
    is_one_stop: bool
    is_agency: bool
    mailbox: Mailbox | None = None


class DirectoryListing(Wire):
    """What `GET /v1/directory` answers: versions of the law, and every entry in short."""

    ruleset: str
    catalogue: str
    calendar: str
    procedures: tuple[CodeAndName, ...]
    organisations: tuple[DirectoryOrganisation, ...]
