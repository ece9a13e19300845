"""What a login offer says before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesmate_nb import Settings
from salesmate_nb._ui.offer import short


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
    ("settings", "expected"),
    [
        ({"linkname": "acme"}, ""),
        ({"api_url": "http://127.0.0.1:8080"}, ""),
        ({}, ""),
        ({"api_url": "https://crm.example.com"}, "sent to crm.example.com (the argument api_url)."),
        ({"client_id": "app", "token_url": "https://auth.example.com/t"}, "sent to auth.example.com (the"),
    ],
)
def test_caution(offer, settings, expected):
    """A host that is neither Salesmate's nor this computer is named, and who names it."""
    caution = offer(settings=Settings(**settings)).caution(by_key=False)
    assert expected in caution
    assert bool(caution) == bool(expected)


def test_settings_of_somebody_else(offer, monkeypatch, tmp_path):
    """Hosts that a .env outside the home names are shown with its path, also Salesmate's own."""
    Path(".env").write_text("SALESMATE_LINKNAME=acme")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    caution = offer(settings=Settings.load()).caution(by_key=False)
    assert f"acme.salesmate.io (SALESMATE_LINKNAME in {Path.cwd() / '.env'})" in caution
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert offer(settings=Settings.load()).caution(by_key=False) == ""


@pytest.mark.parametrize("home", ["/", None])
def test_short_without_home(monkeypatch, home):
    """A user whose home is the root, or who has none, sees paths as they are."""

    def find():
        if home is None:
            raise RuntimeError
        return Path(home)

    monkeypatch.setattr(Path, "home", find)
    assert short("/work/.env") == "/work/.env"
