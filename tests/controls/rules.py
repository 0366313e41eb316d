"""Take each rule of the regulation away and see a test go red: `python -m tests.controls.rules [--find]`.

`rules.txt` has a test for each rule function. Each is run with that function taken away, in a process of its
own. `--find` looks for such tests among those of the core, and writes them down.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from io import StringIO
from pathlib import Path

import hypothesis  # noqa: F401  so that children need not
import pytest

from hub.dossier.rules.rule import Rule
from hub.dossier.rules.rulebook import RULES
from tests.support.dossiers import law
from tests.support.stack import REPOSITORY

RECORD = Path(__file__).with_name("rules.txt")
_CORE = ("tests/unit/dossier", "tests/unit/engine/test_own_law.py")
_PLAIN = ("-q", "-p", "no:cacheprovider", "--assert=plain")
AnyRule = Rule[..., object]


class RuleIsTakenAwayError(Exception):
    """A rule that makes something was used."""


def takes_away(rule: AnyRule) -> Callable[..., object]:
    """What stands in place of a rule: a check lets everything pass, a question is answered the other way.

    A limit is a week later or is none; what a rule makes otherwise cannot be had.
    """
    kind = str(rule.function.__annotations__["return"])

    @wraps(rule.function)
    def mutant(*args: object, **kwargs: object) -> object:
        if kind == "Refused | None":
            return None
        if kind not in {"bool", "datetime", "datetime | None"} and not kind.startswith("tuple["):
            raise RuleIsTakenAwayError(rule.place)
        made = rule_function(*args, **kwargs)
        if isinstance(made, bool):
            return not made
        if isinstance(made, datetime):
            return None if kind.endswith("None") else made + timedelta(weeks=1)
        return ()

    rule_function = rule.function
    return mutant


@dataclass(frozen=True, slots=True)
class _Trial:
    """Tests that run without a rule, in a child of this process."""

    pid: int
    told: int

    @classmethod
    def start(cls, rule: AnyRule, tests: Sequence[str]) -> _Trial:
        """Returns at once."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _silence()
            object.__setattr__(rule, "function", takes_away(rule))
            first = _FirstFailure()
            pytest.main(["-x", *_PLAIN, *tests], plugins=[first])
            os.write(writing, (first.test or "").encode())
            os._exit(0)
        os.close(writing)
        return cls(child, reading)

    def end(self) -> str | None:
        """The first test that failed."""
        with os.fdopen(self.told) as told:
            test = told.read()
        os.waitpid(self.pid, 0)
        return test or None


def is_red(rule: AnyRule, tests: Sequence[str]) -> str | None:
    """The first of these tests that fails when the rule is taken away, in a child of this process."""
    return _Trial.start(rule, tests).end()


class _FirstFailure:
    test: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.test is None:
            self.test = report.nodeid


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def recorded() -> Mapping[str, str]:
    """The test of each rule function, by its place."""
    lines = RECORD.read_text("utf-8").splitlines() if RECORD.is_file() else []
    return {place: test for place, _, test in (line.partition(" ") for line in lines)}


def troubles() -> Iterator[str]:
    """Rules whose recorded test stays green without them, and those that have none."""
    known = recorded()
    yield from (f"{place}: there is no such rule" for place in known.keys() - {rule.place for rule in RULES})
    _import(known.values())
    running: deque[tuple[AnyRule, str, _Trial]] = deque()
    for rule in RULES:
        test = known.get(rule.place)
        if test is None:
            yield f"{rule.place} ({rule.id}): no test is known that goes red (`--find` looks for one)"
            continue
        if len(running) == (os.cpu_count() or 1):
            yield from _judged(*running.popleft())
        running.append((rule, test, _Trial.start(rule, [test])))
    for trial in running:
        yield from _judged(*trial)


def _judged(rule: AnyRule, test: str, trial: _Trial) -> Iterator[str]:
    if trial.end() is None:
        yield f"{rule.place} ({rule.id}): {test} is green without it"


def _import(tests: Iterable[str]) -> None:
    """Pytest with what is plugged into it, and the modules of these tests, once and not by each child."""
    with redirect_stdout(StringIO()):
        pytest.main(["--collect-only", *_PLAIN, *sorted({test.partition("::")[0] for test in tests})])


def find() -> None:
    """Write down a test for each rule: the known one, else one with its mark, else any of the core."""
    found = {place: test for place, test in recorded().items() if place in {rule.place for rule in RULES}}
    for rule in RULES:
        known = found.pop(rule.place, None)
        marked = [str(file) for file in sorted(Path(_CORE[0]).glob("*.py")) if _has_mark(file, rule)]
        tries = [tests for tests in ([known] if known else [], marked, _CORE) if tests]
        hit = next(filter(None, (is_red(rule, tests) for tests in tries)), None)
        if hit is None:
            sys.stderr.write(f"{rule.place} ({rule.id}): no test goes red without it\n")
        else:
            found[rule.place] = hit
    RECORD.write_text("".join(f"{place} {found[place]}\n" for place in sorted(found)), "utf-8")


def _has_mark(file: Path, rule: AnyRule) -> bool:
    return f'rule("{rule.id}")' in file.read_text("utf-8")


def main(arguments: Sequence[str]) -> int:
    """Exit status: 1 where a rule has no test."""
    os.chdir(REPOSITORY)
    law()  # read once, and not by each child
    if list(arguments) == ["--find"]:
        find()
        return 0
    wrong = list(troubles())
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    sys.stdout.write(f"rules: {len(RULES)} taken away, each seen by a test\n" if not wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
