"""Where a webhook may lead: which URLs are taken, which names, which addresses."""

from __future__ import annotations

import unicodedata
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import StartupError
from hub.participants.addresses import DeniedError, ascii_host, choose, is_allowed, target_of
from hub.participants.webhook_call import check_url

SPECIAL = [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "172.31.255.255", "169.254.169.254", "0.0.0.1",
    "100.64.0.1", "192.0.0.8", "192.0.0.9", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:0:7f00:1::1",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1",
    "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "2a00:1450::1%eth0",
    "fec0::1",
    "ff02::1", "ff0e::1",
]  # fmt: skip


@pytest.mark.parametrize("address", SPECIAL)
def test_private_special_and_embedding_addresses_are_not_called(address: str) -> None:
    assert not is_allowed(address, ())


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1", "198.20.0.1",
    "223.255.255.255",
     "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450:4001::1", "2400:cb00::1", "3ffe::1"],
)  # fmt: skip
def test_public_addresses_are_called(address: str) -> None:
    assert is_allowed(address, ())


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_what_the_standard_library_knows_as_not_global_is_never_called(address: object) -> None:
    known = ip_address(str(address))
    if is_allowed(str(address), ()):
        assert known.is_global or known in ip_network("192.0.0.0/8" if known.version == 4 else "2000::/3")
        kinds = (
            known.is_private,
            known.is_loopback,
            known.is_link_local,
            known.is_multicast,
            known.is_reserved,
        )
        assert not any(kinds)


def test_an_allowed_network_opens_only_itself() -> None:
    ten = (IPv4Network("10.0.0.0/24"), IPv6Network("fd00::/8"))
    assert is_allowed("10.0.0.7", ten)
    assert is_allowed("fd00::7", ten)
    assert not is_allowed("10.0.1.7", ten)
    assert not is_allowed("::ffff:10.0.0.7", ten), "an address that holds another is no part of its network"
    assert not is_allowed("64:ff9b::a00:7", ten)


def test_a_name_with_one_forbidden_address_is_not_called_at_all() -> None:
    assert choose(["8.8.8.8", "1.1.1.1"], ()) == "8.8.8.8"
    for addresses in (["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["2a00:1450::1", "fec0::1"], []):
        with pytest.raises(DeniedError):
            choose(addresses, ())


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Hooks.Example.VN", "hooks.example.vn"), ("bộtàichính.vn", "xn--btichnh-9va4j8495a.vn"),
        (unicodedata.normalize("NFD", "bộtàichính.vn"), "xn--btichnh-9va4j8495a.vn"), ("BỘTÀICHÍNH.vn",
        "xn--btichnh-9va4j8495a.vn"),
        ("example.vn.", "example.vn"), ("my_host.vn", "my_host.vn"), ("a" * 63 + ".vn", "a" * 63 + ".vn"),
        ("1.2.3.4", "1.2.3.4"), ("2001:DB8::1", "2001:db8::1"), ("bücher。vn", "xn--bcher-kva.vn"),
    ],
)  # fmt: skip
def test_a_host_goes_out_in_ascii(written: str, name: str) -> None:
    assert ascii_host(written) == name


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks..example.vn/x", "https://.vn/", "https://" + "a" * 64 + ".vn/",
        "https://" + "ộ" * 63 + ".vn/",
        "https://" + ".".join(["a" * 50] * 6), "https://-a.vn/", "https://a-.vn/", "https://a b.vn/",
        "https://a%41.vn/",
        "https://a\\b.vn/", "https://x.vn/\n", "https://x.vn/\x7f", "https://x\ud800.vn/", "https://[::1/",
        "https://[1.2.3.4]/", "https://x.vn:0/", "https://x.vn:99999/", "https://x.vn:a/", "https://",
        "https:///x", "host",
        "ftp://x/", "https://user:secret@host/", "https://@host/", "https://h/#f", "https://h#",
        "https://xn--\u0301.vn/",
        "https://a\u200bb\u202e.vn/", "https://\u0660.vn/", "",
    ],
)  # fmt: skip
def test_what_cannot_be_called_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(StartupError, match=r"begins with https or http://|begins with https://") as raised:
        check_url(url, is_test=False)
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_plain_http_is_for_the_test_environment() -> None:
    check_url("http://host/", is_test=True)
    with pytest.raises(StartupError):
        check_url("http://host/", is_test=False)


@pytest.mark.parametrize(
    ("url", "authority", "at"),
    [
        ("https://x.vn", "x.vn", "https://8.8.8.8:443/"), ("https://x.vn:443/a?b=c", "x.vn",
        "https://8.8.8.8:443/a?b=c"),
        ("https://x.vn:8443/", "x.vn:8443", "https://8.8.8.8:8443/"), ("http://x.vn:80", "x.vn",
        "http://8.8.8.8:80/"),
        ("https://[2A00::1]/", "[2a00::1]", "https://8.8.8.8:443/"), ("https://[2a00::1]:8/",
        "[2a00::1]:8", "https://8.8.8.8:8/"),
        ("https://x.vn?q", "x.vn", "https://8.8.8.8:443/?q"),
    ],
)  # fmt: skip
def test_the_host_is_named_as_http_wants_it(url: str, authority: str, at: str) -> None:
    target = target_of(url)
    assert (target.authority, target.at("8.8.8.8")) == (authority, at)


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert target_of("https://x.vn/a").at("2a00::1") == "https://[2a00::1]:443/a"


@given(st.text(max_size=40) | st.text(max_size=40).map(lambda text: f"https://{text}"))
def test_any_text_is_a_target_in_ascii_or_a_value_error(url: str) -> None:
    try:
        target = target_of(url)
    except ValueError:
        return
    assert target.authority.isascii()
    assert 0 < target.port < 65_536
