"""The pages for newcomers, word for word: README, the tutorial with its answers, the first steps by kcat."""

from __future__ import annotations

import json

import pytest

from tests.support.checkouts import Checkout, blocks, steps

pytestmark = pytest.mark.long


@pytest.mark.needs("kcat")
def test_a_newcomer_gets_a_receipt_then_the_result_and_may_begin_anew(checkout: Checkout) -> None:
    first_event, first_dossier = (blocks("README.md", part) for part in ("First event", "A first dossier"))

    told = checkout.paste(first_event + first_dossier)
    assert told.splitlines()[-1].startswith("returned: 000.12.34.H07-")
    receipt, fact = (json.loads(line) for line in told.splitlines() if line.startswith("{"))
    assert receipt["facts"][0]["type"] == "onestop.dossier.submitted.v1"
    assert fact["applicant"]["name"] == "Nguyễn Văn Thử"

    told = checkout.follow("docs/tutorial.md")
    assert "not taken any more" not in told, "make up keeps the password that `hub setup` has drawn"

    told = checkout.paste(taking_part())
    assert told.count("ce_type=onestop.receipt.accepted.v1") == 1
    assert "organisation:000.12.34.H07 {" in told

    told = checkout.paste(blocks("docs/operations.md", "By hand on one machine") + first_event)
    assert "hub: keeps its password, which is in var/hub.env" in told
    assert "the hub is up" in told


def taking_part() -> str:
    """The sections for clients of Kafka."""
    page = "docs/participants.md"
    headings = ("1. Get registered", "2. Connect", "3. Your first request")
    directory = steps(page)[-1].script
    assert "-t directory" in directory
    told = [
        ". .venv/bin/activate",
        'eval "$(hub embedded env)"',
        *(blocks(page, one) for one in headings),
        directory,
    ]
    return "\n".join(told)
