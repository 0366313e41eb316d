"""Trip-wires are dead unless the process was told at start."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
from hub import crashpoints
crashpoints.arm({specification!r})
for _ in range(3):
    crashpoints.reached("before_commit")
    crashpoints.touches((("ce_id", b"good"),))
print("survived", flush=True)
crashpoints.touches((("ce_id", b"deadly"),))
"""


@pytest.mark.parametrize(
    ("specification", "status", "said"),
    [
        (None, 0, "survived\n"),
        ("", 0, "survived\n"),
        ("before_commit:3", -9, ""),
        ("before_commit:4", 0, "survived\n"),
        ("after_commit:1", 0, "survived\n"),
        ("record:good", -9, ""),
        ("record:deadly", -9, "survived\n"),
    ],
)
def test_the_process_dies_at_the_named_pass_or_record_only(
    specification: str | None, status: int, said: str
) -> None:
    program = PROGRAM.format(specification=specification)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (status, said)
