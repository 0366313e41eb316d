"""The page for developers of adapters, word for word: a folder, its suite, a delivered message."""

from __future__ import annotations

import pytest

from tests.support.checkouts import Checkout, blocks

TUTORIAL = "docs/tutorial.md"
PAGE = "docs/adapters.md"
TIDY = "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT"
"""What a command leaves running when a later one fails ends with the shell."""


@pytest.mark.long
@pytest.mark.needs("kcat")
def test_a_developer_comes_from_an_empty_folder_to_a_delivered_message(checkout: Checkout) -> None:
    told = checkout.paste(blocks(PAGE, "1. The folder"))
    assert " passed" in told

    before = ["A hub, a counter, an agency", "1. Submission", "2. Identity", "3. Acceptance"]
    script = [
        TIDY,
        *(blocks(TUTORIAL, heading) for heading in before),
        blocks(PAGE, "4. A delivered message"),
    ]
    told = checkout.paste("\n".join(script))
    assert '"account":"chuyenvien.mau"' in told, "the adapter received the dossier"
    assert '{"kind": "effect", "code": "' in told
    assert "receipt.refused" not in told
