"""Every published type by its name on the wire."""

from __future__ import annotations

from schemas import (
    account,
    archive,
    case,
    component,
    copy,
    directory,
    dossier,
    due,
    feedback,
    form,
    identity,
    information,
    leg,
    loss,
    notice,
    opinion,
    original,
    paper,
    payment,
    person_data,
    pickup,
    receipt,
    register,
    reminder,
    replanning,
    report,
    result,
    settlement,
    sync,
    ticket,
    verification,
)
from schemas.base import Fact, Request

_SUBJECTS = (
    dossier, identity, pickup, paper, case, result, due, sync, payment, person_data, component, copy, account,
    verification, opinion, leg, reminder,
    loss, original, archive, feedback, information, notice, form, replanning, settlement, register, ticket,
    report,
)  # fmt: skip

_MODELS = [model for module in _SUBJECTS for model in vars(module).values() if isinstance(model, type)]

REQUESTS: dict[str, type[Request]] = {
    model.type: model for model in _MODELS if issubclass(model, Request) and model is not Request
}
FACTS: dict[str, type[Fact]] = {
    model.type: model for model in _MODELS if issubclass(model, Fact) and model is not Fact
}
RECEIPTS: dict[str, type[receipt.Accepted | receipt.Refused]] = {
    receipt.RECEIPT_ACCEPTED: receipt.Accepted,
    receipt.RECEIPT_REFUSED: receipt.Refused,
}
DIRECTORY: dict[str, type[directory.DirectoryEntry]] = {
    model.type: model for model in (directory.DirectoryProcedure, directory.DirectoryOrganisation)
}
