"""Who may join: names of the hub or of others, codes that are none, orders that would go to two."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.errors import StartupError
from hub.kafka import topics
from hub.participants.admission import RESERVED, Member, check_among, check_candidate
from hub.participants.registry import (
    directory_grants,
    gateway_grants,
    hub_grants,
    participant_grants,
    user_of,
)
from tests.support.requests import ONE_STOP

OTHER = "000.99.99.H07"


@pytest.mark.parametrize(
    "name",
    [
        "hub", "hub-engine", "hub-gateway", "hub-heartbeat", "hub-x", "heartbeat", "gateway", "engine",
        "facts", "dossier", "dossier-facts", "in", "out", "in-hub", "out-hub",
    ],
)  # fmt: skip
def test_a_name_of_the_hub_itself_is_refused(name: str) -> None:
    with pytest.raises(StartupError, match="the hub's own"):
        check_candidate(name, ["counter"], [ONE_STOP])


@pytest.mark.parametrize("prefix", ["", "hub.", "hub-", "t1."])
def test_no_name_that_is_allowed_has_a_right_on_what_is_the_hubs_own(prefix: str) -> None:
    own = {(grant.resource, grant.name) for grant in hub_grants(prefix) if not grant.is_prefix}
    own |= {("topic", f"{prefix}out.hub"), ("group", user_of("hub.gateway", prefix))}
    shown = directory_grants(prefix)
    for name in ("counter-a", "so-ldtbxh", "postal", "t1"):
        check_candidate(name, ["counter"], [ONE_STOP])
        for grant in (*participant_grants(name, prefix), *gateway_grants(name, prefix)):
            if grant in shown:
                continue
            reached = [thing for kind, thing in own if kind == grant.resource and _covers(grant, thing)]
            assert reached == [], (name, grant)


def _covers(grant: object, thing: str) -> bool:
    name = str(getattr(grant, "name"))  # noqa: B009
    return thing.startswith(name) if getattr(grant, "is_prefix") else thing == name  # noqa: B009


def test_every_topic_and_group_of_the_hub_is_reserved() -> None:
    assert {
        topics.HEARTBEAT_TOPIC,
        topics.FACTS_TOPIC,
        topics.DIRECTORY_TOPIC,
        "hub-engine",
        "hub.gateway",
        "in.hub",
    } <= RESERVED


@pytest.mark.parametrize(
    "code", ["nonsense", "", "000.12.34", "000.12.34.h07", "H7", f"{ONE_STOP} ", "000.12.34.H07\n"]
)
@pytest.mark.parametrize("role", ["counter", "postal"])
def test_an_organisation_that_is_no_code_of_a_unit_is_refused(code: str, role: str) -> None:
    with pytest.raises(StartupError, match="organisations") as refused:
        check_candidate("counter-a", [role], [code])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("roles", [["counter"], ["agency"], ["postal", "agency"]])
def test_who_speaks_for_organisations_has_to_name_one(roles: Sequence[str]) -> None:
    with pytest.raises(StartupError, match="organisations"):
        check_candidate("counter-a", roles, [])
    check_candidate("counter-a", roles, ["H07.34.12"])
    check_candidate("postal", ["postal"], [])


@pytest.mark.parametrize("role", ["postal", "population", "portal", "notifier", "typesetter"])
@pytest.mark.parametrize(
    ("mine", "theirs", "is_refused"),
    [
        ([], [], True),
        ([ONE_STOP], [ONE_STOP, OTHER], True),
        ([ONE_STOP], [OTHER], False),
        ([], [ONE_STOP], False),
        ([ONE_STOP], [], False),
    ],
)
def test_no_order_goes_to_two(role: str, mine: list[str], theirs: list[str], *, is_refused: bool) -> None:
    candidate, other = Member("second", [role], mine), Member("first", [role, "payments"], theirs)
    if is_refused:
        with pytest.raises(StartupError, match="first"):
            check_among(candidate, [other])
    else:
        check_among(candidate, [other])


def test_two_counters_of_one_office_may_join() -> None:
    check_among(Member("b", ["counter"], [ONE_STOP]), [Member("a", ["counter", "postal"], [ONE_STOP])])


@pytest.mark.parametrize(
    ("roles", "organisations", "is_refused"),
    [
        (["counter"], [ONE_STOP], False),
        (["agency"], [ONE_STOP], False),
        (["counter"], [OTHER], True),
        (["counter"], [ONE_STOP, OTHER], True),
        (["postal"], [], True),
    ],
)
def test_a_name_goes_only_to_the_organisation_that_had_it(
    roles: list[str], organisations: list[str], *, is_refused: bool
) -> None:
    former = Member("a", ["counter"], [ONE_STOP], is_former=True)
    if is_refused:
        with pytest.raises(StartupError, match=f"that of {ONE_STOP}.*another name"):
            check_among(Member("a", roles, organisations), [former])
    else:
        check_among(Member("a", roles, organisations), [former])


def test_the_name_of_an_adapter_stays_with_its_role() -> None:
    former = Member("postal", ["postal"], [], is_former=True)
    check_among(Member("postal", ["postal"], []), [former])
    with pytest.raises(StartupError, match="role postal"):
        check_among(Member("postal", ["portal"], []), [former])


def test_who_is_gone_takes_no_orders() -> None:
    check_among(Member("second", ["postal"], []), [Member("first", ["postal"], [], is_former=True)])
