"""The login prompt, with typed keys and a screen in memory; test_prompt_terminal.py uses a real terminal."""

from __future__ import annotations

import io
import re
import socket
import sys
import threading
import time
import webbrowser
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input

from salesmate_nb import LoginError, Settings, sandbox
from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._ui import prompt, texts

PROMPT = texts.ADDRESS_PROMPT.rstrip()


class User:
    """A person at the prompt: reads the screen, types, and has a browser."""

    def __init__(self, keys, screen):
        self.keys, self.screen = keys, screen

    def read(self, pattern, count=1):
        """Wait until a pattern is on the screen `count` times."""
        deadline = time.monotonic() + 30
        while len(re.findall(pattern, self.screen.getvalue())) < count:
            assert time.monotonic() < deadline, self.screen.getvalue()
            time.sleep(0.005)

    def type(self, text):
        self.keys.send_text(text)


@pytest.fixture
def box():
    with sandbox.start(deals=1) as running:
        yield running


@pytest.fixture
def busy_redirect():
    """Return a redirect address whose port another program uses."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"http://127.0.0.1:{other.getsockname()[1]}/callback"


@pytest.fixture
def ask(box, monkeypatch):
    """Run prompt.follow_link() while `act(user, login)` plays the user; return the login and the screen."""

    def run(act, **changes):
        tokens, failures, screen = [], [], io.StringIO()
        login = LoginFlow(Settings(**dict(box.settings) | changes), tokens.append)
        monkeypatch.setattr(sys, "stderr", screen)
        with create_pipe_input() as keys, create_app_session(input=keys):

            def play():
                try:
                    act(User(keys, screen), login)
                except BaseException as err:  # noqa: BLE001 - raised below, in the test's thread
                    failures.append(err)
                    keys.send_text("\r")

            person = threading.Thread(target=play)
            person.start()
            prompt.follow_link(login)
            person.join(30)
        login.close()
        monkeypatch.undo()
        if failures:
            raise failures[0]
        assert len(tokens) == (login.phase is LoginState.DONE)
        return login, screen.getvalue()

    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    return run


def landing_page(login):
    """Allow access; return the address that the browser ends on."""
    return requests.get(login.url, allow_redirects=False, timeout=30).headers["Location"]


def test_loopback_redirect_ends_prompt(ask):
    """Allowing access in the browser ends the prompt by itself."""

    def allow(user, login):
        user.read(PROMPT)
        assert requests.get(login.url, timeout=30).ok

    login, screen = ask(allow)
    assert f"\n{login.url}\n" in screen
    assert screen.rstrip().endswith(texts.CONNECTED)


def test_denial_is_shown(ask):
    """After a denial in the browser the prompt says so, and the login link still works."""

    def deny_then_allow(user, login):
        user.read(PROMPT)
        request = dict(parse_qsl(urlsplit(login.url).query))
        denied = {"error": "access_denied", "state": request["state"]}
        assert requests.get(request["redirect_uri"], params=denied, timeout=30).status_code == 400
        user.read(re.escape(login.message))
        user.read(PROMPT, 2)
        assert requests.get(login.url, timeout=30).ok

    assert ask(deny_then_allow)[0].phase is LoginState.DONE


def test_token_endpoint_failure_keeps_prompt(ask, box, busy_redirect):
    """A transient network failure does not end the login; the address can be pasted again."""
    box.script("/oauth/token", sandbox.ScriptedResponse(drop="before"))

    def paste_twice(user, login):
        user.read(PROMPT)
        address = landing_page(login)
        user.type(f"{address}\r")
        user.read("/oauth/token")
        user.type(f"{address}\r")

    assert ask(paste_twice, redirect_uri=busy_redirect)[0].phase is LoginState.DONE


def test_pasted_line_breaks_and_length(ask, busy_redirect):
    """A paste of 3000 characters, broken into lines, is read whole."""

    def paste(user, login):
        user.read(PROMPT)
        address = landing_page(login) + "&padding=" + "x" * 1500 + "\r\n" + "x" * 1500
        user.type(f"\x1b[200~{address}\x1b[201~\r")

    login, screen = ask(paste, redirect_uri=busy_redirect)
    assert login.phase is LoginState.DONE
    assert login.obstacle
    assert login.obstacle in screen


@pytest.mark.parametrize("wrong", ["hello", "{redirect}?wrong=1"])
def test_wrong_address_prompts_again(ask, box, busy_redirect, wrong):
    """Any word, and an address without a code, show what is wrong and prompt again; nothing is sent."""

    def paste_wrong(user, _):
        user.type(wrong.format(redirect=busy_redirect) + "\r")
        user.read(PROMPT, 2)
        user.type("\r")

    login, screen = ask(paste_wrong, redirect_uri=busy_redirect)
    assert (login.message or f"begins with {busy_redirect}") in screen
    assert texts.NOT_CONNECTED in screen
    assert [call.path for call in box.log] == []


@pytest.mark.parametrize("keys", ["\r", "  \r", "\x03", "\x04"], ids=["enter", "blank", "ctrl-c", "ctrl-d"])
def test_empty_line_skips_login(ask, keys):
    """Enter, Ctrl+C and Ctrl+D leave the login for later."""
    login, screen = ask(lambda user, _: user.type(keys))
    assert login.phase is LoginState.WAITING
    assert screen.rstrip().endswith(texts.NOT_CONNECTED)


@pytest.mark.parametrize("tries", [True, False])
def test_browser_is_opened(settings, monkeypatch, capsys, tries):
    """The link is on a line of its own, and a browser is opened if that was asked for."""
    opened = []
    monkeypatch.setattr(prompt, "open_browser", lambda url, _: opened.append(url))
    login = LoginFlow(settings, lambda _: None)
    prompt.announce(login, tries_browser=tries)
    login.close()
    assert f"\n{login.url}\n" in capsys.readouterr().err
    assert opened == [login.url] * tries


@pytest.fixture
def enter_key(offer, monkeypatch):
    """Run prompt.ask() for a Session Key with these keystrokes; return the screen."""

    def run(keystrokes, **fields):
        screen = io.StringIO()
        monkeypatch.setattr(sys, "stderr", screen)
        with create_pipe_input() as keys, create_app_session(input=keys):
            keys.send_text(keystrokes)
            prompt.ask(offer(**fields))
        monkeypatch.undo()
        return screen.getvalue()

    return run


def test_key(enter_key, account):
    """Workspace and key are asked for; the key does not appear on the screen."""
    screen = enter_key("acme\rs3cret-key\r")
    assert account.tried == [("acme", "s3cret-key")]
    assert "s3cret" not in screen
    assert screen.index(texts.READS_ONLY) < screen.index("default.json") < screen.index("third")
    assert screen.rstrip().endswith(texts.CONNECTED)


def test_refused_key_prompts_again(enter_key, account):
    """A refused key shows why, and the prompt begins again."""
    account.error = LoginError("It has expired.")
    screen = enter_key("acme\rold\r\rolder\r\x03")  # the workspace stays
    assert account.tried == [("acme", "old"), ("acme", "older")]
    assert "It has expired." in screen
    assert screen.rstrip().endswith(texts.NOT_CONNECTED)


@pytest.mark.parametrize("keystrokes", ["\r", "acme\r\r", "\x03", "acme\r\x04"])
def test_no_key(enter_key, account, keystrokes):
    """An empty line, Ctrl+C and Ctrl+D leave the login for later."""
    screen = enter_key(keystrokes)
    assert account.tried == []
    assert screen.rstrip().endswith(texts.NOT_CONNECTED)


@pytest.mark.parametrize("keystrokes", ["\x03", "abc\x03", "\x04"])
def test_leaving_a_question(keystrokes):
    """Where an empty answer means something, Ctrl+C and Ctrl+D raise instead of giving one."""
    with create_pipe_input() as keys, create_app_session(input=keys):
        keys.send_text(keystrokes)
        with pytest.raises(KeyboardInterrupt):
            prompt.ask_secret("Client secret: ", leaves=True)


def test_workspace_of_the_settings(enter_key, account):
    """A workspace of the settings need not be typed."""
    enter_key("\rkey\r", settings=Settings(linkname="acme"))
    assert account.tried == [("acme", "key")]


def test_caution_comes_first(enter_key):
    """A host that is not Salesmate's, and why a login has ended, are shown before anything is asked."""
    screen = enter_key("\r", settings=Settings(api_url="https://crm.example.com"), reason="It has expired.")
    assert screen.index("It has expired.") < screen.index("crm.example.com") < screen.index(texts.KEY_INTRO)


def test_link_with_a_client_id(offer, monkeypatch):
    """With a client id the prompt follows the login link."""
    followed = []
    monkeypatch.setattr(prompt, "follow_link", followed.append)
    flow = object()
    prompt.ask(offer(flow=flow))
    assert followed == [flow]


def test_key_from_stdin(monkeypatch):
    """A script pipes the key in; only its first line counts, without space around it."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(" s3cret \nmore"))
    key = prompt.key_from_stdin()
    assert (key.reveal(), repr(key)) == ("s3cret", "'***'")
