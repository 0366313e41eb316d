"""Settings of the delivery runtime for one counterpart."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.delivery.circuit import CircuitPolicy
from hub.delivery.retry import RetryPolicy
from hub.delivery.throttle import MaintenanceWindow, ThrottleLimits

_Seconds = Annotated[float, Field(gt=0)]


class MaintenanceOption(BaseModel):
    """A weekly window without calls, in Vietnamese time; `weekdays` count from Monday = 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: time
    end: time
    weekdays: frozenset[Annotated[int, Field(ge=0, le=6)]] = frozenset(range(7))


class DeliveryOptions(BaseModel):
    """How deliveries to one counterpart are limited, repeated and kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_file: Path | None = Field(
        default=None,
        description="required: `reports.key`, which `hub setup` makes beside the master key",
    )
    group: str | None = Field(default=None, description="consumer group; the participant's name if not set")
    instance: str | None = Field(default=None, description="static member name, unique per process")
    session_timeout_ms: int = Field(default=10_000, ge=1000, description="group session time-out")
    batch_records: int = Field(default=200, ge=1, le=2000, description="messages stored at a time")
    fetch_wait_ms: int = Field(default=100, ge=10, description="how long an empty fetch waits")
    concurrency: int = Field(default=4, ge=1, le=64, description="calls to the counterpart at once")
    rate_per_s: _Seconds | None = Field(default=None, description="calls per second; no limit if not set")
    call_timeout_s: _Seconds = Field(default=30.0, description="limit of one call to the counterpart")
    lease_margin_s: _Seconds = Field(default=15.0, description="how much longer a lease is than a call")
    idle_s: _Seconds = Field(default=0.5, description="pause between two looks for due deliveries")
    max_attempts: int = Field(default=12, ge=1, description="calls without effect before a dead letter")
    total_s: _Seconds = Field(default=6 * 3600.0, description="time without effect before a dead letter")
    retry_base_s: _Seconds = Field(default=1.0, description="first pause after a call without effect")
    retry_cap_s: _Seconds = Field(default=600.0, description="longest pause between two calls")
    circuit_failures: int = Field(default=5, ge=1, description="failures in a row that open the circuit")
    circuit_open_s: _Seconds = Field(default=15.0, description="first time that the circuit stays open")
    circuit_max_open_s: _Seconds = Field(default=300.0, description="longest time that it stays open")
    maintenance: tuple[MaintenanceOption, ...] = Field(default=(), description="weekly windows without calls")
    resend_s: _Seconds = Field(default=30.0, description="a report without receipt is sent again after this")
    resend_cap_s: _Seconds = Field(default=900.0, description="longest pause between two sends of a report")
    drain_s: _Seconds = Field(default=8.0, le=10, description="time for running calls when the process stops")
    retention_days: int = Field(default=30, ge=1, description="days that finished deliveries are kept")
    poison_days: int = Field(default=90, ge=1, le=90, description="days that unreadable messages are kept")
    gauges_s: _Seconds = Field(default=5.0, description="pause between two counts for the metrics")

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        if self.retry_base_s > self.retry_cap_s:
            raise ValueError("retry_base_s must not exceed retry_cap_s")
        if self.circuit_open_s > self.circuit_max_open_s:
            raise ValueError("circuit_open_s must not exceed circuit_max_open_s")
        return self

    @property
    def lease_s(self) -> float:
        """How long a row is leased: longer than a call and the storing of its outcome."""
        return self.call_timeout_s + self.lease_margin_s

    def retry_policy(self) -> RetryPolicy:
        """The retry limits as a pure value."""
        return RetryPolicy(self.max_attempts, self.total_s, self.retry_base_s, self.retry_cap_s)

    def limits(self) -> ThrottleLimits:
        """The gate's limits as a pure value."""
        windows = tuple(MaintenanceWindow(w.begin, w.end, w.weekdays) for w in self.maintenance)
        policy = CircuitPolicy(self.circuit_failures, self.circuit_open_s, self.circuit_max_open_s)
        return ThrottleLimits(self.concurrency, self.rate_per_s, windows, policy)
