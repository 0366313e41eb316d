"""A segment read back by another engine gives the very messages that its writer had in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from hub.embedded.stack import StackAddress
from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.write.writing import write_batch
from hub.facts.entries import (
    CopyEntry,
    Entry,
    FactEntry,
    ReceiptEntry,
    WholeEntry,
    decode_segment,
    encode_segment,
)
from hub.facts.message import Message
from hub.facts.untrusted import tell_untrusted
from hub.outbox.segments import Outgoing, Segment
from hub.outbox.stored import StoredSegments
from hub.postgres.database import Session
from hub.settings import PostgresSettings
from tests.support.batches import Memory, record, submit
from tests.support.hubs import Hub, own_hub
from tests.support.requests import APPLICANT, SUBMIT, submission

SHARDS = 4
OURS, OTHERS = Outgoing([], list(range(SHARDS)), []), Outgoing([], [], [])
PERSONAL = (APPLICANT["name"], APPLICANT["identity_number"])


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path) as hub:
        yield hub


async def stored(
    hub: Hub, memory: Memory, decision: BatchDecision, outgoing: Outgoing = OURS
) -> list[tuple[int, bytes]]:
    """Written for good; the segments that lie in the outbox afterwards, by shard."""
    await write_batch(hub.database, decision, [], outgoing, dump=memory.rules.dump, shards=SHARDS)
    memory.commit(decision)
    rows = await hub.database.fetch("select shard, payload from segment order by id")
    await hub.database.execute("delete from segment")
    return [(row["shard"], row["payload"]) for row in rows]


async def read_back(hub: Hub, memory: Memory, payloads: list[bytes]) -> list[list[Message]]:
    key = memory.master.store
    segments = [Segment(id_, 0, payload, key.segment(0, payload)) for id_, payload in enumerate(payloads)]
    session = Session(PostgresSettings.model_validate({"dsn": hub.dsn}), "test-segments")
    await session.open()
    try:
        read = await StoredSegments(session, memory.master, tell_untrusted).messages(segments)
        return [messages for messages in read if messages is not None]
    finally:
        await session.close()


async def test_facts_copies_with_personal_data_and_receipts_come_back_byte_for_byte(
    hub: Hub,
) -> None:
    memory = Memory()
    first = memory.decide(
        *(submit(f"e{number}", f"ref:HS-{number}", submission()) for number in range(6)),
        submit("e1", "ref:HS-1", submission()),  # a repeat
        submit("e2", "ref:HS-2", submission(sets=3)),  # the id used for something else
        submit("e9", "ref:HS-9", submission(sets=-1)),  # refused
        record(SUBMIT, "ref:HS-8", b"no json", "e8"),  # a dead letter
    )
    segments = await stored(hub, memory, first)
    kinds = {type(entry) for _, payload in segments for entry in decode_segment(payload)}
    assert kinds == {FactEntry, CopyEntry, ReceiptEntry, WholeEntry}
    messages = await read_back(hub, memory, [payload for _, payload in segments])
    expected = {shard: [message for message, _ in pairs] for shard, pairs in first.messages.items()}
    assert {shard: own for (shard, _), own in zip(segments, messages, strict=True)} == expected
    opened = [m.value.decode() for own in messages for m in own if m.topic.startswith("out.")]
    assert any(value in text for value in PERSONAL for text in opened)


async def test_a_segment_of_a_shard_of_others_holds_whole_messages(hub: Hub) -> None:
    memory = Memory()
    decision = memory.decide(submit("e1", "ref:HS-1", submission()))
    segments = await stored(hub, memory, decision, OTHERS)
    assert {type(entry) for _, payload in segments for entry in decode_segment(payload)} == {WholeEntry}
    (messages,) = await read_back(hub, memory, [payload for _, payload in segments])
    assert messages == [message for pairs in decision.messages.values() for message, _ in pairs]


async def test_no_personal_value_lies_in_a_segment_that_names_what_is_stored(hub: Hub) -> None:
    memory = Memory()
    segments = await stored(hub, memory, memory.decide(submit("e1", "ref:HS-1", submission())))
    assert segments
    for _, payload in segments:
        text = payload.decode("utf-8", "replace")
        assert not [value for value in PERSONAL if value in text]


async def test_a_dossier_changed_since_then_gives_the_message_of_that_time(hub: Hub) -> None:
    memory = Memory()
    first = memory.decide(submit("e1", "ref:HS-1", submission()))
    segments = await stored(hub, memory, first)
    dossier = first.facts[0].dossier_id
    await stored(
        hub, memory,
        memory.decide(record("onestop.dossier.withdraw.v1", dossier, {"reason": "Xin rút hồ sơ thử"}, "e2")),
    )  # fmt: skip
    (messages,) = await read_back(hub, memory, [payload for _, payload in segments])
    assert messages == [message for pairs in first.messages.values() for message, _ in pairs]
    assert orjson.loads(messages[0].value)["sequence"] == 1


def test_a_segment_is_read_as_it_was_written() -> None:
    entries: list[Entry] = [
        FactEntry("d", 1),
        CopyEntry("agency-a", "d", 1, "000.12.34.H07-261123-0001"),
        ReceiptEntry("agency-a", "e1"),
        WholeEntry("out.a", "k", (("ce_id", b"1"),), b"\x00\xff"),
    ]
    assert decode_segment(encode_segment(entries)) == entries
