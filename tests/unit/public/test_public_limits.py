"""How often may be looked up: by address, and by code whether there is such a dossier or not."""

from __future__ import annotations

from hub.public.limits import Limits
from hub.settings.public import PublicSettings

SETTINGS = PublicSettings(look_ups_per_minute=60, look_ups_at_once=3, tries_per_hour=2, tries_at_once=5)
CODE = "000.12.34.H07-260105-0001"


def test_an_address_looks_up_so_often_at_once_and_then_as_time_passes() -> None:
    limits = Limits(SETTINGS)
    assert [limits.look_up("192.0.2.1", 0.0) for _ in range(3)] == [None] * 3
    wait = limits.look_up("192.0.2.1", 0.0)
    assert wait is not None
    assert (wait.limit, wait.seconds) == ("address", 1.0)
    assert limits.look_up("192.0.2.2", 0.0) is None
    assert limits.look_up("192.0.2.1", 1.0) is None


def test_wrong_tries_of_a_code_come_to_an_end_and_right_ones_do_not() -> None:
    limits = Limits(SETTINGS)
    for _ in range(100):
        assert limits.try_code(CODE, 0.0) is None
        limits.was_right(CODE)
    assert [limits.try_code(CODE, 0.0) for _ in range(5)] == [None] * 5
    wait = limits.try_code(CODE, 0.0)
    assert wait is not None
    assert wait.limit == "code"
    assert 1700 < wait.seconds <= 1800
    assert limits.try_code(CODE[:-1] + "2", 0.0) is None


def test_ten_thousand_numbers_take_most_of_a_year_by_default() -> None:
    settings = PublicSettings()
    days = (10_000 - settings.tries_at_once) / settings.tries_per_hour / 24
    assert days > 200
