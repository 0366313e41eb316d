"""An adapter as a process: a task beside its work that dies ends it, with one line."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from tests.support.hubs import own_hub
from tests.support.population_adapter import population_adapter

NOBODY = "http://127.0.0.1:9"


async def test_an_adapter_whose_health_cannot_be_asked_does_not_go_on(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            with pytest.raises(AssertionError):
                await population_adapter(hub, NOBODY, NOBODY, tmp_path, HUB_HTTP_PORT=port)
            adapter = hub.processes[-1]
            assert await adapter.ended(20) == 2
        said = [line for line in adapter.output().splitlines() if line and not line.startswith("{")]
        assert len(said) == 1
        assert port in said[0]
