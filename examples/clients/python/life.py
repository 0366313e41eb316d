"""The life of a citizen's dossier over Kafka, with the SDK of CloudEvents.

`python life.py COUNTER.conf AGENCY.conf`: files as `hub participants add` prints them for kcat.
TOPIC_PREFIX: what stands before the hub's topics, if anything does.
"""

import os
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cloudevents.core.bindings import kafka
from cloudevents.core.bindings.kafka import KafkaMessage
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Consumer, Producer

PREFIX = os.environ.get("TOPIC_PREFIX", "")


def data_of(event: CloudEvent) -> dict[str, Any]:
    """What the event says."""
    data: dict[str, Any] = event.get_data()
    return data


class Participant:
    """Writes its own `in.` topic and reads its own `out.` topic."""

    def __init__(self, file: str) -> None:
        lines = Path(file).read_text(encoding="utf-8").split()
        settings = dict(line.split("=", 1) for line in lines)
        user = settings["sasl.username"]
        self.name = user.removeprefix(PREFIX)
        self._events: list[CloudEvent] = []
        self._producer = Producer(settings | {"enable.idempotence": True, "partitioner": "murmur2_random"})
        reading = {"group.id": user, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        self._consumer = Consumer(settings | reading)
        self._consumer.subscribe([f"{PREFIX}out.{self.name}"])

    def ask(self, kind: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
        """Send a request; the data of its receipt."""
        event = CloudEvent(
            {
                "id": str(uuid.uuid4()), "source": f"/participants/{self.name}", "type": f"onestop.{kind}.v1",
                "specversion": "1.0", "time": datetime.now(UTC), "subject": subject, "partitionkey": subject,
                "datacontenttype": "application/json",
            },
            data,
        )  # fmt: skip
        message = kafka.to_binary_event(event)
        topic, headers = f"{PREFIX}in.{self.name}", list(message.headers.items())
        self._producer.produce(topic, message.value, key=message.key, headers=headers)
        self._producer.flush()  # when it is not acknowledged, send the same event again, with the same id
        receipt = self._until(lambda told: data_of(told).get("request") == event.get_id())
        if receipt.get_type() != "onestop.receipt.accepted.v1":
            sys.exit(f"{kind} was refused: {data_of(receipt)}")
        print(f"{self.name}: {kind} accepted")
        return data_of(receipt)

    def wait_for(self, kind: str, dossier: str) -> dict[str, Any]:
        """Wait until the hub tells this fact of the dossier; the key of each message is the dossier's id."""
        wanted = (f"onestop.{kind}.v1", dossier)
        fact = self._until(lambda told: (told.get_type(), told.get_extension("partitionkey")) == wanted)
        print(f"{self.name}: was told {kind}")
        return data_of(fact)

    def _until(self, is_wanted: Any) -> CloudEvent:
        while not (found := [event for event in self._events if is_wanted(event)]):
            record = self._consumer.poll(1)
            if record is not None and not record.error():
                headers: Any = record.headers()
                told = KafkaMessage(dict(headers), record.key(), record.value() or b"")
                self._events.append(kafka.from_binary_event(told))
                # What was handled is not read again.
                self._consumer.commit(message=record, asynchronous=False)
        return found[0]


def main() -> None:
    counter, agency = Participant(sys.argv[1]), Participant(sys.argv[2])
    officer = {"account": "canbo.mau", "name": "Lê Thị Thí Dụ"}
    head = {"account": "lanhdao.mau", "name": "Phạm Thị Lãnh Đạo Mẫu"}
    person = {"name": "Nguyễn Văn Thử", "identity_number": "083090000001", "birth_date": "1990-01-02"}
    papers = [{"code": "000.00.00.G15-KQ003448", "originals": 1}]
    # The other papers published for this procedure: the officer confirms that nobody needs them here.
    absent = [f"000.00.00.G15-KQ{number}" for number in ("003453", "003454", "004946", "003785", "004012")]

    lodged = {
        "procedure": "1.004873", "organisation": "000.12.34.H07", "agency": "000.12.35.H07",
        "channel": "in_person", "return_channel": "in_person", "applicant": {"kind": "citizen", **person},
        "components": papers,
    }  # fmt: skip
    dossier = counter.ask("dossier.submit", f"ref:HS-{uuid.uuid4()}", lodged)["dossier"]
    counter.wait_for("dossier.submitted", dossier)
    counter.ask("identity.verify", dossier, {"person": person, "officer_account": "canbo.mau"})
    counter.wait_for("identity.matched", dossier)
    accepted = {"officer": officer, "components": papers, "not_needed": absent}
    code = counter.ask("dossier.accept", dossier, accepted)["code"]
    counter.ask("dossier.forward", code, {"officer": officer, "to": "000.12.35.H07"})

    agency.wait_for("dossier.forwarded", dossier)
    agency.ask("dossier.receive", code, {"officer": head})
    agency.ask("case.assign", code, {"assignee": {"account": "chuyenvien.mau", "name": "Đỗ Văn Ví Dụ"}})
    result = {"papers": [{"code": "KQ.G15.000038", "number": "0001/GIA-DINH"}], "signer": head}
    agency.ask("result.issue", code, result)

    counter.wait_for("result.issued", dossier)
    handed = {"channel": "in_person", "papers": ["KQ.G15.000038"], "received_by": "Nguyễn Văn Thử"}
    counter.ask("result.return", code, handed)
    counter.wait_for("result.returned", dossier)
    print(f"returned: {code}")


if __name__ == "__main__":
    main()
