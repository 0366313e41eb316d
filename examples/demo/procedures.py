"""Real procedures of the national catalogue that the week's dossiers are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from hub.regulation.lawbook import load_book

_ALL = frozenset({"in_person", "online", "post"})
_NO_POST = frozenset({"in_person", "online"})


@dataclass(frozen=True, slots=True)
class Procedure:
    """What a counter has to know about a procedure; `days` are working days."""

    code: str
    title: str
    papers: tuple[str, ...]
    result: str
    days: int
    agency: str
    channels: frozenset[str] = _ALL
    online_fee: int = 0
    """Published fee of a dossier that is lodged online, in đồng; 0 when none or no sum is published."""

    @property
    def not_needed(self) -> list[str]:
        """The other published papers, as an officer confirms that a dossier does without them (14.3)."""
        return [code for code in _published(self.code) if code not in self.papers]

    def left_out(self) -> list[dict[str, str]]:
        """The other published results, with the reason why they do not apply (18.1)."""
        results = load_book().in_force(date.max).catalogue.procedures[self.code].results
        codes = dict.fromkeys(one.code for one in results if one.code != self.result)
        return [{"code": code, "reason": "Không áp dụng đối với hồ sơ này"} for code in codes]

    def components(self, *, electronic: bool = False, digitised: bool = False) -> list[dict[str, Any]]:
        """The papers as they are lodged."""
        kind = {"electronic": electronic, "digitised": digitised}
        return [{"code": code, "originals": 1, **kind} for code in self.papers]


@cache
def _published(code: str) -> tuple[str, ...]:
    papers = load_book().in_force(date.max).catalogue.procedures[code].components
    return tuple(dict.fromkeys(paper.code for paper in papers))


TOWN_HALL, POLICE, LAND_OFFICE, BUSINESS = "000.21.12.H07", "000.22.12.H07", "000.00.13.H07", "000.00.14.H07"
AGENCIES = (TOWN_HALL, POLICE, LAND_OFFICE, BUSINESS)

_G15, _G01, _G05 = "000.00.00.G15-", "000.00.00.G01-", "000.00.00.G05-"

PROCEDURES: tuple[Procedure, ...] = (
    Procedure(
        "1.001193", "Đăng ký khai sinh", (f"{_G15}KQ004389", f"{_G15}KQ004946"), "KQ.G15.000031", 1, TOWN_HALL
    ),
    Procedure(
        "1.010028", "Xóa đăng ký tạm trú", (f"{_G01}KQ003642", f"{_G01}KQ003643"), "KQ.G01.000065", 2, POLICE
    ),
    Procedure(
        "1.004873", "Giấy xác nhận tình trạng hôn nhân", (f"{_G15}KQ003448",), "KQ.G15.000038", 3, TOWN_HALL
    ),
    Procedure("2.001610", "Thành lập doanh nghiệp tư nhân", (f"{_G05}KQ3233",), "KQ.G12.001044", 3, BUSINESS),
    Procedure(
        "1.004194",
        "Đăng ký tạm trú",
        (f"{_G01}KQ003630", f"{_G01}KQ003631"),
        "KQ.G01.000065",
        3,
        POLICE,
        _NO_POST,
        7_000,
    ),
    Procedure("1.002755", "Gia hạn tạm trú", (f"{_G01}KQ003639",), "KQ.G01.000065", 3, POLICE, _NO_POST),
    Procedure(
        "1.004884",
        "Đăng ký lại khai sinh",
        (f"{_G15}KQ004946", f"{_G15}KQ003479"),
        "KQ.G15.000031",
        5,
        TOWN_HALL,
    ),
    Procedure("1.010038", "Tách hộ", (f"{_G01}KQ003624",), "KQ.G01.000065", 5, POLICE, _NO_POST, 5_000),
    Procedure(
        "1.115612",
        "Cấp giấy chứng nhận, thửa đất tăng diện tích",
        ("TP-H24.000044", "TP-H24.000002"),
        "KQ-H24.000014",
        5,
        LAND_OFFICE,
    ),
    Procedure(
        "1.004222",
        "Đăng ký thường trú",
        (f"{_G01}KQ003606", f"{_G01}KQ003605"),
        "KQ.G01.000065",
        7,
        POLICE,
        _NO_POST,
    ),
    Procedure("1.115596", "Giao đất, cho thuê đất", ("TP-H24.000005",), "KQ-H24.000002", 10, LAND_OFFICE),
    Procedure(
        "2.000806", "Kết hôn có yếu tố nước ngoài", (f"{_G15}KQ002943",), "KQ.G15.000032", 10, TOWN_HALL
    ),
)
BY_CODE = {procedure.code: procedure for procedure in PROCEDURES}
