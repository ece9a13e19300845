"""Token stores: the protocol, and what stores of text share: corrupt text, locks, fallback to memory."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import traceback

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from salesmate_nb import ConnectionFailed, SettingsError, sandbox
from salesmate_nb._auth.flow import LoginFlow
from salesmate_nb._auth.oauth.session import OAuthSession
from salesmate_nb._auth.token_stores import base
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base import files
from salesmate_nb.settings import Settings


@pytest.fixture
def store(tmp_path):
    return FileTokenStore(tmp_path / "state" / "tokens", "default")


def refuse_to_write(monkeypatch):
    def refuse(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)


@pytest.fixture
def box():
    with sandbox.start(deals=3) as box:
        yield box


def log_in(box, store, **changes):
    """Log in at a sandbox with a store, and return the session."""
    settings = Settings(**{**box.settings, **changes})
    session = OAuthSession(settings, store)
    flow = LoginFlow(settings, session.accept)
    box.visit(flow.url)
    flow.close()
    return session


def test_no_folder_means_memory(tmp_path, token):
    """If the folder cannot be created, the login lasts as long as the process, with one warning."""
    (tmp_path / "file").touch()
    store = FileTokenStore(tmp_path / "file" / "tokens", "default")
    with pytest.warns(UserWarning, match="SALESMATE_TOKEN_CACHE") as warned:
        for _ in range(2):
            with store.lock():
                store.save(token)
    assert (store.load(), len(warned)) == (token, 1)


@pytest.mark.parametrize("known_by", ["save", "load"])
def test_unreadable_file_does_not_end_the_login(store, token, known_by):
    """If the file cannot be read any more, the token this process saved or loaded last stays in use."""
    store.save(token)
    used = store if known_by == "save" else FileTokenStore(store.folder, "default")
    assert used.load() == token
    store.path.unlink()
    store.path.mkdir()
    with pytest.warns(UserWarning, match="cannot be kept"):
        assert used.load() == token


def test_lock_excludes_threads(store):
    """While one thread holds the lock, another waits."""
    order, inside = [], threading.Event()

    def second():
        inside.wait()
        with FileTokenStore(store.folder, "default").lock():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with store.lock():
        inside.set()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_lock_timeout(store, monkeypatch):
    """A process that hangs with the lock is named as the reason, in bounded time."""
    monkeypatch.setattr(base, "_LOCK_TIMEOUT", 0.1)
    with (
        store.lock(),
        pytest.raises(ConnectionFailed, match="refreshing the login"),
        FileTokenStore(store.folder, "default").lock(),
    ):
        pass


@pytest.mark.parametrize("err", [OSError(37, "No locks available"), NotImplementedError("no flock here")])
def test_disk_without_locks_means_memory(store, token, monkeypatch, err):
    """If nothing can be locked (some network disks), no token is stored where kernels could collide."""

    class Refusing:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            raise err

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(files.filelock, "FileLock", Refusing)
    with (
        pytest.warns(UserWarning, match=r"cannot be kept .*(no flock here|No locks available)"),
        store.lock(),
    ):
        store.save(token)
    assert (store.load(), store.path.exists()) == (token, False)


@pytest.mark.parametrize("profile", ["../x", "", ".hidden", "a/b", "x" * 65])
def test_file_profile_name(tmp_path, profile):
    """A store that is made without the factory checks the profile's name too."""
    with pytest.raises(SettingsError, match="profile"):
        FileTokenStore(tmp_path, profile)


@pytest.mark.parametrize("verb", ["save", "load"])
def test_traceback_shows_no_token(store, token, monkeypatch, verb):
    """If warnings are errors, the variables in the traceback's frames show no token."""
    if verb == "save":
        refuse_to_write(monkeypatch)
    else:
        store.folder.mkdir(parents=True)
        store.path.write_text(token.to_json().reveal()[:-1])
    with pytest.raises(UserWarning) as caught:
        store.save(token) if verb == "save" else store.load()
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "self = <" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize("examples", [10, pytest.param(400, marks=pytest.mark.slow)])
def test_any_bytes_are_corrupt(tmp_path_factory, examples):
    """Cut off, mangled or in another charset: the file is corrupt, and nothing else is raised."""
    store = FileTokenStore(tmp_path_factory.getbasetemp() / "fuzzed", "default")
    store.folder.mkdir(exist_ok=True)
    values = st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )

    @settings_of_hypothesis(max_examples=examples, derandomize=True)
    @given(st.binary(max_size=200) | st.text().map(str.encode) | values.map(json.dumps).map(str.encode))
    def check(content):
        store.path.write_bytes(content)
        with pytest.warns(UserWarning, match="corrupt"):
            assert store.load() is None

    check()


class DictTokenStore:
    """A foreign store, written from the protocol alone: JSON texts in a dict."""

    texts: dict[str, str] = {}  # noqa: RUF012 - the shared place
    mutex = threading.Lock()

    def __init__(self, name):
        self.name = name
        self.location = f"dict entry {name}"

    def load(self):
        text = self.texts.get(self.name)
        return None if text is None else Token.from_json(text)

    def save(self, token):
        if token is None:
            self.texts.pop(self.name, None)
        else:
            self.texts[self.name] = token.to_json().reveal()

    @contextlib.contextmanager
    def lock(self):
        with self.mutex:
            yield

    def profiles(self):
        return sorted(self.texts)


def test_foreign_store(box):
    """A store written from the protocol alone serves login, refresh, a second session and logout."""
    session = log_in(box, DictTokenStore("jo"))
    first = session.current_token
    box.expire_access_tokens()
    assert session.get(f"{box.url}/v1/deals").status_code == 200
    other = OAuthSession(Settings(**box.settings), DictTokenStore("jo"))
    assert other.ensure_fresh().access_token == session.current_token.access_token != first.access_token
    assert DictTokenStore("jo").profiles() == ["jo"]
    session.forget()
    assert DictTokenStore.texts == {}
