"""init: the questions it asks, and the .env it writes."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from salesmate_nb import Settings
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._cli.commands import init
from salesmate_nb._ui.frontend import Frontend
from tests.helpers import posix

PATH = Path(".env")
LEAVE = None  # Ctrl+C
SCOPE = "SALESMATE_SCOPE="  # what the tests' own .env holds


@pytest.fixture
def answer(monkeypatch, run):
    """Return a function that runs init with answers to its questions, in order."""
    monkeypatch.setattr(init, "frontend", lambda: Frontend.TERMINAL)

    def command(*answers):
        left, asked = list(answers), []

        def ask(question):
            asked.append(question)
            if (given := left.pop(0)) is LEAVE:
                raise KeyboardInterrupt
            return given

        monkeypatch.setattr(init, "ask_line", ask)
        monkeypatch.setattr(init, "ask_secret", lambda question: Secret(ask(question)))
        code, out, err = run("init")
        assert (left, out) == ([], "")
        return code, err, asked

    return command


def test_session_key(answer):
    """A workspace and a key are written into a copy of .env.example that only the user can read."""
    PATH.unlink()
    code, err, asked = answer("", "https://acme.salesmate.io/", "k3y", "n")
    settings = Settings.load()
    assert (code, settings.linkname, settings.session_key) == (0, "acme", "k3y")
    assert "# " in PATH.read_text("utf-8")
    assert os.name != "posix" or stat.S_IMODE(PATH.stat().st_mode) == 0o600
    assert f"Wrote {PATH.resolve()}" in err
    assert "`salesmate-nb login`" in err
    assert "k3y" not in err + "".join(asked)


@posix
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (os.mkfifo if os.name == "posix" else None, "is a pipe or a device, and"),
        (Path.mkdir, "is a folder, and"),
        (lambda path: path.symlink_to("gone/.env"), "is a link to gone/.env, which does not exist. Remove"),
        (lambda path: path.symlink_to(os.devnull), "is a pipe or a device, and"),
        (lambda path: path.symlink_to(".env"), "cannot be reached (Too many"),
    ],
)
def test_no_file(answer, make, what):
    """A .env that is not a file is named before anything is asked; a pipe is not waited for."""
    PATH.unlink()
    make(PATH)
    code, err, asked = answer()
    assert (code, asked, f"{Path.cwd() / PATH} {what}" in err) == (1, [], True)


def test_oauth_client(answer):
    """An OAuth client takes the place of a key, which would come first."""
    PATH.write_text(f"{SCOPE}\nSALESMATE_ACCESS_TOKEN=old\nSALESMATE_LINKNAME=acme\n")
    code, err, asked = answer("y", "n", "my-app", "s3cret", "n")
    settings = Settings.load()
    assert (code, settings.client_id, settings.client_secret) == (0, "my-app", "s3cret")
    assert (settings.session_key, settings.linkname) == (None, "acme")
    assert "has SALESMATE_ACCESS_TOKEN, SALESMATE_LINKNAME. Replace" in asked[0]
    assert "s3cret" not in err


def test_wrong_answer(answer):
    """What is not valid is explained, and asked for again."""
    code, err, _ = answer("", "no name!", "acme", "Bearer k3y", "acme", "k3y", "n")
    assert (code, Settings.load().session_key) == (0, "k3y")
    assert "is not a valid workspace name" in err
    assert "more than a Session Key" in err


@pytest.mark.parametrize("answers", [("y", ""), ("y", "acme", ""), ("n", "")])
def test_left_empty(answer, answers):
    """Whoever leaves an answer empty leaves the file as it is."""
    code, err, _ = answer(*answers)
    assert (code, "Nothing was written." in err, PATH.read_text()) == (0, True, SCOPE)


@pytest.mark.parametrize("answers", [(LEAVE,), ("n", "my-app", LEAVE), ("", "acme", LEAVE)])
def test_interrupted(answer, answers):
    """Ctrl+C is no answer, also where an empty one is: nothing is written."""
    code, err, _ = answer(*answers)
    assert (code, "Nothing was written." in err, PATH.read_text()) == (130, True, SCOPE)


def test_interrupted_login(answer):
    """Ctrl+C at the last question does not log in, and what is written stays."""
    code, _, _ = answer("", "acme", "k3y", LEAVE)
    assert (code, Settings.load().session_key) == (130, "k3y")


def test_neither_yes_nor_no(answer):
    """What is neither is asked again: it may be a key that was pasted too early."""
    code, err, _ = answer("k3y", "", "acme", "k3y", "n")
    assert (code, "Answer y or n." in err, Settings.load().session_key) == (0, True, "k3y")


@pytest.mark.parametrize(("keep", "url"), [("", "https://acme.salesmate.io"), ("y", "http://127.0.0.1:8080")])
def test_other_address(answer, keep, url):
    """Settings that would send the key elsewhere, as those of a sandbox, are named, and go without a yes."""
    PATH.write_text("SALESMATE_API_URL=http://127.0.0.1:8080\nSALESMATE_TIMEZONE=Asia/Tokyo\n")
    _, err, asked = answer("y", "", "acme", "k3y", keep, "n")
    assert "has SALESMATE_API_URL (host 127.0.0.1:8080): what you entered would be sent there." in err
    assert "Keep SALESMATE_API_URL, SALESMATE_TIMEZONE?" in asked[-2]
    settings = Settings.load()
    assert (settings.api_url, settings.timezone == "Asia/Tokyo") == (url, bool(keep))


def test_twice(answer):
    """A second init, for a new key, asks nothing about the addresses that the first one wrote."""
    PATH.unlink()
    answer("", "acme", "k3y", "n")
    answer("y", "", "acme", "n3w", "n")
    assert Settings.load().session_key == "n3w"


def test_not_replaced(answer):
    """Settings that are there are not replaced without a yes."""
    PATH.write_text("SALESMATE_LINKNAME=beta")
    code, err, _ = answer("")
    assert (code, "Nothing was written." in err) == (0, True)
    assert PATH.read_text() == "SALESMATE_LINKNAME=beta"


def test_settings_above(answer, monkeypatch, tmp_path):
    """Settings in a folder above, which the new file would hide, are named before."""
    (tmp_path / "work" / "below").mkdir()
    monkeypatch.chdir(tmp_path / "work" / "below")
    _, _, asked = answer("n")
    assert str(tmp_path / "work" / ".env") in asked[0]
    assert not PATH.exists()


def test_variable_in_the_environment(answer, monkeypatch):
    """A variable that would hide the new setting is named."""
    monkeypatch.setenv("SALESMATE_LINKNAME", "beta")
    _, err, _ = answer("", "acme", "k3y", "n")
    assert "warning: SALESMATE_LINKNAME is also set in the environment" in err


def test_login(answer, account, monkeypatch):
    """At the end it logs in, if one likes: the key is tried by one request."""
    for name in ("SESSION_KEY", "LINKNAME", "API_URL"):
        monkeypatch.delenv(f"SALESMATE_{name}")
    PATH.write_text(f"SALESMATE_API_URL={account.url}")
    code, err, _ = answer("y", "", account.linkname, account.session_key, "y", "")
    assert (code, len(account.log), "Salesmate: connected" in err) == (0, 1, True)
    code, err, _ = answer("y", "", account.linkname, "wrong", "y", "y")
    assert (code, "It is the key of SALESMATE_SESSION_KEY in " in err) == (1, True)


def test_without_a_terminal(run):
    """Without a terminal it asks nothing, and says which variables to set."""
    code, _, err = run("init")
    assert (code, err.count("\n")) == (1, 1)
    assert re.search("SALESMATE_LINKNAME and SALESMATE_SESSION_KEY", err)
    assert PATH.read_text() == SCOPE
