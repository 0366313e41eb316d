"""A lodged dossier is read in any writing of the same, and refused where two readings differ."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.national_portal.lodging import Lodging, LodgingError, is_update, read_lodging
from hub.delivery.errors import ForeignTextError
from tests.contract.portal_world import AGENCY, settings_for

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SETTINGS = settings_for("http://127.0.0.1:1")
LODGED: dict[str, Any] = {
    "MaHoSo": "G22.99-260302-000077",
    "MaTTHC": "1.004873",
    "DonViXuLy": AGENCY,
    "LoaiDoiTuong": "1",
    "ChuHoSo": "Trần Thị Thí Nghiệm",
    "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "083190000003"}],
    "SoDienThoai": "0900000003",
    "HinhThucTra": "2",
    "TaiLieuNop": [{"MaThanhPhanHoSo": "000.00.00.G15-KQ003448"}],
}
COMPANY = {"LoaiDoiTuong": "2", "DinhDanhCHS": None}


def read(changes: dict[str, Any]) -> Lodging:
    return read_lodging(LODGED | changes, SETTINGS, NOW)


def request(changes: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(read(changes).report.data)
    return told


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ChuHoSo": unicodedata.normalize("NFD", "Trần Thị Thí Nghiệm")},
        {"ChuHoSo": " Trần  Thị\u00a0Thí Nghiệm "},
        {"SoDienThoai": "0900 000 003"},
        {"SoDienThoai": "(0900) 000-003"},
        {"LoaiDoiTuong": 1},
        {"LoaiDoiTuong": 1.0},
        {"LoaiDoiTuong": None},
        {"HinhThucTra": 2},
        {"HinhThucTra": None},
        {"Email": None},
        {"Email": "  "},
        {"DiaChi": None, "TrichYeuHoSo": "", "MaSoThue": None, "DonViTiepNhan": None},
        {"DinhDanhCHS": {"LoaiDinhDanh": 1, "SoDinhDanh": "083 190 000 003"}},
        {"DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "083190000003"}] * 2},
        {"DinhDanhCHS": [{"LoaiDinhDanh": "2", "SoDinhDanh": None}, *LODGED["DinhDanhCHS"]]},
        {"TaiLieuNop": LODGED["TaiLieuNop"][0]},
        {"GhiChu": "\ud83d", "Khac": {"x": ["\udc00", None, 1.5]}},
    ],
)
def test_the_same_dossier_in_another_writing_is_the_same_request(changes: dict[str, Any]) -> None:
    told, plain = read(changes), read({})
    assert told.report == plain.report
    assert request({})["applicant"] == {
        "kind": "citizen",
        "name": "Trần Thị Thí Nghiệm",
        "identity_number": "083190000003",
        "phone": "0900000003",
    }


def test_a_dossier_alone_in_a_list_is_read_and_several_are_not() -> None:
    assert read_lodging([LODGED], SETTINGS, NOW) == read({})
    with pytest.raises(LodgingError, match="data"):
        read_lodging([LODGED, LODGED], SETTINGS, NOW)


@pytest.mark.parametrize(
    ("field", "value", "place", "told"),
    [
        ("ChuHoSo", "Lò Văn Ðạt", "name", "Lò Văn Đạt"),
        ("DiaChi", "Số 1\tđường  Giả Ðịnh\n", "address", "Số 1 đường Giả Định"),
        ("Email", " thu.nghiem@example.test ", "email", "thu.nghiem@example.test"),
        ("SoDienThoai", "+84 (0)900 000 003", "phone", "+84900000003"),
        ("SoDienThoai", "０９００ ０００ ００３", "phone", "0900000003"),
    ],
)
def test_fields_of_the_applicant_are_cleaned(field: str, value: str, place: str, told: str) -> None:
    assert request({field: value})["applicant"][place] == told


@pytest.mark.parametrize(
    ("value", "told"),
    [("0100109106", "0100109106"), ("0100109106-001", "0100109106-001"), ("0100109106001", "0100109106-001"),
     ("0100 109 106", "0100109106"), ("083090000001", "083090000001")],
)  # fmt: skip
def test_a_tax_code_is_read_with_and_without_its_dash(value: str, told: str) -> None:
    assert request(COMPANY | {"MaSoThue": value})["applicant"]["tax_code"] == told


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"MaHoSo": "000.12.34.H07-261129-0002"}, "MaHoSo"),
        ({"MaHoSo": "01a207d4-6a91-8fad-a593-6c005373053c"}, "MaHoSo"),
        ({"MaHoSo": "083-090-000-002"}, "MaHoSo"),
        ({"MaHoSo": "083.090.000.002"}, "MaHoSo"),
        ({"MaHoSo": "0830900-00002"}, "MaHoSo"),
        ({"MaHoSo": "241/234/567"}, "MaHoSo"),
        ({"MaHoSo": "DVC|1"}, "MaHoSo"),
        ({"MaHoSo": "DVC 1"}, "MaHoSo"),
        ({"MaHoSo": "\ud800"}, "MaHoSo"),
        ({"MaHoSo": None}, "MaHoSo"),
        ({"ChuHoSo": None}, "ChuHoSo"),
        ({"ChuHoSo": "Trần \ud83d"}, "ChuHoSo"),
        ({"ChuHoSo": ["Trần"]}, "ChuHoSo"),
        ({"SoDienThoai": "0900 000 003 0900 000 004"}, "SoDienThoai"),
        ({"SoDienThoai": "0275 3822 123 - 101"}, "SoDienThoai"),
        ({"Email": "a b@example.test"}, "Email"),
        ({"LoaiDoiTuong": "9"}, "LoaiDoiTuong"),
        ({"LoaiDoiTuong": True}, "LoaiDoiTuong"),
        ({"LoaiDoiTuong": None, "MaSoThue": "0100109106"}, "LoaiDoiTuong"),
        ({"HinhThucTra": "9"}, "HinhThucTra"),
        ({"DinhDanhCHS": None}, "DinhDanhCHS"),
        ({"DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": 83190000003}]}, "DinhDanhCHS"),
        ({"DinhDanhCHS": [{"LoaiDinhDanh": None, "SoDinhDanh": "083190000003"}]}, "DinhDanhCHS"),
        ({"DinhDanhCHS": [*LODGED["DinhDanhCHS"], {"LoaiDinhDanh": "1", "SoDinhDanh": "083190000004"}]},
         "DinhDanhCHS"),
        (COMPANY, "MaSoThue"),
        (COMPANY | {"MaSoThue": "0100109107"}, "MaSoThue"),
        ({"DonViXuLy": "không phải mã"}, "DonViXuLy"),
        ({"MaTTHC": "x"}, "MaTTHC"),
        ({"TaiLieuNop": [None]}, "TaiLieuNop/0"),
        ({"TaiLieuNop": [{"MaThanhPhanHoSo": ""}]}, "TaiLieuNop"),
    ],
)  # fmt: skip
def test_what_cannot_be_passed_on_or_has_two_readings_is_named_by_the_portals_own_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(LodgingError) as caught:
        read(changes)
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["TaiLieuNop", "DinhDanhCHS"])
@pytest.mark.parametrize("item", [0, None, {"SoDinhDanh": []}])
def test_the_first_fault_of_a_list_ends_its_reading(field: str, item: object) -> None:
    with pytest.raises(LodgingError) as caught:
        read({field: [item] * 2000})
    fault = caught.value.__context__
    assert isinstance(fault, ValidationError)
    assert fault.error_count() == 1


@pytest.mark.parametrize(
    ("value", "is_amended"),
    [(None, False), ("", False), ("False", False), ("false", False), (False, False), (0, False), ("0", False),
     ("True", True), (True, True), (1, True), ("có", True)],
)  # fmt: skip
def test_an_amendment_is_told_from_a_lodging(value: object, is_amended: bool) -> None:
    assert is_update({"isUpdating": value}) is is_amended
    assert not is_update({})
    with pytest.raises(ForeignTextError):
        is_update({"isUpdating": ["True"]})
