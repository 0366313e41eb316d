"""What an engine raises on purpose, by what follows. All of it is caught in the loop and its recovery."""

from __future__ import annotations

from datetime import date

from hub.errors import AlteredRowError, HubError, RetryableError, UntrustedRowError, WriteMissError
from hub.kafka.client import KafkaError
from hub.kafka.log_inspector import Position

FOREIGN_AFTER = 20
"""So many misses in a row because of one row are no other engine's work."""
_IN_THE_WAY = "it stands where the hub has to add one, and the hub has not written it"

# The batch is decided again


class CodesMissingError(RetryableError):
    """The batch needs `count` more codes of `unit` and `day`; lease them and decide again."""

    code = "codes_missing"

    def __init__(self, unit: str, day: date, count: int) -> None:
        super().__init__(f"no leased codes of {unit} on {day}")
        self.unit = unit
        self.day = day
        self.count = count


class MissError(WriteMissError):
    """Something compared has changed; `kind` is offset_miss, head_miss or inbox_miss.

    `row` stands where a row was to be added, and the request for that came by `position`: one that is there
    each time was not written by a hub.
    """

    def __init__(self, kind: str, row: str = "", position: Position | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.row = row
        self.position = position

    def foreign_row(self) -> AlteredRowError:
        """The row that stands in the way, for whom no other engine has written it."""
        return AlteredRowError(self.row, _IN_THE_WAY)


# One partition waits


class HeldBackError(HubError):
    """The next record of a partition needs a row that nothing may be decided on: it has to wait."""

    code = "held_back"

    def __init__(self, position: Position, cause: UntrustedRowError) -> None:
        super().__init__(str(cause))
        self.position = position
        self.cause = cause


class UnreadableError(HubError):
    """The next record of a partition cannot be read, whatever the others do."""

    code = "intake.unreadable"

    def __init__(self, position: Position, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.offset = offset
        self.reason = reason


class GapError(HubError):
    """The broker handed out an offset that is not the next one."""

    code = "intake.gap"

    def __init__(self, position: Position, expected: int) -> None:
        super().__init__(f"{position[0]}-{position[1]}: not the expected offset {expected}")
        self.position = position
        self.expected = expected


# The client is doubted


class UnparsableError(KafkaError):  # type: ignore[misc]  # aiokafka has no type hints
    """The client's own parser failed on what some partition holds; a careful fetch finds out which."""

    retriable = True


class DeadClientError(HubError):
    """The client has stopped to fetch and would never say so."""

    code = "intake.dead_client"
