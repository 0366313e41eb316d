"""Whether the tests that failed may run once more, alone: `python -m tools.failed_few CACHE`; CI asks it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

MOST = 3
_TESTS_FAILED = 1  # pytest's status of a run that went to its end


def refusal(cache: Path) -> str | None:
    """Why not; None when they may: tests of few files, as one server that did not start fails a whole file.

    `cache` is pytest's folder, with the status from `tests/conftest.py`.
    """
    try:
        status = json.loads((cache / "v/house/status").read_text())
        failed = json.loads((cache / "v/cache/lastfailed").read_text())
    except FileNotFoundError as missing:
        return f"the run did not come to its end: no {missing.filename}"
    if status != _TESTS_FAILED:
        return f"the run did not come to its end: status {status}"
    files = {test.partition("::")[0] for test in failed}
    return f"tests of {len(files)} files failed, more than {MOST}" if len(files) > MOST else None


if __name__ == "__main__":
    sys.exit(refusal(Path(sys.argv[1])))
