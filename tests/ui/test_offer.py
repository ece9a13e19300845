"""What a login offer says before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesmate_nb import Settings

HOME, ELSEWHERE = Path.home() / "work" / ".env", Path("/srv/share/.env")


@pytest.mark.parametrize(
    ("settings", "host", "is_own"),
    [
        ({}, "", False),
        ({"linkname": "acme"}, "acme.salesmate.io", False),
        ({"api_url": "https://crm.example.com"}, "crm.example.com", True),
        ({"api_url": "http://127.0.0.1:8080", "linkname": "acme"}, "127.0.0.1:8080", True),
    ],
)
def test_host(offer, settings, host, is_own):
    """The host is that of the settings; without any, it follows from the workspace that is typed."""
    made = offer(settings=Settings(**settings))
    assert (made.host, made.has_own_host) == (host, is_own)


@pytest.mark.parametrize(
    ("settings", "dotenv", "expected"),
    [
        ({"linkname": "acme"}, None, ""),
        ({"linkname": "acme"}, HOME, ""),
        ({"api_url": "http://127.0.0.1:8080"}, HOME, ""),
        ({}, ELSEWHERE, ""),
        ({"linkname": "acme"}, ELSEWHERE, "/srv/share/.env, which is not in your home folder"),
        ({"linkname": "acme"}, ELSEWHERE, "sent to acme.salesmate.io."),
        ({"api_url": "https://crm.example.com"}, None, "sent to crm.example.com, which does not belong"),
        ({"api_url": "https://notsalesmate.io"}, HOME, "notsalesmate.io"),
        ({"api_url": "https://x.salesmate.io.example.com"}, HOME, "x.salesmate.io.example.com"),
    ],
)
def test_caution(offer, settings, dotenv, expected):
    """Hosts that are neither Salesmate's nor this computer, and settings outside the home, are named."""
    caution = offer(settings=Settings(**settings), dotenv=dotenv).caution
    assert expected in caution
    assert bool(caution) == bool(expected)


def test_caution_for_oauth(offer, login):
    """With a login link, the hosts that get the code and the client secret are named too."""
    settings = Settings(client_id="app", token_url="https://auth.example.com/token", linkname="acme")
    caution = offer(settings=settings, flow=login).caution
    assert "auth.example.com" in caution
    assert "acme" not in caution
