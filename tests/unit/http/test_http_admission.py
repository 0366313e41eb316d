"""Who holds which connection: strangers make room, those who were recognised keep theirs."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from hub.http.admission import Admission, Entered, Guest, Turned, site_of
from hub.http.limits import DoorLimits

LIMITS = DoorLimits(connections=10, reserved=4, per_address=3, per_caller=2)
NOW = 1000.0


def enter(door: Admission, host: str, now_s: float = NOW) -> Entered:
    entry = door.enter(host, now_s)
    assert isinstance(entry, Entered)
    return entry


def busy(guest: Guest) -> Guest:
    guest.is_waiting = lambda: False
    return guest


def test_one_address_holds_its_number_and_its_longest_waiting_one_makes_room() -> None:
    door = Admission(LIMITS)
    first, *_ = [enter(door, "192.0.2.1").guest for _ in range(3)]
    fourth = enter(door, "192.0.2.1")
    assert (fourth.leaving, fourth.reason) == (first, "address_connections")
    assert door.open == 3
    assert enter(door, "192.0.2.2").leaving is None


def test_a_connection_that_the_hub_works_for_is_not_closed_for_another() -> None:
    door = Admission(LIMITS)
    first, second, _ = [enter(door, "192.0.2.1").guest for _ in range(3)]
    busy(first)
    assert enter(door, "192.0.2.1").leaving is second
    for _ in range(3):
        busy(enter(door, "192.0.2.9").guest)
    assert door.enter("192.0.2.9", NOW) == Turned("address_connections")


def test_strangers_of_many_addresses_leave_the_reserve_to_those_who_were_served() -> None:
    door = Admission(LIMITS)
    served = enter(door, "192.0.2.50").guest
    assert door.recognise(served, "counter-a", NOW)
    door.leave(served)
    crowd = [busy(enter(door, f"198.51.100.{number}").guest) for number in range(6)]
    assert door.enter("198.51.100.99", NOW) == Turned("connections")
    mine = [enter(door, "192.0.2.50") for _ in range(3)]
    assert all(entry.leaving is None for entry in mine)
    assert door.open == len(crowd) + len(mine)


def test_a_crowd_makes_room_for_itself_before_it_takes_the_place_of_a_single_client() -> None:
    door = Admission(LIMITS)
    single, *crowd = [enter(door, f"198.51.100.{number}").guest for number in (9, 1, 1, 2, 2, 2)]
    gone = [enter(door, f"198.51.100.{number % 2 + 1}").leaving for number in range(20)]
    assert single not in gone
    assert {*gone[:5]} == {*crowd}


def test_strangers_of_one_connection_each_leave_in_the_order_in_which_they_came() -> None:
    door = Admission(LIMITS)
    came = [enter(door, f"198.51.100.{number}").guest for number in range(6)]
    assert [enter(door, f"198.51.100.{number}").leaving for number in range(10, 16)] == came


def test_the_reserve_is_kept_for_an_hour_after_the_last_service() -> None:
    door = Admission(LIMITS)
    door.recognise(enter(door, "192.0.2.50").guest, "counter-a", NOW)
    for number in range(6):
        busy(enter(door, f"198.51.100.{number}").guest)
    assert enter(door, "192.0.2.50", NOW + 3599).leaving is None
    assert door.enter("192.0.2.50", NOW + 3601) == Turned("connections")


def test_one_that_is_recognised_does_not_count_for_its_address_but_for_its_caller() -> None:
    door = Admission(LIMITS)
    guests = [enter(door, "192.0.2.1").guest for _ in range(3)]
    assert door.recognise(guests[0], "counter-a", NOW)
    assert door.recognise(guests[1], "counter-a", NOW)
    assert not door.recognise(guests[2], "counter-a", NOW), "a third connection of this caller"
    assert door.recognise(guests[0], "counter-a", NOW), "it has its place already"
    assert enter(door, "192.0.2.1").leaving is None
    door.leave(guests[0])
    assert door.recognise(guests[2], "counter-a", NOW)


def test_one_that_is_no_longer_believed_counts_for_its_address_again() -> None:
    door = Admission(LIMITS)
    guest = enter(door, "192.0.2.1").guest
    door.recognise(guest, "counter-a", NOW)
    door.forget(guest)
    for _ in range(2):
        enter(door, "192.0.2.1")
    assert enter(door, "192.0.2.1").leaving is guest


def test_callers_of_trusted_networks_have_all_and_others_what_is_left() -> None:
    limits = DoorLimits(connections=6, reserved=4, per_address=2, trusted=(IPv4Network("192.0.2.0/24"),))
    door = Admission(limits)
    strangers = [enter(door, f"198.51.100.{number}").guest for number in range(2)]
    for _ in range(4):
        busy(enter(door, "192.0.2.1").guest)
    assert enter(door, "192.0.2.1").leaving is strangers[0]
    assert Admission(limits).enter("not an address", NOW) != Turned("address")


def test_among_those_of_trusted_networks_who_only_holds_on_makes_room_for_who_comes() -> None:
    door = Admission(DoorLimits(6, 2, trusted=(IPv4Network("192.0.2.0/24"),), is_closed=True))
    crowd = [enter(door, "192.0.2.1").guest for _ in range(5)]
    busy(crowd[0])
    single = enter(door, "192.0.2.2").guest
    assert enter(door, "192.0.2.2").leaving is crowd[1], "the oldest that waits, of the address with most"
    for guest in (*crowd[2:], single):
        busy(guest)
    later = enter(door, "192.0.2.3")
    assert later.leaving is not None
    busy(later.guest)
    assert door.enter("192.0.2.3", NOW) == Turned("connections"), "all are worked for"


def test_a_closed_door_counts_nothing_of_who_is_not_in_its_list() -> None:
    door = Admission(DoorLimits(6, 2, trusted=(IPv4Network("192.0.2.0/24"),), is_closed=True))
    assert door.enter("198.51.100.1", NOW) == Turned("address")
    assert door.enter("::ffff:192.0.2.7", NOW) != Turned("address")
    assert door.open == 1


def test_the_addresses_of_one_ipv6_site_are_one() -> None:
    assert site_of("2001:db8:1:2::1") == site_of("2001:db8:1:2:ffff::9") != site_of("2001:db8:1:3::1")
    assert site_of("::ffff:192.0.2.1") == site_of("192.0.2.1") != site_of("192.0.2.2")


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "enter", "enter", "recognise", "forget", "leave", "busy"]),
        st.integers(0, 4),
        st.integers(0, 30),
    ),
    max_size=120,
)


@given(ACTS)
def test_no_limit_is_ever_exceeded_and_nothing_stays_counted(acts: list[tuple[str, int, int]]) -> None:
    door, inside = Admission(LIMITS), dict[Guest, str]()
    for act, who, which in acts:
        if act == "enter":
            entry = door.enter(f"192.0.2.{who}", NOW)
            if isinstance(entry, Entered):
                inside[entry.guest] = ""
                if entry.leaving is not None:
                    del inside[entry.leaving]
        elif inside:
            guest = list(inside)[which % len(inside)]
            if act == "recognise" and door.recognise(guest, f"caller-{who}", NOW):
                inside[guest] = f"caller-{who}"
            elif act == "forget":
                door.forget(guest)
                inside[guest] = ""
            elif act == "leave":
                door.leave(guest)
                del inside[guest]
            elif act == "busy":
                busy(guest)
        assert door.open == len(inside) <= LIMITS.connections
        callers = [caller for caller in inside.values() if caller]
        assert all(callers.count(caller) <= 2 for caller in callers)
    for guest in inside:
        door.leave(guest)
    assert (door.open, door._by_address, door._by_caller, door._strangers) == (0, {}, {}, {})
