"""Tokens and their file: what is kept, for whom, and what happens where the disk is not as it should be."""

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

from salesmate_nb import SettingsError
from salesmate_nb._auth import token_store, tokens
from salesmate_nb._auth.token_store import FileTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb.settings import Settings

NOW = 1_700_000_000
ANSWER = {"access_token": "at-s3cret", "refresh_token": "rt-s3cret", "expires_in": 3600}


@pytest.fixture
def token(settings):
    return Token.from_response(ANSWER, settings, now=NOW)


@pytest.fixture
def cache(tmp_path):
    return FileTokenStore(tmp_path / "state" / "tokens", "default")


def test_a_saved_token_is_loaded_again(cache, token):
    """What was saved is what is loaded, by this cache or another on the same file."""
    cache.save(token)
    assert FileTokenStore(cache.path.parent, "default").load() == token
    assert token.access_token.reveal() == "at-s3cret"


def test_the_file_is_for_this_user_alone(cache, token):
    """The folder has mode 0700 and the file 0600, whatever the umask."""
    old = os.umask(0)
    try:
        cache.save(token)
        with cache.lock():
            pass
    finally:
        os.umask(old)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in [cache.path.parent, *cache.path.parent.iterdir()]
    }
    assert modes == {"tokens": 0o700, "default.json": 0o600, "default.lock": 0o600}


def test_the_file_is_never_chmodded_nor_written_in_place(cache, token, monkeypatch):
    """A token file is born private beside its place, and moved there whole."""
    monkeypatch.setattr(os, "chmod", None)
    monkeypatch.setattr(os, "fchmod", None)
    cache.save(token)
    first = cache.path.stat().st_ino
    cache.save(token)
    assert cache.path.stat().st_ino != first
    assert [path.name for path in cache.path.parent.iterdir()] == ["default.json"]


def test_saving_none_forgets(cache, token):
    """Logging out removes the file and what was set aside before; doing so twice is no error."""
    cache.save(token)
    cache.path.write_text(cache.path.read_text().replace('"version": 1', '"version": 99'))
    with pytest.warns(UserWarning, match="damaged"):
        cache.load()
    cache.save(token)
    cache.save(None)
    cache.save(None)
    assert cache.load() is None
    assert list(cache.path.parent.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 99}',
        '{"version": 1, "access_token": "x"}',
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_set_aside_with_a_warning(cache, token, text):
    """A damaged file means logging in again; it is kept as *.damaged."""
    cache.save(token)
    cache.path.write_text(text, encoding="latin-1")
    with pytest.warns(UserWarning, match="damaged"):
        assert cache.load() is None
    assert cache.path.with_suffix(".damaged").read_text(encoding="latin-1") == text
    assert cache.load() is None


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *((field, ["wrong"]) for field in vars(Token)["__annotations__"]),
        ("access_token", None),
        ("access_token", "at\r\nX-One: 1"),
        ("refresh_token", "rt-\ud800"),
        ("client_id", ""),
        ("expires_at", 10**30),
        ("expires_at", 1e9),
        ("obtained_at", -(10**30)),
        ("obtained_at", True),
        ("version", 2),
        ("more", 1),
    ],
)
def test_a_file_with_a_wrong_value_is_damaged(cache, token, field, wrong):
    """Each value is checked, so that a wrong one cannot surface later."""
    cache.save(token)
    kept = json.loads(cache.path.read_text())
    cache.path.write_text(json.dumps({**kept, field: wrong}))
    with pytest.warns(UserWarning, match="damaged"):
        assert cache.load() is None


@pytest.mark.parametrize("make", ["folder", "link", "pipe"])
def test_something_else_in_its_place_means_memory_only(cache, token, tmp_path, make):
    """A folder, link or pipe where the file should be is left alone: one warning, and memory for disk."""
    cache.path.parent.mkdir(parents=True)
    if make == "folder":
        cache.path.mkdir()
    elif make == "pipe":
        os.mkfifo(cache.path)
    else:
        (tmp_path / "elsewhere").write_text("{}")
        cache.path.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="cannot be kept") as warned:
        assert cache.load() is None
        cache.save(token)
    assert len(warned) == 1
    assert cache.load() == token
    assert cache.location == "memory only"
    assert make != "link" or (tmp_path / "elsewhere").read_text() == "{}"


def test_a_link_in_the_locks_place_is_not_followed(cache, token, tmp_path):
    """Whoever can write to the folder could have the file it points to emptied."""
    cache.path.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("precious")
    cache.path.with_suffix(".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="cannot be kept"), cache.lock():
        cache.save(token)
    assert (cache.load(), (tmp_path / "elsewhere").read_text()) == (token, "precious")


def test_a_folder_that_cannot_be_made_means_memory_only(tmp_path, token):
    """Where the disk refuses, the login lasts as long as the process, with one warning."""
    (tmp_path / "file").touch()
    cache = FileTokenStore(tmp_path / "file" / "tokens", "default")
    with pytest.warns(UserWarning, match="SALESMATE_TOKEN_CACHE") as warned:
        for _ in range(2):
            with cache.lock():
                cache.save(token)
    assert (cache.load(), len(warned)) == (token, 1)


def test_a_full_disk_keeps_the_old_file_whole(cache, token, monkeypatch):
    """A write that fails leaves the file as it was, and no half-written one beside it."""
    cache.save(token)
    before = cache.path.read_text()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.warns(UserWarning, match="No space left"):
        cache.save(token)
    assert cache.path.read_text() == before
    assert [path.name for path in cache.path.parent.iterdir()] == ["default.json"]


def test_the_lock_keeps_others_out(cache):
    """While one thread holds the lock, another does not get it."""
    order = []
    inside = threading.Event()

    def second():
        inside.wait()
        with FileTokenStore(cache.path.parent, "default").lock():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with cache.lock():
        inside.set()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_that_is_held_for_ever_is_reported(cache, monkeypatch):
    """A process that hangs with the lock is named as the reason, in bounded time."""
    monkeypatch.setattr(token_store, "_LOCK_TIMEOUT", 0.1)
    with (
        cache.lock(),
        pytest.raises(token_store.ConnectionFailed, match="renewing"),
        FileTokenStore(cache.path.parent, "default").lock(),
    ):
        pass


@pytest.mark.parametrize("err", [OSError(37, "No locks available"), NotImplementedError("no flock here")])
def test_a_disk_without_locks_means_memory_only(cache, token, monkeypatch, err):
    """Where nothing can be locked (some network disks), a token is not kept where kernels could collide."""

    class Refusing:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            raise err

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(token_store.filelock, "FileLock", Refusing)
    with pytest.warns(UserWarning, match=r"cannot be kept .*no flock here|No locks available"), cache.lock():
        cache.save(token)
    assert (cache.load(), cache.path.exists()) == (token, False)


def test_another_users_file_is_not_used(cache, token):
    """Somebody else could have put a login of theirs there, to see what is done with it."""
    cache.save(token)
    try:
        os.chown(cache.path, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give files away")
    with pytest.warns(UserWarning, match="belongs to another user"):
        assert FileTokenStore(cache.path.parent, "default").load() is None


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


def test_a_disk_that_is_really_full_means_memory_only(full_disk, token):
    """No half-written file, one warning, and the login lasts as long as the process."""
    cache = FileTokenStore(full_disk / "tokens", "default")
    with pytest.warns(UserWarning, match="No space left") as warned, cache.lock():
        cache.save(token)
    assert (cache.load(), len(warned)) == (token, 1)
    assert [path.name for path in full_disk.rglob("*") if "at-s3cret" in _text(path)] == []


def test_a_file_that_may_not_grow_means_memory_only(tmp_path, settings):
    """The kernel refuses the bytes themselves: the file that was there stays whole."""
    code = f"""
import resource, signal, warnings
from pathlib import Path
from salesmate_nb._auth.token_store import FileTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb.settings import Settings
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
token = Token.from_response({ANSWER!r}, Settings(client_id="my-app"))
cache = FileTokenStore(Path({str(tmp_path / "tokens")!r}), "default")
cache.save(token)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    cache.save(token)
print(len(caught), cache.location, sorted(path.name for path in cache.path.parent.iterdir()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1 memory only ['default.json']\n"
    assert FileTokenStore(tmp_path / "tokens", "default").load().access_token == "at-s3cret"


def test_a_racing_reader_never_sees_half_a_file_or_an_open_one(cache, token):
    """While one thread saves, others look: every file is private at every look, and the token whole."""
    seen, done = [], threading.Event()

    def look():
        while not done.is_set():
            for path in [*cache.path.parent.glob(".*"), cache.path]:
                with contextlib.suppress(FileNotFoundError):
                    seen.append(stat.S_IMODE(path.stat().st_mode))
            with contextlib.suppress(FileNotFoundError):
                assert tokens.parse(cache.path.read_text()) == token

    old = os.umask(0)
    errors = []
    threads = [threading.Thread(target=_noting(look, errors)) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(300):
            cache.save(token)
    finally:
        os.umask(old)
        done.set()
        for thread in threads:
            thread.join()
    assert (errors, set(seen)) == ([], {0o600})


def test_what_a_killed_process_left_is_removed(cache, token):
    """A half-written file beside the token's goes with the next save or logout; other profiles' stay."""
    cache.save(token)
    mine = cache.path.parent / ".default.a1b2c3d4.tmp"
    others = cache.path.parent / ".default.x.a1b2c3d4.tmp"
    for path in (mine, others):
        path.write_text("at-s3cret")
    cache.save(None)
    assert [path.name for path in cache.path.parent.iterdir()] == [others.name]


def _noting(run, errors):
    def noted():
        try:
            run()
        except BaseException as err:  # noqa: BLE001 - assertions too
            errors.append(err)

    return noted


def _text(path):
    return path.read_text("latin-1") if path.is_file() else ""


@pytest.mark.parametrize("profile", ["../x", "", ".hidden", "a/b", "a\\b", "x" * 65, "é"])
def test_a_profile_is_a_plain_name(tmp_path, profile):
    """A profile names a file, and nothing outside its folder."""
    with pytest.raises(SettingsError, match="profile"):
        FileTokenStore(tmp_path, profile)


@pytest.mark.parametrize(
    ("given", "lifetime"),
    [
        (3600, 3600),
        ("3600", 3600),
        ("3600.5", 3600),
        (0, None),
        ("", None),
        ("soon", None),
        (None, None),
        (True, None),
        (1e300, None),
        pytest.param(10**400, None, id="huge"),
        ("1e12", None),
        ("inf", None),
        ("nan", None),
        (-1, None),
    ],
)
def test_expires_in_is_read_in_any_form(settings, given, lifetime):
    """A lifetime as number or text is read; 0, nonsense and millennia mean unknown, not expired at once."""
    token = Token.from_response({"access_token": "a", "expires_in": given}, settings, now=NOW)
    assert token.expires_at == (None if lifetime is None else NOW + lifetime)


@pytest.mark.parametrize(
    "given",
    [{}, *({"refresh_token": one} for one in (None, "", 7, "rt\n2", "rt-\ud800"))],
)
def test_an_answer_without_a_refresh_token_keeps_the_old_one(settings, token, given):
    """RFC 6749, section 6: no new refresh token means the old one stays."""
    newer = Token.from_response({"access_token": "at-2", **given}, settings, previous=token)
    assert (newer.refresh_token, newer.access_token) == ("rt-s3cret", "at-2")


@pytest.mark.parametrize(("lifetime", "fresh_for"), [(3600, 3540), (100, 90), (2, 1.8)])
def test_a_token_is_stale_a_little_before_its_end(settings, lifetime, fresh_for):
    """The margin is a minute, or a tenth of a short life: short tokens are not renewed at each call."""
    token = Token.from_response({**ANSWER, "expires_in": lifetime}, settings, now=NOW)
    assert (token.is_stale(NOW + fresh_for - 0.05), token.is_stale(NOW + fresh_for + 0.05)) == (False, True)


@pytest.mark.parametrize(
    "change", [{"client_id": "other"}, {"token_url": "https://other.example/t"}, {"scope": "other"}]
)
def test_a_token_is_used_only_for_what_it_was_issued_for(settings, token, change):
    """Another client, token endpoint or scope needs a login of its own."""
    other = Settings(**{**vars(settings), **change})
    assert (token.fits(settings), token.fits(other)) == (True, False)


def test_its_repr_holds_no_secret(cache, token):
    """A token may be printed, one that was loaded too."""
    cache.save(token)
    for one in (token, cache.load()):
        assert "s3cret" not in f"{one!r} {one} {vars(one)}"


@pytest.mark.parametrize("verb", ["save", "load"])
def test_no_traceback_of_the_cache_shows_a_token(cache, token, monkeypatch, verb):
    """Where warnings are errors, the variables of our frames hold no token."""
    if verb == "save":
        monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    else:
        cache.path.parent.mkdir(parents=True)
        cache.path.write_text(tokens.serialize(token).reveal()[:-1])
    with pytest.raises(UserWarning) as caught:
        cache.save(token) if verb == "save" else cache.load()
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = "".join(told.format())
    assert "text = '***'" in shown
    assert "s3cret" not in shown


def test_a_file_that_cannot_be_read_any_more_does_not_end_the_login(cache, token):
    """What this process knows of it lasts, from the first look on."""
    cache.save(token)
    cache.path.unlink()
    cache.path.mkdir()
    with pytest.warns(UserWarning, match="cannot be kept"):
        assert cache.load() == token


def test_a_file_too_long_to_be_a_tokens_is_damaged(cache, token):
    """However much stands there, no more than a token could need is read."""
    cache.save(token)
    cache.path.write_text(" " * 2**20 + cache.path.read_text())
    with pytest.warns(UserWarning, match="damaged"):
        assert cache.load() is None


@settings_of_hypothesis(max_examples=400, derandomize=True)
@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_no_bytes_can_crash_it(tmp_path_factory, content):
    """Cut off, mangled or in another charset: it is a token or damaged."""
    cache = FileTokenStore(tmp_path_factory.getbasetemp() / "fuzzed", "default")
    cache.path.parent.mkdir(exist_ok=True)
    cache.path.write_bytes(content)
    with pytest.warns(UserWarning, match="damaged"):
        assert cache.load() is None


@settings_of_hypothesis(max_examples=400, derandomize=True)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_file_content_can_crash_it(tmp_path_factory, content):
    """Whatever stands in the file, it is a token or damaged."""
    cache = FileTokenStore(tmp_path_factory.getbasetemp() / "fuzzed", "default")
    cache.path.parent.mkdir(exist_ok=True)
    cache.path.write_text(json.dumps(content))
    with pytest.warns(UserWarning, match="damaged"):
        assert cache.load() is None
