"""The portal's fields, dates, codes and traps; and what each fact makes of a dossier there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from adapters.national_portal.answers import code_text, read_answer
from adapters.national_portal.folding import MODELS, UnreadableError, fold
from adapters.national_portal.mapping import (
    Words,
    dossier_item,
    mask_message,
    progress_item,
    read_wire_time,
    search_item,
    wire_time,
)
from adapters.national_portal.procedures import Procedure, read_procedure
from adapters.national_portal.record import File, Line, Record
from adapters.national_portal.status_codes import Situation, read_status_codes
from hub.delivery.adapter import OutMessage
from hub.engine.decide.routing import AUDIENCES
from schemas.dossier import DossierSupplemented, DossierWithdrawn
from schemas.due import ApologySent, DueRescheduled
from schemas.party import Party
from schemas.payment import PaymentRecorded, PaymentRequested
from schemas.replanning import LimitMoved
from tests.contract.portal_world import APPLICANT, FACT_TIME, NAMES, OFFICER, Story
from tests.support.portal_kept import MemoryKept

TABLE = Path(__file__).parents[3] / "adapters" / "national_portal" / "status_codes.toml"
PROCEDURE = Procedure("Cấp giấy mẫu", "G15-TP07", "Hộ tịch")


def words(**changes: Any) -> Words:
    values: dict[str, Any] = {
        "codes": read_status_codes(TABLE),
        "unit_names": NAMES,
        "procedure_codes": {},
        "shape_of_return": "return_by_post",
        "link_of": lambda file: f"https://mau.example.test/{file.sha256[:4]}",
    }
    return Words(**values | changes)


class Folded:
    """A story with the record after each of its messages."""

    def __init__(self, portal_code: str | None = None, **changes: object) -> None:
        self.story = Story(MemoryKept(), "H07.34.12-260302-0001", "1.004873", changes)
        self.record: Record | None = None
        self.line: Line | None = None
        self.portal_code = portal_code

    def take(self, message: OutMessage) -> str:
        """Fold it; the code that the portal is shown now."""
        self.record, self.line = fold(self.record, message, self.portal_code)
        return words().codes.code_of(self.record.shown)


def fold_all(folded: Folded, *messages: OutMessage) -> list[str]:
    return [folded.take(message) for message in messages]


def test_each_status_has_its_own_of_the_ten_codes() -> None:
    codes = read_status_codes(TABLE)
    assert {situation: codes.code_of(situation) for situation in get_args(Situation)} == {
        "registered": "1", "accepted": "2", "declined": "3", "in_process": "4", "awaiting_supplement": "5",
        "awaiting_payment": "6", "withdrawn": "7", "stopped": "8", "finished": "9", "returned": "10",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "instead", "why"),
    [
        ('stopped = "8"', 'stopped = "9"', "same code"),
        ('awaiting_supplement = "5"', 'awaiting_supplement = "9"', "same code"),
        ('awaiting_payment = "6"', "", "missing"),
        ('returned = "10"', 'returned = "11"', "ten codes"),
        ('returned = "10"', 'returned = "10"\nother = "3"', "unknown"),
    ],
)
def test_a_table_that_hides_one_status_under_another_is_refused(
    tmp_path: Path, line: str, instead: str, why: str
) -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert line in text
    changed = tmp_path / "codes.toml"
    changed.write_text(text.replace(line, instead), encoding="utf-8")
    with pytest.raises(ValueError, match=why):
        read_status_codes(changed)


def test_a_dossier_walks_through_the_codes_of_the_portal() -> None:
    folded = Folded()
    story = folded.story
    withdrawn = story.fact(DossierWithdrawn.type, {})
    assert fold_all(folded, story.submitted(), story.accepted(), story.forwarded(), story.assigned()) == [
        "1", "2", "4", "4",
    ]  # fmt: skip
    assert folded.take(story.supplement_requested()) == "5"
    supplemented = {"components": [], "supplemented_at": FACT_TIME.isoformat()}
    assert folded.take(story.fact(DossierSupplemented.type, supplemented)) == "4"
    in_process = folded.record
    assert fold_all(folded, story.issued(), story.returned()) == ["9", "10"]
    refused = story.declined("refuse_resolution", status=9)
    for message, code in ((refused, "9"), (story.declined("refuse_resolution"), "8"), (withdrawn, "7")):
        folded.record = in_process
        assert folded.take(message) == code
    at_intake = Folded()
    assert fold_all(
        at_intake, at_intake.story.submitted(), at_intake.story.declined("refuse_intake")
    ) == ["1", "3"]  # fmt: skip


def test_an_open_payment_is_six_until_it_is_paid_and_a_refused_one_leaves_it_open() -> None:
    folded = Folded()
    story = folded.story
    items = [{"kind": "fee", "amount": 8000, "quantity": 2}]
    asked = {
        "payment": f"{story.code}__P1",
        "officer": OFFICER,
        "items": items,
        "total": 16000,
        "requested_at": FACT_TIME.isoformat(),
    }
    paid = {
        "payment": f"{story.code}__P1",
        "items": items,
        "status": "paid",
        "amount": 16000,
        "at": FACT_TIME.isoformat(),
        "place": "portal",
    }
    assert fold_all(
        folded,
        story.submitted(),
        story.accepted(),
        story.fact(PaymentRequested.type, asked),
        story.fact(PaymentRecorded.type, paid | {"status": "refused", "amount": 0}),
        story.fact(PaymentRecorded.type, paid),
    ) == ["1", "2", "6", "6", "2"]
    assert folded.record is not None
    item = dossier_item(folded.record, PROCEDURE, words())
    assert item["DuocThanhToanTrucTuyen"] == "1"
    assert item["DanhSachLePhi"] == [
        {"TenPhiLePhi": "Phí", "MaPhiLePhi": "", "HinhThucThu": "1", "Gia": "16000", "LoaiPhiLePhi": "1"}
    ]


def test_form_04_is_shown_to_the_applicant_with_its_day_and_reason() -> None:
    folded = Folded()
    story = folded.story
    sent = {
        "officer": OFFICER,
        "agency": "H07.20",
        "reason": "Chờ xác minh",
        "due_at": FACT_TIME.isoformat(),
        "new_due_at": datetime(2026, 3, 9, 9, 30, tzinfo=UTC).isoformat(),
        "is_late": False,
    }
    codes = fold_all(
        folded, story.submitted(), story.accepted(), story.forwarded(), story.fact(ApologySent.type, sent)
    )
    assert codes[-1] == "4"
    assert folded.line is not None
    assert folded.line.content.endswith("vào 16:30 ngày 09/03/2026: Chờ xác minh")


@pytest.mark.parametrize(
    ("kind", "more"),
    [(DueRescheduled.type, {"officer": OFFICER}), (LimitMoved.type, {"timer": "due", "kind": "due"})],
)
def test_a_new_due_time_goes_out_without_another_status(kind: str, more: dict[str, Any]) -> None:
    folded = Folded()
    story = folded.story
    moved = {
        **more,
        "old_due_at": FACT_TIME.isoformat(),
        "new_due_at": datetime(2026, 3, 9, 9, 30, tzinfo=UTC).isoformat(),
    }
    codes = fold_all(folded, story.submitted(), story.accepted(), story.forwarded(), story.fact(kind, moved))
    assert codes[-1] == "4"
    assert folded.record is not None
    assert dossier_item(folded.record, PROCEDURE, words())["NgayHenTra"] == "20260309163000"


def test_a_paper_of_another_dossier_is_shown_as_reused_until_its_own_copy_takes_its_place() -> None:
    folded = Folded()
    story = folded.story

    def shown() -> list[tuple[str, str]]:
        assert folded.record is not None
        item = dossier_item(folded.record, PROCEDURE, words())
        return [(paper["TepDinhKemId"], paper["DuocTaiSuDung"]) for paper in item["TaiLieuNop"]]

    fold_all(folded, story.submitted(), story.accepted(), story.reused("dd" * 32))
    assert shown() == [("dd" * 32, "1")]
    assert folded.line is None
    before = folded.record
    folded.take(story.reused())
    assert folded.record == before
    folded.take(story.copied("aa" * 32))
    assert shown() == [("aa" * 32, "0")]


def test_what_is_routed_to_the_portal_is_what_the_adapter_takes() -> None:
    routed = {fact.type for fact, audiences in AUDIENCES.items() if audiences & {"portal", "portal_due"}}
    assert routed == set(MODELS)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 1, 17, 0, tzinfo=UTC), "20260302000000"),
        (datetime(2025, 12, 31, 16, 59, 59, tzinfo=UTC), "20251231235959"),
        (datetime(2026, 3, 2, 6, 5, 4, 999999, tzinfo=UTC), "20260302130504"),
        (None, ""),
    ],
)
def test_times_are_fourteen_digits_by_the_clock_of_viet_nam(moment: datetime | None, text: str) -> None:
    assert wire_time(moment) == text


def test_fourteen_digits_are_read_back_and_nothing_else_is() -> None:
    assert read_wire_time("20260302130504") == datetime(2026, 3, 2, 6, 5, 4, tzinfo=UTC)
    for wrong in (
        "2026030213050",
        "20260302 13050",
        "20261302130504",
        "٢٠٢٦٠٣٠٢١٣٠٥٠٤",
        20260302130504,
        None,
    ):
        with pytest.raises(ValueError, match=r"."):
            read_wire_time(wrong)


def test_every_scalar_is_text_and_no_field_is_null() -> None:
    folded = Folded(summary="Đề nghị cấp giấy")
    story = folded.story
    fold_all(folded, story.submitted(), story.accepted(), story.forwarded(), story.issued())
    assert folded.record is not None
    assert folded.line is not None
    files = (File(component="000.00.00.G15-KQ002966", sha256="ab" * 32, name="don.pdf"),)
    record = folded.record.model_copy(update={"files": files})

    def scalars(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [inner for part in value.values() for inner in scalars(part)]
        if isinstance(value, list):
            return [inner for part in value for inner in scalars(part)]
        return [value]

    for item in (dossier_item(record, PROCEDURE, words()), progress_item("x", folded.line, words())):
        assert all(isinstance(scalar, str) for scalar in scalars(item))
    item = dossier_item(record, PROCEDURE, words())
    assert item["HoSoCoThanhPhanSoHoa"] == "1"
    assert item["TaiLieuNop"][0]["DuongDanTaiTepTin"] == "https://mau.example.test/abab"
    assert item["TrichYeuHoSo"] == "Đề nghị cấp giấy"


def test_long_and_empty_texts_are_cut_or_filled_before_they_break_the_call() -> None:
    folded = Folded(summary="x" * 3000)
    story = folded.story
    fold_all(folded, story.submitted(), story.accepted(), story.supplement_requested("Lý do " * 600))
    assert folded.record is not None
    assert folded.line is not None
    assert len(dossier_item(folded.record, PROCEDURE, words())["TrichYeuHoSo"]) == 1000
    assert len(folded.line.content) == 2000
    line = folded.line.model_copy(update={"officer": "Lê " * 40})
    assert len(progress_item("x", line, words())["NguoiXuLy"]) == 50
    nobody = progress_item("x", folded.line.model_copy(update={"officer": None}), words())
    assert nobody["NguoiXuLy"] == NAMES["H07.20"]
    bare = folded.record.model_copy(update={"summary": None})
    assert dossier_item(bare, PROCEDURE, words())["TrichYeuHoSo"] == PROCEDURE.name


def test_numbers_of_the_applicant_are_sent_by_their_kind_and_never_made_up() -> None:
    folded = Folded()
    folded.take(folded.story.submitted())
    assert folded.record is not None
    assert dossier_item(folded.record, PROCEDURE, words())["DinhDanhCHS"] == [
        {"LoaiDinhDanh": "1", "SoDinhDanh": "083190000001"}
    ]
    old = Party(kind="citizen", name="Trần Văn Thử", old_identity_number="320000001")
    enterprise = Party(kind="enterprise", name="Công ty Mẫu", tax_code="0100233488")
    shown = [
        dossier_item(folded.record.model_copy(update={"applicant": party}), PROCEDURE, words())
        for party in (old, enterprise)
    ]
    assert shown[0]["DinhDanhCHS"] == [{"LoaiDinhDanh": "2", "SoDinhDanh": "320000001"}]
    assert shown[1]["DinhDanhCHS"] == []
    assert [item["LoaiDoiTuong"] for item in shown] == ["1", "2"]


@pytest.mark.parametrize(
    ("shape", "channel", "way", "flag"),
    [
        ("return_by_post", "in_person", "post", "1"),
        ("return_by_post", "online", "in_person", "0"),
        ("lodged_online", "online", "in_person", "1"),
        ("lodged_online", "in_person", "post", "0"),
    ],
)
def test_the_meaning_of_hinh_thuc_is_a_setting(shape: str, channel: str, way: str, flag: str) -> None:
    folded = Folded(channel=channel, return_channel=way)
    folded.take(folded.story.submitted())
    assert folded.record is not None
    assert dossier_item(folded.record, PROCEDURE, words(shape_of_return=shape))["HinhThuc"] == flag
    assert search_item(folded.record, PROCEDURE, words(shape_of_return=shape))["HinhThuc"] == (
        "1" if channel == "online" else "0"
    )


def test_the_code_of_a_procedure_can_be_another_at_the_portal() -> None:
    folded = Folded()
    folded.take(folded.story.submitted())
    assert folded.record is not None
    mapped = words(procedure_codes={"1.004873": "1.004873.000.00.00.H07"})
    assert dossier_item(folded.record, PROCEDURE, mapped)["MaTTHC"] == "1.004873.000.00.00.H07"


def test_a_message_without_the_dossiers_beginning_and_bytes_that_are_no_fact_cannot_be_folded() -> None:
    folded = Folded()
    with pytest.raises(UnreadableError, match="submission"):
        folded.take(folded.story.accepted())
    broken = folded.story.fact("onestop.dossier.submitted.v1", {"applicant": APPLICANT})
    with pytest.raises(UnreadableError) as caught:
        folded.take(broken)
    assert "Thử Nghiệm" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "0"),
        ("0", "0"),
        ("00", "0"),
        (-3, "-3"),
        (" -1 ", "-1"),
        (None, ""),
        (True, ""),
        ([], ""),
        ("E1", "E1"),
    ],
)
def test_error_codes_come_as_numbers_and_as_text(code: object, text: str) -> None:
    assert code_text(code) == text


@pytest.mark.parametrize(
    ("document", "is_ok", "exists"),
    [
        ({"error_code": 0, "message": "Đồng bộ thành công"}, True, False),
        ({"error_code": "3", "message": "Hồ sơ ĐÃ TỒN TẠI"}, False, True),
        ({"error_code": -3, "message": "hồ sơ đã tồn tại"}, False, True),
        ({"error_code": "0", "message": "Hồ sơ đã tồn tại"}, False, True),
        ({"error_code": "-1", "message": "Hồ sơ đã tồn tại"}, False, False),
        ({"error_code": "3", "message": "Lỗi khác"}, False, False),
        ({"message": "thành công"}, False, False),
    ],
)
def test_exists_needs_its_code_and_its_words(document: dict[str, Any], is_ok: bool, exists: bool) -> None:
    answer = read_answer(document)
    assert (answer.is_ok, answer.says_exists) == (is_ok, exists)


def test_a_dead_session_is_known_by_code_or_by_words_but_never_under_success() -> None:
    codes = frozenset({"-401"})
    assert read_answer({"error_code": -401}).says_session_is_dead(codes)
    assert read_answer({"error_code": 1, "message": "Phiên làm việc đã hết hạn"}).says_session_is_dead(codes)
    assert not read_answer({"error_code": 0, "message": "session expired"}).says_session_is_dead(codes)
    assert not read_answer({"error_code": 1, "message": "Hồ sơ hết hạn"}).says_session_is_dead(codes)


def test_procedure_records_with_holes_give_empty_names() -> None:
    assert read_procedure({"TENTTHC": 5, "LINHVUCTHUCHIEN": {}}) == Procedure("5", "", "")
    assert read_procedure({"LINHVUCTHUCHIEN": [{"MALINHVUC": None}]}) == Procedure("", "", "")


def test_the_portals_words_lose_names_and_long_numbers() -> None:
    party = Party.model_validate(APPLICANT)
    assert mask_message("NGUYỄN THỊ THỬ NGHIỆM, 0900 000 001, lỗi 12", party) == "…, …, lỗi 12"
    assert mask_message("", party) == "…"
