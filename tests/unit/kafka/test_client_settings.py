"""What the clients of the broker are told."""

from __future__ import annotations

from pydantic import SecretStr

from hub.kafka import client
from hub.settings import KafkaSettings

_SETTINGS = KafkaSettings(bootstrap="127.0.0.1:1", user="nobody", password=SecretStr("x"))


async def test_a_consumer_looks_for_new_topics_as_often_as_it_is_told() -> None:
    told = client.consumer(_SETTINGS, "told", group=None, metadata_age_ms=700)
    usual = client.consumer(_SETTINGS, "usual", group=None)
    assert [one._client._metadata_max_age_ms for one in (told, usual)] == [700, 5_000]
    for one in (told, usual):
        await one.stop()
