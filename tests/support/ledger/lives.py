"""Ledger: what a participant does about what it hears: pure, seeded, the same again after a restart."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ONE_STOP, AGENCY = "000.12.34.H07", "000.12.35.H07"
_PAPERS = ("000.00.00.G15-KQ003448", "000.00.00.G15-KQ003453")
_COMPONENTS = [{"code": code, "originals": 1} for code in _PAPERS]
_NOT_NEEDED = [f"000.00.00.G15-KQ{number}" for number in ("003454", "004946", "003785", "004012")]
_OFFICER = {"account": "can-bo-gia-lap", "name": "Cán Bộ Giả Lập"}
_PERSON = {"identity_number": "083090000001", "name": "Nguyễn Văn Giả Lập", "birth_date": "1990-01-02"}
_ENDS = {
    "name": "Nguyễn Văn Giả Lập", "phone": "+84900000001", "address": "Số 1 đường Giả Lập", "province": 93,
    "district": 9301,
}  # fmt: skip
_RESULT = "KQ.G15.000038"
BUG_ACCOUNT = "can-bo-loi"
"""An engine life with the bug raises in its rule for checks that this account asks for."""


@dataclass(frozen=True, slots=True)
class Me:
    """A participant; `mates` participants with the same role share the work by dossier."""

    name: str
    role: str
    seed: int
    number: int = 0
    mates: int = 1


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the own `out.` topic; `answers` is the type of the own request that a receipt is about."""

    id: str
    type: str
    dossier: str
    data: Mapping[str, Any]
    answers: str | None = None
    own_reference: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A request to send."""

    id: str
    type: str
    subject: str
    data: dict[str, Any]
    marker: str | None = None


class _Plan:
    """Collects the requests that one message sets off; chance comes from the seed and the message's id."""

    def __init__(self, me: Me, heard: Heard) -> None:
        self.me = me
        self.heard = heard
        self.chance = random.Random(f"{me.seed}:{me.name}:{heard.id}")  # noqa: S311  a seeded simulation
        self.subject = heard.own_reference or heard.dossier
        self.planned: list[Planned] = []

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def send(self, short: str, data: dict[str, Any], marked: str | None = None) -> None:
        """`marked` names the field that carries a marker through to the fact."""
        name = f"{self.me.seed}:{self.me.name}:{self.heard.id}:{len(self.planned)}"
        request_id = str(uuid5(NAMESPACE_URL, name))
        marker = None
        if marked is not None:
            marker = f"m:{request_id[:8]}{request_id[9:13]}"
            data = data | {marked: marker}
        self.planned.append(Planned(request_id, f"onestop.{short}.v1", self.subject, data, marker))


def react(me: Me, heard: Heard) -> list[Planned]:
    """The requests that `me` sends when it hears this; the same for the same message, however often."""
    plan = _Plan(me, heard)
    short = (
        (f"answer.{heard.answers}" if heard.answers else heard.type)
        .replace("onestop.", "")
        .replace(".v1", "")
    )
    act = _ACTS[me.role].get(short)
    if act is not None:
        act(plan)
    return plan.planned


def openings(me: Me) -> Iterator[Planned]:
    """The submissions of a counter, one after the other, for ever."""
    number = 0
    while True:
        reference = f"ref:{me.name}-{number}"
        plan = _Plan(me, Heard(f"open:{number}", "", "", {}, own_reference=reference))
        plan.send("dossier.submit", _submission(plan.maybe(0.3)), "summary")
        yield plan.planned[0]
        number += 1


def _submission(is_by_post: bool) -> dict[str, Any]:
    return {
        "procedure": "1.004873", "organisation": ONE_STOP, "agency": AGENCY, "channel": "in_person",
        "return_channel": "post" if is_by_post else "in_person",
        "applicant": {"kind": "citizen", **_PERSON}, "components": _COMPONENTS,
    }  # fmt: skip


# The counter that took the dossier in, and its neighbour of the same one-stop


def _verify(plan: _Plan) -> None:
    account = BUG_ACCOUNT if _is_marked(plan) else _OFFICER["account"]
    plan.send("identity.verify", {"person": _PERSON, "officer_account": account})
    if account == BUG_ACCOUNT:
        plan.send("identity.verify", {"person": _PERSON, "officer_account": _OFFICER["account"]})


def _is_marked(plan: _Plan) -> bool:
    """One dossier in 25 asks in the way that the bug trips over, from the fourth of each counter on."""
    number = (plan.heard.own_reference or "").rpartition("-")[2]
    return number.isdigit() and int(number) % 25 == 3 and plan.heard.answers is not None


def _after_submission(plan: _Plan) -> None:
    _verify(plan)
    if plan.maybe(0.15):
        plan.send("pickup.order", _order("collect"), "note")


def _matched(plan: _Plan) -> None:
    if plan.heard.own_reference is None:
        _meddle(plan)
    elif plan.maybe(0.12):
        gaps = [{"component": _PAPERS[0], "reason": "Tờ khai chưa có chữ ký"}]
        plan.send(
            "dossier.request_supplement", {"officer": _OFFICER, "stage": "intake", "gaps": gaps}, "guidance"
        )
    elif plan.maybe(0.03):
        plan.send("dossier.withdraw", {}, "reason")
    else:
        _accept(plan)


def _accept(plan: _Plan) -> None:
    accept = {"officer": _OFFICER, "components": _COMPONENTS, "not_needed": _NOT_NEEDED}
    plan.send("dossier.accept", accept)
    plan.send("dossier.forward", {"officer": _OFFICER, "to": AGENCY})


def _unmatched(plan: _Plan) -> None:
    if plan.heard.own_reference is not None:
        decline = {"officer": _OFFICER, "reason": "not_entitled"}
        plan.send("dossier.decline", decline, "explanation")


def _unavailable(plan: _Plan) -> None:
    if plan.heard.own_reference is not None:
        _verify(plan)


def _supplement(plan: _Plan) -> None:
    if plan.heard.own_reference is not None:
        plan.send("dossier.supplement", {"components": _COMPONENTS})


def _supplemented(plan: _Plan) -> None:
    if plan.heard.own_reference is not None and plan.heard.data.get("due_at") is None:
        _accept(plan)


def _hand_over(plan: _Plan) -> None:
    if plan.maybe(0.5):
        transfer = {"giver": _holder(ONE_STOP), "receiver": _holder(AGENCY), "papers": list(_PAPERS)}
        plan.send("paper.hand_over", transfer, "slip")


def _give_back(plan: _Plan) -> None:
    if plan.heard.own_reference is not None:
        papers = [paper["code"] for paper in plan.heard.data["papers"]]
        plan.send(
            "result.return", {"channel": "in_person", "papers": papers, "received_by": "Nguyễn Văn Giả Lập"}
        )
    elif plan.maybe(0.2):
        plan.send("pickup.order", _order("between"), "note")


def _ordered(plan: _Plan) -> None:
    if plan.heard.own_reference is not None and plan.maybe(0.2):
        plan.send("pickup.cancel", {"order": plan.heard.data["order"]}, "reason")


def _meddle(plan: _Plan) -> None:
    """The neighbour acts on the same dossier at the same moment: the conflict that heads are compared for."""
    if plan.heard.own_reference is None and plan.maybe(0.4):
        plan.send("pickup.order", _order("between"), "note")
        if plan.maybe(0.1):
            plan.send("dossier.withdraw", {}, "reason")


def _accepted(plan: _Plan) -> None:
    """One dossier in eight is pulled at from both sides at once."""
    if int(plan.heard.dossier[-6:], 16) % 8:
        _meddle(plan)
        return
    for _ in range(5):
        plan.send("pickup.order", _order("between"), "note")


# The agency


def _is_mine(plan: _Plan) -> bool:
    return int(plan.heard.dossier[-6:], 16) % plan.me.mates == plan.me.number


def _forwarded(plan: _Plan) -> None:
    if not _is_mine(plan):
        if plan.maybe(0.25):
            plan.send("case.assign", {"assignee": _OFFICER})
        return
    plan.send("dossier.receive", {"officer": _OFFICER})
    plan.send("case.assign", {"assignee": _OFFICER})
    for number in range(plan.chance.randint(1, 3)):
        plan.send("case.step", {"step": f"Bước {number + 1}"}, "note")
    if plan.maybe(0.1):
        gaps = [{"component": _PAPERS[0], "reason": "Chưa rõ nội dung"}]
        plan.send(
            "dossier.request_supplement",
            {"officer": _OFFICER, "stage": "appraisal", "gaps": gaps},
            "guidance",
        )
    elif plan.maybe(0.04):
        plan.send("dossier.decline", {"officer": _OFFICER, "reason": "not_eligible"}, "explanation")
    else:
        _issue(plan)


def _issue(plan: _Plan) -> None:
    plan.send("result.issue", {"papers": [{"code": _RESULT, "number": "01/XN"}], "signer": _OFFICER})


def _full_again(plan: _Plan) -> None:
    if _is_mine(plan):
        _issue(plan)


def _paper_came(plan: _Plan) -> None:
    data = plan.heard.data
    if _is_mine(plan) and data["receiver"].get("organisation") == AGENCY:
        plan.send("paper.receive", {name: data[name] for name in ("giver", "receiver", "papers")}, "slip")


# The counterparts


def _deliver(plan: _Plan) -> None:
    order = plan.heard.data["order"]
    for status in ("registered", "collected", "delivered"):
        plan.send("pickup.report", {"order": order, "status": status, "at": plan.heard.at}, "note")


def _cancelled(plan: _Plan) -> None:
    plan.send(
        "adapter.sync_report", {"message": plan.heard.id, "outcome": "delivered", "at": plan.heard.at}, "code"
    )


def _check(plan: _Plan) -> None:
    outcome = plan.chance.choices(("matched", "mismatched", "unavailable"), (92, 3, 5))[0]
    plan.send(
        "identity.report", {"check": plan.heard.data["check"], "outcome": outcome, "asked_at": plan.heard.at}
    )


_ACTS: Mapping[str, Mapping[str, Callable[[_Plan], None]]] = {
    "counter": {
        "answer.dossier.submit": _after_submission,
        "answer.dossier.forward": _hand_over,
        "dossier.submitted": _meddle,
        "identity.matched": _matched,
        "identity.mismatched": _unmatched,
        "identity.unavailable": _unavailable,
        "dossier.supplement_requested": _supplement,
        "dossier.supplemented": _supplemented,
        "dossier.accepted": _accepted,
        "case.assigned": _meddle,
        "result.issued": _give_back,
        "pickup.ordered": _ordered,
    },
    "agency": {
        "dossier.forwarded": _forwarded,
        "dossier.supplemented": _full_again,
        "paper.handed_over": _paper_came,
    },
    "postal": {"pickup.ordered": _deliver, "pickup.cancelled": _cancelled},
    "population": {"identity.check_requested": _check},
}


def _holder(organisation: str) -> dict[str, str]:
    return {"kind": "organisation", "organisation": organisation, "name": "Cán Bộ Giả Lập"}


def _order(direction: str) -> dict[str, Any]:
    return {
        "direction": direction, "sender": _ENDS, "receiver": {**_ENDS, "district": 9302},
        "organisation": ONE_STOP, "contents": ["Hồ sơ giấy"],
    }  # fmt: skip
