"""Where results of the command line go, and in which format."""

from __future__ import annotations

import argparse
import errno
import io
import os
import stat
import sys
import tempfile
import threading
from pathlib import Path

import pandas as pd
import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._cli import output
from salesmate_nb._cli.output import choose_format, write

FRAME = pd.DataFrame({"title": ["Łódź", "a\rb"]})
CSV = 'title\r\nŁódź\r\n"a\rb"\r\n'.encode()
posix = pytest.mark.skipif(os.name != "posix", reason="pipes, devices and modes are POSIX")


def redirect(monkeypatch):
    """Replace standard output by that of Windows, redirected: cp1252, and line feeds become CRLF."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n"))
    return raw


@pytest.mark.parametrize("output", [None, Path("-")])
def test_csv_on_standard_output(monkeypatch, output):
    """CSV on standard output has the bytes that it has in a file, whatever the system; "-" makes no file."""
    stdout = redirect(monkeypatch)
    write(FRAME, "csv", output)
    write(FRAME, "csv", Path("deals.csv"))
    assert stdout.getvalue() == Path("deals.csv").read_bytes() == CSV
    assert not Path("-").exists()


def test_table_in_a_narrow_encoding(monkeypatch):
    """A character that the terminal cannot show is a question mark, and the table goes on."""
    stdout = redirect(monkeypatch)
    write(FRAME, "table", None)
    assert b"?\xf3d?" in stdout.getvalue()
    assert b"2 deals, 1 column\r\n" in stdout.getvalue()


@pytest.mark.parametrize(
    ("given", "output", "expected"),
    [
        (None, None, "table"),
        ("csv", None, "csv"),
        ("json", "-", "json"),
        (None, "won.csv", "csv"),
        (None, "WON.JSON", "json"),
        ("parquet", "won.parquet", "parquet"),
        (None, "Won.xlsx", "xlsx"),
        ("csv", "won", "csv"),
        pytest.param("csv", "/dev/null", "csv", marks=posix),
    ],
)
def test_format(given, output, expected):
    """The format comes from the file's ending, else from --format; on the screen the default is a table."""
    assert choose_format(given, output and Path(output)) == expected


@pytest.mark.parametrize(
    ("given", "output", "words"),
    [
        (None, "won.xls", r"the format of a \.xls file is not known"),
        (None, "won.txt", r"the format of a \.txt file is not known\. Use \.csv, \.json, \.parquet, \.xlsx"),
        ("csv", "won.txt", r"\.txt file is not known"),
        ("csv", "won.parquet", "--format csv does not match the ending of won.parquet"),
        ("table", "won.csv", "--format table does not match"),
        (None, "won", "a table is for the screen"),
        ("table", "won", "a table is for the screen"),
    ],
)
def test_refused_format(given, output, words):
    """A table for a file, an unknown ending, and one that contradicts --format are usage errors."""
    with pytest.raises(argparse.ArgumentError, match=words):
        choose_format(given, Path(output))


@pytest.mark.parametrize(
    ("kind", "words"), [("parquet", "Parquet is not text"), ("xlsx", "Excel is not text")]
)
def test_bytes_for_a_terminal(monkeypatch, kind, words):
    """What is not text is not written to a terminal."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(argparse.ArgumentError, match=words):
        choose_format(kind, None)


def test_excel_without_its_extra(monkeypatch):
    """A file that cannot be written without an extra is refused before anything is read."""
    monkeypatch.setattr(output, "find_spec", lambda _: None)
    with pytest.raises(SalesmateError, match=r'pip install "salesmate-nb\[excel\]"'):
        choose_format(None, Path("won.xlsx"))


def test_escaped_formulas(capsys):
    """What a spreadsheet would run is escaped in CSV, if one likes; other formats refuse it."""
    frame = pd.DataFrame({"title": ["=1+1"]})
    write(frame, choose_format("csv", None, is_escaped=True), None, is_escaped=True)
    write(frame, "csv", Path("won.csv"), is_escaped=True)
    assert capsys.readouterr().out == Path("won.csv").read_bytes().decode() == "\ufefftitle\r\n'=1+1\r\n"
    with pytest.raises(argparse.ArgumentError, match="--escape-formulas: only CSV needs it"):
        choose_format(None, Path("won.xlsx"), is_escaped=True)


@posix
@pytest.mark.parametrize("linked", [False, True])
def test_mode_and_link(tmp_path, linked):
    """A file keeps its mode and owner, and a link to it stays a link."""
    target, path = tmp_path / "kept.csv", tmp_path / "won.csv"
    target.write_text("old")
    target.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(target, 12345, 12345)
    before = target.stat()
    if linked:
        path.symlink_to(target.name)
    write(FRAME, "csv", path if linked else target)
    after = target.stat()
    assert target.read_bytes() == CSV
    assert (path.is_symlink(), stat.S_IMODE(after.st_mode)) == (linked, 0o640)
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


@posix
def test_hard_links(tmp_path):
    """A file with two names has the new content, and no more, under both."""
    path, other = tmp_path / "won.csv", tmp_path / "other.csv"
    path.write_bytes(b"old" * 100)
    other.hardlink_to(path)
    write(FRAME, "csv", path)
    assert path.read_bytes() == other.read_bytes() == CSV
    assert path.samefile(other)


@pytest.mark.parametrize("refused", ["replace", "TemporaryDirectory"])
def test_file_that_cannot_be_replaced(tmp_path, monkeypatch, refused):
    """A file mounted by itself into a container, or in a folder without write access, is written in place."""
    path, new_folder = tmp_path / "made" / "won.csv", tempfile.TemporaryDirectory
    path.parent.mkdir()

    def refuse(*_, **where):
        if refused == "replace" or where.get("dir") == path.parent:
            raise OSError(errno.EBUSY, "Device or resource busy")
        return new_folder(**where)

    path.write_bytes(b"old" * 100)
    monkeypatch.setattr(Path if refused == "replace" else tempfile, refused, refuse)
    write(FRAME, "csv", path)
    assert ([path], path.read_bytes()) == (list(path.parent.iterdir()), CSV)
    with pytest.raises(SalesmateError, match="busy"):
        write(FRAME, "csv", path.with_name("new.csv"))


@posix
def test_link_to_nothing(tmp_path):
    """A link whose target is missing stays a link, and its target is made, with a mode by the umask."""
    (tmp_path / "won.csv").symlink_to("made.csv")
    old = os.umask(0o027)
    try:
        write(FRAME, "csv", tmp_path / "won.csv")
    finally:
        os.umask(old)
    assert (tmp_path / "won.csv").is_symlink()
    assert stat.S_IMODE((tmp_path / "made.csv").stat().st_mode) == 0o640


@posix
def test_pipe(tmp_path):
    """A named pipe is written to, and stays one."""
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    write(FRAME, "csv", path)
    reader.join(10)
    assert (got, path.is_fifo()) == ([CSV], True)


@posix
def test_device_of_standard_output(capfd):
    """/dev/stdout is what the shell made of it: a file that it appends to keeps what it has."""
    os.write(1, b"before\r\n")
    write(FRAME, "csv", Path("/dev/stdout"))
    assert capfd.readouterr().out == "before\r\n" + CSV.decode()
    assert Path("/dev/stdout").is_symlink()
    write(FRAME, "csv", Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    """A disk that is full leaves the old file and nothing else, and the error names the file."""
    path = tmp_path / "won.csv"
    path.write_text("old")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(SalesmateError, match=r"won\.csv cannot be written \(No space left on device\)"):
        write(FRAME, "csv", path)
    assert (path.read_text(), list(tmp_path.glob(".*"))) == ("old", [])


def test_missing_folder(tmp_path):
    """If the folder is what is missing, the error says to create it."""
    with pytest.raises(SalesmateError, match=r"\)\. Create its folder, or choose another --output\."):
        write(FRAME, "csv", tmp_path / "missing" / "won.csv")


def test_folder_as_output(tmp_path):
    """A folder stays as it is."""
    with pytest.raises(SalesmateError, match="cannot be written"):
        write(FRAME, "csv", tmp_path)
