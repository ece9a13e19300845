"""Token stores that outlive the process: the file, the keychain, and the memory they fall back to."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import threading
import traceback

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from keyring.errors import KeyringLocked

from salesmate_nb import ConnectionFailed, SettingsError, _files, connect, sandbox
from salesmate_nb._auth import persistent_token_store
from salesmate_nb._auth.token_store import FileTokenStore, KeyringTokenStore, stored_profiles
from salesmate_nb._auth.tokens import Token
from salesmate_nb.settings import Settings

ADD_LOGIN = """
import sys
from pathlib import Path
import keyring
from keyrings.alt.file import PlaintextKeyring
from salesmate_nb._auth.token_store import KeyringTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb.settings import Settings
folder, profile, chain = sys.argv[1:]
made = PlaintextKeyring()
made.file_path = chain
keyring.set_keyring(made)
token = Token.from_response({"access_token": "at-s3cret"}, Settings(client_id="my-app"))
KeyringTokenStore(Path(folder), profile).save(token)
"""


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


def test_file_modes(store, token):
    """The folder has mode 0700, the file and the lock 0600, whatever the umask."""
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
    """Logging out removes the file and a corrupt one that was set aside; a second time is no error."""
    store.save(token)
    store.path.write_text(store.path.read_text().replace('"version": 1', '"version": 99'))
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
        b"",
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


@pytest.mark.parametrize("make", ["folder", "link", "pipe"])
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


def test_lock_link_is_not_followed(store, token, tmp_path):
    """Whoever can write to the folder could otherwise have the file that a link points to emptied."""
    store.folder.mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("precious")
    store.path.with_suffix(".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="cannot be kept"), store.lock():
        store.save(token)
    assert (store.load(), (tmp_path / "elsewhere").read_text()) == (token, "precious")


def test_no_folder_means_memory(tmp_path, token):
    """If the folder cannot be created, the login lasts as long as the process, with one warning."""
    (tmp_path / "file").touch()
    store = FileTokenStore(tmp_path / "file" / "tokens", "default")
    with pytest.warns(UserWarning, match="SALESMATE_TOKEN_CACHE") as warned:
        for _ in range(2):
            with store.lock():
                store.save(token)
    assert (store.load(), len(warned)) == (token, 1)


def test_failed_write_keeps_the_old_file(store, token, monkeypatch):
    """A write that fails leaves the file as it was, and no half-written one beside it."""
    store.save(token)
    before = store.path.read_text()
    refuse_to_write(monkeypatch)
    with pytest.warns(UserWarning, match="No space left"):
        store.save(token)
    assert store.path.read_text() == before
    assert names(store.folder) == ["default.json"]


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
    monkeypatch.setattr(persistent_token_store, "_LOCK_TIMEOUT", 0.1)
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

    monkeypatch.setattr(_files.filelock, "FileLock", Refusing)
    with (
        pytest.warns(UserWarning, match=r"cannot be kept .*(no flock here|No locks available)"),
        store.lock(),
    ):
        store.save(token)
    assert (store.load(), store.path.exists()) == (token, False)


def test_foreign_file_is_not_used(store, token):
    """Another user could have placed a login of theirs there, to see what is done with it."""
    store.save(token)
    try:
        os.chown(store.path, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give files away")
    with pytest.warns(UserWarning, match="belongs to another user"):
        assert FileTokenStore(store.folder, "default").load() is None


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
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
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


@pytest.mark.slow
def test_file_size_limit_means_memory(tmp_path):
    """If the kernel refuses the bytes themselves, the file that was there stays whole."""
    code = f"""
import resource, signal, warnings
from pathlib import Path
from salesmate_nb._auth.token_store import FileTokenStore
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


@pytest.mark.parametrize("saves", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_concurrent_reader_sees_whole_private_files(store, token, saves):
    """While one thread saves, others read: every file is private at every look, and the token whole."""
    seen, errors, done = [], [], threading.Event()

    def read():
        while not done.is_set():
            for path in [*store.folder.glob(".*"), store.path]:
                with contextlib.suppress(FileNotFoundError):
                    seen.append(stat.S_IMODE(path.stat().st_mode))
            with contextlib.suppress(FileNotFoundError):
                if Token.from_json(store.path.read_text()) != token:
                    errors.append("another token")

    def noting():
        try:
            read()
        except Exception as err:  # noqa: BLE001 - whatever it is, it is reported below
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
    assert "text = '***'" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize("examples", [25, pytest.param(400, marks=pytest.mark.slow)])
def test_any_bytes_are_corrupt(tmp_path_factory, examples):
    """Cut off, mangled or in another charset: the file is corrupt, and nothing else is raised."""
    store = FileTokenStore(tmp_path_factory.getbasetemp() / "fuzzed", "default")
    store.folder.mkdir(exist_ok=True)
    values = st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )

    @settings_of_hypothesis(max_examples=examples, derandomize=True, deadline=None)
    @given(st.binary(max_size=200) | st.text().map(str.encode) | values.map(json.dumps).map(str.encode))
    def check(content):
        store.path.write_bytes(content)
        with pytest.warns(UserWarning, match="corrupt"):
            assert store.load() is None

    check()


def test_keyring_round_trip(keyring_store, token):
    """What was saved is loaded, also by the next process; the disk has empty files only."""
    with keyring_store.lock():
        keyring_store.save(token)
    assert KeyringTokenStore(keyring_store.folder, "default").load() == token
    files = {
        path.name: (path.stat().st_size, path.stat().st_mode & 0o777)
        for path in keyring_store.folder.iterdir()
    }
    assert files == {"default.keyring": (0, 0o600), "default.lock": (0, 0o600)}
    assert "keychain" in keyring_store.location


def test_keyring_logout(keyring_store, token):
    """Logging out removes the entry and its mark; a second time is no error."""
    keyring_store.save(token)
    keyring_store.save(None)
    keyring_store.save(None)
    assert (keyring_store.load(), names(keyring_store.folder)) == (None, [])


def test_keyring_profiles_are_separate(keyring_store, token, tmp_path):
    """Another profile, or another folder, is another login."""
    keyring_store.save(token)
    assert KeyringTokenStore(tmp_path / "cache", "emea").load() is None
    assert KeyringTokenStore(tmp_path / "other", "default").load() is None


def test_keyring_mark_is_no_link(keyring_store, token, tmp_path):
    """A dangling link at the mark's path is replaced, and the file it names is not created."""
    keyring_store.folder.mkdir()
    (keyring_store.folder / "default.keyring").symlink_to(tmp_path / "elsewhere")
    keyring_store.save(token)
    assert not (tmp_path / "elsewhere").exists()
    assert keyring_store.profiles() == ["default"]


@pytest.mark.slow
def test_keyring_logins_of_several_processes(keychain, tmp_path):
    """Each process that adds a login at the same time is listed."""
    profiles = [f"team-{number}" for number in range(6)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ADD_LOGIN, str(tmp_path / "cache"), profile, str(tmp_path / profile)]
        )
        for profile in profiles
    ]
    assert [process.wait(60) for process in running] == [0] * len(profiles)
    assert stored_profiles(Settings(token_store="keyring", token_cache=tmp_path / "cache")) == profiles


class DictKeyring:
    """A keychain for threads; the other tests' is one file, rewritten at each change."""

    def __init__(self):
        self._texts = {}

    def get_password(self, *key):
        return self._texts.get(key)

    def set_password(self, service, name, text):
        self._texts[service, name] = text

    def delete_password(self, *key):
        del self._texts[key]


def test_keyring_logins_of_several_threads(tmp_path, token, monkeypatch):
    """Each thread that adds a login at the same time is listed; logging out removes its name alone."""
    monkeypatch.setitem(sys.modules, "keyring", DictKeyring())
    profiles = [f"team-{number}" for number in range(8)]
    stores = [KeyringTokenStore(tmp_path / "cache", profile) for profile in profiles]
    start = threading.Barrier(len(stores))

    def add(store):
        start.wait()
        store.save(token)

    threads = [threading.Thread(target=add, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].profiles() == profiles
    stores[3].save(None)
    assert stores[0].profiles() == [profile for profile in profiles if profile != "team-3"]


def test_corrupt_keyring_entry(keyring_store, keychain, token):
    """A corrupt entry is reported, and replaced by the next login."""
    keyring_store.save(token)
    keychain.set_password("salesmate_nb", keyring_store._name, "{")
    with pytest.warns(UserWarning, match="keychain, as salesmate_nb is corrupt. Log in again"):
        assert keyring_store.load() is None


@pytest.mark.parametrize("verb", ["get_password", "set_password"])
def test_locked_keyring_means_memory(keyring_store, keychain, token, monkeypatch, verb):
    """Locked, absent or broken: one warning that shows no token, and memory from then on."""

    def refuse(*arguments):
        raise KeyringLocked(f"cannot handle {arguments}")

    monkeypatch.setattr(keychain, verb, refuse)
    with pytest.warns(UserWarning, match=r"\(KeyringLocked\).*SALESMATE_TOKEN_STORE=file") as warned:
        keyring_store.save(token)
        keyring_store.load()
    assert len(warned) == 1
    assert "s3cret" not in str(warned[0].message)
    keyring_store.save(token)
    assert (keyring_store.load(), keyring_store.location) == (token, "memory only")


def test_keyring_error_is_not_chained(keyring_store, keychain, token, monkeypatch):
    """A keychain's error may quote the token, and its frames hold it."""

    def refuse(*arguments):
        raise KeyringLocked(f"cannot handle {arguments}")

    monkeypatch.setattr(keychain, "set_password", refuse)
    with pytest.raises(OSError, match="KeyringLocked") as caught:
        keyring_store.write_text(token.to_json())
    assert caught.value.__cause__ is caught.value.__context__ is None
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "s3cret" not in "".join(shown.format())


def test_missing_keyring_package(tmp_path, monkeypatch):
    """The error names the extra to install."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SettingsError, match=r'pip install "salesmate-nb\[keyring\]"'):
        KeyringTokenStore(tmp_path, "default")


def test_connect_with_keyring(keychain, tmp_path):
    """connect() logs in once, refreshes and is silent afterwards; no file holds a token."""
    with sandbox.start(deals=5) as box:
        settings = Settings(**{**box.settings, "token_store": "keyring", "token_cache": tmp_path / "cache"})
        connection = connect(settings)
        box.visit(connection.login_url)
        box.expire_access_tokens()
        assert len(connection.deals_df()) == 5
        again = connect(settings, profile="default")
        assert len(again.deals_df()) == 5
        refresh_token = again.session.current_token.refresh_token.reveal()
        assert stored_profiles(settings) == ["default"]
        again.logout()
    assert stored_profiles(settings) == []
    assert keychain.get_password("salesmate_nb", str(tmp_path / "cache" / "default")) is None
    assert not any(refresh_token in path.read_text("latin-1") for path in (tmp_path / "cache").iterdir())
