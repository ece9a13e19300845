"""The nearest .env with settings: which file is read, and what is said of one that cannot be."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from salesmate_nb import Settings, SettingsError
from salesmate_nb._settings.dotenv import read_dotenv


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Work in a folder of a project, where a stray .env of the test's own folder is not in the way."""
    Path(".env").unlink()
    folder = tmp_path / "project" / "notebooks"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder.parent


def write(path, *lines):
    path.write_text("\n".join(lines))
    return path


def test_parent_folder(project):
    """The nearest .env is read, in this folder or above, and its path is known."""
    path = write(project / ".env", "SALESMATE_CLIENT_ID=above")
    assert (read_dotenv().path, read_dotenv().values) == (path, {"SALESMATE_CLIENT_ID": "above"})


def test_other_programs(project):
    """A .env without a setting is passed over and named; nothing of other programs is kept."""
    path = write(project / ".env", "DATABASE_URL=postgres://s3cret", "SALESMATE_LINKNAME=acme")
    other = write(project / "notebooks" / ".env", "DEBUG=1", "not a line of .env")
    found = read_dotenv()
    assert (found.path, found.values) == (path, {"SALESMATE_LINKNAME": "acme"})
    assert found.searched == f"Looked for settings in the environment and in {path}; {other} has none."
    assert "s3cret" not in repr(vars(found))


def test_searched(project):
    """If there is none, the error of a missing setting names the folders, and a file that has no setting."""
    other = write(project / ".env", "DEBUG=1")
    where = (
        f"no .env with a SALESMATE_ line in {project / 'notebooks'} or the folders above it; {other} has none"
    )
    with pytest.raises(SettingsError) as caught:
        Settings.load(session_key="key-1")
    assert where in str(caught.value)
    assert where in Settings.load().searched
    assert Settings().searched == ""


def test_encoding(project):
    """Notepad's byte order mark is skipped, and ${...} in a secret is not expanded."""
    (project / ".env").write_bytes(b"\xef\xbb\xbfSALESMATE_CLIENT_ID=a${HOME}b\r\n")
    assert read_dotenv().values == {"SALESMATE_CLIENT_ID": "a${HOME}b"}


def test_invisible_name(project):
    """A zero-width space that was pasted with the name of a setting does not hide it."""
    (project / ".env").write_text("\u200bSALESMATE_CLIENT_ID=my-app", encoding="utf-8")
    assert read_dotenv().values == {"SALESMATE_CLIENT_ID": "my-app"}


@pytest.mark.parametrize(
    "line",
    [
        "SALESMATE_SESSION_KEY: s3cret",
        "set SALESMATE_SESSION_KEY=s3cret",
        'SALESMATE_SCOPE="s3cret',
        "\0SALESMATE_SCOPE=s3cret",
    ],
)
def test_bad_line(project, line):
    """A setting that cannot be parsed is an error with the file and the line's number, not its content."""
    path = project / ".env"
    path.write_bytes(f"# a comment\r\n\r\n\r\n{line}\r\nSALESMATE_LINKNAME=acme".encode())
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert f"{path}: line 4 cannot be read" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_bad_line_of_another_program(project):
    """Another line that cannot be parsed is a warning with its number; the settings are read."""
    write(project / ".env", "key: s3cret", "SALESMATE_LINKNAME=acme", "it's s3cret")
    with pytest.warns(UserWarning, match=r"\.env: lines 1, 3 cannot be read as NAME=value") as caught:
        assert Settings.load().linkname == "acme"
    assert "s3cret" not in str(caught[0].message)


def test_swallowed_setting(project):
    """A setting that an open quote above it swallows is not lost in silence."""
    write(project / ".env", 'DEBUG="1', "SALESMATE_LINKNAME=acme", 'NAME="x"')
    with pytest.raises(SettingsError, match="line 1 cannot be read"):
        Settings.load()


def test_removed_folder(project, monkeypatch):
    """In a working folder that was removed there is no .env; the environment counts, and errors say so."""
    monkeypatch.setenv("SALESMATE_LINKNAME", "acme")
    (project / "notebooks").rmdir()
    assert Settings.load().linkname == "acme"
    with pytest.raises(SettingsError, match="the working folder no longer exists"):
        Settings.load(timeout="soon")


@contextlib.contextmanager
def as_nobody():
    """Become another user if this one may enter every folder."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_folder_that_may_not_be_entered(project):
    """A folder that may not be entered is passed over, and named."""
    project.chmod(0)
    with as_nobody():
        found = read_dotenv()
    project.chmod(0o700)
    assert found.path is None
    assert f"{project / '.env'} cannot be reached (Permission denied)" in found.searched


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX")
def test_pipe(project):
    """A pipe, as a password manager makes it, is not read, and is named where settings were looked for."""
    (project / ".env").unlink(missing_ok=True)
    os.mkfifo(project / ".env")
    assert f"{project / '.env'} is a pipe or a device, which is not read" in read_dotenv().searched


def test_folder_named_dotenv(project):
    """A folder named .env is an error, unless it is a virtual environment."""
    (project / ".env").mkdir()
    with pytest.raises(SettingsError, match="is a folder"):
        read_dotenv()
    (project / ".env" / "pyvenv.cfg").touch()
    assert read_dotenv().path is None


@pytest.mark.parametrize(
    "content", [b"SALESMATE_CLIENT_SECRET=s3cret-\xff\n", "SALESMATE_SCOPE=s3cret".encode("utf-16")]
)
def test_not_utf8(project, content):
    """The error names the file; neither it nor its chain holds the file's content."""
    (project / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match="not UTF-8") as caught:
        read_dotenv()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_other_program_not_utf8(project):
    """A .env of another program is passed over in any encoding."""
    (project / ".env").write_bytes("NAME=Jos\xe9".encode("latin-1"))
    assert read_dotenv().searched.endswith(f"{project / '.env'} has none.")


def test_not_readable(project, monkeypatch):
    """If the file's mode forbids reading, the error names the file."""
    write(project / ".env", "SALESMATE_LINKNAME=acme")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SettingsError, match=r"\.env cannot be read \(Permission denied\)"):
        read_dotenv()
