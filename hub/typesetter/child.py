"""The renderer: `python -m hub.typesetter.child MEMORY_MIB LIMIT_S`, jobs on its input, papers on its output.

It knows no key and no server. Over its memory it dies, over its time an alarm ends it; with its parent's end
its input ends, and so does it.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import BinaryIO

from hub.forms.errors import FormError
from hub.forms.typesetting import typeset
from hub.typesetter.frames import FAILED, LENGTH_BYTES, MADE, frame, sheet_of_job, size_of

_LATER_S = 5.0
"""The parent ends it before; this is for one whose parent is gone."""


def main() -> None:
    """Serve jobs until the input ends."""
    memory = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while len(head := sys.stdin.buffer.read(LENGTH_BYTES)) == LENGTH_BYTES:
        signal.setitimer(signal.ITIMER_REAL, float(sys.argv[2]) + _LATER_S)
        _answer(answers, _made(sys.stdin.buffer.read(size_of(head))))
        signal.setitimer(signal.ITIMER_REAL, 0)


def _made(work: bytes) -> bytes:
    try:
        return MADE + typeset(sheet_of_job(work))
    except FormError as error:
        return FAILED + str(error).encode()


def _answer(answers: BinaryIO, answer: bytes) -> None:
    answers.write(frame(answer))
    answers.flush()


if __name__ == "__main__":
    main()
