"""Checks of rows: whatever is moved from one column into another, no two rows have the same check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.facts import checked
from hub.facts.integrity import DIGEST_BYTES, StoreKey

KEY = StoreKey.of(bytes(range(32)))
ID = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
DIGEST = bytes([0x1F]) * DIGEST_BYTES

text = st.text("a1-\x1f", max_size=4)
content = st.binary(max_size=3) | st.sampled_from([b"\x1f", b"1\x1f", b"2\x1fa"])
sealed = content | st.none()
number = st.integers(0, 12)
digest = st.just(DIGEST) | content
dossier = st.just(ID) | st.none()

KINDS: dict[str, tuple[Callable[..., bytes], tuple[st.SearchStrategy[Any], ...]]] = {
    "dossier": (KEY.dossier, (st.just(ID), digest | st.none(), number, sealed, sealed, sealed)),
    "inbox": (KEY.inbox, (text, text, digest, sealed, dossier)),
    "alias": (KEY.alias, (text, st.just(ID))),
    "offset": (KEY.offset, (text, number, text, number, dossier, number | st.none())),
    "segment": (KEY.segment, (number, content)),
    "blocked": (KEY.blocked, (text, number, content)),
    "row": (lambda *row: KEY.row("table", *row), (text, text, st.lists(text, max_size=3), sealed)),
}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_two_rows_never_have_one_check(kind: str, data: st.DataObject) -> None:
    check, columns = KINDS[kind]
    one, other = data.draw(st.tuples(*columns)), data.draw(st.tuples(*columns))
    assert (check(*one) == check(*other)) == (one == other)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_is_moved_into_another_column_is_seen(kind: str, data: st.DataObject) -> None:
    check, columns = KINDS[kind]
    row = list(data.draw(st.tuples(*columns)))
    wide = [place for place, value in enumerate(row) if isinstance(value, str | bytes)]
    giver, taker = data.draw(st.sampled_from(wide)), data.draw(st.sampled_from(wide))
    moved = list(row)
    cut = data.draw(st.integers(0, len(row[giver])))
    moved[giver], piece = row[giver][:cut], row[giver][cut:]
    as_bytes = piece if isinstance(piece, bytes) else piece.encode()
    told = as_bytes if isinstance(row[taker], bytes) else as_bytes.decode("latin-1")
    moved[taker] = told + moved[taker] if giver < taker else moved[taker] + told
    assert (check(*row) == check(*moved)) == (row == moved)


@pytest.mark.parametrize("table", checked.ALL, ids=lambda table: table.table)
@given(data=st.data())
def test_a_table_that_is_believed_by_the_row_tells_all_its_columns_apart(
    table: checked.Checked, data: st.DataObject
) -> None:
    rows = st.tuples(*(text for _ in table.columns))
    one, other = data.draw(rows), data.draw(rows)
    assert (table.check(KEY, *one) == table.check(KEY, *other)) == (one == other)


@given(st.binary(min_size=1, max_size=40), st.integers(0, DIGEST_BYTES))
@example(b"receipt", 31)
def test_an_answer_with_bytes_of_its_digest_in_the_receipt_is_seen(receipt: bytes, cut: int) -> None:
    genuine = KEY.inbox("counter-a", "e1", DIGEST, receipt, ID)
    moved = KEY.inbox("counter-a", "e1", DIGEST[:cut], DIGEST[cut:] + receipt, ID)
    back = KEY.inbox("counter-a", "e1", DIGEST + receipt, b"", ID)
    assert (moved == genuine) == (cut == DIGEST_BYTES)
    assert back != genuine


def test_a_message_set_aside_for_one_topic_is_none_for_another() -> None:
    assert KEY.blocked("a", 1, b"2\x1fx") != KEY.blocked("a\x1f1", 2, b"x")
    assert KEY.inbox("a", "b", DIGEST, b"r", None) != KEY.inbox("a\x1fb", "", DIGEST, b"r", None)


def test_rows_that_are_stored_keep_their_checks() -> None:
    assert [check.hex() for check in (
        KEY.dossier(ID, DIGEST, 1, b"state", None, b"wrapped"),
        KEY.inbox("counter-a", "e1", DIGEST, b"receipt", ID),
        KEY.inbox("counter-a", "e1", DIGEST, None, None),
        KEY.alias("code:1", ID),
        KEY.offset("in.a", 0, "id-1", 7, ID),
        KEY.blocked("out.a", 1, b"payload"),
    )] == STORED  # fmt: skip


STORED = [
    "d4631e8dcca6e3671659d3abbcd952ff",
    "e1774e08e9cbb8fe02aca9dfd1f5ab40",
    "24c91fb28231120163b1692da1a15567",
    "6e8a4d93fdf9aaa571e6a7bfb09dce71",
    "cf909320f790640743e8f637ff083cb9",
    "d6d6ae23a11b298acacfc7b0c90ae3f3",
]
