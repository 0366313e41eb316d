"""Slows a participant whose requests are nearly all refused, or are no envelopes (pure)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Reason = Literal["malformed", "refused"]

WINDOW_S = 60
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 900.0
FORGOTTEN_S = 1800.0
"""So long without a brake, and the next one begins with the first pause again."""
MOST = 0.9
"""The share of refusals that is nearly all."""


@dataclass(frozen=True, slots=True)
class BrakeLimits:
    """Per minute: records that are no envelopes; refusals of both kinds where nearly all are refused."""

    malformed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What a batch answered to one participant."""

    good: int = 0
    refused: int = 0
    malformed: int = 0

    @property
    def are_bad(self) -> bool:
        """Whether nearly all of them are refusals."""
        bad = self.refused + self.malformed
        return bad > 0 and bad >= MOST * (bad + self.good)

    def plus(self, other: Answers, sign: int = 1) -> Answers:
        """Both together; with -1 without the other."""
        return Answers(
            self.good + sign * other.good,
            self.refused + sign * other.refused,
            self.malformed + sign * other.malformed,
        )


class _Window:
    """The answers of the last minute, by seconds, and their sum."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, Answers]] = deque()
        self.total = Answers()

    def add(self, answers: Answers, now_s: float) -> None:
        second = int(now_s)
        if self._seconds and self._seconds[-1][0] == second:
            answers_before = self._seconds.pop()[1]
            self._seconds.append((second, answers_before.plus(answers)))
        else:
            self._seconds.append((second, answers))
        self.total = self.total.plus(answers)
        while self._seconds[0][0] < second - WINDOW_S:
            self.total = self.total.plus(self._seconds.popleft()[1], -1)

    def clear(self) -> None:
        self._seconds.clear()
        self.total = Answers()


@dataclass(slots=True)
class Brake:
    """One participant. `reason` is set while it is braked: it is tasted between pauses that double.

    It is let go when a taste is not nearly all bad.
    """

    limits: BrakeLimits
    reason: Reason | None = None
    until_s: float = 0.0
    _rounds: int = 0
    _window: _Window = field(default_factory=_Window)

    def count(self, answers: Answers, now_s: float) -> float | None:
        """Note the answers; returns the pause that begins now, 0 when it is let go, None: no change."""
        self._window.add(answers, now_s)
        if self.reason is not None:
            return self._tasted(answers, now_s)
        reason = self._over()
        return self._pause(reason, now_s) if reason is not None else None

    def release(self) -> None:
        """An operator lets it go on: everything before is forgotten."""
        self.reason, self._rounds = None, 0
        self._window.clear()

    def resume(self, reason: Reason, left_s: float, now_s: float) -> None:
        """It was braked by another process and still is."""
        self.reason, self.until_s, self._rounds = reason, now_s + left_s, max(1, self._rounds)

    def _tasted(self, answers: Answers, now_s: float) -> float | None:
        assert self.reason is not None
        if answers.are_bad:
            return self._pause(self.reason, now_s) if now_s >= self.until_s else None
        self.reason = None
        self._window.clear()
        return 0.0

    def _over(self) -> Reason | None:
        total = self._window.total
        if total.malformed > self.limits.malformed:
            return "malformed"
        return "refused" if total.refused + total.malformed > self.limits.refused and total.are_bad else None

    def _pause(self, reason: Reason, now_s: float) -> float:
        if now_s > self.until_s + FORGOTTEN_S:
            self._rounds = 0
        pause_s = min(FIRST_PAUSE_S * 2.0**self._rounds, LONGEST_PAUSE_S)
        self.reason, self.until_s, self._rounds = reason, now_s + pause_s, min(self._rounds + 1, 16)
        self._window.clear()
        return pause_s
