"""A postal operator that is registered for a one-stop gets its orders; all other orders go to the others."""

from __future__ import annotations

import pytest

from hub.dossier.decision import Sender
from hub.engine.decide.routing import receivers
from hub.inbound.directory import Directory
from schemas.base import Fact
from schemas.party import PostalParty
from schemas.pickup import PickupCancelled, PickupOrdered
from tests.support.dossiers import ONE_STOP, OTHER_ONE_STOP, POSTAL, submitted

ADAPTER = POSTAL
DIRECT = Sender("postal-direct", frozenset({"postal"}), frozenset({OTHER_ONE_STOP}))
END = PostalParty(name="Nguyễn Thị Mẫu", phone="+84900000001", address="Số 1", province=93)


def _ordered(organisation: str) -> PickupOrdered:
    return PickupOrdered(
        order="H07.34.12-261005-0001__C1",
        direction="collect",
        sender=END,
        receiver=END,
        organisation=organisation,
        contents=("Hồ sơ",),
    )


def _told(fact: Fact, *operators: Sender) -> set[str]:
    return set(receivers(None, submitted().now, fact, Directory(operators)))


@pytest.mark.parametrize(
    ("organisation", "operator"), [(ONE_STOP, "postal"), (OTHER_ONE_STOP, "postal-direct")]
)
def test_an_order_goes_to_the_operator_of_its_organisation(organisation: str, operator: str) -> None:
    assert _told(_ordered(organisation), ADAPTER, DIRECT) == {operator}


def test_a_cancellation_goes_where_the_order_went() -> None:
    fact = PickupCancelled(order="H07.34.12-261005-0001__C1", organisation=OTHER_ONE_STOP)
    assert _told(fact, ADAPTER, DIRECT) == {"postal-direct"}


def test_without_an_operator_of_its_own_and_without_a_general_one_nobody_gets_the_order() -> None:
    assert _told(_ordered(ONE_STOP), DIRECT) == set()
