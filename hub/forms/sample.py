"""An invented dossier that has every form, to look at the templates: nobody in it exists."""

from __future__ import annotations

from typing import Any

from hub.facts.look_up_key import LookUpKey
from hub.forms.case_file import CaseFile, Letterhead
from hub.forms.errors import FormError
from hub.forms.look_up import LookUpPage
from hub.regulation.catalogue import Catalogue

SAMPLE_ONE_STOP = "000.12.34.H07"
_ONE_STOP, _AGENCY, _OTHER = SAMPLE_ONE_STOP, "000.12.35.H07", "000.12.36.H07"
_OFFICER = {"account": "canbo.mau", "name": "Lê Thị Thí Dụ"}
_SCAN = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_PROCEDURE = "1.001193"
_PAPERS = ["000.00.00.G15-KQ004389", "000.00.00.G15-KQ003204", "000.00.00.G15-KQ004946"]


def sample_case(catalogue: Catalogue) -> CaseFile:
    """With its list of papers as the catalogue publishes them; FormError without procedure 1.001193."""
    procedure = catalogue.find(_PROCEDURE)
    if procedure is None:
        raise FormError(f"the invented dossier is of {_PROCEDURE}, which this catalogue has not")
    organisations = {
        _ONE_STOP: Letterhead("Bộ phận tiếp nhận và trả kết quả xã Mẫu", "Ủy ban nhân dân xã Mẫu", "Xã Mẫu"),
        _AGENCY: Letterhead("Ủy ban nhân dân xã Mẫu"),
        _OTHER: Letterhead("Ủy ban nhân dân xã Ví Dụ"),
    }
    page = LookUpPage("https://tra-cuu.vi-du.example", LookUpKey(bytes(32)))
    return CaseFile(_facts(_PAPERS), procedure, lambda code, _: organisations[code], page)


def _facts(papers: list[str]) -> list[dict[str, Any]]:
    components = [{"code": code, "originals": 1, "copies": 0, "electronic": False} for code in papers]
    due, new_due = "2026-01-06T08:20:00+07:00", "2026-01-09T17:00:00+07:00"
    applicant = {
        "kind": "citizen",
        "name": "Nguyễn Văn Thử",
        "identity_number": "083090000001",
        "phone": "0900000001",
        "email": "nguyen.van.thu@vi-du.example",
        "address": "Số 1, đường Ví Dụ, ấp Mẫu, xã Mẫu, tỉnh Bến Tre",
    }
    return [
        _fact("dossier.submitted", "2026-01-05T08:05:12+07:00", {
            "procedure": _PROCEDURE, "organisation": _ONE_STOP, "agency": _AGENCY, "channel": "in_person",
            "return_channel": "post", "applicant": applicant, "components": components, "sets": 1,
            "proxy": {"name": "Trần Văn Thử Thay", "basis": "authorised", "deed": "Giấy ủy quyền (mẫu thử)"},
            "summary": "Đăng ký khai sinh cho con, nộp trong hạn 60 ngày",
        }),
        _fact("dossier.supplement_requested", "2026-01-05T08:15:00+07:00", {
            "officer": _OFFICER, "stage": "intake",
            "gaps": [
                {"component": papers[0], "reason": "Giấy chứng sinh thiếu dấu của cơ sở y tế"},
                {"reason": "Tờ khai chưa ghi nơi cư trú của người mẹ"},
            ],
            "guidance": "Đề nghị xin cấp lại Giấy chứng sinh tại cơ sở y tế đã cấp",
        }),
        _fact("dossier.accepted", "2026-01-05T08:20:00+07:00", {
            "code": f"{_ONE_STOP}-260105-0001", "organisation": _ONE_STOP, "agency": _AGENCY,
            "officer": _OFFICER, "components": components, "sets": 1, "handling": "1 WORKING_DAY",
            "accepted_at": "2026-01-05T08:20:00+07:00", "due_at": due,
        }),
        _fact("paper.handed_over", "2026-01-05T09:00:00+07:00", {
            "giver": {"kind": "organisation", "organisation": _ONE_STOP, "name": _OFFICER["name"]},
            "receiver": {"kind": "organisation", "organisation": _AGENCY, "name": "Đỗ Văn Ví Dụ"},
            "papers": papers, "slip": "PKS-2026-0001",
        }),
        _fact("apology.sent", "2026-01-06T07:45:00+07:00", {
            "officer": {"account": "lanhdao.mau", "name": "Phạm Thị Lãnh Đạo Mẫu"}, "agency": _AGENCY,
            "reason": "Phải xác minh việc đăng ký kết hôn của cha mẹ ở xã khác", "due_at": due,
            "new_due_at": new_due,
        }),
        *_other_papers(papers, due),
        _fact("dossier.withdrawn", "2026-01-07T08:30:00+07:00", {
            "reason": "Tôi đã nộp hồ sơ này tại xã khác (mẫu thử)",
        }),
        _fact("dossier.declined", "2026-01-07T09:00:00+07:00", {
            "officer": _OFFICER, "reason": "out_of_competence", "competent": _OTHER, "mode": "refuse_intake",
            "explanation": "Việc đăng ký khai sinh thuộc thẩm quyền của Ủy ban nhân dân cấp xã nơi cư trú "
            "của cha hoặc mẹ (mẫu thử)",
        }),
        _fact("result.issued", "2026-01-07T10:30:00+07:00", {
            "signer": {"account": "lanhdao.mau", "name": "Phạm Thị Lãnh Đạo Mẫu"}, "agency": _AGENCY,
            "issued_at": "2026-01-07T10:30:00+07:00", "overdue_s": 4200,
        }),
        _fact("result.returned", "2026-01-07T16:10:00+07:00", {
            "channel": "in_person", "received_by": "Nguyễn Văn Thử",
        }),
    ]  # fmt: skip


def _other_papers(papers: list[str], due: str) -> list[dict[str, Any]]:
    """What slips, minutes and letters are made of."""
    order = f"{_ONE_STOP}-260105-0001__D1"
    sender = {"name": "Bộ phận tiếp nhận và trả kết quả xã Mẫu"}
    head = {"account": "truongbp.mau", "name": "Hồ Thị Trưởng Mẫu"}
    return [
        _fact("pickup.ordered", "2026-01-06T08:00:00+07:00", {
            "order": order, "direction": "deliver", "sender": sender, "receiver": {"name": "Nguyễn Văn Thử"},
            "contents": ["Giấy khai sinh (bản chính)", "Trích lục khai sinh (02 bản sao)"],
        }),
        _fact("pickup.progressed", "2026-01-06T08:10:00+07:00", {
            "order": order, "status": "handed_over", "at": "2026-01-06T08:10:00+07:00",
            "minutes": "BB-2026-0001", "item": "RX000000001VN",
        }),
        *_parts(papers, due),
        _fact("reminder.issued", "2026-01-06T14:00:00+07:00", {
            "timer": "due", "officer": _OFFICER, "by": _ONE_STOP, "to": _AGENCY, "limit": due,
            "overdue_s": 20400, "article": "7.1",
            "content": "Đến nay Bộ phận tiếp nhận và trả kết quả chưa nhận được kết quả giải quyết hồ sơ.",
            "letter": {
                "number": "15/BPMC-ĐĐ", "signed_on": "2026-01-06", "signer": head,
                "by_order_of": "Chủ tịch Ủy ban nhân dân xã Mẫu",
            },
        }),
        _fact("copy.registered", "2026-01-06T14:10:00+07:00", {
            "component": papers[0],
            "files": [{"digest": _SCAN, "pages": 2}],
        }),
        _fact("copy.certified", "2026-01-06T14:20:00+07:00", {
            "component": papers[0], "agency": _AGENCY, "signed_at": "2026-01-06T14:19:08+07:00",
            "officer": {"account": "lanhdao.mau", "name": "Phạm Thị Lãnh Đạo Mẫu"},
        }),
        _fact("payment.recorded", "2026-01-06T14:30:00+07:00", {
            "payment": "TT-260105-0001", "status": "paid", "amount": 61000, "at": "2026-01-06T14:29:41+07:00",
            "place": "portal", "transaction": "GD0000000001",
            "items": [
                {"kind": "service_fee", "amount": 25000, "quantity": 1},
                {"kind": "fee", "amount": 12000, "quantity": 3, "basis": "NQ 02/2024/NQ-HĐND"},
            ],
        }),
        _fact("loss.recorded", "2026-01-06T15:00:00+07:00", {
            "loss": "L1", "kind": "mislaid", "papers": papers[:1], "holder": _AGENCY, "basis": "21.2",
            "noticed_at": "2026-01-06T14:45:00+07:00", "officer": _OFFICER,
            "circumstances": "Khi kiểm đếm cuối buổi không thấy giấy tờ trong bìa hồ sơ",
        }),
        _fact("loss.settled", "2026-01-06T16:30:00+07:00", {
            "loss": "L1", "responsible": _AGENCY, "holder": _AGENCY, "basis": "21.2", "costs_total": 50000,
            "papers": [{"paper": papers[0], "outcome": "reissued", "holder": _AGENCY}],
            "officer": _OFFICER, "settled_at": "2026-01-06T16:30:00+07:00",
            "apology": {"officer": head, "at": "2026-01-06T16:00:00+07:00", "document": "16/TXL"},
        }),
    ]  # fmt: skip


def _parts(papers: list[str], due: str) -> list[dict[str, Any]]:
    """Of two agencies, on paper: the first passes it on to the second."""
    first = {"leg": "P1", "of": _AGENCY, "task": "Kiểm tra Giấy chứng sinh, lập dự thảo", "working_days": 1}
    second = {"leg": "P2", "of": _OTHER, "task": "Xác nhận nơi cư trú của người mẹ", "working_days": 1}
    return [
        _fact("leg.planned", "2026-01-05T09:00:00+07:00", {
            "lead": _AGENCY, "order": "sequence", "code": f"{_ONE_STOP}-260105-0001",
            "procedure": _PROCEDURE, "due_at": due,
            "legs": [
                {**first, "needs": [], "finish_by": "2026-01-06T17:00:00+07:00"},
                {**second, "needs": ["P1"], "finish_by": "2026-01-07T17:00:00+07:00"},
            ],
        }),
        _fact("leg.finished", "2026-01-06T09:30:00+07:00", {
            "leg": "P1", "officer": _OFFICER, "outcome": "done", "of": _AGENCY, "needed_by": [_OTHER],
            "result": "Giấy chứng sinh hợp lệ (mẫu thử)",
        }),
        _fact("leg.started", "2026-01-06T09:40:00+07:00", {
            "leg": "P2", "of": _OTHER, "lead": _AGENCY, "slip": "PCXL-2026-0001", "passed_by": _AGENCY,
            "officer": _OFFICER, "components": [{"code": code, "originals": 1} for code in papers],
            "finish_by": "2026-01-08T17:00:00+07:00",
        }),
    ]  # fmt: skip


def _fact(name: str, time: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": f"onestop.{name}.v1", "time": time, "data": data}
