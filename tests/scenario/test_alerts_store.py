"""Alerts whose causes are the store and the clock; apart, so that they run beside those of participants."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub.embedded import stack as embedded
from tests.scenario.alert_site import alert_site
from tests.scenario.alert_stories import (
    a_database_that_breaks_off,
    an_agency_that_nobody_tells,
    an_engine_whose_table_is_locked,
    commits_that_are_held_up,
    deadlines_and_supplies,
    messages_that_are_gone_before_the_adapter_reads_them,
    nothing_is_swept,
)

OF_STORE_AND_CLOCK = {
    "HubMessagesGone", "HubDatabaseLost", "HubNotReady", "HubCommitsSlow", "HubDossierCodesLow",
    "HubQueueNumbersLow",
    "HubDeadlinesAtRisk", "HubDeadlinesOverdue", "HubCalendarEnds", "HubCalendarEndsSoon",
    "HubRetentionStale", "HubAgencyUnheard",
}  # fmt: skip


@pytest.mark.long
@pytest.mark.needs("prometheus")
async def test_what_the_store_and_the_clock_do_is_told_and_ends(own_stack_home: Path, tmp_path: Path) -> None:
    address = await asyncio.to_thread(embedded.up, own_stack_home)
    async with alert_site(address, tmp_path) as site:
        async with nothing_is_swept(site):
            await messages_that_are_gone_before_the_adapter_reads_them(site)
            await a_database_that_breaks_off(site)
            await an_engine_whose_table_is_locked(site)
            await commits_that_are_held_up(site)
            await deadlines_and_supplies(site)
            await an_agency_that_nobody_tells(site)
            await site.prometheus.fires("HubRetentionStale", 120)
        await site.prometheus.ends("HubRetentionStale")
    assert site.prometheus.seen == OF_STORE_AND_CLOCK
    assert site.prometheus.ended == site.prometheus.seen
