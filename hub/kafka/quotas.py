"""Quotas of a user on the broker; librdkafka cannot set them, so aiokafka's protocol classes do."""

from __future__ import annotations

from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from hub.errors import StartupError
from hub.kafka.client import ssl_context
from hub.settings import KafkaSettings

_TEXT = String("utf-8")
_ENTITY = Array(("entity_type", _TEXT), ("entity_name", _TEXT))
_OPS = Array(("key", _TEXT), ("value", Float64), ("remove", Boolean))
_RATES = ("producer_byte_rate", "consumer_byte_rate")
_EXACT = 0


class _AlterResponse(Response):  # type: ignore[misc]  # aiokafka has no type hints
    API_KEY, API_VERSION = 49, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", _TEXT), ("entity", _ENTITY))),
    )


class _AlterStruct(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION = 49, 0
    RESPONSE_TYPE = _AlterResponse
    SCHEMA = Schema(
        ("entries", Array(("entity", _ENTITY), ("ops", _OPS))),
        ("validate_only", Boolean),
    )


class _AlterClientQuotas(Request[_AlterStruct]):  # type: ignore[misc]
    """AlterClientQuotas (KIP-546) of one user."""

    API_KEY = 49

    def __init__(self, user: str, bytes_per_s: int | None) -> None:
        self._entity = [("user", user)]
        self._ops = [(rate, float(bytes_per_s or 0), bytes_per_s is None) for rate in _RATES]

    def build(self, request_struct_class: type[_AlterStruct]) -> _AlterStruct:
        return request_struct_class([(self._entity, self._ops)], False)


async def set_quota(settings: KafkaSettings, user: str, bytes_per_s: int | None) -> None:
    """Limit what the user writes and what it reads, in bytes per second and broker; None lifts the limit."""
    response = await _ask(settings, _AlterClientQuotas(user, bytes_per_s))
    for code, message, _ in response.entries:
        if code:
            raise StartupError(f"the broker refused the quota of {user}: {message or code}")


async def read_quota(settings: KafkaSettings, user: str) -> dict[str, float]:
    """The user's limits by name, as the broker has them; empty without any."""
    response = await _ask(settings, DescribeClientQuotasRequest([("user", _EXACT, user)], strict=True))
    if response.error_code:
        raise StartupError(f"the broker refused to show the quota of {user}: {response.error_message}")
    return {name: value for _, values in response.entries or () for name, value in values}


async def _ask(settings: KafkaSettings, request: Any) -> Any:
    context = ssl_context(settings)
    client = AIOKafkaClient(
        bootstrap_servers=settings.bootstrap,
        security_protocol="SASL_SSL" if context else "SASL_PLAINTEXT",
        ssl_context=context,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=settings.user,
        sasl_plain_password=settings.password.get_secret_value(),
        request_timeout_ms=15_000,
    )
    try:
        await client.bootstrap()
        return await client.send(client.get_random_node(), request)
    except KafkaError as error:
        raise StartupError(f"HUB_KAFKA__*: the broker does not answer about quotas: {error}") from None
    finally:
        await client.close()
