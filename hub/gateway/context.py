"""What the endpoints share, put together in one place."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from asyncpg.pool import Pool
from starlette.requests import Request

from hub.checks.watch import CheckWatch
from hub.documents.store import DocumentStore
from hub.facts.integrity import StoreKey
from hub.gateway.budget import Budget
from hub.gateway.callers import Caller, Callers
from hub.gateway.directory_view import DirectoryView
from hub.gateway.feed import Feed
from hub.gateway.guard import CALLER
from hub.gateway.metrics import GatewayMetrics
from hub.gateway.publishing import EventPublisher
from hub.gateway.receipt_wait import Inbox
from hub.gateway.report_process import Reports
from hub.participants.register_editions import RegisterReader
from hub.regulation.lawbook import LawBook
from hub.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class GatewayContext:
    """One gateway process; `stopping` ends what waits, `feeds` counts open feeds per participant."""

    settings: GatewaySettings
    prefix: str
    book: LawBook
    pool: Pool
    publisher: EventPublisher
    callers: Callers
    inbox: Inbox
    key: StoreKey
    feed: Feed
    store: DocumentStore
    metrics: GatewayMetrics
    checks: CheckWatch
    budget: Budget
    directory: DirectoryView
    registers: RegisterReader
    environment: str
    reports: Reports
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    feeds: Counter[str] = field(default_factory=Counter)

    def in_topic(self, caller: Caller) -> str:
        """The one topic that is written for this caller."""
        return f"{self.prefix}in.{caller.name}"

    def out_topic(self, caller: Caller) -> str:
        """The one topic that is read for this caller."""
        return f"{self.prefix}out.{caller.name}"


def caller_of(request: Request) -> Caller:
    """Who the guard let in."""
    caller: Caller = request.scope[CALLER]
    return caller
