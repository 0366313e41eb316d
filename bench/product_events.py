"""The product job's events: the demo's mix on four topics, laid out so that no lane waits (pure).

Dossiers come in five groups, which a prelude has brought to different stages, so that each event can be
decided as soon as it is read: fresh ones (submit, verify), asked ones (the population database answers),
identified ones (accept, forward), forwarded ones (the agency's work) and those with a result (return).
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from bench.events import Event
from hub.dossier.rules.identity import check_id

Topic = Literal["counter-1", "counter-2", "agency-1", "population"]
Group = Literal["fresh", "asked", "identified", "forwarded", "issued"]
GROUPS: tuple[Group, ...] = ("fresh", "asked", "identified", "forwarded", "issued")
PARTITIONS: Mapping[Topic, int] = {"counter-1": 4, "counter-2": 4, "agency-1": 6, "population": 2}
COUNTERS: tuple[Topic, ...] = ("counter-1", "counter-2")
ORGANISATIONS: Mapping[Topic, tuple[str, ...]] = {
    "counter-1": ("000.12.34.H07",),
    "counter-2": ("000.12.36.H07",),
    "agency-1": ("000.12.35.H07",),
    "population": (),
}
ROLES: Mapping[Topic, str] = {
    "counter-1": "counter",
    "counter-2": "counter",
    "agency-1": "agency",
    "population": "population",
}
EVENTS_PER_DOSSIER = 10.7
"""Events of the measured run per dossier of one group."""

_COMPONENTS = [{"code": "000.00.00.G15-KQ003448", "originals": 1}]
_NOT_NEEDED = [f"000.00.00.G15-KQ{number}" for number in ("003453", "003454", "004946", "003785", "004012")]
_OFFICER = {"account": "can-bo-thu", "name": "Cán Bộ Thử"}
_PAPER = {"code": "KQ.G15.000038", "number": "01/GXN"}
_SEEN_AT = "2026-11-23T02:00:00Z"


@dataclass(frozen=True, slots=True)
class Planned:
    """An event, its type, the topic that it goes to, and the refusal that it must get (None: accepted)."""

    topic: Topic
    type: str
    event: Event
    refusal: str | None


@dataclass(slots=True)
class Dossier:
    """One dossier of the plan; `id` is known after the prelude."""

    group: Group
    number: int
    counter: Topic
    verify_id: str
    id: str = ""

    @property
    def ref(self) -> str:
        """Its counter's own reference."""
        return f"ref:{self.group}-{self.number}"

    @property
    def check(self) -> str:
        """The id of its identity check."""
        return check_id(self.id, self.verify_id)


@dataclass(slots=True)
class Maker:
    """Makes requests with ids from one seed; all persons are synthetic."""

    draw: random.Random

    @classmethod
    def of(cls, purpose: str, seed: int) -> Maker:
        """Ids of different purposes never meet."""
        return cls(random.Random(f"{purpose}-{seed}"))  # noqa: S311  a fixed seed is wanted

    def id(self) -> str:
        """A CloudEvents id."""
        return str(uuid.UUID(int=self.draw.getrandbits(128), version=4))

    def request(
        self, topic: Topic, kind: str, subject: str, data: Mapping[str, Any], refusal: str | None = None,
        event_id: str | None = None,
    ) -> Planned:  # fmt: skip
        """One request."""
        event = Event(event_id or self.id(), subject, orjson.dumps(data))
        return Planned(topic, f"onestop.{kind}.v1", event, refusal)

    def submit(self, dossier: Dossier, ref: str | None = None, **changes: Any) -> Planned:
        """A dossier is lodged."""
        data = {
            "procedure": "1.004873",
            "organisation": ORGANISATIONS[dossier.counter][0],
            "agency": ORGANISATIONS["agency-1"][0],
            "channel": "in_person",
            "return_channel": "in_person",
            "applicant": _applicant(dossier.number),
            "components": _COMPONENTS,
            "summary": "Hồ sơ thử nghiệm: cấp giấy xác nhận tình trạng hôn nhân",
        } | changes
        refusal = "rule.14.3" if changes else None
        return self.request(dossier.counter, "dossier.submit", ref or dossier.ref, data, refusal)

    def verify(self, dossier: Dossier) -> Planned:
        """The counter asks about the applicant."""
        applicant = _applicant(dossier.number)
        person = {name: applicant[name] for name in ("identity_number", "name", "birth_date")}
        data = {"person": person, "officer_account": "can-bo-thu"}
        return self.request(dossier.counter, "identity.verify", dossier.ref, data, event_id=dossier.verify_id)

    def report(self, dossier: Dossier, refusal: str | None = None) -> Planned:
        """The population database answers."""
        data = {"check": dossier.check, "outcome": "matched", "asked_at": _SEEN_AT}
        return self.request("population", "identity.report", dossier.id, data, refusal)

    def accept(self, dossier: Dossier, refusal: str | None = None, ref: str | None = None) -> Planned:
        """The officer takes it as complete."""
        data = {"officer": _OFFICER, "components": _COMPONENTS, "not_needed": _NOT_NEEDED}
        return self.request(dossier.counter, "dossier.accept", ref or dossier.ref, data, refusal)

    def forward(self, dossier: Dossier, refusal: str | None = None) -> Planned:
        """It goes to the agency."""
        data = {"officer": _OFFICER, "to": ORGANISATIONS["agency-1"][0]}
        return self.request(dossier.counter, "dossier.forward", dossier.ref, data, refusal)

    def work(self, dossier: Dossier) -> list[Planned]:
        """What the agency does, from receipt to result."""
        return [
            self.request("agency-1", "dossier.receive", dossier.id, {"officer": _OFFICER}),
            self.request("agency-1", "case.assign", dossier.id, {"assignee": _OFFICER}),
            self.request("agency-1", "case.step", dossier.id, {"step": "thẩm định", "note": "đủ điều kiện"}),
            self.request("agency-1", "result.issue", dossier.id, {"papers": [_PAPER], "signer": _OFFICER}),
        ]

    def give_back(self, dossier: Dossier) -> Planned:
        """The applicant has the result."""
        data = {"channel": "in_person", "papers": [_PAPER["code"]], "received_by": "Nguyễn Văn Thử"}
        return self.request(dossier.counter, "result.return", dossier.ref, data)


def _applicant(number: int) -> dict[str, str]:
    return {
        "kind": "citizen",
        "name": "Nguyễn Văn Thử",
        "identity_number": f"0830900{number % 100_000:05d}",
        "birth_date": "1990-01-02",
    }


def dossiers(count: int, seed: int) -> list[Dossier]:
    """`count` dossiers of each group, shared by the two counters."""
    maker = Maker.of("dossiers", seed)
    return [
        Dossier(group, number, COUNTERS[number % 2], maker.id())
        for group in GROUPS
        for number in range(count)
    ]


def prelude(all_dossiers: Sequence[Dossier], wave: int, maker: Maker) -> list[Planned]:
    """What must be done before the run, in four waves; ids are known after the first."""
    stage = {group: number for number, group in enumerate(GROUPS)}
    out: list[Planned] = []
    for dossier in all_dossiers:
        at = stage[dossier.group]
        if wave == 0 and at >= 1:
            out += [maker.submit(dossier), maker.verify(dossier)]
        elif wave == 1 and at >= 2:
            out.append(maker.report(dossier))
        elif wave == 2 and at >= 3:
            out += [maker.accept(dossier), maker.forward(dossier)]
        elif wave == 3 and at >= 4:
            out += maker.work(dossier)
    return out


def warm_up(count: int) -> list[Planned]:
    """Submissions and verifications before the run, so that nothing is loaded for the first time in it."""
    maker = Maker.of("warm-up", count)
    out: list[Planned] = []
    for number in range(90_000, 90_000 + count):
        dossier = Dossier("fresh", number, COUNTERS[number % 2], maker.id())
        out += [maker.submit(dossier), maker.verify(dossier)]
    return out


def measured_run(all_dossiers: Sequence[Dossier], duplicates: float, seed: int) -> list[Planned]:
    """The events of the run, mixed; a share of them repeats an earlier one of its topic byte for byte."""
    maker = Maker.of(f"run-{duplicates}", seed)
    draw = maker.draw
    placed: list[tuple[float, Planned]] = []
    for dossier in all_dossiers:
        start = draw.random()
        for sequence in _sequences(dossier, maker):
            moments = sorted(start + draw.random() * 0.05 for _ in sequence)
            placed.extend(zip(moments, sequence, strict=True))
    placed.sort(key=lambda pair: pair[0])
    return _with_repeats([planned for _, planned in placed], duplicates, draw)


def _sequences(dossier: Dossier, maker: Maker) -> list[list[Planned]]:
    """Events of one dossier: lists that are independent of each other, each kept in its order."""
    number = dossier.number
    match dossier.group:
        case "fresh":
            sequences = [[maker.submit(dossier), maker.verify(dossier)]]
            if number % 20 == 0:
                sequences.append([maker.submit(dossier, f"ref:wrong-{number}", components=_TOO_MUCH)])
        case "asked":
            sequences = [[maker.report(dossier)]]
        case "identified":
            sequences = [[maker.accept(dossier), maker.forward(dossier)]]
            if number % 5 == 0:
                sequences.append([maker.report(dossier, "identity.already_answered")])
        case "forwarded":
            sequences = [maker.work(dossier)]
            if number % 5 == 0:
                sequences.append([maker.forward(dossier, "state.conflict")])
        case "issued":
            sequences = [[maker.give_back(dossier)]]
            if number % 5 == 0:
                sequences[0].insert(0, maker.accept(dossier, "state.conflict"))
            if number % 20 == 0:
                sequences.append([maker.accept(dossier, "unknown_dossier", f"ref:nobody-{number}")])
    return sequences


_TOO_MUCH = [*_COMPONENTS, {"code": "000.00.00.G15-KQ999999", "originals": 1}]


def _with_repeats(planned: list[Planned], share: float, draw: random.Random) -> list[Planned]:
    """`share` of all events are repeats of one of the 200 before them in their topic."""
    out: list[Planned] = []
    recent: dict[Topic, list[Planned]] = {topic: [] for topic in PARTITIONS}
    for one in planned:
        out.append(one)
        recent[one.topic] = [*recent[one.topic][-199:], one]
        while draw.random() < share:
            out.append(draw.choice(recent[one.topic]))
    return out


def of_topic(planned: Iterable[Planned], topic: Topic) -> list[Planned]:
    """The events of one topic in order."""
    return [one for one in planned if one.topic == topic]
