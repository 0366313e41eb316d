"""What an error of a Kafka client asks for: wait, make the client anew, or leave one topic or one message."""

from __future__ import annotations

from enum import Enum

from hub.kafka.client import errors
from hub.kafka.errors import KafkaAwayError, TopicUnwritableError

__all__ = ["KafkaAwayError", "TopicUnwritableError", "Verdict", "verdict"]


class Verdict(Enum):
    """What comes next."""

    WAIT = "wait"
    """No broker answers, or none that may write: the same again later."""
    RENEW = "renew"
    """This client can do no more; a new one can."""
    REFUSED = "refused"
    """The brokers answer and say no to this topic, until an operator acts; other topics go on."""
    MESSAGE = "message"
    """The brokers say no to these bytes; other messages of the topic go on."""


_RENEW = (
    errors.OutOfOrderSequenceNumber,
    errors.InvalidProducerEpoch,
    errors.InvalidProducerIdMapping,
    errors.InvalidTxnState,
    errors.UnknownProducerId,
    errors.ProducerFenced,
    errors.ProducerClosed,
    errors.IllegalStateError,
)
_WAIT = (
    TimeoutError,
    errors.KafkaTimeoutError,
    errors.KafkaUnavailableError,
    errors.BrokerNotAvailableError,
    errors.ReplicaNotAvailableError,
    errors.StaleControllerEpochError,
)
_MESSAGE = (
    errors.MessageSizeTooLargeError,
    errors.RecordListTooLargeError,
    errors.InvalidTimestampError,
    errors.CorruptRecordException,
    errors.UnsupportedForMessageFormatError,
)


def verdict(error: BaseException) -> Verdict:
    """What an error of a write asks for; pure.

    aiokafka 0.14 says `KafkaError` itself when the task that sends has died.
    """
    if isinstance(error, _RENEW) or type(error) is errors.KafkaError:
        return Verdict.RENEW
    if isinstance(error, _MESSAGE):
        return Verdict.MESSAGE
    if isinstance(error, errors.UnknownTopicOrPartitionError):
        return Verdict.REFUSED
    if isinstance(error, _WAIT) or (isinstance(error, errors.KafkaError) and error.retriable):
        return Verdict.WAIT
    return Verdict.REFUSED
