"""Settings written into a .env, whose other lines stay as they are."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from salesmate_nb import Settings, SettingsError
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._settings.dotenv_update import held_settings, update_dotenv

PATH = Path(".env")
posix = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX")


def written(before, **values):
    PATH.write_bytes(before.encode())
    update_dotenv(PATH, {f"SALESMATE_{name.upper()}": value for name, value in values.items()})
    return PATH.read_bytes().decode()


def test_other_lines():
    """Comments, settings of other programs and blank lines stay; a variable keeps its place."""
    before = "# ours\nDB_URL='a b'\n\nexport SALESMATE_LINKNAME=beta # old\n\nnot a setting\nPORT=1"
    after = written(before, linkname="acme", client_id="my-app")
    expected = "# ours\nDB_URL='a b'\n\nexport SALESMATE_LINKNAME=acme\n\nnot a setting\nPORT=1\n"
    assert after == f"{expected}SALESMATE_CLIENT_ID=my-app\n"


@pytest.mark.parametrize("before", ["DB='open\nPORT=1\n", "SALESMATE_LINKNAME: beta\n"])
def test_not_readable(before):
    """A file whose lines would keep the new settings from being read stays as it is."""
    with pytest.raises(SettingsError, match="line 1 cannot be read"):
        written(before, linkname="acme", session_key="s3'cret")
    assert PATH.read_text() == before


def test_line_ends():
    """A file of Windows keeps its line ends."""
    assert written("A=1\r\n", linkname="acme") == "A=1\r\nSALESMATE_LINKNAME=acme\r\n"


def test_repeated_variable():
    """A variable that stands there twice is there once: the last one would have counted."""
    before = "SALESMATE_LINKNAME=a\nB=1\nSALESMATE_LINKNAME=c\n"
    assert written(before, linkname="acme") == "SALESMATE_LINKNAME=acme\nB=1\n"


def test_empty_value():
    """An empty value clears a variable that is there, and adds none."""
    assert written("SALESMATE_SESSION_KEY=old\n", session_key="", scope="") == "SALESMATE_SESSION_KEY=\n"


@pytest.mark.parametrize("secret", ["a b", "$HOME", "x#y", "it's", 'a"b', "back\\slash", "a\\'b", "=x="])
def test_value_is_read_back(secret):
    """A value is read as it was given, whatever its characters mean in a .env."""
    written("", client_id="my-app", client_secret=Secret(secret))
    assert Settings.load().client_secret == secret


def test_template():
    """Without a file, the template is the beginning."""
    PATH.unlink()
    update_dotenv(PATH, {"SALESMATE_LINKNAME": "acme"}, template="# all\nSALESMATE_LINKNAME=\n")
    assert PATH.read_text() == "# all\nSALESMATE_LINKNAME=acme\n"


@posix
def test_private():
    """Only the owner can read the file, also one that others could; a link stays a link."""
    Path("target").write_text("A=1\n")
    Path("target").chmod(0o644)
    PATH.unlink()
    PATH.symlink_to("target")
    update_dotenv(PATH, {"SALESMATE_LINKNAME": "acme"})
    assert PATH.is_symlink()
    assert stat.S_IMODE(Path("target").stat().st_mode) == 0o600
    assert "acme" in Path("target").read_text()


def test_not_text():
    """A file that is not UTF-8 stays as it is, and the error does not show it."""
    PATH.write_bytes(b"SALESMATE_SESSION_KEY=s3cret\xff")
    for function in (held_settings, lambda path: update_dotenv(path, {"A": "1"})):
        with pytest.raises(SettingsError, match="is not UTF-8 text") as caught:
            function(PATH)
        assert "s3cret" not in str(caught.value)
        assert caught.value.__context__ is None
    assert PATH.read_bytes() == b"SALESMATE_SESSION_KEY=s3cret\xff"


def test_folder_in_its_place():
    """What the disk refuses is an error with its reason."""
    PATH.unlink()
    PATH.mkdir()
    with pytest.raises(SettingsError, match=r"cannot be read \("):
        held_settings(PATH)


def test_held():
    """The settings with a value are named, without the values."""
    PATH.write_text("SALESMATE_LINKNAME=acme\nSALESMATE_SCOPE=\nDB=1\nSALESMATE_SESSION_KEY='s3cret'\n")
    assert held_settings(PATH) == ["SALESMATE_LINKNAME", "SALESMATE_SESSION_KEY"]
