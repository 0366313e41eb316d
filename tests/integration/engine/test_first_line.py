"""One dossier through a real engine on a real broker and database."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from hub.embedded.stack import StackAddress
from tests.support.hubs import own_hub
from tests.support.requests import ONE_STOP, acceptance, submission


@pytest.mark.rule("15.6.a")
async def test_a_submission_is_answered_and_is_not_accepted_before_the_identity_is_checked(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        await hub.start_engine()
        subject = f"ref:{uuid4()}"
        submitted = await counter.ask("onestop.dossier.submit.v1", subject, submission())
        assert submitted.type == "onestop.receipt.accepted.v1"
        assert [fact["type"] for fact in submitted.data["facts"]] == ["onestop.dossier.submitted.v1"]
        refused = await counter.ask("onestop.dossier.accept.v1", subject, acceptance())
        assert refused.data["code"] == "identity.not_checked"
        assert refused.data["rule"] == "15.6.a"
        stored = await hub.database.fetch("select sequence, type from fact")
        assert [(row["sequence"], row["type"]) for row in stored] == [(1, "onestop.dossier.submitted.v1")]
