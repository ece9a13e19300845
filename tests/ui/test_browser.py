"""The browser that opens the login link."""

from __future__ import annotations

import sys
import threading
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from salesmate_nb._ui import browser
from tests.helpers import is_private

URL = "https://auth.example.com/authorize?client_id=a&state=st4te"


@pytest.fixture
def opened(monkeypatch):
    """Return the addresses that the browser was started with, on a Linux without a screen."""
    found = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(webbrowser, "open", found.append)
    monkeypatch.setattr(browser, "_SECONDS", 0.0)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    return found


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", None])
def test_only_with_a_screen(opened, monkeypatch, variable):
    """The browser is opened if it gets a window of its own."""
    if variable:
        monkeypatch.setenv(variable, "1")
    browser.open_browser(URL, "Log in")
    assert len(opened) == (variable is not None)


def test_state_is_in_no_command_line(opened, monkeypatch):
    """The browser is given a page that only this user can read; it leads to the link, and is removed."""
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(browser, "_SECONDS", 60.0)
    browser.open_browser(URL, "Log in")
    removal = next(each for each in threading.enumerate() if getattr(each, "interval", 0) == 60.0)
    page = Path(url2pathname(urlsplit(opened[0]).path))
    assert (urlsplit(opened[0]).scheme, "st4te" in opened[0]) == ("file", False)
    assert is_private(page)
    assert f'content="0; url={URL.replace("&", "&amp;")}"' in page.read_text()
    removal.cancel()
    removal.function()
    assert not page.exists()


def test_no_browser(opened, monkeypatch):
    """If no browser can be started, nothing is raised: the link is on the screen."""

    def fail(_):
        raise webbrowser.Error

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "open", fail)
    browser.open_browser(URL, "Log in")
    assert opened == []
