"""Whose request it is, with and without proxies."""

from ipaddress import ip_network

import pytest

from config import addresses

PROXIES = [ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("::1")]


@pytest.fixture
def proxies(settings):
    settings.TRUSTED_PROXIES = PROXIES


@pytest.mark.parametrize("said", ["", "1.2.3.4", "127.0.0.1", "nonsense"])
def test_nobody_is_believed_by_default(said):
    assert addresses.client_address("127.0.0.1", said) == "127.0.0.1"


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7"),  # the first was made up
        ("127.0.0.1", "203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", " , ,", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7, unknown", "unknown"),
        ("127.0.0.1", "203.0.113.7, " + "x" * 9000, "x" * 64),
        ("127.0.0.1", "203.0.113.7:5555", "203.0.113.7:5555"),
        ("127.0.0.1", "203.0.113.7, 10.1.2.3:5555", "203.0.113.7"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("198.51.100.1", "203.0.113.7", "198.51.100.1"),
        ("", "203.0.113.7", ""),
    ],
)
def test_trusted_proxies_are_believed(peer, said, client):
    assert addresses.client_address(peer, said) == client


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::1", None),
        ("", None),
        ("203.0.113.7:5555", "203.0.113.7"),
        ("[2001:db8:1:2:3:4:5:6]:5555", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:3:4:5:6]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[::ffff:203.0.113.7]:5555", "203.0.113.7"),
        ("127.0.0.1:5555", None),
        ("[::1]:5555", None),
        ("unknown", "unknown"),
        ("_hidden", "_hidden"),
    ],
)
def test_what_limits_count(address, counted):
    assert addresses.counted_as(address) == counted


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize(("peer", "is_believed"), [("127.0.0.1", True), ("198.51.100.1", False)])
def test_only_a_proxy_says_that_the_way_is_encrypted(rf, settings, peer, is_believed):
    from config.middleware import known_address

    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    request = rf.get("/", REMOTE_ADDR=peer, headers=headers)
    known_address(lambda request: None)(request)
    assert request.is_secure() is is_believed
    assert request.META["REMOTE_ADDR"] == ("203.0.113.7" if is_believed else peer)
