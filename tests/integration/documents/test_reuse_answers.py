"""What a reuse tells of other dossiers to who lodges for an enterprise by its public tax code: nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hub.embedded.stack import StackAddress
from tests.integration.documents.test_reuse_papers import Office, opened
from tests.support.clients import Received
from tests.support.hub_commands import hub_command
from tests.support.hubs import own_hub
from tests.support.requests import (
    CHECK,
    COMPONENTS,
    SUBMIT,
    WITHDRAW,
    hand_check,
    submission,
)

ENTERPRISE = {"kind": "enterprise", "name": "Công ty TNHH Mẫu Thử", "tax_code": "0100233488"}
ANOTHER = ENTERPRISE | {"name": "Chi nhánh Thí Dụ", "tax_code": "0100233488-001"}
UNKNOWN = "000.12.34.H07-261123-0999"
NO_PAPER = "0" * 64


async def lodged(office: Office, applicant: dict[str, Any] = ENTERPRISE) -> str:
    data = submission(applicant=applicant, components=[COMPONENTS[0] | {"digitised": True}])
    dossier: str = (await office.counter.ask(SUBMIT, f"ref:{uuid4()}", data)).data["dossier"]
    await office.do(office.counter, CHECK, dossier, hand_check(applicant))
    return dossier


async def others(office: Office) -> dict[str, str]:
    """Codes of dossiers in each state in which another one can be."""
    found = {"none": UNKNOWN}
    finished = {"finished": ENTERPRISE, "erased": ENTERPRISE, "finished, of another": ANOTHER}
    unfinished = {"open": ENTERPRISE, "withdrawn": ENTERPRISE, "open, of another": ANOTHER}
    for name, applicant in (finished | unfinished).items():
        dossier = await lodged(office, applicant)
        found[name] = await office.forwarded(dossier)
        if name in finished:
            await office.issue(dossier)
        if name == "withdrawn":
            await office.do(office.counter, WITHDRAW, dossier, {})
        if name == "erased":
            by = ("--operator", "operator-1", "--reason", "asked for", "--yes")
            status, said = await hub_command(office.hub.environment, "erase", dossier, *by)
            assert status == 0, said
    return found


def told(receipt: Received) -> tuple[str, dict[str, str], bytes]:
    """All of an answer but its ids and times."""
    headers = {name: text for name, text in receipt.headers.items() if name not in ("ce_id", "ce_time")}
    return receipt.key, headers, receipt.value.replace(str(receipt.data["request"]).encode(), b"")


@pytest.mark.rule("17.10")
async def test_who_lodges_by_a_tax_code_gets_the_same_bytes_whatever_the_other_dossier_is(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        office = await opened(hub, tmp_path)
        found, own = await others(office), await lodged(office)
        answers = {name: told(await office.ask_reuse(own, code, NO_PAPER)) for name, code in found.items()}
        assert answers == dict.fromkeys(found, answers["none"])
        assert b'"rule.17.10.paper"' in answers["none"][2]
