"""What an error of a Kafka client asks for."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from hub.kafka.client import errors
from hub.kafka.errors import KafkaAwayError, TopicUnwritableError
from hub.kafka.verdicts import Verdict, verdict


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (errors.OutOfOrderSequenceNumber(), Verdict.RENEW),
        (errors.UnknownProducerId(), Verdict.RENEW),
        (errors.ProducerFenced(), Verdict.RENEW),
        (errors.ProducerClosed(), Verdict.RENEW),
        (errors.KafkaError("Unexpected error during batch delivery"), Verdict.RENEW),
        (errors.LeaderNotAvailableError(), Verdict.WAIT),
        (errors.NotEnoughReplicasError(), Verdict.WAIT),
        (errors.KafkaConnectionError(), Verdict.WAIT),
        (KafkaAwayError(), Verdict.WAIT),
        (TimeoutError(), Verdict.WAIT),
        (errors.TopicAuthorizationFailedError(), Verdict.REFUSED),
        (errors.ClusterAuthorizationFailedError(), Verdict.REFUSED),
        (errors.UnknownTopicOrPartitionError(), Verdict.REFUSED),
        (errors.PolicyViolationError(), Verdict.REFUSED),
        (TopicUnwritableError(), Verdict.REFUSED),
        (errors.MessageSizeTooLargeError(), Verdict.MESSAGE),
    ],
)
def test_each_kind_of_error_has_its_consequence(error: Exception, wanted: Verdict) -> None:
    assert verdict(error) is wanted


def test_every_error_that_says_try_again_is_waited_out_but_for_a_topic_that_is_missing() -> None:
    kinds: list[Any] = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    kinds = [kind for kind in kinds if issubclass(kind, errors.KafkaError) and kind.retriable]
    assert len(kinds) > 15
    others = {kind.__name__ for kind in kinds if verdict(kind()) is not Verdict.WAIT}
    assert others == {"UnknownTopicOrPartitionError"}
