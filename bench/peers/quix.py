"""quixstreams, at least once: RocksDB state with a changelog topic; runs in `.venv-bench`."""

from __future__ import annotations

from typing import Any

from quixstreams import Application, State  # type: ignore[import-not-found]  # only in .venv-bench
from quixstreams.kafka.configuration import ConnectionConfig  # type: ignore[import-not-found]  # as above

from bench.peers.place import Place


def count(
    value: dict[str, Any], _key: str, _time: int, headers: list[tuple[str, bytes]], state: State
) -> Any:
    """One state key per id that was seen, one for the count; a repeat gives nothing."""
    event_id = dict(headers)["ce_id"].decode()
    if state.get(event_id) is not None:
        return []
    state.set(event_id, 1)
    counted = (state.get("count") or 0) + 1
    state.set("count", counted)
    return [value | {"id": event_id, "count": counted}]


def main() -> None:
    """Run until SIGTERM."""
    place = Place.of_environment()
    connection = ConnectionConfig(
        bootstrap_servers=place.bootstrap,
        security_protocol="sasl_plaintext",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username=place.user,
        sasl_password=place.password,
    )
    app = Application(
        broker_address=connection,
        consumer_group=place.group,
        auto_offset_reset="earliest",
        processing_guarantee="at-least-once",
        state_dir=place.state,
        loglevel="WARNING",
        consumer_extra_config={"session.timeout.ms": 30_000, "fetch.wait.max.ms": 10},
        producer_extra_config={"enable.idempotence": True, "acks": "all"},
    )
    source = app.topic(place.inputs[0], value_deserializer="json", key_deserializer="str")
    sink = app.topic(place.output, value_serializer="json", key_serializer="str")
    frame = app.dataframe(source)
    frame = frame.apply(count, stateful=True, metadata=True, expand=True)
    frame.to_topic(sink)
    app.run()


if __name__ == "__main__":
    main()
