"""Files that a user names: replaced as a whole, or left as they are."""

from __future__ import annotations

import os
import stat

import pytest

from salesmate_nb._base.user_files import is_plain, replaced


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "out" / "deals.csv"
    path.parent.mkdir()
    path.write_bytes(b"old and longer")
    return path


def test_replaced_at_the_end(path):
    """The old content is there until the new one is complete, and the mode stays."""
    path.chmod(0o604)
    with replaced(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old and longer"
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o604)


def test_error(path):
    """After an error, the old content is there, and nothing else."""
    with pytest.raises(RuntimeError), replaced(path):
        raise RuntimeError
    assert (path.read_bytes(), list(path.parent.iterdir())) == (b"old and longer", [path])


def test_links(path):
    """A file of several names has the new content under each; the file behind a link is replaced."""
    os.link(path, path.with_name("hard"))
    path.with_name("soft").symlink_to(path)
    with replaced(path.with_name("soft")) as file:
        file.write(b"new")
    assert path.with_name("hard").read_bytes() == path.read_bytes() == b"new"
    assert path.with_name("soft").is_symlink()


def test_plain(tmp_path):
    """A file is plain, also one that is missing; a folder, a pipe or a device is not."""
    os.mkfifo(tmp_path / "pipe")
    found = [is_plain(each) for each in (tmp_path / "new.csv", tmp_path, tmp_path / "pipe")]
    assert found == [True, False, False]
