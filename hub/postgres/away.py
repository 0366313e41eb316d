"""What a statement raises when the database cannot do it now: one list for all, by SQLSTATE class."""

from __future__ import annotations

import asyncpg

AWAY = (
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.InvalidTransactionStateError,  # 25, of it 25006: the database is read-only
    asyncpg.TransactionRollbackError,  # 40: deadlock, serialisation
    asyncpg.InsufficientResourcesError,  # 53: disk, memory, connections
    asyncpg.ObjectNotInPrerequisiteStateError,  # 55, of it 55P03: a lock was not to be had in time
    asyncpg.OperatorInterventionError,  # 57: shutdown, restart, cancelled
    asyncpg.PostgresSystemError,  # 58: the disk gives errors
    asyncpg.InvalidCachedStatementError,  # tables changed under a prepared statement; it is prepared again
    asyncpg.InterfaceError,  # the connection is closed
    asyncpg.InternalClientError,  # the server ended a session in the midst of a statement (asyncpg 0.32)
    OSError,
    TimeoutError,
)
"""What is waited out; a process that catches these asks `is_away` before it tries again."""


def is_away(error: BaseException) -> bool:
    """Whether the same statement may succeed later without a change on our side.

    The plain `InterfaceError` means a closed connection; wrong arguments and settings raise subclasses of it.
    """
    if isinstance(error, asyncpg.InterfaceError):
        return type(error) is asyncpg.InterfaceError
    return isinstance(error, AWAY)


def reason_of(error: BaseException) -> str:
    """The error in words that are safe to log: its name, and the SQLSTATE that the database gave."""
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} ({state})" if state else type(error).__name__
