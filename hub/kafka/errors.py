"""What clients of ours raise beside the errors of aiokafka, and waited out like them."""

from __future__ import annotations

from hub.kafka.client import KafkaError


class TopicUnwritableError(KafkaError):  # type: ignore[misc]  # aiokafka has no type hints
    """The brokers answer, but this topic cannot be written now."""


class KafkaAwayError(KafkaError):  # type: ignore[misc]  # aiokafka has no type hints
    """No broker answers."""

    retriable = True


class NoAnswerError(KafkaError):  # type: ignore[misc]  # aiokafka has no type hints
    """The broker did not say what was asked."""

    retriable = True


class UnreadableLogError(Exception):
    """The client can make nothing of what lies in the log, and may be broken by it."""
