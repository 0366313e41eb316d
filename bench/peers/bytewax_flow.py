"""bytewax with recovery: a keyed stateful map, SQLite snapshots once a second; runs in `.venv-bench`.

With `BENCH_CLUSTER` (comma separated addresses) and `BENCH_NUMBER` it is one process of a cluster.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import bytewax.operators as op  # type: ignore[import-not-found]  # only in .venv-bench
import orjson
from bytewax._bytewax import cluster_main  # type: ignore[import-not-found]  # as above
from bytewax.connectors.kafka import (  # type: ignore[import-not-found]  # as above
    KafkaSink,
    KafkaSinkMessage,
    KafkaSource,
)
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]  # as above
from bytewax.recovery import RecoveryConfig, init_db_dir  # type: ignore[import-not-found]  # as above

from bench.peers.place import BATCH, Place

_REMEMBERED = 50

Seen = tuple[int, tuple[str, ...]]


def keyed(message: Any) -> tuple[str, Any]:
    """By dossier."""
    return message.key.decode(), message


def count(state: Seen | None, message: Any) -> tuple[Seen, list[Any]]:
    """The state is the count and the last 50 ids of the dossier: all of it is pickled at each snapshot."""
    counted, seen = state or (0, ())
    event_id = dict(message.headers)["ce_id"].decode()
    if event_id in seen:
        return (counted, seen), []
    event = orjson.loads(message.value) | {"id": event_id, "count": counted + 1}
    out = KafkaSinkMessage(message.key, orjson.dumps(event))
    return (counted + 1, (*seen[-_REMEMBERED + 1 :], event_id)), [out]


def flow(place: Place) -> Dataflow:
    """Source, key, state, sink."""
    dataflow = Dataflow("bench")
    extra = place.librdkafka()
    source = KafkaSource([place.bootstrap], list(place.inputs), tail=True, add_config=extra, batch_size=BATCH)
    stream = op.input("in", dataflow, source)
    by_dossier = op.map("key", stream, keyed)
    counted = op.stateful_flat_map("count", by_dossier, count)
    values = op.map("value", counted, lambda pair: pair[1])
    config = extra | {"enable.idempotence": "true", "acks": "all"}
    op.output("out", values, KafkaSink([place.bootstrap], place.output, add_config=config))
    return dataflow


def main() -> None:
    """Run until SIGTERM."""
    place = Place.of_environment()
    if not (place.state / "part-0.sqlite3").exists():
        init_db_dir(place.state, 1)
    addresses = [part for part in os.environ.get("BENCH_CLUSTER", "").split(",") if part]
    cluster_main(
        flow(place),
        addresses,
        int(os.environ.get("BENCH_NUMBER", "0")),
        epoch_interval=timedelta(seconds=1),
        recovery_config=RecoveryConfig(place.state),
    )


if __name__ == "__main__":
    main()
