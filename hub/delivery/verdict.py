"""Pure: what becomes of a leased delivery after the counterpart's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from hub.backoff import backoff_s
from hub.delivery.circuit import Result
from hub.delivery.lease import Lease
from hub.delivery.outcome import Delivered, NotFound, QueryOutcome, Rejected, RetryAt, Unknown
from hub.delivery.retry import GiveUp, RetryPolicy, next_step

CodeClass = Literal["delivered", "rejected", "retry", "unknown", "not_found"]


@dataclass(frozen=True, slots=True)
class Settle:
    """The delivery is over: the adapter's `report` is made from `outcome`."""

    outcome: Delivered | Rejected


@dataclass(frozen=True, slots=True)
class Bury:
    """Time or attempts are used up without an effect: a dead letter; `give_up` makes its business answer."""

    outcome: RetryAt | NotFound
    why: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """Another call follows after `delay_s`; `doubt_begins` when a request may just have had its effect.

    `is_held`: nothing was called, so nothing of the budget is used up.
    """

    state: Literal["pending", "unknown"]
    delay_s: float
    outcome: RetryAt | Unknown | NotFound
    doubt_begins: bool = False
    is_held: bool = False


Verdict = Settle | Bury | PutBack


def verdict(
    lease: Lease, answer: QueryOutcome, policy: RetryPolicy, settling_s: float, draw: float
) -> Verdict:
    """Return what to store; `draw` in [0, 1) is the jitter.

    An answer to a doubtful delivery comes from a query: only a settled "not found" lets it be sent again.
    """
    match answer:
        case Delivered() | Rejected():
            return Settle(answer)
        case NotFound() if lease.is_doubtful and lease.doubt_age_s >= settling_s:
            step = next_step(policy, lease.attempts, lease.age_s, 0.0, draw)
            return Bury(answer, step.why) if isinstance(step, GiveUp) else PutBack("pending", 0.0, answer)
        case NotFound() if lease.is_doubtful:
            unsettled_s = settling_s - lease.doubt_age_s
            return PutBack("unknown", max(unsettled_s, policy.base_s * 0.1), answer)
        case RetryAt(delay_s, _, is_called=False) if not lease.is_doubtful:
            return PutBack("pending", max(delay_s, 0.0), answer, is_held=True)
        case RetryAt(delay_s, _) if not lease.is_doubtful:
            step = next_step(policy, lease.attempts, lease.age_s, delay_s, draw)
            return (
                Bury(answer, step.why)
                if isinstance(step, GiveUp)
                else PutBack("pending", step.delay_s, answer)
            )
        case RetryAt() | Unknown() | NotFound():
            delay_s = backoff_s(policy.base_s, policy.cap_s, lease.queries, draw)
            return PutBack("unknown", delay_s, answer, doubt_begins=not lease.is_doubtful)
        case _ as never:
            assert_never(never)


def health(answer: QueryOutcome) -> Result:
    """Return what an answer tells about the counterpart's health."""
    match answer:
        case Delivered(is_called=True):
            return Result.SUCCESS
        case RetryAt(is_called=False):
            return Result.NEUTRAL
        case Delivered() | Rejected() | NotFound():  # an adapter may answer the last two without a call
            return Result.NEUTRAL
        case RetryAt(is_alone=True) | Unknown(is_alone=True):
            return Result.NEUTRAL
        case RetryAt() | Unknown():
            return Result.FAILURE
        case _ as never:
            assert_never(never)


def code_class(answer: QueryOutcome) -> CodeClass:
    """Return the closed label of an answer."""
    match answer:
        case Delivered():
            return "delivered"
        case Rejected():
            return "rejected"
        case RetryAt():
            return "retry"
        case Unknown():
            return "unknown"
        case NotFound():
            return "not_found"
        case _ as never:
            assert_never(never)
