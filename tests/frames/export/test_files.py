"""to_excel(): the file that the user names."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from salesmate_nb import SalesmateError, to_excel
from salesmate_nb.analysis import in_zone

FRAME = pd.DataFrame({"id": [1, 2]})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "out" / "deals.xlsx"
    path.parent.mkdir()
    path.write_bytes(b"old")
    path.chmod(0o640)
    return path


def test_replaced(path):
    """A file that is there is replaced and keeps its mode; nothing else is left in the folder."""
    to_excel(FRAME, str(path))
    assert [cell.value for (cell,) in openpyxl.load_workbook(path).worksheets[0]] == ["id", 1, 2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(path.parent.iterdir()) == [path]


def test_error_keeps_the_old_file(path):
    """If a frame cannot be written, the file that is there stays as it is."""
    with pytest.raises(SalesmateError, match="32,767"):
        to_excel(pd.DataFrame({"a": ["x" * 40_000]}), path)
    assert (path.read_bytes(), list(path.parent.iterdir())) == (b"old", [path])


@pytest.mark.parametrize("name", ["deals.xls", "deals", "deals.csv", "", "folder.xlsx"])
def test_other_ending(tmp_path, name):
    """Another ending, or a folder, is refused before anything is written."""
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(SalesmateError, match=r"does not end in \.xlsx"):
        to_excel(FRAME, tmp_path / name)


@pytest.mark.parametrize("path", [None, io.BytesIO(), 7])
def test_not_a_path(path):
    """Anything but a path is refused in a sentence."""
    with pytest.raises(SalesmateError, match=r"^path is of type \w+\. Name an Excel file"):
        to_excel(FRAME, path)


def test_kinds_of_paths(tmp_path, monkeypatch):
    """A path of bytes and one with a ~ will do; a name that is too long is an error in a sentence."""
    monkeypatch.setenv("HOME" if os.name == "posix" else "USERPROFILE", str(tmp_path))
    to_excel(FRAME, os.fsencode(tmp_path / "bytes.xlsx"))
    to_excel(FRAME, "~/home.xlsx")
    assert {each.name for each in tmp_path.glob("*.xlsx")} == {"bytes.xlsx", "home.xlsx"}
    with pytest.raises(SalesmateError, match="cannot be written"):
        to_excel(FRAME, tmp_path / f"{'x' * 300}.xlsx")


def test_no_such_folder(tmp_path):
    """The error names the file, what the disk says, and that the folder is missing."""
    written = r"missing.deals\.xlsx cannot be written \(No such file.*\)\. Create its folder"
    with pytest.raises(SalesmateError, match=written):
        to_excel(FRAME, tmp_path / "missing" / "deals.xlsx")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk(tmp_path):
    """A disk that is full is an error in a sentence."""
    path = tmp_path / "deals.xlsx"
    path.symlink_to("/dev/full")
    with pytest.raises(SalesmateError, match="No space left on device"):
        to_excel(FRAME, path)


@pytest.mark.parametrize("frame", [FRAME["id"], [1, 2]])
def test_not_a_frame(tmp_path, frame):
    """Anything but a DataFrame is refused."""
    with pytest.raises(SalesmateError, match=r"takes a DataFrame, not (Series|list)"):
        to_excel(frame, tmp_path / "deals.xlsx")


def test_time_zone_of_columns(tmp_path):
    """Times that were converted stay as they are; those of no known zone are in UTC, with a warning."""
    path = tmp_path / "deals.xlsx"
    deals = pd.DataFrame({"created_at": pd.to_datetime(["2026-06-30T22:30Z"])})
    deals.attrs["salesmate"] = {"timezone": "Europe/Berlin"}
    for frame, day in ((deals, 1), (in_zone(deals, "America/New_York"), 30)):
        to_excel(frame, path)
        assert openpyxl.load_workbook(path).worksheets[0]["A2"].value.day == day
    with pytest.warns(UserWarning, match=r"written in UTC\. Give it, as timezone=connect\(\)\.timezone"):
        to_excel(pd.concat([deals, pd.DataFrame(deals.to_dict())]), path)


def test_time_zone_of_labels(tmp_path):
    """Times that label rows are in the account's zone, too, and of no known zone come with the warning."""
    path = tmp_path / "deals.xlsx"
    deals = pd.DataFrame({"id": [1]}, index=pd.to_datetime(["2026-06-30T22:30Z"]))
    with pytest.warns(UserWarning, match=r"written in UTC\. Give it"):
        to_excel(deals, path)
    deals.attrs["salesmate"] = {"timezone": "Europe/Berlin"}
    to_excel(deals, path)
    assert openpyxl.load_workbook(path).worksheets[0]["A2"].value.day == 1


def test_time_zone(tmp_path):
    """A time zone that there is not is an error."""
    with pytest.raises(SalesmateError, match="timezone='Berlin' is not an IANA time zone"):
        to_excel(FRAME, tmp_path / "deals.xlsx", timezone="Berlin")
