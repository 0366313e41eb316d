"""Dossiers and results by e-mail (Art. 13.4): through the published mailbox, back to where they came from."""

from __future__ import annotations

from hub.dossier.decision import Context, Refused
from hub.dossier.errors import ContextError
from hub.dossier.rules.components import published
from hub.dossier.rules.rule import Check, rule
from hub.dossier.state.model import Dossier
from hub.regulation.clock import local_day
from schemas.dossier import SubmitDossier
from schemas.result import ReturnResult


@rule("13.4", "E-mail is a channel only for procedures that allow it")
def email_is_allowed(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """By a provision that a completion names; a result by e-mail needs a dossier by e-mail."""
    procedure = published(request.procedure, context)
    if request.channel == "email" and (procedure is None or procedure.by_email is None):
        return Refused("rule.13.4", rule="13.4", fields=("/channel",))
    if request.return_channel == "email" and request.channel != "email":
        return Refused("rule.13.4", rule="13.4", fields=("/return_channel",))
    return None


@rule("13.4", "A dossier by e-mail comes through the published mailbox of the office that takes it in")
def mailbox_is_published(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """By the register of organisations on that day; an office without one takes none in."""
    if request.channel != "email":
        return None
    office = context.registers.organisations.on(request.organisation, local_day(context.now))
    mailbox = office.mailbox if office is not None else None
    if mailbox is None:
        return Refused("rule.13.4.no_mailbox", rule="13.4", fields=("/organisation",))
    if (request.mailbox or "").casefold() == mailbox.casefold():
        return None
    return Refused("rule.13.4.mailbox", rule="13.4", fields=("/mailbox",), possible=(mailbox,))


@rule("13.4", "Of a dossier by e-mail it is on record from which address it came")
def address_is_given(_dossier: None, request: SubmitDossier, _context: Context) -> Refused | None:
    """The result goes back to no other; the office's own is not the applicant's."""
    if request.channel != "email":
        return None
    address = (request.sender_address or "").casefold()
    if address and address != (request.mailbox or "").casefold():
        return None
    return Refused("rule.13.4.sender", rule="13.4", fields=("/sender_address",))


@rule("13.4", "By e-mail comes an electronic result, which the applicant asks for when lodging")
def result_is_electronic(_dossier: None, request: SubmitDossier, _context: Context) -> Refused | None:
    """No paper fits in an e-mail; who wants paper chooses counter or post (17.10)."""
    if request.return_channel != "email" or request.result_form == "electronic":
        return None
    return Refused("rule.13.4.electronic", rule="13.4", fields=("/result_form",))


BY_EMAIL: tuple[Check[None, SubmitDossier], ...] = (
    email_is_allowed,
    mailbox_is_published,
    address_is_given,
    result_is_electronic,
)
"""Asked of every submission; those that neither come nor go back by e-mail pass."""


@rule("13.4", "A result by e-mail goes to the address from which the dossier came")
def address_is_the_senders(_dossier: Dossier, request: ReturnResult, context: Context) -> Refused | None:
    """Exactly that one, though the applicant may have others."""
    if request.channel != "email":
        return None
    if context.sender_address is None:
        raise ContextError("a return by e-mail needs the address of the submission")
    if (request.address or "").casefold() == context.sender_address.casefold():
        return None
    return Refused("rule.13.4.address", rule="13.4", fields=("/address",))
