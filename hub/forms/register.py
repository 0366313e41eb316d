"""Form 06, the register of a one-stop: a row for each dossier that it accepted (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hub.forms.case_file import CaseFile, short_name
from hub.forms.contents import receipt_of
from hub.forms.errors import NotIssuedError
from hub.forms.form_set import FormSet
from hub.forms.words import short_moment, word

HEADINGS = (
    "TT", "Mã hồ sơ", "Tên thủ tục hành chính", "Số lượng hồ sơ (bộ)", "Tên cá nhân, tổ chức",
    "Địa chỉ, số điện thoại", "Cơ quan chủ trì giải quyết", "Nhận hồ sơ", "Hẹn trả kết quả",
    "Chuyển hồ sơ đến cơ quan giải quyết", "Nhận kết quả từ cơ quan giải quyết", "Trả kết quả",
    "Phương thức nhận kết quả", "Ký nhận", "Ghi chú",
)  # fmt: skip
"""Of the columns, as Form 06 of Circular 01/2018/TT-VPCP has them."""
REGISTERED = (
    "dossier.submitted", "dossier.accepted", "dossier.supplemented", "dossier.forwarded", "dossier.declined",
    "dossier.withdrawn", "result.issued", "result.returned",
)  # fmt: skip
"""The facts that a row is made of, by short names."""
NAMING = frozenset({"dossier.submitted", "result.returned"})
"""Those of them of which a row shows something personal."""


class RegisterRow(NamedTuple):
    """The cells after the serial number, as text."""

    code: str
    procedure: str
    sets: str
    person: str
    address: str
    agency: str
    accepted: str
    due: str
    forwarded: str
    issued: str
    returned: str
    channel: str
    received_by: str
    note: str

    def cells(self, serial: int) -> Sequence[str]:
        """With the serial number, in the order of the headings."""
        return (str(serial), *self)


def register_row(case: CaseFile, words: FormSet, *, is_erased: bool) -> RegisterRow:
    """The row of a dossier; of an erased one nothing personal is known any more."""
    last = {short_name(fact): fact for fact in case.facts}
    submitted, accepted = (_data(last, name) for name in ("dossier.submitted", "dossier.accepted"))
    forwarded, issued, returned = map(last.get, ("dossier.forwarded", "result.issued", "result.returned"))
    supplemented = last.get("dossier.supplemented")
    applicant = submitted.get("applicant") or {}
    contact = (applicant.get("address"), applicant.get("phone"))
    return RegisterRow(
        code=accepted["code"],
        procedure=case.procedure.name,
        sets=str(accepted["sets"]),
        person="(đã xóa)" if is_erased else applicant["name"],
        address=", ".join(part for part in contact if part),
        agency=case.organisation(accepted["agency"]).name,
        accepted=short_moment(accepted["accepted_at"]),
        due=short_moment(receipt_of(accepted, supplemented["data"] if supplemented else None)["due_at"]),
        forwarded=_at(forwarded),
        issued=_at(issued),
        returned=_at(returned),
        channel=word(words.words.return_channel, submitted["return_channel"]) if returned else "",
        received_by=(returned["data"].get("received_by") or "") if returned else "",
        note=_note(last, words),
    )


def _data(last: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    if name not in last:
        raise NotIssuedError(f"the dossier has no {name}")
    data: Mapping[str, Any] = last[name]["data"]
    return data


def _at(fact: Mapping[str, Any] | None) -> str:
    return short_moment(fact["time"]) if fact is not None else ""


def _note(last: Mapping[str, Mapping[str, Any]], words: FormSet) -> str:
    if "dossier.declined" in last:
        return words.words.outcome["declined"]
    if "dossier.withdrawn" in last:
        return words.words.outcome["withdrawn"]
    issued = last.get("result.issued")
    is_late = issued is not None and issued["data"].get("overdue_s", 0) > 0
    return words.words.outcome["late"] if is_late else ""
