"""The second factor of a look-up: derived, never stored in clear, and found by nobody without the key."""

from __future__ import annotations

import re

from hub.facts.integrity import StoreKey
from hub.facts.look_up_key import are_digits, last_digits

KEY = StoreKey.of(bytes(range(32))).look_up
OTHER = StoreKey.of(bytes(32)).look_up
CODE, ID = "000.12.34.H07-260105-0001", "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001"


def test_a_check_code_is_that_of_its_dossier_and_key_and_of_no_other() -> None:
    made = KEY.check_code(CODE)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", made)
    assert KEY.check_code(CODE) == made
    codes = {KEY.check_code(f"000.12.34.H07-260105-{serial:04}") for serial in range(1000)}
    assert len(codes) == 1000
    assert OTHER.check_code(CODE) != made


def test_a_check_code_is_taken_as_people_type_it() -> None:
    made = KEY.check_code(CODE)
    shown = (made, made.lower(), made.replace("-", ""), f" {made[:4]} {made[5:]} ", made.replace("0", "o"))
    assert all(KEY.is_check_code(CODE, one) for one in (*shown, made.replace("1", "l")))
    wrong = ("", "-", made[:-1], made + "0", OTHER.check_code(CODE), "Ư" * 8, KEY.check_code(CODE[:-1] + "2"))
    assert not any(KEY.is_check_code(CODE, one) for one in wrong)


def test_the_end_of_a_telephone_number_leads_to_its_own_dossier_alone() -> None:
    name = KEY.phone_alias(ID, "0001")
    assert KEY.phone_alias(ID, "0002") != name
    assert KEY.phone_alias(ID[:-1] + "2", "0001") != name
    assert OTHER.phone_alias(ID, "0001") != name
    assert (last_digits("+84900000001"), last_digits("0900000001"), last_digits(None)) == (
        "0001",
        "0001",
        None,
    )


def test_four_digits_are_the_end_of_a_number_and_all_else_is_a_check_code() -> None:
    assert are_digits("0001")
    assert not any(map(are_digits, ("001", "00001", "000a", "٠٠٠١", "", "7K3M-9QXR")))
