"""What every session of the hub sets for itself, so that no default of the database decides it."""

from __future__ import annotations

from hub.postgres.times import AnyConnection, read_any_time

_IDLE_IN_TRANSACTION = "5min"
_SERVER_MARGIN_S = 5.0
"""The client gives up first; the server ends what a dead client left behind."""
_READ_ONLY = ("default_transaction_read_only", "in_hot_standby")
_KEEPALIVES = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""A session whose machine is gone is over after half a minute, and its locks with it."""
_DDL_LOCK_S = 3.0
_LOCK_S = 24.0
_SET = """
select set_config(s.name, w.value, false)
from unnest($1::text[], $2::text[]) w(name, value) join pg_settings s on s.name = w.name
where w.name <> 'synchronous_commit' or s.setting = 'off'
"""


async def set_own(connection: AnyConnection, timeout_s: float | None) -> None:
    """Set isolation, durability and time-outs, and read any time; a setting that is not known is left out.

    With no `timeout_s` (changes of tables) a statement may take its time, but waits for a lock only shortly,
    because everybody else queues behind that wait. Whether the database is read-only is not decided here:
    that is the operator's word, or that of a fail-over.
    """
    values = {
        "jit": "off",
        "default_transaction_isolation": "read committed",
        "default_transaction_deferrable": "off",
        "synchronous_commit": "on",  # set only where it is off: what has a receipt is on the disk
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION,
        "idle_session_timeout": "0",
        **_KEEPALIVES,
        "transaction_timeout": "0",
        "lock_timeout": _ms(_DDL_LOCK_S) if timeout_s is None else _ms(min(timeout_s * 0.8, _LOCK_S)),
        "statement_timeout": "0" if timeout_s is None else _ms(timeout_s + _SERVER_MARGIN_S),
    }
    await connection.fetch(_SET, list(values), list(values.values()))
    await read_any_time(connection)


def is_writable(connection: AnyConnection) -> bool:
    """Whether this session may write, as the server last told it (PostgreSQL 14 and newer tell).

    A session that began while the database was read-only stays so when the setting is taken back.
    """
    told = connection.get_settings()
    return all(getattr(told, name, "off") == "off" for name in _READ_ONLY)


def _ms(seconds: float) -> str:
    return str(int(seconds * 1000))
