"""Passwords of a hub on this machine: one password of the hub's user for `make up` and for `hub setup`."""

from __future__ import annotations

from hub.kafka.admin import Grant, KafkaAdmin
from hub.participants.own_users import is_let_in, read_password, write_password
from tools.local_programs import HUB_USER, PAGE_USER
from tools.local_site import Site
from tools.site_facts import FACTS_TOPIC


class HubPassword:
    """`hub.env` in the home is what `hub setup` writes, `credentials/hub.password` what `make up` writes.

    Whichever the broker takes is put into both, so that neither locks the other's processes out.
    """

    def __init__(self, site: Site, admin: KafkaAdmin) -> None:
        self._site = site
        self._admin = admin
        self._env_file = site.home / "hub.env"

    def take(self) -> None:
        """Before the set-up: what `hub setup` has written counts when it works."""
        known = read_password(self._env_file, HUB_USER)
        if known is None or known == passwords(self._site).get(HUB_USER):
            return
        if is_let_in(self._admin.settings, HUB_USER, known):
            self._site.secret(f"{HUB_USER}.password", known)

    def give(self) -> None:
        """After the set-up: `hub setup` finds the password that works."""
        password = passwords(self._site)[HUB_USER]
        if read_password(self._env_file, HUB_USER) != password:
            write_password(self._env_file, HUB_USER, password)


def passwords(site: Site) -> dict[str, str]:
    """The kept password of each user."""
    return {path.stem: path.read_text("utf-8") for path in site.credentials.glob("*.password")}


def admit_page(site: Site, admin: KafkaAdmin) -> None:
    """The page's own user: it reads the facts, whose personal fields are sealed, and nothing else."""
    known = passwords(site).get(PAGE_USER)
    if known is not None and is_let_in(admin.settings, PAGE_USER, known):
        return
    admin.grant(PAGE_USER, [Grant("topic", FACTS_TOPIC, right) for right in ("read", "describe")])
    site.secret(f"{PAGE_USER}.password", admin.set_password(PAGE_USER))
