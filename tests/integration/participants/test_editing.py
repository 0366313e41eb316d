"""`hub participants edit`: what a participant may be is changed, checked as when it joined, and recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.embedded.stack import StackAddress
from hub.kafka import quotas as kafka_quotas
from tests.support.every_command import typed
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually

OTHER = "000.12.36.H07"
WHY = ("--reason", "a decision", "--operator", "op-1")


@pytest.fixture(scope="module")
async def hub(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path_factory.mktemp("editing"), partitions=1) as opened:
        await opened.start_engine()
        yield opened


@pytest.fixture
def administrator(hub: Hub) -> dict[str, str]:
    return hub.environment | {
        "HUB_KAFKA__USER": hub.address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": hub.address.kafka_admin_password,
    }


async def test_an_organisation_is_added_and_the_engine_acts_on_it_with_the_same_password(
    hub: Hub, administrator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await hub.join("counter-a", ["counter"], [OTHER])
    refused = await counter.ask(SUBMIT, "ref:hs-1", submission())
    assert refused.data["code"] == "security.foreign_organisation"
    words = ("participants", "edit", "counter-a", "--organisation", OTHER, "--organisation", ONE_STOP, *WHY)
    status, output, errors = await typed(monkeypatch, administrator, *words, "--quota-bytes-per-s", "2000000")
    assert (status, errors) == (0, "")
    assert f"organisations: {OTHER}, {ONE_STOP} (before: {OTHER})" in output
    assert "quota: 2000000 bytes per second" in output
    numbers = iter(range(2, 1000))

    async def is_taken() -> bool:
        receipt = await counter.ask(SUBMIT, f"ref:hs-{next(numbers)}", submission())
        return receipt.type == "onestop.receipt.accepted.v1"

    await eventually(is_taken, 30, "the engine to know of it")
    quota = await kafka_quotas.read_quota(hub.admin.settings, f"{hub.prefix}counter-a")
    assert quota["producer_byte_rate"] == 2_000_000
    action = await hub.database.fetchrow("select operator, action, target, reason from operator_action")
    assert action is not None
    assert tuple(action) == ("op-1", "participant.edited", "counter-a", "a decision")
    status, output, _ = await typed(monkeypatch, administrator, "verify")
    assert (status, output.startswith("0 rows")) == (0, True), "the row carries its new check"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--role", "boss"), "roles boss: one or more of"),
        (("--organisation", "nonsense"), "a unit's code is like"),
        (("--organisation", "000.99.99.H07"), "keep one of them, or add a participant with another name"),
        (("--role", "postal", "--role", "counter"), "go to postal-one"),
        ((), "nothing is to be changed"),
    ],
)
async def test_what_add_would_refuse_and_another_owner_are_refused_and_nothing_changes(
    hub: Hub,
    administrator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    for name, role in (("counter-b", "counter"), ("postal-one", "postal")):
        if not await hub.database.fetchval("select true from participant where name = $1", name):
            await hub.register(name, [role], [OTHER])
    before = await hub.database.fetchrow("select * from participant where name = 'counter-b'")
    status, _, errors = await typed(
        monkeypatch, administrator, "participants", "edit", "counter-b", *words, *WHY
    )
    assert (status, said in errors, len(errors.splitlines())) == (2, True, 1), errors
    assert await hub.database.fetchrow("select * from participant where name = 'counter-b'") == before
