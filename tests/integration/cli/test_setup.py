"""`hub setup` and `hub gateway user` may be repeated: nobody is locked out, and no key is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from hub.participants.own_users import is_let_in, read_password
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub


def administrator(hub: Hub, **more: str) -> dict[str, str]:
    """The settings with which an operator of this hub sets it up."""
    address = hub.address
    return {
        **hub.environment,
        "HUB_KAFKA__USER": address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": address.kafka_admin_password,
        **more,
    }


def works(hub: Hub, user: str, password: str | None) -> bool:
    return password is not None and is_let_in(hub.admin.settings, user, password)


@pytest.mark.parametrize("command", [("setup", "--user"), ("gateway", "user")], ids=" ".join)
async def test_a_user_of_the_hub_keeps_its_password_until_a_new_one_is_asked_for(
    stack: StackAddress, tmp_path: Path, command: tuple[str, str]
) -> None:
    env_file = tmp_path / "hub.env"
    async with own_hub(stack, tmp_path) as hub:
        user = f"{hub.prefix}own" if command[0] == "setup" else f"{hub.prefix}hub.gateway"
        words = (*command, user) if command[0] == "setup" else command
        environment = administrator(hub)

        status, said = await hub_command(environment, *words, "--env-file", str(env_file))
        assert status == 0, said
        first = read_password(env_file, user)
        assert first is not None
        assert first not in said
        assert works(hub, user, first)
        assert env_file.stat().st_mode & 0o777 == 0o600

        for again in ((), ("--env-file", str(env_file))):
            status, said = await hub_command(environment, *words, *again)
            assert (status, "keeps its password" in said) == (0, True), said
        assert works(hub, user, first)

        status, said = await hub_command(environment, *words, "--env-file", str(tmp_path / "other.env"))
        assert status == 2
        assert "--rotate" in said
        assert works(hub, user, first)

        status, said = await hub_command(environment, *words, "--env-file", str(env_file), "--rotate")
        assert (status, "restart every process" in said) == (0, True), said
        assert works(hub, user, read_password(env_file, user))
        assert not works(hub, user, first)


async def test_a_setup_beside_running_engines_lets_the_next_one_in(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        await hub.start_engine("engine-1")
        status, said = await hub_command(administrator(hub), "setup", "--user", hub.user)
        assert status == 0, said
        await hub.start_engine("engine-2")


async def test_a_master_key_that_is_lost_is_not_replaced_by_a_new_one(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        engine = await hub.start_engine()
        assert await engine.stop() == 0
        lost = hub.master_key_file.rename(tmp_path / "lost.key")
        status, said = await hub_command(administrator(hub), "setup", "--user", hub.user)
        assert status == 2
        assert "put the file back" in said
        assert not hub.master_key_file.exists()
        lost.rename(hub.master_key_file)
        status, said = await hub_command(administrator(hub), "setup", "--user", hub.user)
        assert status == 0, said
