"""Decides the records of one batch, and gives up on the single one that fails outside of its rules (pure).

A rule that raises is parked by the batch itself. What raises around it (a stored state that cannot be read,
routing, sealing, a receipt) leaves the batch half done: it is thrown away and decided again without it.

Some records at a time go all the way to what is written and published of them, and are let go of while the
processor's caches still have them (docs/decisions/0071).
"""

from __future__ import annotations

from collections.abc import Callable

from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.errors import CodesMissingError, HeldBackError
from hub.errors import StopError, UntrustedRowError
from hub.inbound.authorise import Authorised, Unreadable

_AT_A_TIME = 32

Items = list[Authorised | Unreadable]


class Attempts:
    """The records of a batch, and on which of them was given up: first parked, then made a dead letter."""

    def __init__(self, items: Items, read_again: Callable[[], Items]) -> None:
        """`items` is emptied on the way; `read_again` gives the same once more, for a batch that failed."""
        self._items = items
        self._read_again = read_again
        self._parked: dict[int, str] = {}
        self._buried: dict[int, str] = {}
        self._decision: BatchDecision | None = None
        self._done = 0  # so many are let go of
        self._next = 0  # of those that are left: up to it they are decided

    @property
    def failed(self) -> list[str]:
        """Names of the errors on which was given up."""
        return [*self._parked.values(), *self._buried.values()]

    def decide(self, new_decision: Callable[[], BatchDecision]) -> BatchDecision:
        """Decide all, without a pause; raises as `go_on`."""
        while (decision := self.go_on(new_decision)) is None:
            pass
        return decision

    def go_on(self, new_decision: Callable[[], BatchDecision]) -> BatchDecision | None:
        """Decide the next ones; None while some are left. What fails is decided again on a fresh decision.

        Raises `CodesMissingError`, to be called again: it goes on with the record that missed them, which has
        changed nothing; `HeldBackError` for a row that cannot be trusted; `StopError` when a dead letter
        cannot be made either.
        """
        if self._decision is None:
            self._decision, self._done, self._next = new_decision(), 0, 0
        decision = self._decision
        try:
            self._some(decision)
        except CodesMissingError:
            raise
        except UntrustedRowError as error:
            record = self._items[self._next].record
            raise HeldBackError((record.topic, record.partition), error) from error
        except Exception as error:  # noqa: BLE001  a bug costs its record, never the partition
            failed = self._done + self._next
            self._decision, self._items = None, self._read_again()
            self._give_up(failed, error)
            return None
        return None if self._items else decision

    def _some(self, decision: BatchDecision) -> None:
        """Decide the next ones, and make what follows of them; what raises is at `_next`."""
        some = self._items[:_AT_A_TIME]
        for item in some[self._next :]:
            number = self._done + self._next
            if number in self._buried:
                decision.poison(item)
            elif number in self._parked:
                decision.park(item, self._parked[number])
            else:
                decision.take(item)
            self._next += 1
        try:
            decision.finish()
        except Exception:
            self._next = next(n for n, item in enumerate(some) if item is decision.following.item)
            raise
        del self._items[: len(some)]
        self._done, self._next = self._done + len(some), 0

    def _give_up(self, number: int, error: Exception) -> None:
        if number in self._buried:
            raise StopError(f"no record can be answered: {type(error).__name__}") from error
        (self._buried if number in self._parked else self._parked)[number] = type(error).__name__
