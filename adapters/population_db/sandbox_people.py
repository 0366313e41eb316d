"""The sandbox's persons: all synthetic, from a file or generated with the unused number prefix 000."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_FAMILIES: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Đặng", "Đỗ", "Vũ", "Bùi")
_MIDDLES: Final = ("Thị Giả", "Văn Giả", "Đức Giả", "Ngọc Giả")
_GIVENS: Final = ("Định", "Ướt", "Ổn", "Ý", "Hằng", "Sỹ", "Lượng", "Ấm")
_PLAIN: Final = {
    "A": "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬ",
    "D": "Đ",
    "E": "ÈÉẺẼẸÊỀẾỂỄỆ",
    "I": "ÌÍỈĨỊ",
    "O": "ÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢ",
    "U": "ÙÚỦŨỤƯỪỨỬỮỰ",
    "Y": "ỲÝỶỸỴ",
}
_TABLE: Final = str.maketrans({accented: plain for plain, group in _PLAIN.items() for accented in group})


@dataclass(frozen=True, slots=True)
class SyntheticPerson:
    """One invented person; `birth` is yyyyMMdd, or yyyy when only the year is registered."""

    identity_number: str
    old_identity_number: str
    name: str
    birth: str
    sex: str = "0"
    ethnic: str = "01"
    religion: str = "0"
    province: str = "83"
    ward: str = "28756"
    relatives: list[dict[str, str]] = field(default_factory=list)
    """Members of family and household: `element` (ChuHo, Cha, Me, VoChong, NguoiDaiDien) and its leaves."""

    @property
    def plain_name(self) -> str:
        """The name as clients must send it."""
        return "".join(char for char in self.name.upper().translate(_TABLE) if char.isalnum())


GUIDE_PEOPLE: Final = (
    SyntheticPerson("083090000001", "", "Nguyễn Văn Thử", "19900102", sex="1"),
    SyntheticPerson("083090000002", "", "Trần Văn Thử Thay", "19880304", sex="1"),
    SyntheticPerson("083090000003", "", "Trần Thị Thử", "19650506", sex="2"),
)
"""Those of README, docs and examples: the applicant, who lodges for him, the head of his household."""


class People:
    """Look-up by number; name and birth must all fit (contract II 3)."""

    def __init__(self, people: list[SyntheticPerson]) -> None:
        self._people = people
        self._by_number = {person.identity_number: person for person in people}
        self._by_old_number = {person.old_identity_number: person for person in people}
        self._by_old_number.pop("", None)

    def find(self, number: str, old_number: str, name: str, birth: str) -> SyntheticPerson | None:
        """Return the person whom everything fits; `birth` is yyyyMMdd, or yyyy for the year only."""
        person = self._by_number.get(number) if number else self._by_old_number.get(old_number)
        if person is None or person.plain_name != name:
            return None
        if old_number and person.old_identity_number != old_number:
            return None
        is_fitting = person.birth == birth or (len(birth) == 4 and person.birth[:4] == birth)
        return person if is_fitting else None

    def listed(self) -> list[dict[str, str]]:
        """Whom a request may name: the four fields that a check compares, as a request writes them."""
        return [
            {
                "name": person.name,
                "identity_number": person.identity_number,
                "old_identity_number": person.old_identity_number,
                "birth_date": "-".join((person.birth[:4], person.birth[4:6], person.birth[6:])).rstrip("-"),
            }
            for person in self._people
        ]


def read_people(path: Path) -> list[SyntheticPerson]:
    """Read `{"synthetic": true, "people": [...]}`; ValueError when the file is not marked synthetic."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("synthetic") is not True:
        raise ValueError('the file of persons must say "synthetic": true')
    return [SyntheticPerson(**entry) for entry in document["people"]]


def generate_people(count: int = 200, seed: int = 45) -> list[SyntheticPerson]:
    """Return the people of the guide, then `count` invented ones, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - test data, nothing secret
    people = list(GUIDE_PEOPLE)
    for index in range(count):
        year = chance.randint(1950, 2005)
        birth = f"{year}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
        person = SyntheticPerson(
            identity_number=f"000{year % 100:03}{index:06}",
            old_identity_number=f"000{index:06}",
            name=f"{chance.choice(_FAMILIES)} {chance.choice(_MIDDLES)} {chance.choice(_GIVENS)}",
            birth=birth,
            sex=chance.choice("12"),
        )
        people.append(person)
    return people
