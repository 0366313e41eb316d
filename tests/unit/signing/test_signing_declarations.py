"""Packages as Java, .NET and lxml write them: the declaration before them may have any legal form."""

from __future__ import annotations

import pytest

from tests.support import signing as build
from tests.support.signing import accepts, package, refuses

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "declaration",
    [
        b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
        b"<?xml version='1.0' encoding='UTF-8'?>\n",
        b"<?xml version='1.0' encoding=\"utf-8\" standalone='yes' ?>\r\n",
        b'<?xml version="1.0"\tencoding="Utf-8"  ?>',
        b'<?xml\nversion = "1.0"?>\n\n',
        BOM + b'<?xml version="1.0" encoding="UTF-8"?>',
        BOM,
        b"\n",
    ],
)
def test_a_package_is_taken_behind_a_declaration_of_any_legal_form(declaration: bytes) -> None:
    assert accepts(declaration + package()).manifest_sha256 == accepts(package()).manifest_sha256


@pytest.mark.parametrize(
    ("declaration", "reason"),
    [
        (b'<?xml version="1.0" encoding="ISO-8859-1"?>', "not_xml"),
        (b'<?xml version="1.0" encoding="UTF-16"?>', "not_xml"),
        (b'<?xml version="1.1" encoding="UTF-8"?>', "not_plain"),
        (b'<?xml encoding="UTF-8" version="1.0"?>', "not_plain"),
        (b"<?xml version=\"1.0'?>", "not_plain"),
        (b'\n<?xml version="1.0"?>', "not_plain"),
        (b'<?xml version="1.0"?><?xml version="1.0"?>', "not_plain"),
        (BOM + BOM, "not_xml"),
        (b'<?xml version="1.0" encoding="UTF-8"?>' + BOM, "not_xml"),
    ],
)
def test_another_encoding_version_or_form_is_refused(declaration: bytes, reason: str) -> None:
    assert refuses(declaration + build.package()) == reason
