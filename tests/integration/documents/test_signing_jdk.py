"""The JDK's XML signatures as third verifier of what we sign, for all kinds of keys."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import signing
from tests.support.stack import REPOSITORY

PROGRAM = REPOSITORY / "tests/support/java/VerifyCopy.java"


def judged(package: bytes, folder: Path) -> str:
    """One line per signature: its Id, and whether the JDK accepts it."""
    for name, content in signing.contents().items():
        (folder / name).write_bytes(content)
    file = folder / "package.xml"
    file.write_bytes(package)
    done = subprocess.run(
        ["java", str(PROGRAM), str(file), f"{folder}/"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.needs("javac")
@pytest.mark.parametrize("name", ["canbo.mau", "rsa.mau", "p384.mau"])
def test_the_jdk_accepts_both_signatures(name: str, tmp_path: Path) -> None:
    package = signing.certified(signing.package(by=signing.key(name)))
    assert judged(package, tmp_path) == "officer true\nagency true\n"


@pytest.mark.needs("javac")
def test_the_jdk_refuses_what_we_refuse_and_accepts_below_xml_lang(tmp_path: Path) -> None:
    package = signing.package()
    assert judged(b'<Goi xml:lang="vi">' + package + b"</Goi>", tmp_path) == "officer true\n"
    assert judged(package.replace(b"KQ003448", b"KQ003449"), tmp_path) == "officer false\n"
