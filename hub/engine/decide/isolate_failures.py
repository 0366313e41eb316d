"""Decides the records of one batch, and gives up on the single one that fails outside of its rules (pure).

A rule that raises is parked by the batch itself. What raises around it (a stored state that cannot be read,
routing, sealing, a receipt) leaves the batch half done: it is thrown away and decided again without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.errors import CodesMissingError, HeldBackError
from hub.errors import StopError, UntrustedRowError
from hub.inbound.authorise import Authorised, Unreadable


class Attempts:
    """The records of a batch, and on which of them was given up: first parked, then made a dead letter."""

    def __init__(self, items: Sequence[Authorised | Unreadable]) -> None:
        self._items = items
        self._parked: dict[int, str] = {}
        self._buried: dict[int, str] = {}
        self._decision: BatchDecision | None = None  # decided up to `_next`
        self._next = 0

    @property
    def failed(self) -> list[str]:
        """Names of the errors on which was given up."""
        return [*self._parked.values(), *self._buried.values()]

    def decide(self, new_decision: Callable[[], BatchDecision]) -> BatchDecision:
        """Decide all on fresh decisions until nothing raises.

        Raises `CodesMissingError`, to be called again: it goes on with the record that missed them, which has
        changed nothing; `HeldBackError` for a row that cannot be trusted; `StopError` when a dead letter
        cannot be made either.
        """
        while True:
            if self._decision is None:
                self._decision, self._next = new_decision(), 0
            decision, number = self._decision, self._next
            try:
                for number in range(self._next, len(self._items)):
                    item = self._items[number]
                    if number in self._buried:
                        decision.poison(item)
                    elif number in self._parked:
                        decision.park(item, self._parked[number])
                    else:
                        decision.take(item)
                self._next = len(self._items)
                decision.finish()
            except CodesMissingError:
                self._next = number
                raise
            except UntrustedRowError as error:
                record = self._items[self._failed_at(decision, number)].record
                raise HeldBackError((record.topic, record.partition), error) from error
            except Exception as error:  # noqa: BLE001  a bug costs its record, never the partition
                self._decision = None
                self._give_up(self._failed_at(decision, number), error)
            else:
                return decision

    def _failed_at(self, decision: BatchDecision, number: int) -> int:
        """The record that was worked on: once all are taken, the one whose facts and messages were made."""
        if self._next < len(self._items):
            return number
        return next(n for n, item in enumerate(self._items) if item is decision.following.item)

    def _give_up(self, number: int, error: Exception) -> None:
        if number in self._buried:
            raise StopError(f"no record can be answered: {type(error).__name__}") from error
        (self._buried if number in self._parked else self._parked)[number] = type(error).__name__
