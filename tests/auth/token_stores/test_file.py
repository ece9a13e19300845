"""The token in a private file."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import stat
import subprocess
import sys
import threading

import pytest

from salesmate_nb._auth.token_stores.base import _tokens
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._base.secret.text import Secret
from tests.helpers import posix


@pytest.fixture
def store(tmp_path):
    return FileTokenStore(tmp_path / "state" / "tokens", "default")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def refuse_to_write(monkeypatch):
    def refuse(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)


def test_file_round_trip(store, token):
    """What was saved is loaded, by this store or another on the same file."""
    store.save(token)
    assert FileTokenStore(store.folder, "default").load() == token
    assert store.location == str(store.path)


@posix
def test_file_modes(store, token):
    """The folder has mode 0700, the file and the lock 0600, under any umask."""
    old = os.umask(0)
    try:
        store.save(token)
        with store.lock():
            pass
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (store.folder, *store.folder.iterdir())}
    assert modes == {"tokens": 0o700, "default.json": 0o600, "default.lock": 0o600}


def test_file_is_replaced_not_rewritten(store, token, monkeypatch):
    """A token file is created private beside its path and moved there whole; no chmod is needed."""
    monkeypatch.setattr(os, "chmod", None)
    monkeypatch.setattr(os, "fchmod", None)
    store.save(token)
    first = store.path.stat().st_ino
    store.save(token)
    assert store.path.stat().st_ino != first
    assert names(store.folder) == ["default.json"]


def test_file_logout(store, token):
    """Logging out removes the file and a corrupt one that was set aside; a second time does nothing."""
    store.save(token)
    store.path.write_text(store.path.read_text().replace('"version": 2', '"version": 99'))
    with pytest.warns(UserWarning, match="corrupt"):
        store.load()
    store.save(token)
    store.save(None)
    store.save(None)
    assert store.load() is None
    assert names(store.folder) == []


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"version": 1, "access_token": "x"}',
        "\ud800".encode("utf-8", "surrogatepass"),
        b"[" * 100_000,
        pytest.param(b" " * 2**20, id="long"),
    ],
)
def test_corrupt_file_is_set_aside(store, token, content):
    """A corrupt file means logging in again; it is kept as *.damaged; the warning names the caller's line."""
    store.save(token)
    store.path.write_bytes(content + (store.path.read_bytes() if len(content) == 2**20 else b""))
    before = store.path.read_bytes()
    with pytest.warns(UserWarning, match=r"corrupt and was moved to default\.damaged. Log in") as warned:
        assert store.load() is None
    assert warned[0].filename == __file__
    assert store.path.with_suffix(".damaged").read_bytes() == before
    assert store.load() is None


@pytest.mark.parametrize("make", ["folder", *(pytest.param(name, marks=posix) for name in ("link", "pipe"))])
def test_other_file_type_means_memory(store, token, tmp_path, make):
    """A folder, link or pipe at the file's path is left alone: one warning, then memory."""
    store.folder.mkdir(parents=True)
    if make == "folder":
        store.path.mkdir()
    elif make == "pipe":
        os.mkfifo(store.path)
    else:
        (tmp_path / "elsewhere").write_text("{}")
        store.path.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="cannot be kept") as warned:
        assert store.load() is None
        store.save(token)
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert (store.load(), store.location) == (token, "memory only")
    assert make != "link" or (tmp_path / "elsewhere").read_text() == "{}"


@posix
def test_lock_link_is_not_followed(store, token, tmp_path):
    """Whoever can write to the folder could otherwise have the file that a link points to emptied."""
    store.folder.mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("precious")
    store.path.with_suffix(".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="cannot be kept"), store.lock():
        store.save(token)
    assert (store.load(), (tmp_path / "elsewhere").read_text()) == (token, "precious")


def test_failed_write_keeps_the_old_file(store, token, monkeypatch):
    """A write that fails leaves the file as it was, and no half-written one beside it."""
    store.save(token)
    before = store.path.read_text()
    refuse_to_write(monkeypatch)
    with pytest.warns(UserWarning, match="No space left"):
        store.save(token)
    assert store.path.read_text() == before
    assert names(store.folder) == ["default.json"]


@posix
def test_foreign_file_is_not_used(store, token):
    """Another user could have placed a login of theirs there, to see what is done with it."""
    store.save(token)
    try:
        os.chown(store.path, 12345, -1)
    except OSError:
        pytest.skip("only root can give files away")
    with pytest.warns(UserWarning, match="belongs to another user"):
        assert FileTokenStore(store.folder, "default").load() is None


def fill(folder):
    """Fill a disk."""
    with contextlib.suppress(OSError), (folder / "filler").open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@pytest.fixture
def full_disk(tmp_path):
    """Return a folder on a disk of 64 KB that is full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("cannot mount a disk here")
    fill(folder)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_means_memory(full_disk, token):
    """No half-written file, one warning, and the login lasts as long as the process."""
    store = FileTokenStore(full_disk / "tokens", "default")
    with pytest.warns(UserWarning, match="No space left") as warned, store.lock():
        store.save(token)
    assert (store.load(), len(warned)) == (token, 1)
    files = [path for path in full_disk.rglob("*") if path.is_file()]
    assert not any("at-s3cret" in path.read_text("latin-1") for path in files)


@pytest.mark.parametrize("is_full", ["before", "during"])
def test_full_disk_at_a_refresh(full_disk, token, is_full):
    """The place of the used token is enough for the new one, and space is reserved before it is issued."""
    (full_disk / "filler").unlink()
    store = FileTokenStore(full_disk / "tokens", "default")
    with store.lock():
        store.save(token)
    newer = dataclasses.replace(token, refresh_token=Secret("rt-s3cret-2"))
    if is_full == "before":
        fill(full_disk)
    with store.lock():
        if is_full == "during":
            fill(full_disk)
        store.save(newer)
    assert FileTokenStore(store.folder, "default").load() == newer
    assert names(store.folder) == ["default.json", "default.lock"]


@pytest.mark.slow
def test_file_size_limit_means_memory(tmp_path):
    """If the kernel refuses the bytes themselves, the file that was there stays whole."""
    code = f"""
import resource, signal, warnings
from pathlib import Path
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb.settings import Settings
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
token = Token.from_response({{"access_token": "at-s3cret"}}, Settings(client_id="my-app"))
store = FileTokenStore(Path({str(tmp_path / "tokens")!r}), "default")
store.save(token)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    store.save(token)
print(len(caught), store.location, sorted(path.name for path in store.folder.iterdir()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1 memory only ['default.json']\n"
    assert FileTokenStore(tmp_path / "tokens", "default").load().access_token == "at-s3cret"


@posix
@pytest.mark.parametrize("saves", [20, pytest.param(100, marks=pytest.mark.slow)])
def test_read_while_saving(store, token, saves):
    """While one thread saves, others read: every file is private at every look, and the token whole."""
    seen, errors, done = [], [], threading.Event()

    def read():
        while not done.is_set():
            for path in [*store.folder.glob(".*"), store.path]:
                with contextlib.suppress(FileNotFoundError):
                    seen.append(stat.S_IMODE(path.stat().st_mode))
            with contextlib.suppress(FileNotFoundError):
                if _tokens(Secret(store.path.read_text())) != [token]:
                    errors.append("another token")

    def noting():
        try:
            read()
        except Exception as err:  # noqa: BLE001 - any error is reported below
            errors.append(err)

    old = os.umask(0)
    threads = [threading.Thread(target=noting) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(saves):
            store.save(token)
    finally:
        os.umask(old)
        done.set()
        for thread in threads:
            thread.join()
    assert (errors, set(seen)) == ([], {0o600})


@pytest.mark.parametrize("verb", ["save", "logout"])
def test_leftovers_are_removed(store, token, verb):
    """What a killed process left half-written goes with the next save or logout; other profiles' stays."""
    store.save(token)
    mine, others = store.folder / ".default.a1b2c3d4.tmp", store.folder / ".default.x.a1b2c3d4.tmp"
    for path in (mine, others):
        path.write_text("at-s3cret")
    store.save(token if verb == "save" else None)
    assert names(store.folder) == [others.name, *(["default.json"] if verb == "save" else [])]


@posix
def test_file_that_others_can_read(store, token):
    """The rights of others are taken away, with a warning; the login is used."""
    store.save(token)
    store.path.chmod(0o644)
    with pytest.warns(UserWarning, match=r"Other users .* could read the login in .*mode 644"):
        assert store.load() == token
    assert store.path.stat().st_mode & 0o777 == 0o600
