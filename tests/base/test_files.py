"""Private files: their modes, atomic writes, who may own them, and the lock."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from salesmate_nb._base import files

posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "private" / "note.json"


def write(path, content=b"new"):
    with files.atomic_write(path) as file:
        file.write(content)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_modes(path):
    """A file has mode 0600 and its folder 0700 from the start, under any umask."""
    old = os.umask(0)
    try:
        with files.atomic_write(path) as file:
            (unfinished,) = path.parent.iterdir()
            assert mode(unfinished) == 0o600
            file.write(b"new")
        with files.lock(path, timeout=30):
            pass
    finally:
        os.umask(old)
    modes = {item.name: mode(item) for item in (path.parent, *path.parent.iterdir())}
    assert modes == {"private": 0o700, "note.json": 0o600, "note.lock": 0o600}


def test_atomic_write_replaces(path):
    """The old content is there until the new one is complete; nothing else is left in the folder."""
    write(path, b"old")
    with files.atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_atomic_write_error(path, error):
    """If an error or Ctrl+C stops the write, the old file stays whole and no other is left."""
    write(path, b"old")

    def fail():
        with files.atomic_write(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_atomic_write_syncs_before_it_renames(path, monkeypatch):
    """The content reaches the disk before it gets its name, so that a power failure leaves no empty file."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append((os.fstat(handle).st_size, path.exists())))
    write(path, b"new")
    assert synced == [(3, False)]


def test_atomic_write_replaces_a_link(path, tmp_path):
    """A link at the path is replaced, and the file it points to stays as it was."""
    (tmp_path / "elsewhere").write_text("precious")
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    write(path)
    assert (path.is_symlink(), path.read_bytes()) == (False, b"new")
    assert (tmp_path / "elsewhere").read_text() == "precious"


@pytest.mark.slow
def test_killed_writer(path):
    """A process that is killed while it writes leaves the old file, and a leftover that can be removed."""
    write(path, b"old")
    code = (
        "import os, signal, sys; from pathlib import Path; from salesmate_nb._base import files\n"
        "with files.atomic_write(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert path.read_bytes() == b"old"
    assert len(list(path.parent.iterdir())) == 2
    files.remove_leftovers(path)
    assert list(path.parent.iterdir()) == [path]


@posix
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_no_lock_but_a(path, kind):
    """A folder or a link in the place of a lock is named in the reason, and stays."""
    marker = path.with_suffix(".lock")
    path.parent.mkdir(parents=True)
    if kind == "folder":
        marker.mkdir()
    else:
        marker.symlink_to(path.parent / "elsewhere")
    with (
        pytest.raises(OSError, match=rf"its lock {marker.name} is a {kind}; delete that"),
        files.lock(path, 1),
    ):
        pass
    assert (marker.is_symlink(), marker.is_dir()) == (kind == "link", kind == "folder")


def test_file_in_the_place_of_a_folder(path):
    """A file where a folder should be is named, also above it."""
    write(path)
    for folder in (path, path / "deeper"):
        with pytest.raises(NotADirectoryError, match="is not a folder"):
            files.make_folder(folder)


def test_leftovers(path):
    """Only unfinished files of this very path are removed, with any characters in its name."""
    path = path.with_name("note[1].json")
    write(path)
    others = [path.with_name(name) for name in (".note1.a1b2c3d4.tmp", ".note[1].x.a1b2c3d4.tmp", "b.tmp")]
    for item in (*others, path.with_name(".note[1].a1b2c3d4.tmp")):
        item.touch()
    files.remove_leftovers(path)
    assert set(path.parent.iterdir()) == {path, *others}


def test_open_private(path):
    """A regular file of this user is opened for reading bytes."""
    write(path, b"one\r\ntwo")
    with files.open_private(path) as file:
        assert file.read() == b"one\r\ntwo"


@posix
@pytest.mark.parametrize("kind", ["missing", "folder", "link", "pipe"])
def test_open_private_refuses(path, tmp_path, kind):
    """A missing file, a folder, a link and a pipe raise OSError at once, and no handle stays open."""
    path.parent.mkdir(parents=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        (tmp_path / "elsewhere").touch()
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    free = os.open(tmp_path, os.O_RDONLY)  # the lowest free handle
    os.close(free)
    with pytest.raises(FileNotFoundError if kind == "missing" else OSError):
        files.open_private(path)
    again = os.open(tmp_path, os.O_RDONLY)
    os.close(again)
    assert again == free


@posix
def test_open_private_refuses_another_owner(path):
    """A file of another user is not read."""
    write(path)
    try:
        os.chown(path, 12345, -1)
    except OSError:
        pytest.skip("only root can give files away")
    with pytest.raises(OSError, match="another user"):
        files.open_private(path)


def test_lock_excludes_threads(path):
    """While one thread holds the lock, another waits for it."""
    order, inside = [], threading.Event()

    def second():
        inside.wait()
        with files.lock(path, timeout=30):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with files.lock(path, timeout=30):
        inside.set()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_lock_timeout(path):
    """A lock that stays held raises Timeout in bounded time."""
    with (
        files.lock(path, timeout=30),
        pytest.raises(files.filelock.Timeout),
        files.lock(path, timeout=0.05),
    ):
        pass


@posix
def test_lock_does_not_follow_a_link(path, tmp_path):
    """A link at the lock's path is refused, and the file it points to stays as it was."""
    (tmp_path / "elsewhere").write_text("precious")
    path.parent.mkdir(parents=True)
    path.with_suffix(".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), files.lock(path, timeout=30):  # noqa: PT011 - its words differ by system
        pass
    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_reason():
    """The system's words for an error, or the error's own."""
    assert files.reason(OSError(28, "No space left on device")) == "No space left on device"
    assert files.reason(NotImplementedError("no flock here")) == "no flock here"


def refuse(*_, **__):
    raise OSError(30, "Read-only file system")


@posix
def test_spare_file(path, monkeypatch):
    """A full disk shows before the content is known; a content that is longer or shorter is written whole."""
    for content in (b"x" * 10, b"y" * 9000):
        with files.SpareFile(path, 4096).write() as file:
            file.write(content)
        assert (path.read_bytes(), mode(path)) == (content, 0o600)
    files.SpareFile(path, 4096).remove()
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="Read-only"):
        files.SpareFile(path, 4096)
    assert list(path.parent.iterdir()) == [path]


def test_erase(path, monkeypatch):
    """A file is removed; if its folder refuses that, its content is; a missing one is no error."""
    write(path)
    files.erase(path)
    files.erase(path)
    assert not path.exists()
    write(path)
    monkeypatch.setattr(os, "unlink", refuse)
    files.erase(path)
    assert path.read_bytes() == b""
    files.erase(path.with_name("missing"))


def test_erase_refused(path, monkeypatch):
    """If the content cannot be removed either, the first refusal is raised."""
    write(path)
    monkeypatch.setattr(os, "unlink", refuse)
    monkeypatch.setattr(os, "ftruncate", refuse)
    with pytest.raises(OSError, match="Read-only"):
        files.erase(path)


def test_remove_folder(path, tmp_path, monkeypatch):
    """A folder goes with all in it, and what a link points to stays; what is refused is said."""
    write(path)
    (tmp_path / "elsewhere").write_text("precious")
    (path.parent / "link").symlink_to(tmp_path / "elsewhere")
    assert files.remove_folder(path.parents[1]) == files.remove_folder(path.parents[1]) == ""
    assert (path.parents[1].exists(), (tmp_path / "elsewhere").exists()) == (False, True)
    write(path)
    monkeypatch.setattr(os, "unlink", refuse)
    monkeypatch.setattr(os, "ftruncate", refuse)
    assert files.remove_folder(path.parents[1]) == "Read-only file system"


def test_remove_folder_that_is_written_to(path, monkeypatch):
    """What another process writes while a folder is removed goes too."""
    write(path)
    rmdir, late = Path.rmdir, [path.parent / "late"]

    def write_late(folder):
        for each in late:
            each.touch()
        late.clear()
        rmdir(folder)

    monkeypatch.setattr(Path, "rmdir", write_late)
    assert files.remove_folder(path.parent) == ""
    assert not path.parent.exists()


def test_turn(path):
    """One process after the other has its turn, and leaves no file; a killed one's turn ends."""
    path.parent.mkdir(parents=True)
    with files.turn(path, timeout=30):
        path.with_suffix(".turn").touch()
        with files.turn(path, timeout=0.0):
            pass
    assert list(path.parent.iterdir()) == []


@posix
def test_make_folder(tmp_path):
    """Every folder that is created has mode 0700; one that exists keeps its mode."""
    tmp_path.chmod(0o755)
    files.make_folder(tmp_path / "a" / "b" / "c")
    modes = [
        stat.S_IMODE(folder.stat().st_mode) for folder in (tmp_path, tmp_path / "a", tmp_path / "a" / "b")
    ]
    assert modes == [0o755, 0o700, 0o700]
