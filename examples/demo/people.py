"""The people of the week: all invented, numbered one after the other, never anybody's real number."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Đặng", "Đỗ", "Vũ", "Bùi")
_MIDDLES = {"1": "Văn Giả", "2": "Thị Giả"}
_GIVENS = ("Định", "Tưởng", "Thử", "Mẫu", "Dụ", "Lập", "Bộ", "Danh")


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody who does not exist."""

    number: str
    name: str
    born: str
    """RFC 3339 day."""
    sex: str

    def party(self) -> dict[str, Any]:
        """As the applicant of a dossier."""
        return {
            "kind": "citizen",
            "name": self.name,
            "identity_number": self.number,
            "birth_date": self.born,
            "phone": "+84900000000",
            "address": "Số 1, đường Giả Định, xã Thử Nghiệm",
        }

    def wish(self) -> dict[str, Any] | None:
        """Where this person agreed to be told of the dossier; every fourth one nowhere.

        Some have an address that the mail server does not know.
        """
        place = int(self.number[-6:])
        phone = {"phone": f"09{place:08}"}
        user = "nobody" if place % 10 == 5 else f"nguoi-nop-{place}"
        email = {"email": f"{user}@vi-du.example"}
        language = {"language": "en"} if place % 7 == 0 else {}
        return (None, email | language, email | phone | language, phone | language)[place % 4]

    def person(self) -> dict[str, Any]:
        """As the subject of an identity check."""
        return {"identity_number": self.number, "name": self.name, "birth_date": self.born}

    def with_typing_error(self) -> dict[str, Any]:
        """As the subject of an identity check in which somebody mistyped the year of birth."""
        return {**self.person(), "birth_date": f"{int(self.born[:4]) - 1}{self.born[4:]}"}

    def registered(self) -> dict[str, str]:
        """As the stand-in of the population database keeps it."""
        return {
            "identity_number": self.number,
            "old_identity_number": "",
            "name": self.name,
            "birth": self.born.replace("-", ""),
            "sex": self.sex,
        }


def citizens(count: int, chance: Random) -> list[Citizen]:
    """Invented people with the numbers 083090000001, 083090000002 and so on."""
    found = []
    for number in range(1, count + 1):
        sex = chance.choice("12")
        name = f"{chance.choice(_FAMILIES)} {_MIDDLES[sex]} {chance.choice(_GIVENS)}"
        born = f"1990-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        found.append(Citizen(f"083090{number:06}", name, born, sex))
    return found
