"""The only module that knows FastStream's settings; apart from `client`, because only adapters need it."""

from __future__ import annotations

from typing import Any

from faststream.kafka import KafkaBroker
from faststream.security import SASLScram512

from hub.kafka.client import ssl_context
from hub.settings import KafkaSettings

__all__ = ["KafkaBroker", "faststream_broker"]


def faststream_broker(settings: KafkaSettings, client_id: str, **options: Any) -> KafkaBroker:
    """FastStream on the settings of `hub.kafka.client`, for subscribers; `hub.kafka.producer` is for writing.

    FastStream 0.7 hides its producer, so that nobody could renew it.
    """
    context = ssl_context(settings)
    return KafkaBroker(
        settings.bootstrap.split(","),
        client_id=client_id,
        security=SASLScram512(
            settings.user,
            settings.password.get_secret_value(),
            ssl_context=context,
            use_ssl=context is not None,
        ),
        consumer_only=True,
        allow_auto_create_topics=False,
        metadata_max_age_ms=5_000,
        request_timeout_ms=15_000,
        **options,
    )
