"""The hub's topics: how they are made, and which of their settings have to stand (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

HUB = "hub"
HEARTBEAT_TOPIC = "hub.heartbeat"
FACTS_TOPIC = "dossier.facts"
DIRECTORY_TOPIC = "directory"
_DAY_MS = 86_400_000
_FETCH_BYTES = 4 << 20
IN = {
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "uncompressed",
    "cleanup.policy": "delete",
    "retention.ms": str(7 * _DAY_MS),
    "max.message.bytes": "1048588",
}
OUT = {
    "cleanup.policy": "delete",
    "retention.ms": str(14 * _DAY_MS),
    "max.message.bytes": str(_FETCH_BYTES),
}
SEGMENT_BYTES = 64 << 20
KEPT_BYTES = 4 << 30
"""What a participant's `in.` topic keeps unless the operator says otherwise; its `out.` topic twice that."""
HEARTBEAT = {
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "delete",
    "retention.ms": "3600000",
}
DIRECTORY = {
    "cleanup.policy": "compact",
    "segment.ms": str(_DAY_MS),
    "delete.retention.ms": str(7 * _DAY_MS),
    "max.message.bytes": str(_FETCH_BYTES),
}
FACTS = {"cleanup.policy": "delete", "retention.ms": "-1", "max.message.bytes": str(_FETCH_BYTES)}


@dataclass(frozen=True, slots=True)
class TopicRule:
    """One setting that has to stand. `must_stop`: nothing may be read from the topic while it does not."""

    setting: str
    value: str
    is_right: Callable[[str], bool]
    must_stop: bool = False


@dataclass(frozen=True, slots=True)
class Wrong:
    """A setting that is not as it has to be."""

    topic: str
    setting: str
    found: str
    wanted: str
    must_stop: bool

    @property
    def reason(self) -> str:
        """Topic, setting and value in one line."""
        return f"settings: {self.topic} has {self.setting}={self.found}, right is {self.wanted}"

    @property
    def remedy(self) -> str:
        """What sets it right."""
        change = f"--add-config {self.setting}={self.wanted}"
        return f"kafka-configs.sh --alter --entity-type topics --entity-name {self.topic} {change}"


def _exactly(setting: str, value: str, *, must_stop: bool = False) -> TopicRule:
    return TopicRule(setting, value, lambda found: found == value, must_stop)


def _at_least(setting: str, least: int) -> TopicRule:
    """-1 is no limit at all."""
    return TopicRule(setting, str(least), lambda found: int(found) == -1 or int(found) >= least)


def _at_most(setting: str, most: int) -> TopicRule:
    return TopicRule(setting, str(most), lambda found: int(found) <= most)


def kept(bytes_a_partition: int) -> dict[str, str]:
    """Settings that bound what a partition takes of the disk: this, a segment, and what comes in seconds.

    What is over is gone from the disk at the broker's next look, not a minute later.
    """
    return {
        "retention.bytes": str(bytes_a_partition),
        "segment.bytes": str(min(SEGMENT_BYTES, max(1 << 20, bytes_a_partition))),
        "file.delete.delay.ms": "1000",
    }


_BOUNDED = TopicRule("retention.bytes", str(KEPT_BYTES // 4), lambda found: int(found) > 0)
_CLEAN = _exactly("unclean.leader.election.enable", "false")
_RULES_IN = (
    _exactly("message.timestamp.type", "LogAppendTime", must_stop=True),
    _exactly("cleanup.policy", "delete", must_stop=True),
    _exactly("compression.type", "uncompressed", must_stop=True),
    _at_most("max.message.bytes", _FETCH_BYTES),
    _at_least("retention.ms", _DAY_MS),
    _CLEAN,
)
_RULES_OUT = (
    _exactly("cleanup.policy", "delete"),
    _at_least("max.message.bytes", _FETCH_BYTES),
    _at_least("retention.ms", _DAY_MS),
    _CLEAN,
)
_RULES_FACTS = (
    _exactly("cleanup.policy", "delete"),
    _at_least("max.message.bytes", _FETCH_BYTES),
    _exactly("retention.ms", "-1"),
    _exactly("retention.bytes", "-1"),
    _CLEAN,
)

_RULES_OF = {
    FACTS_TOPIC: _RULES_FACTS,
    DIRECTORY_TOPIC: (
        _exactly("cleanup.policy", "compact"),
        _at_least("max.message.bytes", _FETCH_BYTES),
        _CLEAN,
    ),
}


def rules_of(topic: str, prefix: str) -> tuple[TopicRule, ...]:
    """What has to stand for a topic of the hub; nothing for a topic of somebody else."""
    name = topic.removeprefix(prefix)
    if name == f"in.{HUB}":
        return _RULES_IN
    if name.startswith("in."):
        return (*_RULES_IN, _BOUNDED)
    if name.startswith("out."):
        return (*_RULES_OUT, _BOUNDED)
    return _RULES_OF.get(name, ())


def wrong_settings(topic: str, prefix: str, settings: Mapping[str, str]) -> list[Wrong]:
    """What is not as it has to be, by the settings that are in effect; an unknown setting is not judged."""
    return [
        Wrong(topic, rule.setting, settings[rule.setting], rule.value, rule.must_stop)
        for rule in rules_of(topic, prefix)
        if rule.setting in settings and not rule.is_right(settings[rule.setting])
    ]


def reasons_to_stop(prefix: str, settings: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Topics from which nothing may be read now, with the reason in one line."""
    found: dict[str, str] = {}
    for topic, values in settings.items():
        stopping = [wrong for wrong in wrong_settings(topic, prefix, values) if wrong.must_stop]
        if stopping:
            found[topic] = "; ".join(wrong.reason for wrong in stopping)
    return found
