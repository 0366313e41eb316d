"""What comes back to the sender's address: reports of RFC 3464 are read, everything else is left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.notices.adapter import NoticesAdapter
from adapters.notices.bounces import Bounce, BounceFolder, bounce_of
from adapters.notices.pacing import Pace
from tests.contract.notices_world import message, settings
from tests.support.bounces import bounce

OURS = "01a22bf3-8415-8bdc-8712-874999f9c385"


def test_a_report_of_failure_names_the_email_and_the_status() -> None:
    assert bounce_of(bounce(OURS)) == Bounce(OURS, "5.1.1")
    assert bounce_of(bounce(OURS, headers_only=True)) == Bounce(OURS, "5.1.1")
    assert bounce_of(bounce(OURS, status="4.4.7")) == Bounce(OURS, "4.4.7")


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_did_not_fail_is_no_bounce(action: str) -> None:
    assert bounce_of(bounce(OURS, action=action)) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: I am on holiday\r\n\r\nBack on Monday",
        (
            b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n"
            b"Content-Type: message/delivery-status\r\n\r\n"
        ),
        bounce("x" * 5000),
        bounce(OURS)[:200],
        b"Content-Type: message/rfc822\r\n\r\n" * 30_000,
        b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(5_000)
        ),
        b"Content-Type: multipart/report" + b";" * 5_000 + b"\r\n\r\n",
    ],
)
def test_anything_else_says_nothing_and_raises_nothing(content: bytes) -> None:
    assert bounce_of(content) is None


def test_a_file_is_read_once_and_kept(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.mail").write_bytes(bounce(OURS))
    (tmp_path / "new" / "2.mail").write_bytes(b"x" * (2 << 20))
    folder = BounceFolder(tmp_path)
    assert [folder.read(path) for path in folder.waiting()] == [Bounce(OURS, "5.1.1"), None]
    for path in folder.waiting():
        folder.done(path)
    assert folder.waiting() == []
    assert sorted(path.name for path in (tmp_path / "cur").iterdir()) == ["1.mail:2,S", "2.mail:2,S"]


def test_of_a_report_with_all_that_was_attached_its_beginning_says_enough(tmp_path: Path) -> None:
    (tmp_path / "1.mail").write_bytes(bounce(OURS).replace(b"\r\nx\r\n--bound--", b"\r\n" + b"x" * (7 << 20)))
    assert BounceFolder(tmp_path).read(tmp_path / "1.mail") == Bounce(OURS, "5.1.1")


async def test_a_limit_gives_even_turns_and_turns_away_who_would_wait_long() -> None:
    assert [await Pace(None).turn() for _ in range(3)] == [0, 0, 0]
    slow = Pace(0.1)
    assert await slow.turn() == 0
    assert 9 < await slow.turn() <= 10
    assert 9 < await slow.turn() <= 10, "who was turned away has taken no turn"


def test_what_has_to_be_done_about_goes_before_what_tells_a_time_and_that_by_its_time() -> None:
    adapter = NoticesAdapter(settings())
    asked = [
        message(purpose="receipt", due_at="2026-03-09T10:00:00Z"),
        message(purpose="receipt", due_at="2026-03-04T10:00:00Z"),
        message(purpose="supplement"),
    ]
    until = [adapter.urgent_until(one) for one in asked]
    assert until == [
        datetime(2026, 3, 9, 10, tzinfo=UTC), datetime(2026, 3, 4, 10, tzinfo=UTC), asked[2].time,
    ]  # fmt: skip
    assert min(until, key=str) == asked[2].time
