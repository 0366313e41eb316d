"""The topics of the hub: they exist, and their settings are those that the hub rests on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from hub.checks.check import Check, Finding
from hub.kafka.admin import KafkaAdmin
from hub.kafka.log_inspector import in_thread
from hub.kafka.topics import DIRECTORY_TOPIC, FACTS_TOPIC, HEARTBEAT_TOPIC, rules_of, wrong_settings

_MAKE = "`hub setup` makes the hub's own topics, `hub participants add` those of a participant"
Names = Callable[[], Awaitable[Collection[str]]]
"""The registered participants."""


def topic_check(admin: KafkaAdmin, names: Names) -> Check:
    """What is wrong stops its own partitions (`reasons_to_stop`), so it ends no start."""

    async def look() -> Sequence[Finding]:
        wanted = topics_of(admin.prefix, await names())
        seen = await in_thread(admin.topic_names)
        settings = await in_thread(lambda: admin.topic_settings(sorted(seen & wanted)))
        return findings(admin.prefix, wanted, seen, settings)

    return Check("topics", "topics exist and keep the settings they were made with", look, ends_start=False)


def topics_of(prefix: str, names: Collection[str]) -> set[str]:
    """The topics that have to exist (pure)."""
    own = {"in.hub", FACTS_TOPIC, HEARTBEAT_TOPIC, DIRECTORY_TOPIC}
    return {prefix + topic for topic in own | {f"{way}.{name}" for way in ("in", "out") for name in names}}


def findings(
    prefix: str, wanted: set[str], seen: set[str], settings: Mapping[str, Mapping[str, str]]
) -> list[Finding]:
    """Missing topics, topics that cannot be asked, and settings that are not as they have to be (pure)."""
    found = [
        Finding(f"topic {topic} is missing or hidden from this user", _MAKE)
        for topic in sorted(wanted - seen)
    ]
    hidden = [topic for topic in sorted(wanted & seen - settings.keys()) if rules_of(topic, prefix)]
    if hidden:
        found.append(
            Finding(
                f"the settings of {', '.join(hidden)} cannot be asked",
                "let an administrator run `hub setup` once: it grants the hub's user this right",
            )
        )
    wrong = [one for topic in sorted(settings) for one in wrong_settings(topic, prefix, settings[topic])]
    return found + [Finding(one.reason, one.remedy) for one in wrong]
