"""What an event costs in calls and bytes is what the repository says: nothing makes it dearer unseen."""

from __future__ import annotations

import sys

import orjson
import pytest

from bench.guard import JOBS, count
from bench.results import FOLDER

_STORED = {
    one["job"]: one for one in orjson.loads((FOLDER / "guard.json").read_bytes())["measured"]["counted"]
}
_TOLERANCE = 0.03


@pytest.mark.parametrize("job", JOBS)
def test_an_event_makes_no_more_calls_than_it_did(job: str) -> None:
    counted, stored = count(job), _STORED[job]
    assert counted.outcomes == stored["outcomes"], "the job itself is another one"
    for name in ("messages", "written_bytes", "published_bytes"):
        assert getattr(counted, name) == pytest.approx(stored[name], rel=_TOLERANCE), name
    if stored["python"] != ".".join(map(str, sys.version_info[:2])):
        pytest.skip(f"calls are counted on Python {stored['python']}")
    assert counted.calls == pytest.approx(stored["calls"], rel=_TOLERANCE, abs=0.3)
