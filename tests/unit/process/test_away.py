"""Unit tests: what is waited out, and what is a bug of ours."""

from __future__ import annotations

import asyncpg
import pytest
from asyncpg.exceptions import _base

from hub.kafka.client import KafkaError
from hub.postgres.away import reason_of
from hub.process.supervise import AWAY, is_away

WAITED = ("08006", "25006", "40001", "40P01", "53100", "53300", "55P03", "57014", "57P01", "57P03", "58030")
BUGS = ("22P05", "23505", "42P01", "42703", "42501")


def raised(sqlstate: str) -> BaseException:
    return asyncpg.PostgresError.new({"C": sqlstate, "M": "said"})


@pytest.mark.parametrize("sqlstate", WAITED)
def test_a_database_that_cannot_do_it_now_is_waited_for_by_every_process(sqlstate: str) -> None:
    error = raised(sqlstate)
    assert isinstance(error, AWAY)
    assert is_away(error)
    assert reason_of(error) == f"{type(error).__name__} ({sqlstate})"


@pytest.mark.parametrize("sqlstate", BUGS)
def test_a_statement_that_can_never_succeed_is_not_waited_for(sqlstate: str) -> None:
    assert not is_away(raised(sqlstate))


@pytest.mark.parametrize("error", [asyncpg.InterfaceError("closed"), OSError(), TimeoutError(), KafkaError()])
def test_a_server_that_does_not_answer_is_waited_for(error: Exception) -> None:
    assert is_away(error)


def test_an_argument_that_the_client_cannot_encode_is_a_bug_of_ours() -> None:
    assert not is_away(_base.DataError("invalid input for query argument $1"))
