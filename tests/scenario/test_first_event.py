"""The pages for newcomers, word for word: README's first event and dossier, the tutorial with its answers."""

from __future__ import annotations

import pytest

from tests.support.checkouts import Checkout, blocks, steps


@pytest.mark.needs("kcat")
@pytest.mark.timeout(600)
def test_a_newcomer_gets_a_receipt_then_the_result_and_may_begin_anew_beside_what_runs(
    checkout: Checkout,
) -> None:
    first_event = blocks("README.md", "First event")

    told = checkout.paste(first_event)
    assert "ce_type=onestop.dossier.submitted.v1" in told
    assert "ce_type=onestop.receipt.accepted.v1" in told

    told = checkout.follow("docs/tutorial.md")
    assert "not taken any more" not in told, "make up keeps the password that `hub setup` has drawn"

    told = checkout.paste(taking_part())
    assert told.count("ce_type=onestop.receipt.accepted.v1") == 1
    assert "organisation:000.12.34.H07 {" in told

    told = checkout.paste(blocks("README.md", "A first dossier"))
    assert told.splitlines()[-1].startswith("returned: 000.12.34.H07-")

    told = checkout.paste(first_event)
    assert "hub: keeps its password, which is in var/hub.env" in told
    assert "ce_type=onestop.receipt.accepted.v1" in told
    assert "the hub is up" in checkout.paste("make up")


def taking_part() -> str:
    """The sections for clients of Kafka, under another name: the README's counter is there already."""
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
    return "\n".join(told).replace("counter-a", "counter-p")
