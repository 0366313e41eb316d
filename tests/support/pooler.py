"""Test support: a PgBouncer before the test's database."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from hub.embedded.process import free_port

_LIMIT_S = 10.0
_CONFIG = """
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users.txt
pool_mode = {mode}
default_pool_size = 20
logfile = {folder}/pgbouncer.log
"""


@contextlib.contextmanager
def pooler(dsn: str, mode: str) -> Iterator[str]:
    """The address of the same database behind a PgBouncer of this mode."""
    parts = urlsplit(dsn)
    port = free_port(set())
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    folder.chmod(0o777)  # PgBouncer does not run as root and takes another user
    config = _CONFIG.format(server_port=parts.port, port=port, folder=folder, mode=mode)
    (folder / "pgbouncer.ini").write_text(config, encoding="utf-8")
    (folder / "users.txt").write_text(f'"{parts.username}" "{parts.password}"\n', encoding="utf-8")
    process = subprocess.Popen(
        ["pgbouncer", "-q", "-u", "nobody", str(folder / "pgbouncer.ini")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_port(port)
        yield parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def _await_port(port: int) -> None:
    end = time.monotonic() + _LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
