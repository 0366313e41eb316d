"""Which topics and partitions an engine leaves alone for a while, and of which it takes only a taste."""

from __future__ import annotations

import time

from hub.logs import log

TASTE_RECORDS = 50
"""At most so many of a partition, and one more, of a topic that is tasted."""
_SHUN_S = 5.0


class Pauses:
    """Times are those of `time.monotonic()`."""

    def __init__(self) -> None:
        self._set_aside: dict[str, float] = {}
        self._tastes: dict[str, float] = {}
        self._shunned: dict[tuple[str, int], float] = {}

    def set_aside(self, topic: str, until: float) -> None:
        """Take nothing of a topic until then; a longer pause stays."""
        self._set_aside[topic] = max(until, self._set_aside.get(topic, until))

    def taste(self, topic: str, pause_s: float) -> None:
        """Take nothing of a topic for so long, then a few records, then nothing for so long again."""
        self._tastes[topic] = pause_s
        self.set_aside(topic, time.monotonic() + pause_s)

    def trust(self, topic: str) -> None:
        """Take of a topic as of the others again."""
        if self._tastes.pop(topic, None) is not None:
            self._set_aside.pop(topic, None)

    def shun(self, position: tuple[str, int]) -> None:
        """Leave a partition alone for a moment: it cannot be read now, and nobody knows why."""
        self._shunned[position] = time.monotonic() + _SHUN_S
        log("partition_shunned", topic=position[0], partition=position[1], seconds=_SHUN_S)

    def is_paused(self, position: tuple[str, int]) -> bool:
        """Whether nothing is taken of it, as of the last `forget`."""
        return position[0] in self._set_aside or position in self._shunned

    def share(self, topic: str, records: int) -> int:
        """How many of so many records may be taken."""
        return min(records, TASTE_RECORDS) if topic in self._tastes else records

    def is_tasted(self, topic: str) -> bool:
        """Whether only a few records are taken between two pauses."""
        return topic in self._tastes

    def tasted(self, topic: str) -> None:
        """Records of the topic were taken: if it was a taste, the next pause begins."""
        if topic in self._tastes:
            self.set_aside(topic, time.monotonic() + self._tastes[topic])

    def forget(self) -> None:
        """Forget the pauses that are over."""
        now = time.monotonic()
        self._set_aside = {topic: until for topic, until in self._set_aside.items() if until > now}
        self._shunned = {position: until for position, until in self._shunned.items() if until > now}
