"""URLs: what counts as one origin, and as this machine."""

from __future__ import annotations

import pytest

from salesmate_nb._base.urls import as_sent, check_host, is_loopback, origin


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://Acme.salesmate.io/apis?rows=5", True),
        ("https://acme.salesmate.io:443", True),
        ("http://acme.salesmate.io", False),
        ("https://acme.salesmate.io:8443", False),
        ("https://other.salesmate.io", False),
        ("https://acme.salesmate.io.evil.example", False),
    ],
)
def test_origin(url, same):
    """Scheme, host and port make an origin; the case of the host and the path do not."""
    assert (origin(url) == origin("https://acme.salesmate.io/x")) == same


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://[::1]:3000/callback", ("http", "::1", 3000)),
        ("http://localhost", ("http", "localhost", 80)),
        ("ftp://example.com", ("ftp", "example.com", None)),
        ("not a URL", ("", "", None)),
    ],
)
def test_origin_parts(url, parts):
    """A port that is not given is the scheme's, if that has one."""
    assert origin(url) == parts


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "127.0.0.1", "127.8.9.1:1", "[::1]:3000"])
def test_loopback(host):
    """Loopback is 127.0.0.0/8, ::1 and localhost, with any port."""
    assert is_loopback(f"http://{host}/")


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "0.0.0.0", "[::]", "example.com", "localhost.", "127.0.0.1.evil.com", ""]
)
def test_not_loopback(host):
    """Other addresses and names are not this machine, even if they begin like it."""
    assert not is_loopback(f"http://{host}/")


def test_host_that_cannot_be_looked_up():
    """A part of a host with more than 63 characters is an error before any request."""
    assert as_sent("https://Acme.example/x") == "https://acme.example/x"
    for check in (check_host, lambda host: as_sent(f"https://{host}/")):
        with pytest.raises(ValueError, match="label"):
            check(f"{'a' * 64}.example")
