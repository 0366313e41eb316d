"""Facts as stored bytes: sealed, chained, and what receivers are told of them."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import orjson
import pytest
from cryptography.exceptions import InvalidTag

from hub.errors import AlteredRowError
from hub.facts.fact_bytes import (
    FactPlace,
    Origin,
    StoredFact,
    facts_message,
    open_fact,
    receiver_message,
    rfc3339,
    store_fact,
)
from hub.facts.sealing import DossierKey, MasterKey
from hub.regulation.law import LawVersions
from schemas.base import Fact
from schemas.case import CaseAssigned
from schemas.dossier import DossierSubmitted, DossierWithdrawn
from schemas.person_data import PersonDatum
from tests.support import dossiers as build

NOW = datetime(2026, 10, 5, 2, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
DOSSIER = build.DOSSIER_ID
MASTER = MasterKey(bytes(range(32)))
LAW = LawVersions("bentre-45-2023@1", "d217e9aeceea64a4", "vn-2026.1")
ORIGIN = Origin("/participants/counter-mau", "e1", NOW_MS, NOW, LAW, ("2.7", "14.3"))


def submitted() -> DossierSubmitted:
    ((fact, *_),) = build.submitted(summary="Của Nguyễn Thị Mẫu").facts
    assert isinstance(fact, DossierSubmitted)
    return fact


def store(fact: Fact, key: DossierKey, sequence: int = 1, previous: bytes | None = None) -> StoredFact:
    return store_fact(fact, 0, ORIGIN, FactPlace(DOSSIER, sequence, previous, key), ("counter-mau",))[0]


def test_licensed_data_are_not_stored_where_their_end_could_not_be_kept() -> None:
    data = (PersonDatum(field="residence_detail", value="Ấp Mẫu 1"),)
    licensed = build.person_data(NOW, NOW, data=data)
    without_terms = MasterKey(bytes(range(32))).new_key()
    with pytest.raises(AlteredRowError, match="term_seed"):
        store(licensed, without_terms)


def test_a_stored_fact_says_where_it_comes_from_and_stands_in_its_place() -> None:
    fact = store(DossierWithdrawn(), MASTER.new_key(), sequence=3, previous=b"\xab" * 32)
    body = orjson.loads(fact.content)
    assert body == {
        "id": fact.id,
        "type": "onestop.dossier.withdrawn.v1",
        "dossier": DOSSIER,
        "sequence": 3,
        "time": "2026-10-05T02:00:00.000Z",
        "source": "/participants/counter-mau",
        "request": "e1",
        "ruleset": "bentre-45-2023@1",
        "catalogue": "d217e9aeceea64a4",
        "calendar": "vn-2026.1",
        "rules": ["2.7", "14.3"],
        "previous": "ab" * 32,
        "to": ["counter-mau"],
        "data": {},
    }


def test_the_hash_is_of_the_stored_bytes_and_the_next_fact_names_it() -> None:
    key = MASTER.new_key()
    first = store(submitted(), key)
    second = store(DossierWithdrawn(), key, sequence=2, previous=first.hash)
    assert first.hash == sha256(first.content).digest()
    assert orjson.loads(first.content)["previous"] is None
    assert orjson.loads(second.content)["previous"] == sha256(first.content).hexdigest()


def test_a_chain_breaks_where_a_byte_was_altered() -> None:
    key = MASTER.new_key()
    first = store(submitted(), key)
    second = store(DossierWithdrawn(), key, sequence=2, previous=first.hash)
    altered = first.content.replace(b'"sets":1', b'"sets":2')
    assert altered != first.content
    assert orjson.loads(second.content)["previous"] != sha256(altered).hexdigest()


def test_personal_fields_are_sealed_and_come_back_with_the_dossiers_key() -> None:
    key = MASTER.new_key()
    fact = submitted()
    stored = store(fact, key)
    for value in build.PERSONAL_VALUES:
        assert value.encode() not in stored.content
    assert fact.procedure.encode() in stored.content
    opened = open_fact(stored.content, key)
    assert DossierSubmitted.model_validate_json(orjson.dumps(opened["data"])) == fact
    assert "sealed" not in opened


def test_without_a_key_the_open_part_can_be_read() -> None:
    stored = store(submitted(), MASTER.new_key())
    body = open_fact(stored.content, None)
    assert body["data"]["procedure"] == build.PROCEDURE
    assert "name" not in body["data"]["applicant"]


def test_the_sealed_part_does_not_open_with_another_key() -> None:
    stored = store(submitted(), MASTER.new_key())
    with pytest.raises(InvalidTag):
        open_fact(stored.content, MASTER.new_key())


def test_altered_sealed_bytes_do_not_open() -> None:
    key = MASTER.new_key()
    body = orjson.loads(store(submitted(), key).content)
    last = "A" if body["sealed"][20] != "A" else "B"
    body["sealed"] = body["sealed"][:20] + last + body["sealed"][21:]
    with pytest.raises(InvalidTag):
        open_fact(orjson.dumps(body), key)


def test_the_sealed_part_of_one_fact_does_not_open_in_another() -> None:
    key = MASTER.new_key()
    body = orjson.loads(store(submitted(), key).content)
    body["id"] = "0199aaaa-bbbb-8ccc-8ddd-eeeeffff0009"
    with pytest.raises(InvalidTag):
        open_fact(orjson.dumps(body), key)


def test_a_fact_without_personal_fields_has_no_sealed_part() -> None:
    assert b'"sealed"' not in store(DossierWithdrawn(), MASTER.new_key()).content


def test_ids_come_from_the_request_and_the_place_among_its_facts() -> None:
    key = MASTER.new_key()
    place = FactPlace(DOSSIER, 1, None, key)
    ids = [store_fact(DossierWithdrawn(), index, ORIGIN, place, ())[0].id for index in (0, 1, 0)]
    assert ids[0] == ids[2] != ids[1]


def test_the_public_record_is_the_stored_bytes_as_they_are() -> None:
    stored = store(submitted(), MASTER.new_key())
    message = facts_message(stored, "bentre-45-2023@1")
    assert (message.topic, message.key, message.value) == ("dossier.facts", DOSSIER, stored.content)
    headers = dict(message.headers)
    assert headers["ce_sequence"] == b"1"
    assert headers["ce_ruleset"] == b"bentre-45-2023@1"
    assert headers["ce_id"] == stored.id.encode()


def test_a_receiver_gets_the_plain_data_under_an_id_of_its_own() -> None:
    stored, plain = store_fact(submitted(), 0, ORIGIN, FactPlace(DOSSIER, 1, None, MASTER.new_key()), ())
    time = rfc3339(stored.time)
    messages = [
        receiver_message(
            fact_id=stored.id, fact_type=stored.type, dossier_id=DOSSIER, sequence=1, time=time,
            ruleset="r", receiver=receiver, subject=build.CODE, cause="e1", data=plain,
        )
        for receiver in ("counter-mau", "agency-mau", "counter-mau")
    ]  # fmt: skip
    assert messages[0] == messages[2]
    assert len({dict(message.headers)["ce_id"] for message in messages}) == 2
    assert messages[1].topic == "out.agency-mau"
    assert messages[1].key == DOSSIER
    assert orjson.loads(messages[1].value)["applicant"]["name"] == "Nguyễn Thị Mẫu"
    headers = dict(messages[1].headers)
    assert (headers["ce_subject"], headers["ce_causationid"]) == (build.CODE.encode(), b"e1")


def test_case_facts_are_sealed_by_the_mark_of_their_own_model() -> None:
    story = build.forwarded()
    (fact,) = story.accepts(build.assignment(), build.AGENCY)
    assert isinstance(fact, CaseAssigned)
    key = MASTER.new_key()
    stored = store(fact, key)
    assert build.OFFICER.name.encode() not in stored.content
    assert open_fact(stored.content, key)["data"] == orjson.loads(fact.model_dump_json(exclude_none=True))
