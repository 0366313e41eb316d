"""Memory stays flat while a large document goes through; measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MIB = 1 << 20
SIZE = 200 * MIB
BOUND_MIB = 60

PROGRAM = f"""
import asyncio, hashlib, pathlib, resource, sys
from hub.settings.documents import DocumentsSettings
from hub.documents.store import StoredDocument, documents

HEAD = b"%PDF-1.7".ljust({MIB}, b"0")
BLOCK = bytes({MIB})

async def chunks():
    yield HEAD
    for _ in range({SIZE // MIB - 1}):
        yield BLOCK

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

async def main():
    digest = hashlib.sha256(HEAD)
    for _ in range({SIZE // MIB - 1}):
        digest.update(BLOCK)
    name = digest.hexdigest()
    store = documents(DocumentsSettings(folder=pathlib.Path(sys.argv[1]), max_bytes={SIZE}))
    small = hashlib.sha256(HEAD).hexdigest()

    async def one():
        yield HEAD

    assert isinstance(await store.put(small, one(), "application/pdf"), StoredDocument)
    before = peak_mib()
    stored = await store.put(name, chunks(), "application/pdf", {SIZE})
    assert isinstance(stored, StoredDocument) and stored.size == {SIZE}, stored
    got = 0
    async for chunk in store.get(name):
        got += len(chunk)
    assert got == {SIZE}
    print(peak_mib() - before)

asyncio.run(main())
"""


def test_200_mib_go_in_and_out_without_being_held(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < BOUND_MIB
