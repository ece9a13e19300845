"""The login at a terminal, in a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from salesmate_nb import sandbox


@pytest.fixture
def box():
    with sandbox.start(deals=5) as running:
        yield running


class Terminal:
    """A `salesmate-nb login` in a terminal of its own."""

    def __init__(self, box, folder, *, variables=(), **changes):
        settings = {name: box.settings[name] for name in box.settings.keys()} | changes  # noqa: SIM118
        environment = {
            f"SALESMATE_{name.upper()}": str(value) for name, value in settings.items() if value is not None
        }
        environment = {**os.environ, **environment, "BROWSER": "true", "TERM": "xterm", **dict(variables)}
        ours, theirs = pty.openpty()
        command = [sys.executable, "-W", "ignore", "-m", "salesmate_nb.cli", "login"]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=folder
        )
        os.close(theirs)
        self.handle, self.text = ours, ""

    def read_until(self, pattern):
        """Read until something is there, and answer the question where the cursor is."""
        deadline = time.monotonic() + 30
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < deadline, self.text
            if select.select([self.handle], [], [], 0.2)[0]:
                try:
                    new = os.read(self.handle, 65536).decode(errors="replace")
                except OSError:  # the other side has closed it
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

    def start(**changes):
        opened.append(Terminal(box, tmp_path, **changes))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def address_in(terminal):
    """Return the address that stands alone on its line."""
    return terminal.read_until(r"\r?\n(http://127\.0\.0\.1:\d+/oauth/authorize\?\S+)\r?\n").group(1)


def test_the_listener_finishes_it_without_a_key(login):
    """Allowing in the browser ends the prompt by itself."""
    terminal = login()
    url = address_in(terminal)
    terminal.read_until("Address:")
    assert requests.get(url, timeout=10).ok
    assert terminal.read_until("Connected")
    assert terminal.process.wait(10) == 0


def test_a_refusal_that_the_listener_catches_is_told(login):
    """Who denies in the browser reads so in the terminal, and can still allow."""
    terminal = login()
    url = address_in(terminal)
    terminal.read_until("Address:")
    asked = dict(parse_qsl(urlsplit(url).query))
    denied = {"error": "access_denied", "state": asked["state"]}
    assert requests.get(asked["redirect_uri"], params=denied, timeout=10).status_code == 400
    assert terminal.read_until("Consent was refused(.|\n)*Address:")
    assert requests.get(url, timeout=10).ok
    assert terminal.read_until("Connected")
    assert terminal.process.wait(10) == 0


def test_a_token_endpoint_that_does_not_answer_leaves_the_prompt(login, box):
    """A network that is down for a moment does not end the login; the address can be pasted again."""
    box.script("/oauth/token", sandbox.Answer(drop="before"))
    terminal = login(redirect_uri="http://127.0.0.1:1/callback")
    answer = requests.get(address_in(terminal), allow_redirects=False, timeout=10)
    terminal.read_until("Address:")
    terminal.type(answer.headers["Location"] + "\r")
    assert terminal.read_until("No answer from(.|\n)*Address:")
    terminal.type(answer.headers["Location"] + "\r")
    assert terminal.read_until("Connected")
    assert terminal.process.wait(10) == 0


def test_a_paste_of_more_than_1024_signs_is_taken_whole(login, box):
    """A terminal's line is short; a pasted address can be long."""
    terminal = login(redirect_uri="http://127.0.0.1:1/callback")  # where nothing can listen
    url = address_in(terminal)
    terminal.read_until("Address:")
    answer = requests.get(url, allow_redirects=False, timeout=10)
    terminal.type("http://127.0.0.1:1/callback?wrong=1\r")
    assert terminal.read_until("no code")
    padded = answer.headers["Location"] + "&padding=" + "x" * 3000
    terminal.type(f"\x1b[200~{padded}\x1b[201~\r")
    assert terminal.read_until("Connected")
    assert terminal.process.wait(10) == 0
    assert [call.path for call in box.log if call.path == "/oauth/token"] == ["/oauth/token"]


def test_an_empty_line_leaves_it_for_later(login):
    """Who does not want to log in now presses Enter: one line, exit 1."""
    terminal = login()
    terminal.read_until("Address:")
    terminal.type("\r")
    assert terminal.read_until("Not connected yet")
    assert terminal.process.wait(10) == 1


@pytest.mark.skipif(sys.platform == "darwin", reason="there a browser never opens in the terminal")
@pytest.mark.parametrize("has_screen", [True, False])
def test_a_browser_is_opened_beside_the_terminal_never_in_it(login, tmp_path, has_screen):
    """With a screen the browser gets the address; on a server, w3m does not take the terminal over."""
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
    url = address_in(terminal)
    terminal.read_until("Address:")
    opened = (tmp_path / "opened").read_text() if (tmp_path / "opened").exists() else ""
    assert opened == (f"{url}\n" if has_screen else "")
