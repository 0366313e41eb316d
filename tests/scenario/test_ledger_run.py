"""The small ledger: some hundred events through two engines while everything is killed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ledger.runner import Options, Run
from tests.support.stack import REPOSITORY


@pytest.mark.scenario
@pytest.mark.long
async def test_nothing_is_lost_doubled_or_misordered_while_every_process_is_killed(
    own_stack_home: Path, tmp_path: Path
) -> None:
    options = Options(
        events=600, kills=8, seed=1, home=own_stack_home, root=REPOSITORY, folder=tmp_path / "journals"
    )
    verdict = await Run(options, lambda _what, _done, _total: None).verdict()
    assert verdict.findings == ()
    assert verdict.counts["requests"] >= 500
    assert verdict.counts["kills"] >= 8
