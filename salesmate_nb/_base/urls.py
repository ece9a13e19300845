"""Addresses: where a secret may be sent."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import requests


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address: where a secret may be sent.

    Examples
    --------
    >>> origin("https://Acme.salesmate.io/apis") == origin("https://acme.salesmate.io:443")
    True
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def as_sent(url: str) -> str:
    """Return an address as requests sends it: its host in lower case, and as DNS knows it.

    Raises
    ------
    ValueError
        If its host cannot be looked up: each part between dots has 1 to 63 characters.

    Examples
    --------
    >>> as_sent("https://API.bücher.example/v1")
    'https://api.xn--bcher-kva.example/v1'
    """
    sent = requests.Request("GET", url).prepare().url or ""
    check_host(urlsplit(sent).hostname or "")
    return sent


def check_host(host: str) -> None:
    """Raise ``ValueError`` for a host that cannot be looked up, where urllib3 has an error of its own."""
    host.encode("idna")


def is_loopback(url: str) -> bool:
    """Return whether an address stays on this machine.

    Examples
    --------
    >>> [is_loopback(f"http://{host}/") for host in ("localhost:3000", "127.0.0.1", "[::1]:80", "10.0.0.1")]
    [True, True, True, False]
    """
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
