"""The sandbox's dossiers and progress lines: what the services check, keep and journal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.sandbox_kit.journal import Journal

_DATES: Final = ("NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy", "NgayTuChoi", "NgayNopHoSo")
_NEEDED: Final = (
    "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "LoaiDoiTuong", "TrangThaiHoSo", "HinhThuc",
    "DonViXuLy",
)  # fmt: skip
_LINE_NEEDED: Final = ("MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy", "TrangThai")
_LIMITS: Final = {"MaHoSo": 50, "MaTTHC": 50, "TrichYeuHoSo": 1000, "GhiChu": 2000, "NguoiXuLy": 50}
_STATUSES: Final = frozenset(str(number) for number in range(1, 11))
_DATE: Final = re.compile(r"[0-9]{14}")
_PAPER_CODES: Final = {
    "DuocSoHoa": {"0", "1"},
    "DuocTaiSuDung": {"0", "1", "2"},
    "DuocLayTuKhoDMQG": {"0", "1"},
}
_SUPPLEMENT_FIELDS: Final = (
    "HoSoBoSungId", "NguoiYeuCauBoSung", "NoiDungBoSung", "NgayBoSung", "NguoiTiepNhanBoSung",
    "ThongTinTiepNhan", "NgayTiepNhanBoSung", "TrangThaiBoSung", "DanhSachGiayToBoSung",
    "DanhSachLePhiBoSung", "NgayHenTraTruoc", "NgayHenTraMoi",
)  # fmt: skip
_SUPPLEMENT_NEEDED: Final = ("HoSoBoSungId", "NguoiYeuCauBoSung", "NoiDungBoSung", "NgayBoSung")
_SUPPLEMENT_DATES: Final = ("NgayBoSung", "NgayTiepNhanBoSung", "NgayHenTraTruoc", "NgayHenTraMoi")

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """error_code as text, and what else the answer says."""

    code: str
    message: str
    result: list[Any] | None = None


@dataclass(slots=True)
class Dossier:
    """A dossier as the portal shows it, with its lines."""

    item: Item
    lines: list[Item] = field(default_factory=list)


OK: Final = Answer("0", "Đồng bộ thành công")


class Book:
    """State of the sandbox; comes back from its journal."""

    def __init__(self, journal: Journal, unpublished: frozenset[str], exists_code: str) -> None:
        self.dossiers: dict[str, Dossier] = {}
        self.exists_code = exists_code
        self._journal = journal
        self._unpublished = unpublished
        for entry in journal.recovered():
            self._apply(entry)

    def _apply(self, entry: dict[str, Any]) -> None:
        code = str(entry["code"])
        match entry["kind"]:
            case "dossier":
                self.dossiers.setdefault(code, Dossier({})).item = entry["item"]
            case "progress":
                self.dossiers[code].lines.append(entry["item"])
            case "forgotten":
                self.dossiers.pop(code, None)

    def _note(self, entry: dict[str, Any]) -> None:
        self._journal.append(entry)
        self._apply(entry)

    def sync(self, item: Item, *, is_update: bool) -> Answer:
        """DongBoHoSoMC of one dossier."""
        wrong = _wrong_dossier(item)
        if wrong is not None:
            return Answer("-1", f"Dữ liệu không hợp lệ: {wrong}")
        if item["MaTTHC"] in self._unpublished:
            return Answer("-1", "Mã thủ tục không tồn tại")
        code = item["MaHoSo"]
        if not is_update and code in self.dossiers:
            return Answer(self.exists_code, f"Hồ sơ {code} đã tồn tại")
        if is_update and code not in self.dossiers:
            return Answer("-1", "Không tìm thấy hồ sơ cần cập nhật")
        action = "update" if is_update else "insert"
        self._note({"kind": "dossier", "action": action, "code": code, "item": item})
        return OK

    def add_line(self, item: Item) -> Answer:
        """CapNhatTienDoHoSoMC of one line: appended, also when it says the same as the one before."""
        wrong = next((name for name in _LINE_NEEDED if not _is_text(item.get(name))), None)
        wrong = wrong or _wrong_shape(item, ("ThoiDiemXuLy", "NgayBatDau", "NgayKetThucTheoQuyDinh"))
        if wrong is None and item["TrangThai"] not in _STATUSES:
            wrong = "TrangThai"
        if wrong is not None:
            return Answer("-1", f"Dữ liệu không hợp lệ: {wrong}")
        if item["MaHoSo"] not in self.dossiers:
            return Answer("-1", "Hồ sơ chưa được đồng bộ")
        self._note({"kind": "progress", "code": item["MaHoSo"], "item": item})
        return OK

    def find(self, code: object) -> Answer:
        """TraCuuHoSo; the fields of an item are made up."""
        dossier = self.dossiers.get(code) if isinstance(code, str) else None
        shown = ("MaHoSo", "TrangThaiHoSo", "NgayTiepNhan")
        found = [] if dossier is None else [{name: dossier.item.get(name, "") for name in shown}]
        return Answer("0", "", found)

    def procedure(self, code: object) -> Answer:
        """LayThuTuc: every code is published but the ones that are named as not."""
        if not isinstance(code, str) or code in self._unpublished:
            return Answer("0", "", [])
        field_of = {"MALINHVUC": "G15-TP07", "TENLINHVUC": "Hộ tịch"}
        record = {
            "ID": "1",
            "MATTHC": code,
            "TENTTHC": f"Thủ tục mẫu {code}",
            "TRANGTHAI": "1",
            "LINHVUCTHUCHIEN": [field_of],
            "THANHPHANHOSO": [],
            "KETQUATHUCHIEN": [],
        }
        return Answer("0", "", [record])

    def hold(self, item: Item) -> None:
        """Have the dossier without a call: somebody else has brought it."""
        if item.get("MaHoSo") not in self.dossiers:
            entry = {"kind": "dossier", "action": "elsewhere", "code": item["MaHoSo"], "item": {**item}}
            self._note(entry)

    def forget(self, code: str) -> None:
        """Lose the dossier with its lines."""
        if code in self.dossiers:
            self._note({"kind": "forgotten", "code": code})


def _wrong_dossier(item: Item) -> str | None:
    missing = next((name for name in _NEEDED if not _is_text(item.get(name))), None)
    wrong = missing or _wrong_shape(item, _DATES) or _not_text(item)
    if wrong is not None:
        return wrong
    wrong = _wrong_papers(item.get("TaiLieuNop", []))
    wrong = wrong or _wrong_supplements(item.get("DanhSachHoSoBoSung", []))
    if wrong is not None:
        return wrong
    checks = {
        "LoaiDoiTuong": {"1", "2", "3", "4"},
        "TrangThaiHoSo": _STATUSES,
        "HinhThuc": {"0", "1"},
    }
    for name, allowed in checks.items():
        if item[name] not in allowed:
            return name
    # What is only registered has not been received yet.
    if item["TrangThaiHoSo"] not in {"1", "3", "5", "6", "7"} and not item.get("NgayTiepNhan"):
        return "NgayTiepNhan"
    return None


def _wrong_papers(papers: Any) -> str | None:
    """ASSUMPTION: 2, reused through the result that replaces it, names that result."""
    if not isinstance(papers, list) or not all(isinstance(paper, dict) for paper in papers):
        return "TaiLieuNop"
    for paper in papers:
        for name, allowed in _PAPER_CODES.items():
            if paper.get(name, "0") not in allowed:
                return name
        if paper.get("DuocTaiSuDung") == "2" and not paper.get("MaKetQuaThayThe"):
            return "MaKetQuaThayThe"
    return None


def _wrong_supplements(parts: Any) -> str | None:
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return "DanhSachHoSoBoSung"
    return next((wrong for part in parts if (wrong := _wrong_supplement(part)) is not None), None)


def _wrong_supplement(part: Item) -> str | None:
    """ASSUMPTION: "0" is asked for, "1" has come, and only then has a date; the codes are in no source."""
    if list(part) != list(_SUPPLEMENT_FIELDS):
        return "DanhSachHoSoBoSung"
    missing = next((name for name in _SUPPLEMENT_NEEDED if part[name] == ""), None)
    wrong = missing or _wrong_shape(part, _SUPPLEMENT_DATES) or _wrong_papers(part["DanhSachGiayToBoSung"])
    if wrong is not None:
        return wrong
    if part["TrangThaiBoSung"] not in {"0", "1"}:
        return "TrangThaiBoSung"
    has_come = part["TrangThaiBoSung"] == "1"
    return None if has_come == (part["NgayTiepNhanBoSung"] != "") else "NgayTiepNhanBoSung"


def _wrong_shape(item: Item, dates: tuple[str, ...]) -> str | None:
    for name in dates:
        value = item.get(name, "")
        if value != "" and not (isinstance(value, str) and _DATE.fullmatch(value)):
            return name
    return next((name for name, most in _LIMITS.items() if len(str(item.get(name, ""))) > most), None)


def _not_text(value: Any, name: str = "data") -> str | None:
    """The name of the first scalar that is no text: the wire has texts only."""
    if isinstance(value, dict):
        found = (_not_text(inner, inner_name) for inner_name, inner in value.items())
    elif isinstance(value, list):
        found = (_not_text(inner, name) for inner in value)
    else:
        return None if isinstance(value, str) else name
    return next((wrong for wrong in found if wrong is not None), None)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
