"""The login prompt in a real pseudo-terminal: `salesmate-nb login` from start to exit code."""

from __future__ import annotations

import html
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from salesmate_nb import sandbox
from tests.live_account import LiveAccount, made

pytestmark = pytest.mark.slow
pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")


@pytest.fixture
def box():
    with sandbox.start(deals=5) as running:
        yield running


class Terminal:
    """`salesmate-nb login` in a terminal of its own."""

    def __init__(self, settings, folder, *, variables=()):
        environment = {
            f"SALESMATE_{name.upper()}": str(value) for name, value in settings.items() if value is not None
        }
        environment = {**os.environ, **environment, "BROWSER": "true", "TERM": "xterm", **dict(variables)}
        controller, device = pty.openpty()
        command = [sys.executable, "-W", "ignore", "-m", "salesmate_nb", "login"]
        self.process = subprocess.Popen(
            command, stdin=device, stdout=device, stderr=device, env=environment, cwd=folder
        )
        os.close(device)
        self.handle, self.text = controller, ""

    def read_until(self, pattern):
        """Read until a pattern matches, and reply to requests for the cursor's position."""
        deadline = time.monotonic() + 60
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < deadline, self.text
            if select.select([self.handle], [], [], 0.2)[0]:
                try:
                    new = os.read(self.handle, 65536).decode(errors="replace")
                except OSError:  # the process closed the terminal
                    return re.search(pattern, self.text)
                if "\x1b[6n" in new:
                    os.write(self.handle, b"\x1b[1;1R")
                self.text += new
        return found

    def type(self, text):
        os.write(self.handle, text.encode())

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.handle)


@pytest.fixture
def login(box, tmp_path):
    opened = []

    def start(variables=(), **changes):
        settings = {name: box.settings[name] for name in box.settings.keys()} | changes  # noqa: SIM118
        opened.append(Terminal(settings, tmp_path, variables=variables))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def login_url(terminal):
    """Return the login link, which is alone on its line."""
    return terminal.read_until(r"\r?\n(http://127\.0\.0\.1:\d+/oauth/authorize\?\S+)\r?\n").group(1)


def test_loopback_redirect_ends_prompt(login):
    """Allowing access in the browser ends the prompt by itself."""
    terminal = login()
    url = login_url(terminal)
    terminal.read_until("Address:")
    assert requests.get(url, timeout=30).ok
    assert terminal.read_until("Connected")
    assert terminal.process.wait(60) == 0


def test_denial_is_shown(login):
    """After a denial in the browser the prompt says so, and the login link still works."""
    terminal = login()
    url = login_url(terminal)
    terminal.read_until("Address:")
    request = dict(parse_qsl(urlsplit(url).query))
    denied = {"error": "access_denied", "state": request["state"]}
    assert requests.get(request["redirect_uri"], params=denied, timeout=30).status_code == 400
    assert terminal.read_until(r"(?i)(refused|denied)(.|\n)*Address:")
    assert requests.get(url, timeout=30).ok
    assert terminal.read_until("Connected")
    assert terminal.process.wait(60) == 0


def test_token_endpoint_failure_keeps_prompt(login, box):
    """A transient network failure does not end the login; the address can be pasted again."""
    box.script("/oauth/token", sandbox.ScriptedResponse(drop="before"))
    terminal = login(redirect_uri="http://127.0.0.1:1/callback")
    landing = requests.get(login_url(terminal), allow_redirects=False, timeout=30).headers["Location"]
    terminal.read_until("Address:")
    terminal.type(f"{landing}\r")
    assert terminal.read_until(r"/oauth/token(.|\n)*Address:")
    terminal.type(f"{landing}\r")
    assert terminal.read_until("Connected")
    assert terminal.process.wait(60) == 0


def test_long_paste_is_read_whole(login, box):
    """A pasted address may be longer than the 1024 characters of a terminal's line."""
    terminal = login(redirect_uri="http://127.0.0.1:1/callback")
    url = login_url(terminal)
    terminal.read_until("Address:")
    response = requests.get(url, allow_redirects=False, timeout=30)
    terminal.type("http://127.0.0.1:1/callback?wrong=1\r")
    assert terminal.read_until(r"(?i)no (authorization )?code(.|\n)*Address:")
    padded = response.headers["Location"] + "&padding=" + "x" * 3000
    terminal.type(f"\x1b[200~{padded}\x1b[201~\r")
    assert terminal.read_until("Connected")
    assert terminal.process.wait(60) == 0
    assert [call.path for call in box.log if call.path == "/oauth/token"] == ["/oauth/token"]


def test_empty_line_skips_login(login):
    """Pressing Enter leaves the login for later: one line, exit code 1."""
    terminal = login()
    terminal.read_until("Address:")
    terminal.type("\r")
    assert terminal.read_until("Not connected yet")
    assert terminal.process.wait(60) == 1


@pytest.mark.skipif(sys.platform == "darwin", reason="on macOS a browser never opens in the terminal")
@pytest.mark.parametrize("has_screen", [True, False])
def test_browser_opens_only_with_a_screen(login, tmp_path, has_screen):
    """With a screen a browser is given a private page that leads to the link; without one, none is opened.

    The link's state is in no command line, and the page is gone when the command ends.
    """
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("www-browser", "w3m", "xdg-open"):
        (tools / name).write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/opened\n')
        (tools / name).chmod(0o755)
    screen = {
        "BROWSER": str(tools / "www-browser") if has_screen else "",
        "DISPLAY": "",
        "WAYLAND_DISPLAY": "",
    }
    terminal = login(variables={"PATH": f"{tools}:{os.environ['PATH']}", **screen})
    url = login_url(terminal)
    terminal.read_until("Address:")
    opened = (tmp_path / "opened").read_text() if (tmp_path / "opened").exists() else ""
    assert ("state=" in opened, opened.startswith("file://")) == (False, has_screen)
    page = Path(opened.strip().removeprefix("file://"))
    assert not has_screen or f'href="{html.escape(url)}"' in page.read_text()
    terminal.type("\r")
    terminal.process.wait(60)
    assert not page.is_file()


def test_session_key(tmp_path):
    """Without a client id, workspace and key are asked for; the key is not echoed, and is stored."""
    with LiveAccount(deals=made("deals", 2)) as account:
        settings = {"api_url": account.url, "token_cache": tmp_path / "logins"}
        terminal = Terminal(settings, tmp_path)
        terminal.read_until("Workspace")
        terminal.type(f"{account.linkname}\r")
        terminal.read_until("Session Key .not shown")
        terminal.type(f"{account.access_key}\r")
        terminal.read_until("did not accept this key(.|\n)*Workspace")
        terminal.type("\r")  # the workspace is still there
        terminal.read_until("did not accept this key(.|\n)*Session Key .not shown")
        terminal.type(f"{account.session_key}\r")
        assert terminal.read_until("Connected")
        assert terminal.process.wait(60) == 0
        assert account.session_key not in terminal.text
        assert list((tmp_path / "logins").glob("default.json"))
        terminal.close()
