"""The renderer is a process of its own: what kills or holds it is one document's end."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psutil
import pytest

from hub.forms.errors import FormError
from hub.forms.issuing import Issued, sheet_of
from hub.forms.typesetting import Sheet, typeset
from hub.typesetter.rendering import Renderer, RendererLostError
from tests.support.forms import case, form_set, law
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

ENDLESS = b"#for a in range(100000) { for b in range(100000) { let c = a + b } }"
DEADLY = b'#let a = "x" * 1000000\n#let b = range(100000).map(n => a + str(n))\n#b.len()'


def good() -> Sheet:
    return sheet_of(Issued("01"), law().profile, form_set(), case())


def bad(template: bytes) -> Sheet:
    return Sheet({"bad.typ": template}, "bad.typ", {}, datetime(2026, 1, 5, tzinfo=UTC))


@pytest.fixture
async def renderer() -> AsyncIterator[Renderer]:
    made = Renderer(limit_s=20, memory_mib=1024)
    yield made
    await made.aclose()


def children() -> list[psutil.Process]:
    """Renderers of this process that live."""
    found = []
    for one in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if one.status() != psutil.STATUS_ZOMBIE and "hub.typesetter.child" in " ".join(one.cmdline()):
                found.append(one)
    return found


async def test_it_makes_the_bytes_that_are_made_here(renderer: Renderer) -> None:
    assert await renderer.pdf(good()) == typeset(good())
    assert len(children()) == 1
    assert not any(name.startswith("HUB_") for name in children()[0].environ())


async def test_a_template_that_asks_for_what_is_not_there_is_named_with_its_line(renderer: Renderer) -> None:
    with pytest.raises(FormError, match=r"bad\.typ:1:"):
        await renderer.pdf(bad(b"#unknown"))
    assert await renderer.pdf(good()) == typeset(good())


async def test_one_that_does_not_end_is_ended_and_the_next_is_made() -> None:
    renderer = Renderer(limit_s=3, memory_mib=1024)
    try:
        with pytest.raises(RendererLostError, match="no paper within 3 s"):
            await renderer.pdf(bad(ENDLESS))
        assert children() == []
    finally:
        await renderer.aclose()


async def test_one_that_takes_all_memory_dies_alone(renderer: Renderer) -> None:
    with pytest.raises(RendererLostError, match="died at it, twice"):
        await renderer.pdf(bad(DEADLY))
    assert await renderer.pdf(good()) == typeset(good())


async def test_a_renderer_that_was_killed_between_two_papers_is_begun_again(renderer: Renderer) -> None:
    await renderer.pdf(good())
    (child,) = children()
    child.send_signal(signal.SIGKILL)
    await eventually(lambda: children() == [], 10, "its end")
    assert await renderer.pdf(good()) == typeset(good())
