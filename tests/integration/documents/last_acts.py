"""What may come after a result, through a real engine: correction, originals, complaints, the archive."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.support.requests import AGENCY, COMPONENTS, OFFICER, ONE_STOP

if TYPE_CHECKING:
    from tests.integration.documents.test_reuse_papers import Office

_COMPONENT = str(COMPONENTS[0]["code"])
_RESULT = "KQ.G15.000038"
_LEADER = {"account": "lanh-dao-thu", "name": "Lãnh Đạo Thử"}
_PROVINCE = "000.00.01.H07"
_RETURN = {"channel": "in_person", "papers": [_RESULT], "received_by": "Nguyễn Thị Mẫu"}


async def corrected(office: Office, first: str, code: str, wrong: str) -> None:
    """The agency replaces its result; another dossier reuses the new paper and no longer the wrong one."""
    await office.do(office.counter, "onestop.result.return.v1", first, _RETURN)
    package = await office.signed_result(first, "Sai số")
    new = {"code": _RESULT, "number": "02/XN", "package": package}
    paper = {"code": _RESULT, "number": "01/XN", "kind": "replaced", "new": new}
    data = {"papers": [paper], "fault": "agency", "reason": "Sai ngày", "signer": _LEADER}
    await office.do(office.agency, "onestop.result.correct.v1", first, data)
    third = await office.lodged()
    assert (await office.reuse(third, code, wrong))["code"] == "rule.17.10.paper"
    answer = await office.reuse(third, code, package)
    assert [fact["type"] for fact in answer["facts"]] == ["onestop.component.reused.v1"]
    await office.do(office.counter, "onestop.result.return.v1", first, _RETURN)


async def complained(office: Office, first: str) -> None:
    """An office that had no part is told of the complaint, answers it, and is told no more than that."""
    province = await office.hub.join("province-a", ["agency"], [_PROVINCE])
    answer = {"outcome": "explained", "answer": "Đã giải thích", "told_by": "letter", "officer": OFFICER}
    answer |= {"complaint": "K1", "told_at": datetime.now(UTC).isoformat()}
    unknown = await province.ask("onestop.complaint.answer.v1", first, answer)
    assert unknown.data["code"] == "unknown_dossier"
    complaint: dict[str, Any] = {"kind": "petition", "about": "rule", "way": "counter"}
    complaint |= {"text": "Quy định không thực hiện được", "complainant": "Nguyễn Thị Mẫu"}
    await office.do(office.counter, "onestop.complaint.record.v1", first, complaint)
    report = {"complaint": "K1", "to": _PROVINCE, "summary": "Kiến nghị về quy định", "officer": OFFICER}
    await office.do(office.counter, "onestop.complaint.forward.v1", first, report)
    told = await province.fact("complaint.forwarded", first)
    assert told.data["summary"] == "Kiến nghị về quy định"
    await office.do(province, "onestop.complaint.answer.v1", first, answer)
    assert (await office.counter.fact("complaint.answered", first)).data["handler"] == _PROVINCE
    kinds = {message.type for message in province.inbox if "receipt" not in message.type}
    assert kinds == {"onestop.complaint.forwarded.v1"}


async def archived(office: Office, first: str, undecided: str) -> None:
    """Originals come back, also a lost one in another form; then nothing is open and the agency archives."""
    taking = {"component": _COMPONENT, "purpose": "compare", "organisation": ONE_STOP, "officer": OFFICER}
    await office.do(office.counter, "onestop.original.take.v1", undecided, taking)
    held = (await office.counter.fact("original.taken", undecided)).data["original"]
    loss: dict[str, Any] = {"kind": "mislaid", "papers": [held], "noticed_at": datetime.now(UTC).isoformat()}
    loss |= {"circumstances": "Để lẫn hồ sơ", "officer": OFFICER}
    await office.do(office.counter, "onestop.loss.record.v1", undecided, loss)
    back = {"originals": [held], "received_by": "Nguyễn Thị Mẫu", "officer": OFFICER}
    refused = await office.counter.ask("onestop.original.return.v1", undecided, back)
    assert refused.data["code"] == "rule.18.2.original"
    settlement: dict[str, Any] = {"loss": "L1", "responsible": ONE_STOP, "officer": OFFICER}
    settlement |= {"papers": [{"paper": held, "outcome": "found"}]}
    settlement |= {"apology": {"officer": OFFICER, "at": datetime.now(UTC).isoformat()}}
    await office.do(office.counter, "onestop.loss.settle.v1", undecided, settlement)
    await office.do(office.counter, "onestop.original.return.v1", undecided, back)
    archive = {"place": "Kho 1", "retention": "permanent", "officer": _LEADER}
    await office.do(office.agency, "onestop.dossier.archive.v1", first, archive)
    assert (await office.counter.fact("dossier.archived", first)).data["agency"] == AGENCY
