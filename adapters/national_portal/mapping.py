"""Between a dossier's record and the portal's fields; all scalars are text (contract 2.3, 2.4, 4; pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from adapters.national_portal.procedures import Procedure
from adapters.national_portal.record import Bill, File, Line, Record, Supplement
from adapters.national_portal.status_codes import StatusCodes
from hub.delivery.masking import masked
from schemas.party import Party

VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")
MAX_CODE: Final = 50
_MAX_OFFICER: Final = 50
_MAX_SUMMARY: Final = 1000
_MAX_FILE_NAME: Final = 4000
_MAX_PAPER_NAME: Final = 2000
_KINDS: Final = {"citizen": "1", "enterprise": "2", "state_body": "3", "organisation": "4"}
_CHANNELS: Final = {"in_person": "1", "online": "2", "post": "3", "email": "2"}
_ENDINGS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif"}
_FEE_NAMES: Final = {"fee": "Phí", "service_fee": "Lệ phí", "price_level": "Mức giá"}

Item = dict[str, Any]
LinkOf = Callable[[File], str]


@dataclass(frozen=True, slots=True)
class Words:
    """What the mapping needs beside the record: codes, names of units, links of files, readings of fields."""

    codes: StatusCodes
    unit_names: Mapping[str, str]
    procedure_codes: Mapping[str, str]
    shape_of_return: Literal["return_by_post", "lodged_online"]
    link_of: LinkOf
    is_supplement_sent: bool = False

    def unit(self, code: str) -> str:
        """DonViXuLy, PhongBanXuLy: the name of a unit; its code where no name is set."""
        return self.unit_names.get(code, code)

    def procedure(self, code: str) -> str:
        """MaTTHC: the portal's code of a procedure."""
        return self.procedure_codes.get(code, code)


def wire_time(moment: datetime | None) -> str:
    """`yyyyMMddHHmmss` by the clock of Viet Nam; "" when there is none."""
    return "" if moment is None else moment.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")


def shown_time(moment: datetime) -> str:
    """A moment as people read it: hour, then day, in the zone of Viet Nam."""
    return moment.astimezone(VIETNAM).strftime("%H:%M ngày %d/%m/%Y")


def read_wire_time(text: object) -> datetime:
    """The instant of 14 digits; ValueError for anything else, a 12-hour clock cannot be seen."""
    if not isinstance(text, str) or not re.fullmatch(r"[12][0-9]{13}", text):
        raise ValueError("no yyyyMMddHHmmss")
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM).astimezone(UTC)


def dossier_item(record: Record, procedure: Procedure, words: Words) -> Item:
    """One dossier of DongBoHoSoMC, as it stands now, with its fields in the contract's order."""
    applicant, offered = record.applicant, _papers(record, words)
    return {
        "MaHoSo": record.wire_code or "",
        "MaTTHC": words.procedure(record.procedure),
        "TenTTHC": procedure.name,
        "MaLinhVuc": procedure.field_code,
        "TenLinhVuc": procedure.field_name,
        "KenhThucHien": _CHANNELS[record.channel],
        "SoBienNhan": record.code or "",
        "ChuHoSo": applicant.name,
        "LoaiDoiTuong": _KINDS[applicant.kind],
        "MaDoiTuong": "",
        "ThongTinKhac": "",
        "Email": applicant.email or "",
        "Fax": "",
        "SoDienThoai": applicant.phone or "",
        "TrichYeuHoSo": (record.summary or procedure.name)[:_MAX_SUMMARY],
        "NgayTiepNhan": wire_time(record.accepted_at),
        "NgayHenTra": wire_time(record.due_at),
        "TrangThaiHoSo": words.codes.code_of(record.shown),
        "NgayTra": wire_time(record.returned_at),
        "ThongTinTra": "",
        "HinhThuc": _flag(_is_marked(record, words.shape_of_return)),
        "NgayKetThucXuLy": wire_time(record.finished_at),
        "DonViXuLy": words.unit(record.agency),
        "GhiChu": "",
        "TaiLieuNop": offered,
        "DanhSachLePhi": [fee for bill in record.bills for fee in _fees(bill)],
        "DanhSachTepDinhKemKhac": [],
        "DanhSachHoSoBoSung": [_supplement(record, asked, words) for asked in _told(record, words)],
        "DanhSachGiayToKetQua": _results(record, words),
        "NoiNopHoSo": "1" if record.portal_code else "2",
        "HoSoCoThanhPhanSoHoa": _flag(bool(offered)),
        "TaiKhoanDuocXacThucVoiVNeID": "0",
        "DuocThanhToanTrucTuyen": _flag(any(bill.is_paid_on_portal for bill in record.bills)),
        "NgayTuChoi": wire_time(record.declined_at),
        "DinhDanhCHS": _identities(applicant),
        "NgayNopHoSo": wire_time(record.submitted_at),
        "DSKetNoiCSDL": [],
    }


def progress_item(code: str, line: Line, words: Words) -> Item:
    """One line of CapNhatTienDoHoSoMC; NoiDungXuLy must not be null or empty."""
    unit = words.unit(line.unit)
    return {
        "MaHoSo": code,
        "NguoiXuLy": (line.officer or unit)[:_MAX_OFFICER],
        "ChucDanh": "",
        "ThoiDiemXuLy": wire_time(line.at),
        "PhongBanXuLy": unit,
        "NoiDungXuLy": line.content,
        "TrangThai": words.codes.code_of(line.situation),
        "NgayBatDau": wire_time(line.at),
        "NgayKetThucTheoQuyDinh": wire_time(line.due_at),
    }


def search_item(record: Record, procedure: Procedure, words: Words) -> Item:
    """The bare answer of search/call (contract 5)."""
    item = dossier_item(record, procedure, words)
    names = (
        "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "LoaiDoiTuong", "TrangThaiHoSo", "HinhThuc",
        "DonViXuLy",
    )  # fmt: skip
    # In search/call HinhThuc tells how the dossier was lodged (S1), whatever it tells in the sync.
    return {name: item[name] for name in names} | {"HinhThuc": _flag(record.channel == "online")}


def mask_message(message: str, applicant: Party) -> str:
    """The portal's words without the applicant's data and without long numbers: reasons are not sealed."""
    numbers = (applicant.identity_number, applicant.old_identity_number, applicant.travel_document)
    return masked(message, (applicant.name, applicant.address, applicant.email, applicant.phone, *numbers))


def file_ending(media_type: str) -> str:
    """The ending of a file's name by its media type."""
    return _ENDINGS.get(media_type, "bin")


def fee_name(kind: str) -> str:
    """TenPhiLePhi, which must not be empty."""
    return _FEE_NAMES[kind]


def _is_marked(record: Record, shape: Literal["return_by_post", "lodged_online"]) -> bool:
    return record.return_channel == "post" if shape == "return_by_post" else record.channel == "online"


def _papers(record: Record, words: Words) -> list[Item]:
    results = {paper.code for paper in record.results}
    return [_paper(file, words) for file in record.files if file.component not in results]


def _paper(file: File, words: Words) -> Item:
    return {
        "TepDinhKemId": file.sha256,
        "TenTepDinhKem": file.name[:_MAX_FILE_NAME],
        "IsDeleted": "False",
        "MaThanhPhanHoSo": file.component,
        "DuongDanTaiTepTin": words.link_of(file),
        "DuocSoHoa": "1",
        "DuocTaiSuDung": _flag(file.is_reused),
        "DuocLayTuKhoDMQG": "0",
        "MaKetQuaThayThe": "",
    }


def _told(record: Record, words: Words) -> tuple[Supplement, ...]:
    return record.supplements if words.is_supplement_sent else ()


def _supplement(record: Record, asked: Supplement, words: Words) -> Item:
    """One request for supplements (contract 2.3.2); papers and receiver once they have come."""
    has_come = asked.received_at is not None
    brought = [file for file in record.files if has_come and file.component in asked.components]
    return {
        "HoSoBoSungId": asked.request,
        "NguoiYeuCauBoSung": asked.officer[:_MAX_OFFICER],
        "NoiDungBoSung": asked.content,
        "NgayBoSung": wire_time(asked.asked_at),
        "NguoiTiepNhanBoSung": words.unit(record.organisation)[:_MAX_OFFICER] if has_come else "",
        "ThongTinTiepNhan": "",
        "NgayTiepNhanBoSung": wire_time(asked.received_at),
        "TrangThaiBoSung": words.codes.code_of_supplement(has_come=has_come),
        "DanhSachGiayToBoSung": [_paper(file, words) for file in brought],
        "DanhSachLePhiBoSung": [],
        "NgayHenTraTruoc": wire_time(asked.due_before),
        "NgayHenTraMoi": wire_time(asked.due_after),
    }


def _results(record: Record, words: Words) -> list[Item]:
    files = {file.component: file for file in record.files}
    return [
        {
            "TenGiayTo": paper.number[:_MAX_PAPER_NAME],
            "MaThanhPhanHoSo": "",
            "GiayToId": files[paper.code].sha256 if paper.code in files else "",
            "DuongDanTepTinKetQua": words.link_of(files[paper.code]) if paper.code in files else "",
            "MaGiayToKetQua": paper.code,
        }
        for paper in record.results
    ]


def _fees(bill: Bill) -> list[Item]:
    return [
        {
            "TenPhiLePhi": fee_name(item.kind),
            "MaPhiLePhi": "",
            "HinhThucThu": "1",
            "Gia": str(item.total),
            "LoaiPhiLePhi": "1",
        }
        for item in bill.items
    ]


def _identities(applicant: Party) -> list[Item]:
    """The applicant's own numbers; empty, never a filler, for whoever has none of these two kinds."""
    kinds = (("1", applicant.identity_number), ("2", applicant.old_identity_number))
    return [{"LoaiDinhDanh": kind, "SoDinhDanh": number} for kind, number in kinds if number is not None]


def _flag(is_set: bool) -> str:
    return "1" if is_set else "0"
