"""How long something has waited in a queue whose entries carry no time."""

from __future__ import annotations

from collections import deque

_MAX_LOOKS = 2000


class Queue:
    """The age of the first row of a table whose ids grow, from looks at it: rows carry no time (pure)."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def age_s(self, now: float, oldest: int | None, newest: int | None) -> float:
        """For how long the row `oldest` has been seen; 0 when there is none. `now` must not go back."""
        if oldest is None or newest is None:
            self._looks.clear()
            return 0.0
        self._looks.append((now, newest))
        if len(self._looks) > _MAX_LOOKS:  # coarser for what waits for days
            self._looks = deque([self._looks[0], *list(self._looks)[1::2]])
        while self._looks[0][1] < oldest:
            self._looks.popleft()
        return now - self._looks[0][0]
