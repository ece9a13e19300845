"""Token stores: the protocol, and what stores of text share: corrupt text, locks, fallback to memory."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import threading
import traceback

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from salesmate_nb import ConnectionFailed, sandbox
from salesmate_nb._auth.flow import LoginFlow
from salesmate_nb._auth.oauth.session import OAuthSession
from salesmate_nb._auth.token_stores import base, patience
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base import files
from salesmate_nb._base.secret.text import Secret
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


@pytest.mark.parametrize(
    "err", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError("no flock here")]
)
def test_disk_without_locks(store, token, monkeypatch, err):
    """Where files cannot be locked (some network disks), the token is stored, and kernels take turns."""

    class Refusing:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            raise err

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(files.filelock, "FileLock", Refusing)
    monkeypatch.setattr(patience, "_PAUSE", 0.0)
    order = []
    other = FileTokenStore(store.folder, "default")
    other._warned = store._warned  # a warning in a thread would be an error there

    def wait():
        with other.lock():
            order.append(other.load())

    with pytest.warns(UserWarning, match=r"cannot be locked .*(no flock here|No locks available)") as warned:
        for _ in range(2):
            with store.lock():
                thread = threading.Thread(target=wait)
                thread.start()
                thread.join(0.05)
                order.append("saved")
                store.save(token)
            thread.join()
    assert (order, len(warned)) == (["saved", token] * 2, 1)
    assert sorted(path.name for path in store.folder.iterdir()) == ["default.json"]
    with store.lock():
        store.save(None)
    assert (store.trouble, list(store.folder.iterdir())) == ("", [])


def test_turn_of_a_killed_kernel(store, token, monkeypatch):
    """The file of a kernel that was killed during its turn does not keep the others waiting for good."""
    monkeypatch.setattr(base, "_TURN_TIMEOUT", 0.1)
    store.folder.mkdir(parents=True)
    (store.folder / "default.turn").touch()
    with files.turn(store.path, 0.1):
        store.save(token)
    assert [path.name for path in store.folder.iterdir()] == ["default.json"]


def refuse(monkeypatch, name, times, code):
    """Have a function of `os` fail so many times for the files of the token."""
    real, left = getattr(os, name), [times]

    def refusing(place, *arguments, **options):
        if "default" in str(place) and left[0] > 0:
            left[0] -= 1
            raise OSError(code, os.strerror(code))
        return real(place, *arguments, **options)

    monkeypatch.setattr(os, name, refusing)
    monkeypatch.setattr(patience, "_PAUSE", 0.0)


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENOLCK])
@pytest.mark.parametrize("name", ["open", "rename"])
def test_passing_fault(store, token, monkeypatch, name, code):
    """What the disk refuses for a moment is tried again: nothing is lost, and there is no warning."""
    store.save(token)
    newer = dataclasses.replace(token, access_token=Secret("at-s3cret-2"))
    refuse(monkeypatch, {"rename": "replace"}.get(name, name), 2, code)
    with store.lock():
        assert store.load() == token
        store.save(newer)
    assert FileTokenStore(store.folder, "default").load() == newer
    assert store.location == str(store.path)


def test_fault_that_stays(store, token, monkeypatch):
    """While the disk does not give the file, what is known of it is used, and the warning says why."""
    store.save(token)
    refuse(monkeypatch, "open", 10**6, errno.EIO)
    with pytest.warns(UserWarning, match=r"cannot be read now \(Input/output error\)") as warned:
        assert [store.load(), store.load()] == [token, token]
    assert len(warned) == 1
    monkeypatch.undo()
    newer = dataclasses.replace(token, access_token=Secret("at-s3cret-2"))
    FileTokenStore(store.folder, "default").save(newer)
    assert store.load() == newer


def test_used_refresh_token_is_not_left(store, token, monkeypatch):
    """If the disk refuses the new token, the used one is deleted, and the new one kept until it is taken."""
    store.save(token)
    newer = dataclasses.replace(token, refresh_token=Secret("rt-s3cret-2"))
    refuse_to_write(monkeypatch)
    with pytest.warns(UserWarning, match="No space left") as warned:
        for _ in range(2):
            with store.lock():
                store.save(newer)
    assert (store.load(), store.location, len(warned)) == (newer, "memory only", 1)
    assert [path.name for path in store.folder.iterdir()] == ["default.lock"]
    monkeypatch.undo()
    newest = dataclasses.replace(newer, refresh_token=Secret("rt-s3cret-3"))
    store.save(newest)
    assert (FileTokenStore(store.folder, "default").load(), store.location) == (newest, str(store.path))


def test_login_of_another_process_is_used(store, token, monkeypatch):
    """A login that another process has stored since replaces the one that the disk had refused."""
    store.save(token)
    refuse_to_write(monkeypatch)
    with pytest.warns(UserWarning, match="No space left"):
        store.save(dataclasses.replace(token, refresh_token=Secret("rt-s3cret-2")))
    monkeypatch.undo()
    other = dataclasses.replace(token, refresh_token=Secret("rt-s3cret-3"), obtained_at=token.obtained_at + 9)
    FileTokenStore(store.folder, "default").save(other)
    assert store.load_all() == [other]


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


@pytest.mark.parametrize("examples", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_any_bytes_are_corrupt(tmp_path_factory, examples):
    """Cut off, mangled or in another charset: the file is corrupt, and nothing else is raised."""
    store = FileTokenStore(tmp_path_factory.getbasetemp() / "fuzzed", "default")
    store.folder.mkdir(exist_ok=True)
    values = st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )

    @settings_of_hypothesis(max_examples=examples, derandomize=True)
    @given(
        st.binary(min_size=1, max_size=200)
        | st.text(min_size=1).map(str.encode)
        | values.map(json.dumps).map(str.encode)
    )
    def check(content):
        store.path.touch(mode=0o600)
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


def test_foreign_store_that_refuses(box, monkeypatch):
    """If a store of the user's own refuses the new token, the used one is not sent a second time."""
    session = log_in(box, DictTokenStore("jo"))
    first = session.current_token

    def refuse(_, token):
        if token != first:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(DictTokenStore, "save", refuse)
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"cannot be kept in dict entry jo \(Input/output error\)"):
            session.refresh_token()
    sent = [request.status for request in box.log if request.form.get("grant_type") == "refresh_token"]
    assert sent == [200, 200]
    monkeypatch.undo()
    session.refresh_token()
    assert DictTokenStore("jo").load() == session.current_token
    session.forget()


def test_check_without_locks(store, token, monkeypatch):
    """Where files cannot be locked, checking does not put an older text over another kernel's."""
    store.save(token)
    newer = dataclasses.replace(token, refresh_token=Secret("rt-s3cret-2"))
    read = store.read_text

    def read_before_another_kernel_saves():
        text = read()
        FileTokenStore(store.folder, "default").save(newer)
        return text

    monkeypatch.setattr(store, "read_text", read_before_another_kernel_saves)
    store.has_lock = False
    store.check_replaceable(token)
    monkeypatch.undo()
    assert store.load() == newer
