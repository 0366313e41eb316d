"""A client that asks for new keys again and again is cut off, however much of it has come in one go."""

from __future__ import annotations

import _ssl
import contextlib
import ctypes
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.http.tls import ServerTls, TlsFiles
from tests.support.certificates import Authority

_POINTER = 24
"""Where CPython's object has OpenSSL's: behind its head and one member. Python itself sends no key update."""
_AND_ANSWER = 1


@dataclass(frozen=True, slots=True)
class Sides:
    """Client and server of one connection in memory, behind the handshake."""

    client: ssl.SSLObject
    server: ssl.SSLObject
    to_server: ssl.MemoryBIO
    from_client: ssl.MemoryBIO

    def ask_for_keys(self, times: int) -> None:
        library = ctypes.CDLL(_ssl.__file__)
        connection = ctypes.c_void_p.from_address(id(self.client._sslobj) + _POINTER)  # type: ignore[attr-defined]
        for _ in range(times):
            assert library.SSL_key_update(connection, _AND_ANSWER) == 1
            assert library.SSL_do_handshake(connection) == 1

    def send(self, data: bytes) -> None:
        self.client.write(data)
        self.to_server.write(self.from_client.read())


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    authority = Authority(tmp_path, "servers")
    issued = authority.issue("door")
    here, there, back, forth = (ssl.MemoryBIO() for _ in range(4))
    trusting = ssl.create_default_context(cafile=str(authority.root_file))
    trusting.check_hostname = False
    client = trusting.wrap_bio(here, there)
    context = ServerTls(TlsFiles(issued.certificate_file, issued.key_file))()
    server = context.wrap_bio(back, forth, server_side=True)
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
            back.write(there.read())
            here.write(forth.read())
    return Sides(client, server, back, there)


def test_a_client_that_renews_its_keys_now_and_then_is_served(sides: Sides) -> None:
    for number in range(10):
        sides.ask_for_keys(3)
        sides.send(b"%d" % number)
        assert sides.server.read(10) == b"%d" % number


def test_a_client_that_does_nothing_else_is_cut_off_before_all_of_it_was_answered(sides: Sides) -> None:
    sides.ask_for_keys(5000)
    sides.send(b"behind it")
    with pytest.raises(ssl.SSLError):
        sides.server.read(10)
    assert sides.to_server.pending == 0
