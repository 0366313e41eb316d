"""DBOS with its Kafka consumer: a durable workflow per message, order by partition; runs in `.venv-bench`.

The count is stored in one transaction with the result of its step; the event is published in a step.
"""

from __future__ import annotations

import signal
import threading
from typing import Any

import orjson
import sqlalchemy as sa  # type: ignore[import-not-found]  # only in .venv-bench
from confluent_kafka import Producer
from dbos import DBOS, KafkaMessage, SQLAlchemyDatasource  # type: ignore[import-not-found]  # as above

from bench.peers.place import Place
from bench.peers.tables import COUNT, SEEN

_POLL_S = 0.01
"""How often DBOS looks into its queue; 1 s by itself."""


def main() -> None:
    """Run until SIGTERM."""
    place, stop = Place.of_environment(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    dsn = place.dsn.replace("postgresql://", "postgresql+psycopg://")
    DBOS(
        config={
            "name": "bench",
            "system_database_url": dsn,
            "application_version": "1",
            "log_level": "WARNING",
            "kafka_queue_polling_interval_sec": _POLL_S,
        }
    )
    stored = SQLAlchemyDatasource.create(dsn)
    producer = Producer(
        {
            "bootstrap.servers": place.bootstrap,
            **place.librdkafka(),
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,
        }
    )
    seen, counted = sa.text(SEEN.replace("$1", ":id")), sa.text(COUNT.replace("$1", ":dossier"))

    def count(event_id: str, dossier: str) -> int:
        session = stored.sql_session()
        if session.execute(seen, {"id": event_id}).first() is None:
            return 0
        return int(session.execute(counted, {"dossier": dossier}).scalar_one())

    def publish(key: bytes, event: dict[str, Any]) -> None:
        producer.produce(place.output, orjson.dumps(event), key=key)
        if producer.flush(30):
            raise TimeoutError("the event was not acknowledged")

    @DBOS.kafka_consumer(  # type: ignore[untyped-decorator]  # as above
        {
            "bootstrap.servers": place.bootstrap,
            **place.librdkafka(),
            "group.id": place.group,
            "session.timeout.ms": 30_000,
            "fetch.wait.max.ms": 10,
        },
        list(place.inputs),
        ordering="partition",
    )
    @DBOS.workflow()  # type: ignore[untyped-decorator]  # as above
    def work(message: KafkaMessage) -> None:
        event_id = dict(message.headers)["ce_id"].decode()
        event = orjson.loads(message.value)
        number = stored.run_tx_step(None, count, event_id, event["dossier"])
        if number:
            DBOS.run_step(None, publish, message.key, event | {"id": event_id, "count": number})

    DBOS.launch()
    stop.wait()
    DBOS.destroy()


if __name__ == "__main__":
    main()
